package budget

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

func TestShares(t *testing.T) {
	for text, want := range map[string]int{"60%": 180, "100%": 300, "1%": 3, "120": 120, "1": 1, "500": 300, "100000": 300} {
		s, err := Parse(text)
		if err != nil || s.of(300) != want || s.String() != text || s.None() {
			t.Errorf("%s: %d of 300, %v, %v", text, s.of(300), s, err)
		}
	}
	if s, err := Parse("none"); err != nil || !s.None() || s.String() != "none" {
		t.Errorf("none: %v, %v", s, err)
	}
	if got := Percent(60).of(1); got != 1 {
		t.Errorf("of a limit of 1: %d, and nothing would ever be asked", got)
	}
	for _, text := range []string{"", "0", "0%", "101%", "-1", "60 %", "half", "1.5", "100001", "%"} {
		if s, err := Parse(text); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, %v", text, s, err)
		}
	}
}

// sent is when requests were sent, in the order of time.
type sent struct {
	mu    sync.Mutex
	times []time.Time
}

func (s *sent) now() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.times = append(s.times, time.Now())
}

// mostInAMinute is the largest number of requests in any minute.
func (s *sent) mostInAMinute() (most int) {
	slices.SortFunc(s.times, time.Time.Compare)
	first := 0
	for i, at := range s.times {
		for at.Sub(s.times[first]) >= time.Minute {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// process makes what another process would have: a budget of its own, that meets the others in the file alone.
func process(dir string, s Share) *Budget { return New(Config{Client: "client", Share: s, Dir: dir}) }

// Whatever processes do, in any minute there are no more requests than the budget has; and no fewer than it has room for,
// when they want them.
func TestNoMinuteHasMoreThanTheBudget(t *testing.T) {
	for _, n := range []int{1, 2, 7, 60, 180, 300} {
		for seed := range uint64(5) {
			synctest.Test(t, func(t *testing.T) {
				var all sent
				dir, end := t.TempDir(), time.Now().Add(5*time.Minute)
				ctx, stop := context.WithDeadline(t.Context(), end)
				defer stop()
				var group sync.WaitGroup
				for i := range 4 {
					group.Go(func() { work(ctx, process(dir, Number(n)), &all, rand.New(rand.NewPCG(seed, uint64(i)))) })
				}
				group.Wait()
				if most := all.mostInAMinute(); most > n {
					t.Errorf("budget %d, seed %d: %d requests in a minute", n, seed, most)
				}
				if least := 5 * n * 8 / 10; n > 7 && len(all.times) < least { // of so few most are given up before
					t.Errorf("budget %d, seed %d: %d requests in 5 minutes, want %d at least", n, seed, len(all.times), least)
				}
			})
		}
	}
}

// work is a process with several requests at a time. Now and then it has nothing to do, gives one up, or is killed and
// started again.
func work(ctx context.Context, b *Budget, all *sent, dice *rand.Rand) {
	for ctx.Err() == nil {
		b = &Budget{share: b.share, meet: b.meet, log: b.log, turn: make(chan struct{}, 1), allowed: Allowed}
		var group sync.WaitGroup
		for range 1 + dice.IntN(6) {
			patience, calls := time.Duration(1+dice.IntN(90))*time.Second, 1+dice.IntN(20)
			group.Go(func() {
				ctx, stop := context.WithTimeout(ctx, patience)
				defer stop()
				for range calls {
					if _, err := b.Wait(ctx); err == nil {
						all.now()
					}
				}
			})
		}
		group.Wait()
		if dice.IntN(4) == 0 {
			time.Sleep(time.Duration(dice.IntN(2000)) * time.Millisecond)
		}
	}
}

// One process has a hundred requests waiting and another one at a time: both get as many.
func TestProcessesGetSlotsInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ctx, stop := context.WithTimeout(t.Context(), 3*time.Minute)
		defer stop()
		var greedy, modest sent
		var group sync.WaitGroup
		ask := func(b *Budget, s *sent) {
			for {
				if _, err := b.Wait(ctx); err != nil {
					return
				}
				s.now()
			}
		}
		many, one := process(dir, Percent(60)), process(dir, Percent(60))
		for range 100 {
			group.Go(func() { ask(many, &greedy) })
		}
		group.Go(func() { ask(one, &modest) })
		group.Wait()
		if g, m := len(greedy.times), len(modest.times); g-m > 25 || m-g > 25 { // those at once at the beginning are whoever's comes first
			t.Errorf("the one got %d and the other %d", g, m)
		}
	})
}

// Somebody at a keyboard, who may use more of the limit, does not stand in the queue of the extraction.
func TestALargerShareGoesAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		extraction, person := process(dir, Percent(60)), process(dir, Percent(90))
		var group sync.WaitGroup
		group.Go(func() {
			for {
				if _, err := extraction.Wait(ctx); err != nil {
					return
				}
			}
		})
		time.Sleep(30 * time.Second)
		if took, err := person.Wait(ctx); err != nil || took > 0 {
			t.Errorf("waited %v, %v", took, err)
		}
		stop()
		group.Wait()
	})
}

func TestARequestThatIsGivenUpGivesItsSlotBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		b := process(dir, Number(1))
		if _, err := b.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			ctx, stop := context.WithTimeout(t.Context(), time.Second)
			if _, err := b.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			stop()
		}
		if took, err := process(dir, Number(1)).Wait(t.Context()); err != nil || took != 57*time.Second {
			t.Errorf("waited %v, %v", took, err)
		}
	})
}

