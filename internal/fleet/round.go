package fleet

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// Round does every organization once.
type Round struct {
	Board  Board
	Places []string // of the organizations
	AtOnce int      // how many this process does at a time
	// Do does the organization of a place, by its number, and gives the exit code of that.
	Do func(ctx context.Context, n int) (code int)
}

// Result is who has done an organization.
type Result struct {
	By   string // another process, for people; empty: this one
	Code int
}

// Run ends when every organization was done since it began, by this process or by another one: it comes back to those that others are
// doing, and does them if they do not. It fails with the error of ctx, and with those of the board.
func (r *Round) Run(ctx context.Context) ([]Result, error) {
	q := &queue{left: somewhere(len(r.Places))}
	begun, results := time.Now(), make([]Result, len(r.Places))
	var group errgroup.Group
	for range min(r.AtOnce, len(r.Places)) {
		group.Go(func() error {
			for n, ok := q.next(); ok; n, ok = q.next() {
				result, err := r.one(ctx, n, begun)
				switch {
				case errors.Is(err, fault.Conflict):
					err = wait.For(ctx, q.back(n))
				case err == nil:
					results[n] = result
					q.done()
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return results, group.Wait()
}

// one does an organization, unless another process has since the round began. While one does, it is fault.Conflict.
func (r *Round) one(ctx context.Context, n int, begun time.Time) (result Result, err error) {
	hold, err := r.Board.Take(ctx, r.Places[n])
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, hold.Close()) }()
	last, ok, err := hold.Last(ctx)
	if err != nil {
		return result, err
	}
	if ok && last.Ago < time.Since(begun) {
		return Result{last.By, last.Code}, nil
	}
	held, cancel := hold.Context(ctx)
	defer cancel()
	result.Code = r.Do(held, n)
	if ctx.Err() != nil {
		return result, ctx.Err()
	}
	return result, hold.Ended(ctx, result.Code) // a place that was lost is come back to: another may be doing it, or has
}

// queue is what is left to do. Safe for concurrent use.
type queue struct {
	mu     sync.Mutex
	left   []int
	missed int // how many in a row were held by others
}

func (q *queue) next() (n int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.left) == 0 {
		return 0, false
	}
	n = q.left[0]
	q.left = q.left[1:]
	return n, true
}

// Others take minutes, and are looked at again after that long: more and more while there is nothing else to do.
const firstPause, longestPause = 100 * time.Millisecond, 10 * time.Second

// back puts one to the end that another process holds, and says how long to wait before the next: not at all, as long as there is one that
// was not tried.
func (q *queue) back(n int) time.Duration {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.left = append(slices.Clip(q.left), n)
	q.missed++
	rounds := q.missed / len(q.left)
	if rounds == 0 {
		return 0
	}
	return min(firstPause<<min(rounds-1, 10), longestPause)
}

func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.missed = 0
}
