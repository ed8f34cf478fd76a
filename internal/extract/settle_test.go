package extract

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

// changed makes a record as rec does, of another content.
func changed(at string) []byte {
	return []byte(strings.Replace(string(rec(at)), "as it was", "as it became", 1))
}

// onDay has a scripted platform whose data is complete so many days after the first one, and three hours.
func (r *rig) onDay(s *scripted, n int) {
	s.available = day(n).End().Add(3 * time.Hour)
	r.clock = s.available.Add(time.Hour)
}

func (r *rig) entries() map[conversation.Day]ledger.Entry {
	r.t.Helper()
	out, err := ledger.In(r.lake.Control()).Entries(r.t.Context(), 0, first+10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// Days are read again at the ages of the policy, by the platform's date, and at no other time. What did not change is not
// committed again; what changed is replaced and noted; what does not come any more stays, and is marked.
func TestDaysSettle(t *testing.T) {
	unraced.Test(t)
	now := map[string][]byte{"1T1": rec("1T1"), "1T2": rec("1T2"), "2T1": rec("2T1")}
	s := &scripted{}
	s.pages = func(_ int, iv conversation.Interval) []platform.Page {
		var p platform.Page
		for _, at := range []string{"1T1", "1T2", "2T1"} {
			start := day(int(at[0] - '0')).Start()
			if raw := now[at]; raw != nil && iv.Contains(start) {
				p.Records = append(p.Records, raw)
			}
		}
		return []platform.Page{p}
	}
	r := newScripted(t, 0, s)
	r.cfg.Settle, r.cfg.ToLast = ledger.Policy{1, 3}, true
	r.onDay(s, 1)
	r.mustRun()
	if again := r.mustRun(); again.Jobs != 0 || r.whole() != "1" {
		t.Errorf("the same day: %d jobs, whole %s", again.Jobs, r.whole())
	}

	r.onDay(s, 2)
	snapshot := r.snapshot().ID
	sum := r.mustRun()
	if sum.Again != 1 || sum.Days != 1 || sum.Unchanged != 2 || r.whole() != "1 2" {
		t.Errorf("the day after: %+v, whole %s", sum, r.whole())
	}
	if e := r.entries()[day(1)]; e.Readings != 2 || e.Received != 2 || e.Kept != 0 || !e.Available.Equal(s.available) {
		t.Errorf("the day after: %+v", e)
	}
	if r.snapshot().ID == snapshot {
		t.Error("a new day makes a snapshot")
	}

	// A date that stands still makes nothing due, however late it is by our clock.
	r.clock = r.clock.Add(1000 * time.Hour)
	if sum := r.mustRun(); sum.Jobs != 0 || len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "stands still") {
		t.Errorf("a date that stands still: %+v", sum)
	}

	now["1T2"], now["1T1"] = changed("1T2"), nil
	r.onDay(s, 4)
	r.cfg.ToLast, r.cfg.End = false, first+2
	sum = r.mustRun()
	if sum.Again != 2 || sum.Replaced != 1 || sum.Added != 0 {
		t.Errorf("three days after: %+v", sum)
	}
	if got := r.records(); len(got) != 3 || got[0] != string(rec("1T1")) || got[1] != string(changed("1T2")) {
		t.Errorf("the lake has %q", got)
	}
	if e := r.entries()[day(1)]; e.Readings != 3 || e.Received != 1 || e.Kept != 1 {
		t.Errorf("three days after: %+v", e)
	}
	if n := r.snapshot().Rows(tables.Changes); n != 1 {
		t.Errorf("%d changes", n)
	}

	// The second day is due once more, the first is settled. What comes again is not marked any more.
	snapshot = r.snapshot().ID
	r.onDay(s, 5)
	if sum := r.mustRun(); sum.Again != 1 || sum.Replaced+sum.Added != 0 || r.entries()[day(2)].Readings != 3 {
		t.Errorf("four days after: %+v", sum)
	}
	if r.snapshot().ID != snapshot {
		t.Error("a day that did not change was committed")
	}
	r.onDay(s, 60)
	if sum := r.mustRun(); sum.Jobs != 0 {
		t.Errorf("all is settled: %+v", sum)
	}
	r.cfg.Again, now["1T1"] = conversation.Days{First: first, End: first + 1}, rec("1T1")
	if sum := r.mustRun(); sum.Again != 1 || r.entries()[day(1)].Kept != 0 {
		t.Errorf("asked for again: %+v, %+v", sum, r.entries()[day(1)])
	}
}

// A date of one night that lies years ahead settles nothing, and is forgotten by the next.
func TestADateAheadSettlesNothing(t *testing.T) {
	s := &scripted{pages: of(2, "1T1", "1T2")}
	r := newScripted(t, 1, s)
	r.cfg.Settle = ledger.Policy{1, 3}
	r.onDay(s, 1)
	usual, clock := s.available, r.clock
	s.available = usual.AddDate(4, 0, 0)
	r.mustRun()
	if e := r.entries()[day(1)]; e.Available.After(r.clock) {
		t.Errorf("read of data complete up to %v, at %v", e.Available, r.clock)
	}
	s.available, r.clock = usual, clock.Add(time.Hour)
	r.mustRun()
	r.onDay(s, 2)
	if sum := r.mustRun(); sum.Again != 1 || len(sum.Warnings) != 0 {
		t.Errorf("a day later: %+v", sum)
	}
}

// A conversation that starts on another day when it is read again is in the lake once, and is no record that is kept.
func TestAStartThatChanges(t *testing.T) {
	unraced.Test(t)
	for _, commit := range []int64{1, 50_000} {
		s := &scripted{pages: of(2, "1T1", "1T2", "2T1")}
		r := newScripted(t, 2, s)
		r.cfg.Size.Job, r.cfg.Size.Commit = 1, commit
		r.mustRun()
		moved := platformtest.Record("c1T2", day(2).Start().Add(2*time.Hour), time.Minute, "as it became")
		s.pages = func(_ int, iv conversation.Interval) []platform.Page {
			if iv.Start.Equal(day(1).Start()) {
				return []platform.Page{page("1T1")}
			}
			return []platform.Page{{Records: [][]byte{rec("2T1"), moved}}}
		}
		r.cfg.Again = conversation.Days{First: first, End: first + 2}
		r.mustRun()
		r.wantRecords([][]byte{rec("1T1"), rec("2T1"), moved})
		if e := r.entries(); e[day(1)].Kept+e[day(2)].Kept != 0 {
			t.Errorf("kept %+v", e)
		}
	}
}

// A nightly run that is interrupted while it reads days again goes on, and reads each once.
func TestSettlingGoesOn(t *testing.T) {
	unraced.Test(t)
	for at := 1; at <= 12; at++ {
		s := &scripted{pages: of(2, "1T1", "1T2", "1T3", "2T1", "3T1", "3T2", "4T1")}
		r := newScripted(t, 3, s)
		r.cfg.Settle, r.cfg.Size.Job = ledger.Policy{1, 3}, 1
		r.onDay(s, 3)
		r.mustRun()
		r.onDay(s, 4)
		r.cfg.End++
		g := &guarded{Platform: s, at: at}
		r.cfg.Platform = g
		ctx, cancel := context.WithCancel(t.Context())
		g.end = cancel
		if _, err := r.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("ended at request %d: %v", at, err)
		}
		cancel()
		r.mustRun()
		for n, want := range []int{2, 1, 2, 1} { // they come to be 3, 2, 1 and 0 days old
			if e := r.entries()[day(n+1)]; e.Readings != want {
				t.Errorf("ended at request %d: day %d was read %d times", at, n+1, e.Readings)
			}
		}
		if sum := r.mustRun(); sum.Jobs != 0 {
			t.Errorf("ended at request %d, and run once more: %+v", at, sum)
		}
	}
}

