package lake

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
)

// Unmake closes a lake and takes its Create back, for a command that has failed before anything came into it. A lake that
// has something, or to which somebody writes, stays.
func Unmake(ctx context.Context, l *Lake) (err error) {
	lease, err := l.lease()
	if err != nil {
		if errors.Is(err, fault.Conflict) {
			err = nil
		}
		return errors.Join(err, l.Close())
	}
	bare, err := l.bare(ctx)
	if err := errors.Join(err, l.Close()); err != nil || !bare {
		return errors.Join(err, lease.Close())
	}
	// The marker goes first: without it, what a crash leaves is a lake that was not finished.
	err = os.Remove(filepath.Join(l.dir, markerName))
	made := maps.Clone(unfinished)
	delete(made, "lost+found")
	made["staging"] = true
	for name := range made {
		err = errors.Join(err, os.RemoveAll(filepath.Join(l.dir, name)))
	}
	_ = os.Remove(l.dir) // one that has something else in it, or is a mount point, was there before
	return errors.Join(err, lease.Close())
}

// bare says whether nothing ever came into the lake.
func (l *Lake) bare(ctx context.Context) (bool, error) {
	s, err := l.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	defer s.Close()
	whole, err := l.Days(ctx, 0, 1<<24)
	open, intents := l.intents(ctx)
	return len(s.Files(Conversations)) == 0 && len(whole) == 0 && len(open) == 0, errors.Join(err, intents)
}
