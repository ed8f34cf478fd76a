package extract

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// What public tools for this API lose, each at a place of its own. Those that are not here are tested with the part that
// they are of: a 429 now and then, an expired token, EXPIRED and stuck jobs, kills, secrets.

// at makes a record that starts at an instant of the n-th day.
func at(n int, since time.Duration) []byte {
	start := day(n).Start().Add(since)
	return platformtest.Record("c"+start.Format("0102T150405.000"), start, time.Minute, "as it was")
}

// pagesOf gives pages of the records that start in an interval, in this order.
func pagesOf(size int, records [][]byte) func(int, conversation.Interval) []platform.Page {
	return func(_ int, iv conversation.Interval) (out []platform.Page) {
		var mine [][]byte
		for _, raw := range records {
			if r, err := wire.Record(raw); err == nil && iv.Contains(r.Start) {
				mine = append(mine, raw)
			}
		}
		for some := range slices.Chunk(mine, size) {
			out = append(out, platform.Page{Records: some})
		}
		return append(out, platform.Page{})[:max(1, len(out))]
	}
}

// The last half second of a day is of that day, whatever is rounded elsewhere.
func TestTheLastSecondOfADay(t *testing.T) {
	unraced.Test(t)
	records := [][]byte{at(1, 0), at(1, 24*time.Hour-500*time.Millisecond), at(1, 24*time.Hour-time.Millisecond), at(2, 0), at(2, time.Millisecond)}
	for _, job := range []int64{1, 100_000} {
		r := newScripted(t, 2, &scripted{pages: pagesOf(2, records)})
		r.cfg.Size.Job = job
		r.mustRun()
		r.wantRecords(records)
		if n := r.entries()[day(1)].Received; n != 3 || r.whole() != "1 2" {
			t.Errorf("the first day has %d", n)
		}
	}
}

// A record that comes pages after its time, behind what the cursor has passed, is in the lake with its day.
func TestALateArrivalBehindTheCursor(t *testing.T) {
	s := &scripted{}
	s.pages = func(int, conversation.Interval) []platform.Page {
		return []platform.Page{page("1T1", "1T5"), page("1T9", "2T1"), page("2T8", "1T3"), page("2T9", "1T7")}
	}
	r := newScripted(t, 2, s)
	r.cfg.Size.Commit = 1
	r.mustRun()
	if r.ids() != "1T1 1T3 1T5 1T7 1T9 2T1 2T8 2T9" || r.whole() != "1 2" {
		t.Errorf("the lake has %s", r.ids())
	}
}

// After forty days without us one run brings them all, and reads again what is due, once.
func TestAnOutageOfFortyDays(t *testing.T) {
	unraced.Test(t)
	var records [][]byte
	for n := 1; n <= 42; n++ {
		records = append(records, at(n, 10*time.Hour))
	}
	s := &scripted{pages: pagesOf(5, records)}
	r := newScripted(t, 0, s)
	r.cfg.Settle, r.cfg.ToLast = ledger.DefaultPolicy(), true
	r.onDay(s, 2)
	r.mustRun()
	r.onDay(s, 42)
	sum := r.mustRun()
	r.wantRecords(records)
	if sum.Days != 40 || sum.Again != 2 || len(s.jobs) > 12 {
		t.Errorf("%+v, %d jobs", sum, len(s.jobs))
	}
	if again := r.mustRun(); again.Jobs != 0 {
		t.Errorf("again: %+v", again)
	}
}

// More rows than any page or limit of a tool.
func TestTwentyThousandRows(t *testing.T) {
	unraced.Test(t)
	var records [][]byte
	for n := range 20_001 {
		records = append(records, platformtest.Record(fmt.Sprintf("c%05d", n), day(1).Start().Add(time.Duration(n)*4*time.Second), time.Minute, ""))
	}
	r := newScripted(t, 1, &scripted{pages: pagesOf(1_000, records)})
	if sum := r.mustRun(); sum.Added != 20_001 || sum.Pages != 21 {
		t.Errorf("%+v", sum)
	}
	r.wantRecords(records)
}

// A page that comes again, and one without a conversation, are no ends.
func TestPagesThatSayNothing(t *testing.T) {
	s := &scripted{pages: func(int, conversation.Interval) []platform.Page {
		return []platform.Page{page("1T1", "1T2"), page("1T1", "1T2"), {}, {}, page("1T2", "1T3"), {}, page("1T4")}
	}}
	r := newScripted(t, 1, s)
	if sum := r.mustRun(); r.ids() != "1T1 1T2 1T3 1T4" || sum.Duplicates != 3 {
		t.Errorf("the lake has %s, %+v", r.ids(), sum)
	}
}

// slowPlatform has a job that is done at some time.
type slowPlatform struct {
	Platform

	until time.Time
	asked *int
}

func (s *slowPlatform) Status(context.Context, platform.JobID) (platform.Status, error) {
	*s.asked++
	if time.Now().Before(s.until) {
		return platform.Status{State: platform.Pending}, nil
	}
	return platform.Status{State: platform.Fulfilled}, nil
}

// A job of three quarters of an hour is waited for, by few questions.
func TestAJobOfFortyFiveMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, questions := time.Now(), 0
		slow := &slowPlatform{until: begun.Add(45 * time.Minute), asked: &questions}
		e := New(Config{Platform: slow, Poll: platform.DefaultPoll(), Rand: rand.New(rand.NewPCG(1, 1))})
		e.turn.Lock()
		if err := e.await(t.Context(), "job"); err != nil || questions > 30 || time.Since(begun) > 48*time.Minute {
			t.Errorf("after %v and %d questions: %v", time.Since(begun), questions, err)
		}
	})
}
