package extract

import (
	"context"
	"sync"
)

// Several parts can be worked at, at the same time, each by a goroutine of its own. Whoever works has the turn, and so the
// run, its stage and its commits to itself; it gives the turn away for as long as it waits for the platform, and nothing
// else takes long. So all of an extraction but its waiting is written as if there were one goroutine.

// work works at parts, so many at a time as are wanted, until all are done, and waits for the last commit. When one fails
// the others stop waiting for the platform; what they have staged stays, what is being committed is, and they go on from
// there when work is called again.
func (e *Extraction) work(ctx context.Context) error {
	e.halted = nil
	var all sync.WaitGroup
	for range max(1, e.cfg.Parallel) {
		all.Go(func() {
			e.turn.Lock()
			defer e.turn.Unlock()
			e.halt(e.worker(ctx))
		})
	}
	all.Wait()
	if e.halted != nil {
		return e.halted
	}
	return e.settle(ctx)
}

// halt has everybody stop who waits for the platform, because one has failed.
func (e *Extraction) halt(err error) {
	if err == nil || e.halted != nil {
		return
	}
	e.halted = err
	for _, stop := range e.waiting {
		stop()
	}
}

// asking gives a context for what is asked of the platform, which ends when somebody fails. release must be called.
func (e *Extraction) asking(ctx context.Context) (_ context.Context, release func()) {
	ctx, stop := context.WithCancel(ctx)
	if e.halted != nil {
		stop()
	}
	e.waits++
	n := e.waits
	e.waiting[n] = stop
	return ctx, func() {
		stop()
		delete(e.waiting, n)
	}
}

// worker brings one part after another to its end.
func (e *Extraction) worker(ctx context.Context) error {
	for ctx.Err() == nil && e.halted == nil {
		p, ok, err := e.take(ctx)
		if err != nil || !ok {
			return err
		}
		err = e.part(ctx, p)
		delete(e.taken, p.start)
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// take gives the first part that is not done and that nobody works at. There is none when all are done or worked at; what
// becomes of the latter, whoever works at them takes up.
func (e *Extraction) take(ctx context.Context) (part, bool, error) {
	p, ok := e.run.openPart(e.taken)
	if !ok {
		if p, ok = e.nextPart(); !ok {
			return p, false, nil
		}
		if err := e.store.addPart(ctx, &e.run, p); err != nil {
			return p, false, err
		}
	}
	e.taken[p.start] = true
	return p, true, nil
}

// apart does what waits for the platform, and gives the turn away meanwhile.
func (e *Extraction) apart(ctx context.Context, do func(context.Context)) {
	ctx, release := e.asking(ctx)
	e.turn.Unlock()
	defer func() {
		e.turn.Lock()
		release()
	}()
	do(ctx)
}
