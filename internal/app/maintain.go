package app

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/lake"
)

// Ages from which on upkeep removes things, unless somebody says otherwise: readers that take longer pin what they read.
const (
	snapshotsGo = 7 * 24 * time.Hour
	straysGo    = 24 * time.Hour
)

// Maintain does the upkeep of the lake in dir, and waits for the writer's lease for so long.
func Maintain(ctx context.Context, dir string, now time.Time, wait time.Duration) (out lake.Maintained, err error) {
	err = writing(ctx, "maintain", dir, func(ctx context.Context, l *lake.Lake) (err error) {
		w, err := l.WriterWithin(ctx, wait)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, w.Close()) }()
		out, err = w.Maintain(ctx, lake.MaintainOptions{
			Run: uuid.Must(uuid.NewV7()).String(), At: now, Expire: lake.ExpireOptions{Before: now.Add(-snapshotsGo), Strays: now.Add(-straysGo)},
		})
		return err
	})
	return out, err
}