// counting is a synchronous query that counts so many conversations on each day of the test.
func counting(perDay ...int64) func(conversation.Interval) (int64, []conversation.Day, error) {
	return func(iv conversation.Interval) (n int64, _ []conversation.Day, _ error) {
		for i, c := range perDay {
			if iv.Overlaps(day(i+1).Start(), day(i+1).End()) {
				n += c
			}
		}
		return n, nil, nil
	}
}

// upToMidnight is a synchronous query that counts less on the two days when it is asked for all but their last millisecond.
func upToMidnight(less1, less2, all1, all2 int64) func(conversation.Interval) (int64, []conversation.Day, error) {
	less, all := counting(less1, less2), counting(all1, all2)
	return func(iv conversation.Interval) (int64, []conversation.Day, error) {
		if iv.End.Equal(iv.End.Truncate(24 * time.Hour)) {
			return all(iv)
		}
		return less(iv)
	}
}

// A day of which the platform counts more than its job gave is read again in parts of six hours; if they bring what was
// missing, all is well, and if not, the run says so.
func TestReconcile(t *testing.T) {
	unraced.Test(t)
	all := []string{"1T1", "1T7", "1T13", "1T19", "2T1", "2T7"}
	for name, c := range map[string]struct {
		second  []string // what the parts of the second day give
		count   func(conversation.Interval) (int64, []conversation.Day, error)
		jobs    int
		records int
		differ  string
	}{
		"agree":            {nil, counting(4, 1), 2, 5, ""},
		"last millisecond": {nil, upToMidnight(3, 0, 4, 1), 2, 5, ""},
		"the next day too": {nil, upToMidnight(3, 1, 5, 1), 6, 5, "1"},
		"narrower parts":   {all, counting(4, 2), 6, 6, ""},
		"nothing helps":    {nil, counting(4, 2), 6, 5, "2"},
		"fewer":            {nil, counting(3, 1), 6, 5, "1"},
		"not answered":     {nil, func(conversation.Interval) (int64, []conversation.Day, error) { return 0, nil, fault.Invalid }, 2, 5, ""},
		"out of order":     {nil, func(conversation.Interval) (int64, []conversation.Day, error) { return 0, nil, fault.Unavailable }, 2, 5, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{count: c.count}
			usual, narrow := of(2, all[:5]...), of(2, c.second...)
			s.pages = func(n int, iv conversation.Interval) []platform.Page {
				if iv.Duration() < 24*time.Hour && c.second != nil {
					return narrow(n, iv)
				}
				return usual(n, iv)
			}
			r := newScripted(t, 2, s)
			r.cfg.Tolerance = 0.05
			sum, err := r.run(t.Context())
			if (err != nil) != (c.differ != "") || err != nil && !errors.Is(err, fault.Incomplete) {
				t.Errorf("got %v", err)
			}
			if len(s.jobs) != c.jobs || len(r.records()) != c.records || numbers(sum.Differing) != c.differ || r.whole() != "1 2" || sum.Days != 2 || sum.DaysBefore != 0 {
				t.Errorf("%d jobs, %d records, %+v", len(s.jobs), len(r.records()), sum)
			}
			before := len(s.jobs)
			if again := r.mustRun(); len(s.jobs) != before || again.Again != 0 || again.DaysBefore != 2 {
				t.Errorf("run again: %d jobs, %+v", len(s.jobs)-before, again)
			}
		})
	}
}