func limits(allowed, count, reset int) http.Header {
	h := http.Header{}
	for name, n := range map[string]int{"inin-ratelimit-allowed": allowed, "inin-ratelimit-count": count, "inin-ratelimit-reset": reset} {
		h.Set(name, strconv.Itoa(n))
	}
	return h
}

// Others use the client too, and other machines: what the platform has counted says so before it refuses anything.
func TestTheShareIsUsedUp(t *testing.T) {
	for _, c := range []struct {
		share Share
		h     http.Header
		want  time.Duration
	}{
		{Percent(60), limits(300, 179, 40), 0},
		{Percent(60), limits(300, 180, 40), 41 * time.Second},
		{Percent(60), limits(180, 108, 40), 41 * time.Second},
		{Percent(100), limits(300, 299, 40), 0},
		{Percent(100), limits(300, 300, 0), time.Second},
		{Number(120), limits(300, 120, 7), 8 * time.Second},
		{Number(120), limits(60, 59, 7), 0},
		{Percent(60), limits(300, 300, 99_999), 121 * time.Second},
		{Percent(60), limits(0, 300, 40), 0},
		{Percent(60), http.Header{"Inin-Ratelimit-Allowed": {"300"}, "Inin-Ratelimit-Count": {"many"}, "Inin-Ratelimit-Reset": {"40"}}, 0},
		{Percent(60), http.Header{"Inin-Ratelimit-Allowed": {"300"}, "Inin-Ratelimit-Count": {"300"}}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			b := process(t.TempDir(), c.share)
			b.Heard(t.Context(), c.h)
			if took, err := b.Wait(t.Context()); err != nil || took != c.want {
				t.Errorf("%v after %v: waited %v, %v; want %v", c.share, c.h, took, err, c.want)
			}
		})
	}
}

// A budget follows the limit that the platform really has.
func TestTheLimitIsThePlatforms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := process(t.TempDir(), Percent(50))
		b.Heard(t.Context(), limits(20, 1, 60))
		var all sent
		for range 60 {
			if _, err := b.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			all.now()
		}
		if most := all.mostInAMinute(); most != 10 {
			t.Errorf("%d requests in a minute, want half of 20", most)
		}
	})
}

// What lies where the plan should be stops nobody, and is replaced.
func TestFilesThatAreNoPlan(t *testing.T) {
	ahead := plan{next: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)}
	whole := plan{next: time.Date(2000, 1, 1, 0, 0, 30, 0, time.UTC)} // synctest begins in 2000
	for name, text := range map[string]string{
		"empty": "", "torn": string(whole.text()[:20]), "foreign": strings.Repeat("x", 100_000), "longer": string(whole.text()) + "1",
		"of another version": strings.Replace(string(whole.text()), "budget 1", "budget 2", 1), "of a clock that was ahead": string(ahead.text()),
		"negative": "parley budget 1 -000000000000000001\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			b := process(t.TempDir(), Number(60))
			if err := os.WriteFile(b.meet.path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if took, err := b.Wait(t.Context()); err != nil || took > 0 {
				t.Errorf("%s: waited %v, %v", name, took, err)
			}
			got, err := os.ReadFile(b.meet.path)
			if err != nil || !bytes.Equal(got, b.alone.text()) || len(got) != length {
				t.Errorf("%s: left %q, %v", name, got, err)
			}
		})
	}
}

func TestWhereProcessesCannotMeet(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, b *Budget){
		"no folder":       func(_ *testing.T, b *Budget) { b.meet = newMeeting("", "client") },
		"a file above it": func(t *testing.T, b *Budget) { place(t, filepath.Dir(b.meet.path)) },
		"a folder": func(t *testing.T, b *Budget) {
			if err := os.MkdirAll(b.meet.path, 0o700); err != nil {
				t.Fatal(err)
			}
		},
		"a pipe": func(t *testing.T, b *Budget) {
			if err := errors.Join(os.MkdirAll(b.meet.dir, 0o700), syscall.Mkfifo(b.meet.path, 0o600)); err != nil {
				t.Fatal(err)
			}
		},
		"a link": func(t *testing.T, b *Budget) {
			if err := errors.Join(os.MkdirAll(b.meet.dir, 0o700), os.Symlink("elsewhere", b.meet.path)); err != nil {
				t.Fatal(err)
			}
		},
		"held for ever": hold,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				b := New(Config{Client: "client", Share: Number(6), Dir: filepath.Join(t.TempDir(), "a", "b"), Log: slog.New(slog.NewTextHandler(&log, nil))})
				spoil(t, b)
				var all sent
				for range 20 {
					if _, err := b.Wait(t.Context()); err != nil {
						t.Fatal(err)
					}
					all.now()
				}
				if most := all.mostInAMinute(); most > 6 || most < 4 {
					t.Errorf("%d requests in a minute", most)
				}
				if strings.Count(log.String(), "--budget-dir") != 1 || strings.Contains(log.String(), "client") {
					t.Errorf("said %s", &log)
				}
			})
		})
	}
}

// Whoever gives up does not wait for a lock that another process holds.
func TestARequestThatIsGivenUpWaitsForNoLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := process(t.TempDir(), Number(60))
		hold(t, b)
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if took, err := b.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("waited %v, %v", took, err)
		}
	})
}

// hold holds the lock as another process would, until the test ends.
func hold(t *testing.T, b *Budget) {
	t.Helper()
	f, err := b.meet.open()
	if err == nil {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
}

func place(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkWait(b *testing.B) {
	one := process(b.TempDir(), Number(1))
	one.allowed, one.share = 1_000_000_000, Number(1_000_000_000)
	for b.Loop() {
		if _, err := one.Wait(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
