package lake

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/lake/tables"
)

// lanes do things beside one another: those of one table in the order in which they were added, each table's on a goroutine
// of its own. What waits to be done is bounded, in memory by what it holds.
type lanes struct {
	failed <-chan struct{} // closed when nothing is done any more
	group  *errgroup.Group
	room   chan struct{} // taken by what waits and by what is being done
	todo   map[tables.Table]chan func() error
}

// room is for two record batches of each large table to wait, and one to be written.
const room = 7

// newLanes begins; the context that it gives ends when something fails.
func newLanes(ctx context.Context) (*lanes, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	l := &lanes{failed: ctx.Done(), group: group, room: make(chan struct{}, room), todo: map[tables.Table]chan func() error{}}
	for _, t := range tables.All() {
		todo := make(chan func() error, room) // whoever has a place in the room need not wait here
		l.todo[t] = todo
		group.Go(func() error { return l.each(ctx, todo) })
	}
	return l, ctx
}

func (l *lanes) each(ctx context.Context, todo <-chan func() error) error {
	for do := range todo {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := do(); err != nil {
			return err
		}
		<-l.room
	}
	return nil
}

// add has something done for a table, unless something before it failed: then nothing is done any more.
func (l *lanes) add(t tables.Table, do func() error) {
	select {
	case l.room <- struct{}{}:
		l.todo[t] <- do
	case <-l.failed:
	}
}

// wait waits until all is done, and says what failed first.
func (l *lanes) wait() error {
	for _, todo := range l.todo {
		close(todo)
	}
	return l.group.Wait()
}
