package sandbox

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// catchUp has happen what the scenario says of the time up to an instant. It follows from scenario and clock, and so is in
// no journal. Whoever asks waits for it.
func (p *past) catchUp(ctx context.Context, now time.Time) error {
	p.happening.Lock()
	defer p.happening.Unlock()
	return p.comeTo(ctx, now)
}

// comeTo is catchUp for whoever holds the lock.
func (p *past) comeTo(ctx context.Context, now time.Time) error {
	for p.happened < len(p.scenario.Events) && !p.scenario.Events[p.happened].At.After(now) {
		if err := p.happen(ctx, p.scenario.Events[p.happened]); err != nil {
			return fault.Because(fault.Invalid, err, "events[%d] of the scenario cannot happen", p.happened)
		}
		p.happened++
	}
	return nil
}

func (p *past) happen(ctx context.Context, e Event) (err error) {
	do := func() {}
	switch {
	case e.Batch != nil:
		do, err = p.batchDeed(*e.Batch, e.At)
	case e.Drift != nil:
		if err := p.hold(ctx, e.At); err != nil {
			return err
		}
		defer p.extending.Unlock()
		do, err = p.driftDeed(ctx, *e.Drift, e.At)
	case e.Rewrite != nil:
		var all []Rewrite
		if all, err = p.meant(ctx, *e.Rewrite, e.At); err == nil {
			do, err = p.rewriteDeed(ctx, all, e.At)
		}
	default:
		err = errors.New("it is none of batch, drift and rewrite")
	}
	if err == nil {
		do()
	}
	return err
}
