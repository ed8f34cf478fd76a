package sandbox

import (
	"context"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Batches tells of each nightly batch that ends well, with the dataAvailabilityDate as it is then. Of several that end at one
// time, as when the clock is moved over weeks, it tells once: the dates between were never to be seen. It does not tell of a
// batch that fails, of one that ended before, of a date that goes back, or of a reset.
type Batches struct {
	world *World
	tell  func(available time.Time)

	mu   sync.Mutex // one look at a time
	past *past
	told conversation.Day
}

// Batches makes one that tells of batches that end from now on. Tell is called by Run, and by who waits.
func (w *World) Batches(ctx context.Context, tell func(available time.Time)) (*Batches, error) {
	p, now, err := w.caught(ctx)
	if err != nil {
		return nil, err
	}
	return &Batches{world: w, tell: tell, past: p, told: p.lastBatch(now)}, nil
}

// Run tells when they end, until ctx ends.
func (b *Batches) Run(ctx context.Context) error {
	for {
		deed := b.world.deeds.next() // before it looks, lest one be missed
		next, err := b.look(ctx)
		if err != nil {
			return err
		}
		if err := b.world.clock.WaitOr(ctx, next, deed); err != nil {
			return err
		}
	}
}

// Wait returns when the clock shows an instant, and those that had ended by then are told of: whoever does something at
// that instant does it after.
func (b *Batches) Wait(ctx context.Context, until time.Time) error {
	if err := b.world.Wait(ctx, until); err != nil {
		return err
	}
	_, err := b.look(ctx)
	return err
}

// look tells if there is something to tell, and gives when there may be again.
func (b *Batches) look(ctx context.Context) (next time.Time, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, now, err := b.world.caught(ctx)
	if err != nil {
		return now, err
	}
	last := p.lastBatch(now)
	if p == b.past && last > b.told {
		b.tell(p.available(now))
	}
	b.past, b.told = p, last
	return p.nextChange(now), nil
}

// lastBatch is the day of the last batch that had ended well.
func (p *past) lastBatch(at time.Time) conversation.Day {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.nightly.last(at)
}

// nextChange is when the next batch ends or the next event of the scenario happens, which may be something done to batches.
func (p *past) nextChange(at time.Time) time.Time {
	p.happening.Lock()
	defer p.happening.Unlock()
	p.mu.RLock()
	defer p.mu.RUnlock()
	next, known := p.nightly.next(at)
	if !known {
		next = endOfTime
	}
	if p.happened < len(p.scenario.Events) && p.scenario.Events[p.happened].At.Before(next) {
		next = p.scenario.Events[p.happened].At
	}
	return next
}

// alarm wakes who waits for the next time that something happens. The zero value is one.
type alarm struct {
	mu    sync.Mutex
	rang  chan struct{}
	times int64
}

// next is closed when it happens.
func (a *alarm) next() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.rang == nil {
		a.rang = make(chan struct{})
	}
	return a.rang
}

// rung is how often it happened.
func (a *alarm) rung() int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.times
}

func (a *alarm) ring() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.times++
	if a.rang != nil {
		close(a.rang)
		a.rang = nil
	}
}