// A recount asks for every day, reads those again that differ, extracts no other, and refuses where something waits.
func TestRecount(t *testing.T) {
	unraced.Test(t)
	s := &scripted{pages: of(2, "1T1", "2T1", "3T1"), count: counting(1, 1, 1)}
	r := newScripted(t, 2, s)
	r.mustRun() // nothing is counted
	r.cfg.Tolerance, r.cfg.Recount, r.cfg.End = 0.05, true, first+3
	s.asked = nil
	if sum := r.mustRun(); sum.Counted != 2 || len(s.jobs) != 2 || len(s.asked) != 2 || r.whole() != "1 2" {
		t.Errorf("%+v, asked %q", sum, s.asked)
	}
	s.pages = of(2, "1T1", "2T1", "2T2", "3T1")
	s.count = counting(1, 2, 1)
	if sum := r.mustRun(); sum.Counted != 3 || sum.Added != 1 || len(sum.Differing) != 0 {
		t.Errorf("%+v", sum)
	}
	r.cfg.Recount = false
	ctx, cancel := context.WithCancel(t.Context())
	r.cfg.Platform = &guarded{Platform: s, at: 2, end: cancel}
	if _, err := r.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	r.cfg.Recount = true
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
}

// What differs for good is read again by every recount, and named by each: a recount that was content with what is known
// would end well while the calendar has a gap.
func TestRecountsNameWhatDiffersForGood(t *testing.T) {
	unraced.Test(t)
	s := &scripted{pages: of(2, "1T1", "2T1"), count: counting(1, 2)}
	r := newScripted(t, 2, s)
	r.cfg.Tolerance = 0.05
	if sum, err := r.run(t.Context()); !errors.Is(err, fault.Incomplete) || numbers(sum.Differing) != "2" {
		t.Errorf("extracted: %v, %+v", err, sum)
	}
	r.cfg.Recount = true
	for range 2 {
		before := len(s.jobs)
		if sum, err := r.run(t.Context()); !errors.Is(err, fault.Incomplete) || numbers(sum.Differing) != "2" || len(s.jobs) != before+4 {
			t.Errorf("counted again: %v, %d jobs, %+v", err, len(s.jobs)-before, sum)
		}
	}
	s.pages = of(2, "1T1", "2T1", "2T7")
	if sum := r.mustRun(); sum.Added != 1 || len(sum.Differing) != 0 {
		t.Errorf("what was missing has come: %+v", sum)
	}
}

