package lake

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-hq/parley/internal/store"
)

// turns are the kinds of work that bring something into a lake in several steps, each of which is done by one process at a time.
var turns = []string{"extract", "import", "generate"}

// held are locks that somebody has, in the order in which they were taken.
type held []store.Lock

// hold takes every right to change the lake: nobody does while they are held. fault.Conflict says who does now.
func (l *Lake) hold(ctx context.Context) (h held, err error) {
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	for _, name := range turns {
		turn, err := l.turn(ctx, name, "%s is writing to the lake; wait until it is done")
		if err != nil {
			return h, err
		}
		h = append(h, turn)
	}
	lease, err := l.lease(ctx)
	if err != nil {
		return h, err
	}
	return append(h, lease), nil
}

// Close gives all of them back.
func (h held) Close() (err error) {
	for _, lock := range slices.Backward(h) {
		err = errors.Join(err, lock.Close())
	}
	return err
}
