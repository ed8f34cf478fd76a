package limit

import (
	"strconv"
	"testing"
	"time"
)

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestAWindowBeginsWithTheFirst(t *testing.T) {
	l := New(2)
	for i, c := range []struct {
		at      time.Duration
		count   int
		seconds int
		over    bool
	}{
		{0, 1, 60, false}, {10 * time.Second, 2, 50, false}, {20 * time.Second, 2, 40, true},
		{Window - time.Millisecond, 2, 1, true}, {Window, 1, 60, false},
	} {
		got := l.Take("a", day.Add(c.at))
		if got.Allowed != 2 || got.Count != c.count || got.Seconds() != c.seconds || got.Over != c.over {
			t.Errorf("time %d: got %+v, want %+v", i, got, c)
		}
	}
	if got := l.Take("b", day); got.Over || got.Count != 1 {
		t.Errorf("another client: got %+v", got)
	}
}

func TestWindowAfterTheClockWasSetBack(t *testing.T) {
	l := New(1)
	l.Take("a", day)
	if got := l.Take("a", day.Add(-time.Hour)); got.Over || got.Seconds() != 60 {
		t.Errorf("got %+v", got)
	}
}

func TestClientsThatComeNoMoreAreForgotten(t *testing.T) {
	l := New(1)
	for i := range 1000 {
		l.Take(strconv.Itoa(i), day)
	}
	l.Take("last", day.Add(Window))
	if n := len(l.windows); n != 1 {
		t.Errorf("windows kept: got %d, want 1", n)
	}
}

func TestTwoAtOneInstant(t *testing.T) {
	l := New(1)
	if l.Take("a", day).Over || !l.Take("a", day).Over {
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
	l.Take("a", day)
	l.Take("b", day.Add(10*time.Second))
	l.Take("c", day.Add(Window)) // forgets a
	l.Take("d", day.Add(2*Window-1))
	if n := len(l.windows); n != 3 {
		t.Errorf("windows kept before it is time: got %d, want those of b, c and d", n)
	}
	l.Take("d", day.Add(-time.Hour))
	if n := len(l.windows); n != 1 {
		t.Errorf("windows kept after the clock was set back: got %d, want that of d", n)
	}
}
