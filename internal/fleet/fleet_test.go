package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wait"
)

// lifetime is how long a place stays that of a process which has died.
const lifetime = 30 * time.Second

// world is what processes have in common.
type world struct {
	mu     sync.Mutex
	there  map[*process]bool
	holder map[string]*process
	last   map[string]Last
	ended  map[string]time.Time
	doing  map[string]int // how many processes that live do an organization
	done   map[string]int
}

func newWorld() *world {
	return &world{
		there: map[*process]bool{}, holder: map[string]*process{}, last: map[string]Last{}, ended: map[string]time.Time{},
		doing: map[string]int{}, done: map[string]int{},
	}
}

// process is a Board as one process has it.
type process struct {
	*world

	name string
	ctx  context.Context //nolint:containedctx // its life
	end  context.CancelFunc
}

// kill ends a process, and what it held runs out.
func (p *process) kill() {
	p.end()
	time.AfterFunc(lifetime, func() { p.forget(p) })
}

func (w *world) process(t *testing.T, name string) *process {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	return &process{w, name, ctx, end}
}

func (w *world) forget(p *process) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.there, p)
	for place, by := range w.holder {
		if by == p {
			delete(w.holder, place)
		}
	}
}

func (p *process) Join(context.Context, []string) (func() error, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.there[p] = true
	return func() error {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.ctx.Err() == nil {
			delete(p.there, p)
		}
		return nil
	}, nil
}

func (p *process) Look(context.Context, []string) (Seen, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := Seen{Processes: len(p.there), Held: map[string]bool{}}
	for place := range p.holder {
		seen.Held[place] = true
	}
	return seen, nil
}

func (p *process) Take(_ context.Context, place string) (Hold, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if by := p.holder[place]; by != nil {
		return nil, fault.New(fault.Conflict, "%s has it", by.name)
	}
	p.holder[place] = p
	return &holding{p, place}, nil
}

type holding struct {
	*process

	place string
}

func (h *holding) Context(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}

func (h *holding) Last(context.Context) (Last, bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last, ok := h.last[h.place]
	last.Ago = time.Since(h.ended[h.place])
	return last, ok, nil
}

func (h *holding) Ended(_ context.Context, code int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() != nil {
		return h.ctx.Err()
	}
	h.last[h.place], h.ended[h.place] = Last{By: h.name, Code: code}, time.Now()
	return nil
}

func (h *holding) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ctx.Err() == nil && h.holder[h.place] == h.process {
		delete(h.holder, h.place)
	}
	return nil
}

// work does an organization for so long; a process that dies has not done it.
func (p *process) work(ctx context.Context, t *testing.T, place string, long time.Duration) {
	t.Helper()
	p.mu.Lock()
	p.doing[place]++
	if p.doing[place] > 1 {
		t.Errorf("%s is done by two", place)
	}
	p.mu.Unlock()
	err := wait.For(ctx, long)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.doing[place]--
	if err == nil {
		p.done[place]++
	}
}

func placesOf(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprint("lake", i))
	}
	return out
}

// Whatever processes die, and whenever others begin, every organization is done once by those that live, each of which comes back to those
// of the dead, and all learn of it.
func TestARoundDoesEveryOrganizationOnce(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			w, places := newWorld(), placesOf(12)
			var all sync.WaitGroup
			for i := range 3 {
				p, atOnce, dies := w.process(t, fmt.Sprint("p", i)), 1+r.IntN(3), i > 0 && r.IntN(2) == 0
				if dies {
					time.AfterFunc(time.Duration(r.IntN(600))*time.Second, p.kill)
				}
				long := time.Duration(1+r.IntN(100)) * time.Second
				all.Go(func() {
					round := &Round{Board: p, Places: places, AtOnce: atOnce, Do: func(ctx context.Context, n int) int {
						p.work(ctx, t, places[n], long)
						return n
					}}
					results, err := round.Run(p.ctx)
					if dies && err != nil {
						return
					}
					for n, result := range results {
						if result.Code != n || result.By == p.name {
							t.Errorf("seed %d: of %d: %+v", seed, n, result)
						}
					}
					if err != nil {
						t.Errorf("seed %d: %v", seed, err)
					}
				})
			}
			all.Wait()
			for _, place := range places {
				if n := w.done[place]; n != 1 {
					t.Errorf("seed %d: %s was done %d times", seed, place, n)
				}
			}
		})
	}
}

// A round is another one for what was done before it began.
func TestTheNextRoundDoesAllAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, places := newWorld(), placesOf(5)
		for range 2 {
			p := w.process(t, "p")
			round := &Round{Board: p, Places: places, AtOnce: 2, Do: func(ctx context.Context, n int) int {
				p.work(ctx, t, places[n], time.Second)
				return 0
			}}
			if _, err := round.Run(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for _, place := range places {
			if w.done[place] != 2 {
				t.Errorf("%s was done %d times", place, w.done[place])
			}
		}
	})
}

func TestARoundEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		if _, err := w.process(t, "other").Take(t.Context(), "lake0"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		round := &Round{Board: w.process(t, "p"), Places: placesOf(1), AtOnce: 4, Do: func(context.Context, int) int { t.Error("it is done"); return 0 }}
		if _, err := round.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

// Organizations come to whoever is there, as many to each, and to those who are left when one dies or goes.
func TestSharesFollowWhoIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, places := newWorld(), placesOf(12)
		var all sync.WaitGroup
		begin := func(name string) *process {
			p := w.process(t, name)
			share := &Share{
				Board: p, Places: places, Every: 10 * time.Second, Note: func(string, ...any) {},
				Follow: func(ctx context.Context, n int, hold Hold, resting func(bool)) {
					for ctx.Err() == nil { // a run of a minute, and a rest of ten
						resting(false)
						p.work(ctx, t, places[n], time.Minute)
						resting(true)
						if err := hold.Ended(ctx, 0); err != nil && p.ctx.Err() == nil {
							t.Error(err)
						}
						_ = wait.For(ctx, 10*time.Minute)
					}
				},
			}
			all.Go(func() {
				if err := share.Run(p.ctx); err != nil {
					t.Error(err)
				}
			})
			return p
		}
		expect := func(when string, want ...int) {
			t.Helper()
			time.Sleep(2 * time.Minute)
			synctest.Wait()
			w.mu.Lock()
			defer w.mu.Unlock()
			by := map[*process]int{}
			for _, p := range w.holder {
				by[p]++
			}
			var got []int
			for _, n := range by {
				got = append(got, n)
			}
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %d, want %d", when, got, want)
			}
		}
		one := begin("one")
		expect("alone", 12)
		begin("two")
		expect("two of them", 6, 6)
		begin("three")
		expect("three of them", 4, 4, 4)
		one.kill()
		expect("one has died", 6, 6)
		for p := range there(w) {
			p.kill()
		}
		all.Wait()
	})
}

// there gives a copy of who is there.
func there(w *world) map[*process]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := map[*process]bool{}
	for p := range w.there {
		out[p] = true
	}
	return out
}

// A process by itself does everything, every time.
func TestAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var did sync.Map
		round := &Round{Board: Alone{}, Places: placesOf(7), AtOnce: 3, Do: func(_ context.Context, n int) int { did.Store(n, true); return 0 }}
		if _, err := round.Run(t.Context()); err != nil {
			t.Error(err)
		}
		for n := range 7 {
			if _, ok := did.Load(n); !ok {
				t.Errorf("%d was not done", n)
			}
		}
	})
}
