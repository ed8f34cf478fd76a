package lake

import (
	"context"
	"errors"
	"strconv"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// A pin keeps a snapshot of conversations, and with it the companions that it names, from expiring: a shared lock of the
// name of the snapshot in pins/. It ends with the process that holds it, however that process ends. Who wants to expire a
// snapshot takes the same lock alone, and leaves the snapshot as it is when it cannot.
//
// The lock alone proves nothing: it may have been looked for before an expiry and taken after it. Whoever has a pin
// looks again whether the snapshot is still in the table's history; if it is, no expiry can have got the lock alone, nor
// gets it until the pin is released.

const pinsAt store.Location = "pins"

func pinAt(id int64) store.Location { return pinsAt.Join(strconv.FormatInt(id, 10)) }

// errLocked says that another holds a lock that excludes the one that was asked for.
var errLocked = errors.New("locked by another")

// pin pins a snapshot. It is errLocked while somebody is expiring it. Who may neither write to the lake nor read the lock
// that a commit has made has no pin, and it is nil: refusing to read would help nobody.
func (l *Lake) pin(ctx context.Context, id SnapshotID) (store.Lock, error) {
	p, err := l.lockPin(ctx, int64(id), store.LockOptions{Shared: true})
	switch {
	case errors.Is(err, fault.Forbidden) || errors.Is(err, errors.ErrUnsupported):
		return nil, nil //nolint:nilnil // no pin, and no reason not to read
	case errors.Is(err, fault.Full):
		return nil, fault.Because(fault.Full, err, "there is no room for the lock of a snapshot")
	}
	return p, err
}

// lockPin takes the lock of a snapshot. Whoever may read the lake may: an expiry must get a pin that root has made.
func (l *Lake) lockPin(ctx context.Context, id int64, o store.LockOptions) (store.Lock, error) {
	o.Anyone = true
	p, err := l.locks().Lock(ctx, pinAt(id), o)
	if errors.As(err, new(*store.Held)) {
		return nil, errLocked
	}
	return p, err
}

// offer makes the lock of a snapshot, so that those too can pin it who may not write to the lake. A snapshot without it
// can be read all the same.
func (l *Lake) offer(ctx context.Context, id SnapshotID) {
	if p, err := l.pin(ctx, id); err == nil && p != nil {
		_ = p.Close()
	}
}

// seized are the pins of snapshots that are about to expire, each held alone.
type seized struct {
	ids  []int64 // snapshots that nobody reads or can begin to read until release
	pins []store.Lock
}

// seize locks those of the snapshots that nobody has pinned. With look it makes no locks: what has none is not pinned.
func (l *Lake) seize(ctx context.Context, ids []int64, look bool) (_ *seized, err error) {
	s := &seized{}
	for _, id := range ids {
		p, err := l.lockPin(ctx, id, store.LockOptions{Existing: look})
		switch {
		case errors.Is(err, errLocked):
			continue
		case look && (errors.Is(err, fault.NotFound) || errors.Is(err, fault.Forbidden)): // who may not look cannot tell
		case err != nil:
			return nil, errors.Join(err, s.release())
		default:
			s.pins = append(s.pins, p)
		}
		s.ids = append(s.ids, id)
	}
	return s, nil
}

func (s *seized) release() (err error) {
	for _, p := range s.pins {
		err = errors.Join(err, p.Close())
	}
	return err
}

// removePins removes the pins of snapshots that are no longer there, those too that an interrupted expiry has left. A
// pin that somebody holds stays for the next time: whoever holds it is about to see that the snapshot is gone.
func (l *Lake) removePins(ctx context.Context, there func(id int64) bool) (err error) {
	for at, listing := range l.locks().Locked(ctx, pinsAt) {
		if listing != nil {
			return errors.Join(err, listing)
		}
		id, bad := strconv.ParseInt(at.Name(), 10, 64)
		if bad != nil || there(id) {
			continue
		}
		s, locking := l.seize(ctx, []int64{id}, true)
		if locking == nil && len(s.pins) > 0 {
			locking = s.pins[0].Forget()
		}
		err = errors.Join(err, locking)
	}
	return err
}
