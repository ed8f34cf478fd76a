package lake

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// decodeEarlier is what versions before decision 0030 derived from a record: nothing, if one value did not fit.
func decodeEarlier(raw []byte) (*conversation.Conversation, wire.Misfits) {
	c := new(conversation.Conversation)
	if json.Unmarshal(raw, c, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) != nil {
		c = new(conversation.Conversation)
	}
	return c, nil
}

// daysPerRederive is how many days one commit writes anew: few enough that an interruption costs little.
const daysPerRederive = 7

// Rederive checks the lake, and writes every row of the days that the check calls underived anew from the records that
// the lake has. The records stay as they are, byte for byte, with the runs that brought them. It says how many days it has
// written, which are committed some at a time. A lake that is damaged is left alone: fault.Corrupt.
func (w *Writer) Rederive(ctx context.Context, at time.Time, done func(records int64)) (Report, int, error) {
	report, err := Check(ctx, w.lake, done)
	if err != nil {
		return report, 0, err
	}
	written := 0
	run := "rederive-" + uuid.Must(uuid.NewV7()).String()
	for days := range slices.Chunk(report.Underived, daysPerRederive) {
		if err := w.rederive(ctx, run, at, days); err != nil {
			return report, written, err
		}
		written += len(days)
	}
	return report, written, nil
}

// rederive writes the rows of days anew, all of them or none.
func (w *Writer) rederive(ctx context.Context, run string, at time.Time, days []conversation.Day) (err error) {
	defer fault.Wrap(&err, "rederive rows of the lake")
	i := intent{id: uuid.Must(uuid.NewV7()).String(), run: run, at: at}
	if err := w.lake.begin(ctx, i); err != nil {
		return err
	}
	if err := w.rewrite(ctx, i, days); err != nil {
		return errors.Join(err, w.abandon(ctx, i))
	}
	return w.lake.settle(ctx, i, true)
}

func (w *Writer) rewrite(ctx context.Context, i intent, days []conversation.Day) error {
	snapshot, err := w.lake.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer snapshot.Close()
	m := &merge{files: map[conversation.Day][]File{}, drop: map[conversation.Day]map[key]time.Time{}, run: i.run, at: i.at}
	for _, day := range days {
		m.files[day], m.drop[day] = ofDay(snapshot.files[Conversations], day), nil // it loses no record, and is written as if it did
	}
	written, out, err := w.writeDays(ctx, i.id, m, func(func(Version, error) bool) {})
	if err != nil {
		return err
	}
	return w.commitTables(ctx, i, snapshot, written, out)
}
