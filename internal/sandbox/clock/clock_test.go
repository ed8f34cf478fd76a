package clock

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

var noon = time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)

func TestClockGoesAtItsSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Setting{At: noon, Since: time.Now(), Speed: 1000}, nil)
		time.Sleep(time.Second)
		if got, want := c.Now(), noon.Add(1000*time.Second); !got.Equal(want) {
			t.Errorf("after a second it shows %v, want %v", got, want)
		}
		change(t, c, Change{Speed: new(0.0)})
		time.Sleep(time.Hour)
		if got, want := c.Now(), noon.Add(1000*time.Second); !got.Equal(want) {
			t.Errorf("frozen it shows %v, want %v", got, want)
		}
		change(t, c, Change{Advance: time.Hour})
		if got, want := c.Now(), noon.Add(time.Hour+1000*time.Second); !got.Equal(want) {
			t.Errorf("moved while frozen it shows %v, want %v", got, want)
		}
		change(t, c, Change{Set: noon.Add(48 * time.Hour), Speed: new(1.0)})
		time.Sleep(time.Minute)
		if got, want := c.Now(), noon.Add(48*time.Hour+time.Minute); !got.Equal(want) {
			t.Errorf("set and going it shows %v, want %v", got, want)
		}
	})
}

func change(t *testing.T, c *Clock, by Change) {
	t.Helper()
	s, err := c.After(by)
	if err != nil {
		t.Fatal(err)
	}
	c.Set(s)
}

func TestAMachineThatGoesBackDoesNotTakeTheClockAlong(t *testing.T) {
	s := Setting{At: noon, Since: noon, Speed: 1}
	if got := s.Now(noon.Add(-time.Hour)); !got.Equal(noon) {
		t.Errorf("it shows %v", got)
	}
}

func TestAClockThatRacesStopsAtTheLastInstant(t *testing.T) {
	s := Setting{At: noon, Since: noon, Speed: MaxSpeed}
	if got := s.Now(noon.AddDate(50, 0, 0)); !got.Equal(last) {
		t.Errorf("it shows %v", got)
	}
}

func TestWhatNoClockCanDoIsRefused(t *testing.T) {
	c := New(Setting{At: noon, Since: noon, Speed: 1}, func() time.Time { return noon })
	for field, by := range map[string]Change{
		"set": {Set: noon.Add(-time.Millisecond)}, "advance": {Advance: -time.Second}, "speed": {Speed: new(MaxSpeed + 1.0)},
	} {
		refused(t, c, field, by)
	}
	refused(t, c, "speed", Change{Speed: new(-1.0)})
	refused(t, c, "speed", Change{Speed: new(math.NaN())})
	refused(t, c, "set", Change{Set: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)})
	refused(t, c, "advance", Change{Set: noon.Add(time.Hour), Advance: time.Hour})
}

func refused(t *testing.T, c *Clock, field string, by Change) {
	t.Helper()
	_, err := c.After(by)
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Invalid || e.Field != field {
		t.Errorf("%+v: got %v", by, err)
	}
}

// Who waits for an instant is woken at it: by the clock's going, by a change of speed, by being moved.
func TestWhoWaitsIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Setting{At: noon, Since: time.Now()}, nil)
		woken := make(chan time.Time, 1)
		wait := func(until time.Time) {
			if c.Wait(t.Context(), until) == nil {
				woken <- c.Now()
			}
		}
		go wait(noon.Add(time.Hour))
		synctest.Wait()
		change(t, c, Change{Advance: 59 * time.Minute})
		change(t, c, Change{Speed: new(60.0)})
		begun := time.Now()
		if at := <-woken; at.Before(noon.Add(time.Hour)) || time.Since(begun) > 2*time.Second {
			t.Errorf("woken at %v, after %v", at, time.Since(begun))
		}
		change(t, c, Change{Speed: new(0.0)})
		go wait(noon.Add(3 * time.Hour))
		synctest.Wait()
		change(t, c, Change{Set: noon.Add(4 * time.Hour)})
		if at := <-woken; !at.Equal(noon.Add(4 * time.Hour)) {
			t.Errorf("woken at %v", at)
		}
	})
}

func TestWhoWaitsForAStoppedClockCanLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Setting{At: noon, Since: time.Now()}, nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := c.Wait(ctx, noon.Add(time.Second)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	})
}

// Clocks go up to the end of 2199 and no further, whatever they are told.
func TestAClockEndsWithItsCentury(t *testing.T) {
	s, end := Setting{At: noon, Since: noon}, time.Date(2199, 12, 31, 0, 0, 0, 0, time.UTC)
	if got, err := s.Apply(Change{Set: end}, noon); err != nil || !got.At.Equal(end) {
		t.Errorf("to the end: %v, %v", got, err)
	}
	if _, err := s.Apply(Change{Set: end.Add(time.Nanosecond)}, noon); !errors.Is(err, fault.Invalid) {
		t.Errorf("beyond the end: %v", err)
	}
}
