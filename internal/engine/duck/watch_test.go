package duck

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// A call that does not hear is waited for no longer, counted until it ends, and what it gives then is given back.
func TestADeafCallIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, end, back := &watch{}, make(chan struct{}), atomic.Int64{}
		deaf := func() (int64, error) { <-end; return 7, nil }
		for n := range maxDeaf {
			if err := w.fit(); err != nil {
				t.Fatalf("with %d deaf calls: %v", n, err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			begun := time.Now()
			_, err := heard(ctx, w, deaf, func(v int64) { back.Add(v) })
			if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took != 15*time.Second+patience {
				t.Errorf("got %v after %v", err, took)
			}
			cancel()
		}
		if err := w.fit(); !errors.Is(err, fault.Unavailable) || fault.HTTPStatus(err) != 503 {
			t.Errorf("with %d deaf calls: got %v", maxDeaf, err)
		}
		close(end)
		synctest.Wait()
		if err := w.fit(); err != nil || back.Load() != 7*maxDeaf {
			t.Errorf("when they have ended: %v, %d were given back", err, back.Load())
		}
	})
}

func TestACallThatEndsWhenItIsToldToIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &watch{}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := heard(ctx, w, func() (int, error) {
			<-ctx.Done()
			time.Sleep(patience / 2)
			return 0, errors.New("interrupted")
		}, func(int) {})
		if err == nil || err.Error() != "interrupted" || w.deaf.Load() != 0 {
			t.Errorf("got %v, %d given up", err, w.deaf.Load())
		}
	})
}

func TestAPanicInACallIsAnError(t *testing.T) {
	if _, err := heard(t.Context(), &watch{}, func() (int, error) { panic("of the driver") }, func(int) {}); err == nil {
		t.Error("no error")
	}
}

// Nobody gets a view while too much is running that cannot be stopped: requests are refused, jobs wait, and the server is
// not ready.
func TestNoViewWhileTooManyAreDeaf(t *testing.T) {
	db := &DB{}
	db.watch.deaf.Store(maxDeaf)
	if _, err := (Views{DB: db}).Live(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("got %v", err)
	}
}
