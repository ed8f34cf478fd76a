package ingest

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/stage"
)

// Retried says what became of the values that had been set aside.
type Retried struct {
	Summary

	Taken int64 `json:"taken"` // that are records now, and in the lake
	Left  int64 `json:"left"`  // that stay aside
}

// Retry takes the values that were set aside through the door again: after an upgrade, or with another schema. What is a
// record now comes into the lake as if it had come when it was set aside, so that a version that the lake received later stays. It
// is forgotten where it was once it is in the lake; interrupted before, it comes again and changes nothing. Of the rest
// nothing changes, the reason neither.
func Retry(ctx context.Context, cfg Config) (out Retried, err error) {
	out.Summary, err = during(ctx, cfg, func(i *importer, ctx context.Context) (err error) {
		out.Taken, out.Left, err = i.retry(ctx)
		return err
	})
	if err != nil {
		return out, err
	}
	if out.Left > 0 {
		err = fault.New(fault.Incomplete, "some values stay aside: %d; parley quarantine list --lake DIR shows them", out.Left)
	}
	return out, errors.Join(err, incomplete(0, "", out.Unfit, out.Misfits))
}

// retry gives how many values came in, and how many stay aside.
func (i *importer) retry(ctx context.Context) (in, left int64, err error) {
	sums, err := stage.RejectedSums(ctx, i.cfg.Control)
	if err != nil {
		return 0, 0, err
	}
	taken, err := i.takeAgain(ctx, sums)
	if err == nil {
		err = i.commit(ctx)
	}
	if err != nil {
		return 0, 0, err
	}
	return int64(len(taken)), int64(len(sums) - len(taken)), stage.TakenIn(ctx, i.cfg.Control, taken)
}

// takeAgain stages what is a record now.
func (i *importer) takeAgain(ctx context.Context, sums []stage.Sum) (taken []stage.Sum, err error) {
	i.staging, ctx = errgroup.WithContext(ctx)
	i.staging.SetLimit(1)
	for _, sum := range sums {
		var in bool
		if in, err = i.again(ctx, sum); err != nil {
			break
		}
		if in {
			taken = append(taken, sum)
		}
	}
	i.flush(ctx)
	if failed := i.staging.Wait(); failed != nil {
		return nil, failed
	}
	return taken, err
}

// again takes a value that was set aside, if it is a record now.
func (i *importer) again(ctx context.Context, sum stage.Sum) (bool, error) {
	r, err := stage.RejectedBy(ctx, i.cfg.Control, sum)
	if err != nil {
		return false, err
	}
	record, err := i.cfg.Door(r.Text)
	switch {
	case errors.Is(err, fault.Drifted):
		return false, err
	case err != nil:
		return false, nil //nolint:nilerr // it stays where it is, with its reason
	}
	i.sum.Read++
	return true, i.keep(ctx, record, receivedBy(r.Run, i.cfg.Now()))
}

// receivedBy is when a run was begun, which its id says, or else.
func receivedBy(run stage.RunID, or time.Time) time.Time {
	id, err := uuid.Parse(strings.TrimPrefix(string(run), runPrefix))
	if err != nil || id.Version() != 7 {
		return or
	}
	return time.Unix(id.Time().UnixTime()).UTC()
}
