package main

import (
	"os/exec"
	"testing"
	"time"

	"github.com/parley-hq/parley/test/unraced"
)

func TestCoresBusy(t *testing.T) {
	//                        user nice system idle iowait irq softirq steal guest
	before, err := parseCores("cpu  100 10 50 1000 20 3 2 5 90 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n")
	if err != nil {
		t.Fatal(err)
	}
	after, err := parseCores("cpu  160 20 60 1010 25 5 3 10 150 0\n")
	if err != nil {
		t.Fatal(err)
	}
	if before != (cores{165, 1190}) {
		t.Errorf("got %+v", before)
	}
	// 60 user, 10 nice, 10 system, 2 irq and 1 softirq of 83 and 10 idle, 5 iowait, 5 stolen.
	if got, want := after.since(before), 83.0/103; got != want {
		t.Errorf("got %v busy, want %v", got, want)
	}
	for _, text := range []string{"", "cpu 1 2 3\n", "intr 1 2 3 4 5 6 7 8\n", "cpu 1 2 3 4 5 6 7 x\n"} {
		if c, err := parseCores(text); err == nil {
			t.Errorf("%q: got %+v, want an error", text, c)
		}
	}
}

func TestMiddle(t *testing.T) {
	list := []ran{{spent{wall: 3 * time.Second}, 30}, {spent{wall: time.Second}, 10}, {spent{wall: 2 * time.Second}, 20}}
	if got := middle(list); got.peak != 20 {
		t.Errorf("got the one of %v", got.peak)
	}
	if list[0].peak != 30 {
		t.Error("the list was put in order")
	}
}

func TestShareOfTheCores(t *testing.T) {
	l := loop{ran: ran{spent: spent{wall: time.Second, cpu: time.Second}}, records: 500, server: spent{wall: 2 * time.Second, cpu: time.Second}}
	if got := l.rate(); got != 500 {
		t.Errorf("got %v records a second", got)
	}
	if got, want := l.ours(2), 0.5; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A process is not charged with what was needed here before it was started.
func TestPeakIsTheProcess(t *testing.T) {
	unraced.Test(t) // it measures memory, and the race detector has some of its own
	const held = 256 << 20
	touch(make([]byte, held))
	_, r, err := finish(exec.CommandContext(t.Context(), "true"))
	if err != nil {
		t.Fatal(err)
	}
	if r.wall <= 0 || r.peak <= 0 || r.peak > held>>20 {
		t.Errorf("got %v and %s, of a process that takes next to nothing", r.wall, mebibytes(r.peak))
	}
	if _, _, err := finish(exec.CommandContext(t.Context(), "false")); err == nil {
		t.Error("a process that failed was taken for one that did not")
	}
}

func touch(b []byte) {
	for i := 0; i < len(b); i += 4 << 10 {
		b[i] = 1
	}
}
