package lake

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/store"
)

// turns are the kinds of work that bring something into a lake in several steps, each of which is done by one process at a time.
var turns = []string{"extract", "import", "generate"}

// held are locks that somebody has, in the order in which they were taken.
type held []store.Lock

// hold takes every right to change the lake: nobody does while they are held. fault.Conflict says who does now.
func (l *Lake) hold(ctx context.Context) (held, error) { return hold(ctx, l.locks()) }

// hold is the same of a lake that is not open. Exports that hand over what is new have turns of their own names.
func hold(ctx context.Context, locks store.Locks) (h held, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	names, err := exporting(ctx, locks)
	if err != nil {
		return h, err
	}
	for _, name := range append(names, turns...) {
		turn, err := takeTurn(ctx, locks, name, "%s is writing to the lake; wait until it is done")
		if err != nil {
			return h, err
		}
		h = append(h, turn)
	}
	lease, err := lease(ctx, locks, "%s is writing to the lake; wait until it is done")
	if err != nil {
		return h, err
	}
	return append(h, lease), nil
}

// exporting are the names of the turns of exports.
func exporting(ctx context.Context, locks store.Locks) (names []string, err error) {
	for at, err := range locks.Locked(ctx, "") {
		if err != nil {
			return nil, err
		}
		if name, is := strings.CutSuffix(string(at), turnSuffix); is && strings.HasPrefix(name, "export-") {
			names = append(names, name)
		}
	}
	return names, nil
}

// lease is the writer's, which is taken last.
func (h held) lease() store.Lock { return h[len(h)-1] }

// Close gives all of them back.
func (h held) Close() (err error) {
	for _, lock := range slices.Backward(h) {
		err = errors.Join(err, lock.Close())
	}
	return err
}
