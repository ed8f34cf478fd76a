package lake

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// inOrder does one thing after the other on a goroutine of its own. What waits to be done is bounded, in memory by what it
// holds.
type inOrder struct {
	failed <-chan struct{} // closed when nothing is done any more
	group  *errgroup.Group
	todo   chan func() error
}

// waiting is how many batches of rows may wait to be written: two of each large table.
const waiting = 6

// newInOrder begins; the context that it gives ends when something fails.
func newInOrder(ctx context.Context) (*inOrder, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	q := &inOrder{failed: ctx.Done(), group: group, todo: make(chan func() error, waiting)}
	group.Go(func() error {
		for do := range q.todo {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	})
	return q, ctx
}

// add has something done, unless something before it failed: then nothing is done any more.
func (q *inOrder) add(do func() error) {
	select {
	case q.todo <- do:
	case <-q.failed:
	}
}

// wait waits until all is done, and says what failed first.
func (q *inOrder) wait() error {
	close(q.todo)
	return q.group.Wait()
}
