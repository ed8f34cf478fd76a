package lake

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// The writer's lease is a lock on a file of this name. Whoever makes a lake holds it meanwhile, so that of two at once
// one is told so.
const leaseName = "writer.lock"

// lease is the right to write to the lake.
func (l *Lake) lease(ctx context.Context) (store.Lock, error) {
	return lease(ctx, l.locks(), "%s is writing to the lake; wait until it is done")
}

// lease takes the lease of a lake. The message says what its holder does.
func lease(ctx context.Context, locks store.Locks, message string) (store.Lock, error) {
	lock, err := locks.Lock(ctx, leaseName, store.LockOptions{})
	if held, is := errors.AsType[*store.Held](err); is {
		return nil, fault.New(fault.Conflict, message, held.By)
	}
	return lock, err
}

// locks are those beside the lake's store.
func (l *Lake) locks() store.Locks { return folder.On(l.dir, onDisk) }

// Free says whether a Writer could be had now; if not, it is fault.Conflict, as from Writer. It changes nothing.
func (l *Lake) Free(ctx context.Context) error {
	if err := l.mayWrite(); err != nil {
		return err
	}
	lease, err := l.lease(ctx)
	if err != nil {
		return err
	}
	return lease.Close()
}