// One id on two days is taken from one of them by reading the other: the run that did it says which lacks it in the end.
func TestADayLosesWhatItWasCountedWith(t *testing.T) {
	unraced.Test(t)
	s := &scripted{count: counting(1, 1)}
	s.pages = func(_ int, iv conversation.Interval) (out []platform.Page) {
		for d := 1; d <= 2; d++ {
			if at := day(d).Start().Add(time.Hour); iv.Contains(at) {
				out = append(out, platform.Page{Records: [][]byte{fmt.Appendf(nil, `{"conversationId":"both","conversationStart":%q}`, conversation.FormatTime(at))}})
			}
		}
		return append(out, platform.Page{})
	}
	r := newScripted(t, 2, s)
	r.cfg.Tolerance, r.cfg.Size.Commit = 0.05, 1
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || len(sum.Differing) != 1 || len(r.records()) != 1 {
		t.Errorf("%v, %+v", err, sum)
	}
}

// A recount that is interrupted while it reads a day again is begun again, and brings what was missing.
func TestARecountIsInterrupted(t *testing.T) {
	unraced.Test(t)
	for at := 1; at <= 12; at++ {
		s := &scripted{pages: of(2, "1T1", "2T1"), count: counting(1, 1)}
		r := newScripted(t, 2, s)
		r.mustRun()
		s.pages, s.count = of(2, "1T1", "2T1", "2T9"), counting(1, 2)
		r.cfg.Tolerance, r.cfg.Recount = 0.05, true
		ctx, cancel := context.WithCancel(t.Context())
		r.cfg.Platform = &guarded{Platform: s, at: at, end: cancel}
		if _, err := r.run(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("ended at request %d: %v", at, err)
		}
		cancel()
		r.mustRun()
		if e := r.entries()[day(2)]; r.ids() != "1T1 2T1 2T9" || e.Hits != 2 || !e.Counted() {
			t.Errorf("ended at request %d: the lake has %s, %+v", at, r.ids(), e)
		}
	}
}

// Without a first and a last day, everything from the first day that was ever asked for is wanted, up to the platform's
// date.
func TestOpenEnds(t *testing.T) {
	unraced.Test(t)
	s := &scripted{pages: of(2, "1T1", "2T1", "3T1", "4T1")}
	r := newScripted(t, 0, s)
	r.cfg.FromFirst, r.cfg.ToLast, r.cfg.First = true, true, 0
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "--from") {
		t.Errorf("a lake without a day: %v", err)
	}
	r.cfg.FromFirst, r.cfg.First = false, first+1
	r.onDay(s, 1)
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "available yet") {
		t.Errorf("nothing available: %v", err)
	}
	r.onDay(s, 3)
	r.mustRun()
	r.onDay(s, 4)
	r.cfg.FromFirst, r.cfg.First = true, 0
	if sum := r.mustRun(); r.whole() != "2 3 4" || sum.First != first+1 || sum.End != first+4 {
		t.Errorf("whole %s, %+v", r.whole(), sum)
	}
	r.onDay(s, 2)
	if sum := r.mustRun(); len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "moved back") || sum.Jobs != 0 {
		t.Errorf("%+v", sum)
	}
}

// Of two extractions into one lake the second is told so, or waits. Others may write to the lake while one waits for the
// platform.
func TestTwoExtractions(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s := &scripted{pages: of(2, "1T1", "2T1")}
	s.page = func(_, _ int, p platform.Page) (platform.Page, error) {
		once.Do(func() {
			close(asked)
			<-answer
		})
		return p, nil
	}
	r := newScripted(t, 2, s)
	done := make(chan error)
	go func() {
		_, err := New(r.cfg).Run(t.Context())
		done <- err
	}()
	<-asked
	other := r.cfg
	other.Platform, other.Rand = &scripted{pages: s.pages}, rand.New(rand.NewPCG(3, 4))
	other.Now = func() time.Time { return time.Date(2026, 11, 20, 1, 0, 0, 0, time.UTC) }
	if _, err := New(other).Run(t.Context()); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("the second: %v", err)
	}
	w, err := r.lake.Writer(t.Context())
	if err != nil {
		t.Fatalf("the lease is held while nothing is committed: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	other.Wait = time.Minute
	waited := make(chan error)
	go func() {
		_, err := New(other).Run(t.Context())
		waited <- err
	}()
	close(answer)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if err := <-waited; err != nil {
		t.Errorf("the one that waits: %v", err)
	}
	r.wantRecords([][]byte{rec("1T1"), rec("2T1")})
}
