package lake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Worn lists the days with findings, in order: damage, column pages that other programs refuse, too few rows.
func (r Report) Worn() []conversation.Day { return slices.Sorted(maps.Keys(r.worn)) }

// Mend writes days again from their records: of every table but changes the files are made anew. That mends whatever is
// wrong with the other tables, and with pages that are too large. It cannot bring back records: a day whose records
// cannot be read stays as it is, and is told as fault.Corrupt after the other days are done. Each day is a commit.
func (w *Writer) Mend(ctx context.Context, run string, at time.Time, days []conversation.Day) (mended int, err error) {
	for _, day := range days {
		out, failed := w.Commit(ctx, Commit{Run: run, At: at, Again: []conversation.Day{day}, Records: noRecords})
		if failed != nil && !errors.Is(failed, fault.Corrupt) {
			return mended, errors.Join(err, failed)
		}
		if failed != nil {
			err = errors.Join(err, fault.Because(fault.Corrupt, failed, "day %v cannot be written again", day))
		}
		mended += out.Days
	}
	return mended, err
}

func noRecords(func(conversation.Version, error) bool) {}
