package limit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// asks has somebody wait for a turn and keep it for a while; it says when it was let in.
func asks(ctx context.Context, t *Turns, organization, client string, heavy bool, keep time.Duration, in func()) {
	leave, err := t.Wait(ctx, organization, client, heavy)
	if err != nil {
		return
	}
	in()
	time.Sleep(keep)
	leave()
}

// Whoever comes, with whatever from whomever before: nobody waits for more turns than there are other clients, and the
// places that were taken.
func TestNobodyWaitsForMoreThanATurnOfEachOther(t *testing.T) {
	seed := rand.Uint64()
	for round := range 20 {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, uint64(round)))
			turns, clients, places := NewTurns(1+r.IntN(3), 3, 1000), 1+r.IntN(6), 0
			places = turns.places
			var let atomic.Int64
			for i := range 200 {
				if r.IntN(3) == 0 {
					time.Sleep(time.Duration(r.IntN(5)) * time.Second)
				}
				n := min(r.IntN(2*clients), clients-1) // the last one is the busy one
				organization, client := fmt.Sprint("o", n%2), fmt.Sprint("c", n)
				waiting := false
				turns.mu.Lock()
				for _, w := range turns.waiting {
					waiting = waiting || w.client == client
				}
				turns.mu.Unlock()
				synctest.Wait()
				before, keep := let.Load(), time.Duration(1+r.IntN(9))*time.Second
				go asks(t.Context(), turns, organization, client, false, keep, func() {
					// Turns of organizations come before those of clients: at most one of every other for each of one's own.
					if n := let.Add(1) - 1 - before; !waiting && n > int64(2*clients+places) {
						t.Errorf("seed %d, round %d, %d: waited for %d turns, with %d clients", seed, round, i, n, clients)
					}
				})
				synctest.Wait()
			}
			time.Sleep(time.Hour)
			synctest.Wait()
			if let.Load() != 200 || turns.in != 0 || turns.inHeavy != 0 || len(turns.waiting) != 0 {
				t.Errorf("seed %d, round %d: %d of 200 were let in, %d are in still", seed, round, let.Load(), turns.in)
			}
		})
	}
}

func TestLightOnesDoNotWaitForHeavyOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := NewTurns(3, 2, 1000)
		var heavy, light, other atomic.Int64
		for range 200 {
			go asks(t.Context(), turns, "acme", "busy", true, 10*time.Second, func() { heavy.Add(1) })
		}
		synctest.Wait()
		go asks(t.Context(), turns, "acme", "busy", false, time.Second, func() { light.Add(1) })
		go asks(t.Context(), turns, "beta", "quiet", true, time.Second, func() { other.Add(1) })
		synctest.Wait()
		if heavy.Load() != 2 || light.Load() != 1 || other.Load() != 0 {
			t.Errorf("let in: %d heavy, %d light, %d heavy of another; want 2, 1, 0", heavy.Load(), light.Load(), other.Load())
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if other.Load() != 1 || heavy.Load() != 3 {
			t.Errorf("at the next turn: %d of the other, %d heavy in all; want 1 and 3", other.Load(), heavy.Load())
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if turns.in != 0 || heavy.Load() != 200 {
			t.Errorf("%d are in still, %d heavy ones were let in", turns.in, heavy.Load())
		}
	})
}

func TestSomeOfAClientMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := NewTurns(1, 1, 2)
		ctx, cancel := context.WithCancel(t.Context())
		var let atomic.Int64
		for range 3 {
			go asks(ctx, turns, "acme", "a", false, time.Minute, func() { let.Add(1) })
		}
		synctest.Wait()
		if _, err := turns.Wait(t.Context(), "acme", "a", false); !errors.Is(err, ErrMany) {
			t.Errorf("a fourth of one client: got %v", err)
		}
		go asks(t.Context(), turns, "acme", "b", false, time.Minute, func() { let.Add(1) })
		synctest.Wait()
		time.Sleep(30 * time.Second)
		if got := turns.Stuck(); got != 30*time.Second {
			t.Errorf("stuck for %v, want 30s", got)
		}
		cancel() // those of a that wait go away, and take no turn
		time.Sleep(time.Hour)
		synctest.Wait()
		if let.Load() != 2 || turns.in != 0 || turns.Stuck() != 0 {
			t.Errorf("let in: %d, want 2; %d are in still", let.Load(), turns.in)
		}
	})
}

func TestPaceLearns(t *testing.T) {
	p := NewPace()
	if got := p.Guess("acme", 1000); got != 0 {
		t.Errorf("at first: %v", got)
	}
	for range 50 {
		p.Learn("acme", 10, 10*time.Second)
	}
	if got := p.Guess("acme", 3); got < 2900*time.Millisecond || got > 3*time.Second {
		t.Errorf("got %v, want three seconds or almost", got)
	}
	if got := p.Guess("beta", 3); got != 0 {
		t.Errorf("of another: %v", got)
	}
}
