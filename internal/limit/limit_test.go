package limit

import (
	"strconv"
	"testing"
	"time"
)

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestWindowAfterTheClockWasSetBack(t *testing.T) {
	l := New(1)
	l.Take(t.Context(), "a", day)
	if got := l.Take(t.Context(), "a", day.Add(-time.Hour)); got.Over || got.Seconds() != 60 {
		t.Errorf("got %+v", got)
	}
}

func TestClientsThatComeNoMoreAreForgotten(t *testing.T) {
	l := New(1)
	for i := range 1000 {
		l.Take(t.Context(), strconv.Itoa(i), day)
	}
	l.Take(t.Context(), "last", day.Add(Window))
	if n := len(l.windows); n != 1 {
		t.Errorf("windows kept: got %d, want 1", n)
	}
}

func TestTwoAtOneInstant(t *testing.T) {
	l := New(1)
	if l.Take(t.Context(), "a", day).Over || !l.Take(t.Context(), "a", day).Over {
		t.Error("the second at the same instant is not counted with the first")
	}
}

func TestSecondsAreRoundedUp(t *testing.T) {
	for reset, want := range map[time.Duration]int{0: 0, 1: 1, time.Second: 1, time.Second + 1: 2, Window: 60} {
		if got := (Usage{Reset: reset}).Seconds(); got != want {
			t.Errorf("%v: got %d, want %d", reset, got, want)
		}
	}
}

// To look at all clients takes time: it is done once a window, and again when the clock was set back.
func TestWhenClientsAreForgotten(t *testing.T) {
	l := New(1)
	l.Take(t.Context(), "a", day)
	l.Take(t.Context(), "b", day.Add(10*time.Second))
	l.Take(t.Context(), "c", day.Add(Window)) // forgets a
	l.Take(t.Context(), "d", day.Add(2*Window-1))
	if n := len(l.windows); n != 3 {
		t.Errorf("windows kept before it is time: got %d, want those of b, c and d", n)
	}
	l.Take(t.Context(), "d", day.Add(-time.Hour))
	if n := len(l.windows); n != 1 {
		t.Errorf("windows kept after the clock was set back: got %d, want that of d", n)
	}
}
