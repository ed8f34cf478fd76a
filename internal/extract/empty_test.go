package extract

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

// day gives the n-th day of the test, from 1.
func day(n int) conversation.Day { return first + conversation.Day(n-1) }

// hits is a synchronous query that knows of conversations on some days.
func hits(days ...int) func(conversation.Interval) (int64, []conversation.Day, error) {
	return func(iv conversation.Interval) (n int64, _ []conversation.Day, _ error) {
		for _, d := range days {
			if iv.Overlaps(day(d).Start().Add(12*time.Hour), day(d).Start().Add(13*time.Hour)) {
				n++
			}
		}
		return n, nil, nil
	}
}

// Days of which nothing came are whole when the synchronous query has nothing of them: seven are one question, whose
// interval touches those days and no other.
func TestEmptyDaysAreConfirmed(t *testing.T) {
	s := &scripted{pages: of(5, "1T1", "10T1", "12T1"), count: hits(1, 10, 12)}
	r := newScripted(t, 12, s)
	sum := r.mustRun()
	if r.whole() != "1 2 3 4 5 6 7 8 9 10 11 12" || numbers(sum.Empty) != "2 3 4 5 6 7 8 9 11" || sum.Days != 12 {
		t.Errorf("whole %s, empty %s", r.whole(), numbers(sum.Empty))
	}
	// The second job is of eight days, the third of the last three.
	want := "2026-10-02T00:00:00.000Z/2026-10-08T23:59:59.999Z 2026-10-09T00:00:00.000Z/2026-10-09T23:59:59.999Z 2026-10-11T00:00:00.000Z/2026-10-11T23:59:59.999Z"
	if got := strings.Join(s.asked, " "); got != want {
		t.Errorf("asked %s", got)
	}
	if len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "no conversation of the 8 days 2026-10-02 to 2026-10-09") ||
		!strings.Contains(sum.Warnings[0], "history") || !strings.Contains(sum.Warnings[0], "divisions") || !strings.Contains(sum.Warnings[0], "--again 2026-10-02..2026-10-09") {
		t.Errorf("warnings %q", sum.Warnings)
	}
	if again := r.mustRun(); again.Jobs != 0 || again.DaysBefore != 12 || len(again.Empty)+len(again.Warnings) > 0 {
		t.Errorf("again: %+v", again)
	}
}

// A day of which nothing comes, and which is not empty, is fetched again, once and alone. What comes then makes it
// whole; if nothing does, it stays open, and the days around it are whole.
func TestDaysThatAreNotEmpty(t *testing.T) {
	unraced.Test(t)
	for name, c := range map[string]struct {
		second      []string // what comes when it is asked for again
		whole, ids  string
		open, empty string
	}{
		"come the second time":  {[]string{"3T5"}, "1 2 3 4", "1T1 3T5 4T1", "", "2"},
		"do not come":           {nil, "1 2 4", "1T1 4T1", "3", "2"},
		"another day's records": {[]string{"4T7"}, "1 2 4", "1T1 4T1", "3", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{count: hits(1, 3, 4)}
			base := of(5, "1T1", "4T1")
			s.pages = func(n int, iv conversation.Interval) []platform.Page {
				if n >= 3 {
					return []platform.Page{page(c.second...)}
				}
				return base(n, iv)
			}
			r := newScripted(t, 4, s)
			sum, err := r.run(t.Context())
			if c.open == "" && err != nil || c.open != "" && (!errors.Is(err, fault.Incomplete) || fault.ExitCode(err) != 3 || !strings.Contains(err.Error(), "2026-10-03")) {
				t.Errorf("got %v", err)
			}
			if r.whole() != c.whole || r.ids() != c.ids || numbers(sum.NotConfirmed) != c.open || numbers(sum.Empty) != c.empty || len(sum.Warnings) == 0 || !strings.Contains(sum.Warnings[0], "fetched again: 2026-10-03") {
				t.Errorf("whole %s, the lake has %s; %+v", r.whole(), r.ids(), sum)
			}
			if got := r.intervalsOf(s); got != "1+1 2+3 3+1" {
				t.Errorf("jobs %s", got)
			}
			if left := leftovers(t, r); len(left) > 0 {
				t.Errorf("left %q", left)
			}
			if c.open == "" {
				return
			}
			// The next night asks for the open day alone, and --accept-empty makes it whole: the advice has been tried.
			if _, err := r.run(t.Context()); !errors.Is(err, fault.Incomplete) || r.intervalsOf(s) != "1+1 2+3 3+1 3+1 3+1" {
				t.Errorf("again: %v, jobs %s", err, r.intervalsOf(s))
			}
			r.cfg.AcceptEmpty = conversation.Days{First: day(3), End: day(4)}
			s.pages = nil
			if sum := r.mustRun(); r.whole() != "1 2 3 4" || numbers(sum.Empty) != "3" {
				t.Errorf("accepted: whole %s, %+v", r.whole(), sum)
			}
		})
	}
}

// intervalsOf gives the days of each job: the first one and how many.
func (r *rig) intervalsOf(s *scripted) string {
	var out []string
	for _, iv := range s.jobs {
		from, end := iv.Days()
		out = append(out, numbers([]conversation.Day{from})+"+"+string(rune('0'+end-from)))
	}
	return strings.Join(out, " ")
}

// A synchronous query that cannot be asked makes no day whole silently, and stops nothing.
func TestEmptyDaysThatCannotBeConfirmed(t *testing.T) {
	unraced.Test(t)
	for name, c := range map[string]struct {
		err   error
		asked int // questions for two groups of days
	}{
		"forbidden":   {fault.New(fault.Forbidden, "no"), 1},
		"unavailable": {fault.New(fault.Unavailable, "no"), 1},
		"nonsense":    {fault.New(fault.Corrupt, "no"), 1},
		"refused":     {fault.New(fault.Invalid, "too old"), 2}, // perhaps this interval only
	} {
		s := &scripted{pages: of(5, "1T1", "3T1", "5T1"), count: func(conversation.Interval) (int64, []conversation.Day, error) { return 0, nil, c.err }}
		r := newScripted(t, 5, s)
		sum, err := r.run(t.Context())
		if !errors.Is(err, fault.Incomplete) || r.whole() != "1 3 5" || numbers(sum.NotConfirmed) != "2 4" || len(sum.Empty) > 0 || len(s.asked) != c.asked || len(sum.Warnings) != c.asked {
			t.Errorf("%s: %v; whole %s, %+v, asked %q", name, err, r.whole(), sum, s.asked)
		}
	}
	for name, kind := range map[string]error{"a token that is refused": fault.Unauthorized} {
		s := &scripted{count: func(conversation.Interval) (int64, []conversation.Day, error) { return 0, nil, fault.New(kind, "no") }}
		r := newScripted(t, 1, s)
		if _, err := r.run(t.Context()); !errors.Is(err, kind) || r.whole() != "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := &scripted{}
	ctx, cancel := context.WithCancel(t.Context())
	s.count = func(conversation.Interval) (int64, []conversation.Day, error) {
		cancel()
		return 0, nil, fault.New(fault.Unavailable, "cut")
	}
	r := newScripted(t, 1, s)
	if _, err := r.run(ctx); !errors.Is(err, context.Canceled) || r.whole() != "" {
		t.Errorf("interrupted meanwhile: %v", err)
	}
}

// A nightly extraction sees one day at a time: that nothing comes night after night is told on the seventh.
func TestManyEmptyNights(t *testing.T) {
	unraced.Test(t)
	s := &scripted{pages: of(5, "1T1")}
	r := newScripted(t, 1, s)
	for night := 1; night <= 9; night++ {
		r.cfg.End = day(night + 1)
		sum := r.mustRun()
		if told := len(sum.Warnings) > 0; told != (night >= 8) { // the second to the eighth day are seven
			t.Errorf("night %d: warnings %q", night, sum.Warnings)
		}
	}
}

// Days that the server never had stay open, whichever answer tells of them; nothing is asked of them a second time.
func TestDaysThatTheServerNeverHad(t *testing.T) {
	unraced.Test(t)
	missing := []conversation.Day{day(2), day(4)}
	for name, s := range map[string]*scripted{
		"by the availability": {gaps: missing},
		"by the results": {page: func(_, _ int, p platform.Page) (platform.Page, error) {
			p.Missing = append([]conversation.Day{day(-3)}, missing...)
			return p, nil
		}},
		"by the query": {count: func(_ conversation.Interval) (int64, []conversation.Day, error) { return 0, missing, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			s.pages = of(5, "1T1", "3T1", "5T1")
			r := newScripted(t, 5, s)
			r.cfg.AcceptEmpty = conversation.Days{First: day(2), End: day(4)}
			sum, err := r.run(t.Context())
			if !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "2 of the days asked for are missing, whole or in part, on the server that was asked: 2026-10-02, 2026-10-04") {
				t.Errorf("got %v", err)
			}
			if len(sum.Warnings) != 1 || sum.Warnings[0] != "--accept-empty does not hold for days that the server says it never had; only a server that has them can tell whether they are empty: 2026-10-02" {
				t.Errorf("warned of %q", sum.Warnings)
			}
			if r.whole() != "1 3 5" || numbers(sum.Missing) != "2 4" || len(sum.NotConfirmed)+len(sum.Empty) > 0 || r.ids() != "1T1 3T1 5T1" {
				t.Errorf("whole %s, %+v", r.whole(), sum)
			}
			s.gaps, s.page, s.count = nil, nil, nil
			s.pages = of(5, "1T1", "2T1", "3T1", "4T1", "5T1")
			if r.mustRun(); r.whole() != "1 2 3 4 5" || r.ids() != "1T1 2T1 3T1 4T1 5T1" {
				t.Errorf("once it has them: whole %s, the lake has %s", r.whole(), r.ids())
			}
		})
	}
}

// What a page says of missing days outlives an interruption, and records of such a day are kept all the same.
func TestMissingDaysOutliveAnInterruption(t *testing.T) {
	broken := errors.New("broken")
	s := &scripted{pages: of(1, "1T1", "2T1", "2T2", "3T1")}
	s.page = func(n, k int, p platform.Page) (platform.Page, error) {
		if n == 2 && k == 0 {
			p.Missing = []conversation.Day{day(2)}
		}
		if n == 2 && k == 1 {
			return p, broken
		}
		return p, nil
	}
	r := newScripted(t, 3, s)
	if _, err := r.run(t.Context()); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	s.page = nil
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || !sum.Resumed || numbers(sum.Missing) != "2" || r.whole() != "1 3" || r.ids() != "1T1 2T1 2T2 3T1" {
		t.Errorf("%v; %+v, whole %s, the lake has %s", err, sum, r.whole(), r.ids())
	}
}

// Through the client: the header reaches the summary.
func TestMissingDaysThroughTheClient(t *testing.T) {
	r := newRig(t, 2, platformtest.Config{Records: spread(2, 8), Rules: []platformtest.Rule{
		{Route: platformtest.Results, First: 1, Last: platformtest.Always, Edit: func(p *platformtest.Page) { p.Missing = "2026-10-02..2026-10-09" }},
	}})
	sum, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || numbers(sum.Missing) != "2" || r.whole() != "1" {
		t.Errorf("%v; %+v, whole %s", err, sum, r.whole())
	}
}

// A day is extracted when it has ended by the platform's date and by our clock, to the second.
func TestDaysThatHaveEnded(t *testing.T) {
	unraced.Test(t)
	end := day(2).End()
	for name, c := range map[string]struct {
		available, now time.Time
		whole          string
		ahead          int64
	}{
		"by both":                               {end, end.Add(-time.Second), "1 2", 1}, // the clock advances a second when it is looked at
		"available a second short of it":        {end.Add(-time.Second), end.Add(time.Hour), "1", 0},
		"available a millisecond short of it":   {end.Add(-time.Millisecond), end.Add(time.Hour), "1", 0},
		"our clock a second short of it":        {end, end.Add(-2 * time.Second), "1", 1},
		"a platform of the far future":          {time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), day(2).Start().Add(time.Hour), "1", 251611311599},
		"nothing has ended, whatever they say":  {time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), day(1).Start(), "", 251611401599},
		"available long ago":                    {day(1).Start(), end.AddDate(1, 0, 0), "", 0},
		"available to the end of the first day": {day(1).End(), end.AddDate(1, 0, 0), "1", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{pages: of(5, "1T1", "2T1"), available: c.available}
			r := newScripted(t, 2, s)
			r.clock = c.now
			plan, err := New(r.cfg).Plan(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r.clock = c.now.Add(-time.Second) // Run looks at it once before it plans
			sum, err := r.run(t.Context())
			if r.whole() != c.whole || numbers(plan.Days) != c.whole {
				t.Errorf("whole %q, planned %q, want %q", r.whole(), numbers(plan.Days), c.whole)
			}
			if (len(c.whole) == 3) != (err == nil) || err != nil && !errors.Is(err, fault.Incomplete) {
				t.Errorf("got %v", err)
			}
			if c.ahead > 1 && (sum.Ahead != c.ahead || len(sum.Warnings) != 1 || !strings.Contains(sum.Warnings[0], "ahead of this machine's clock") ||
				!strings.Contains(err.Error(), "they have not ended yet, by this machine's clock")) {
				t.Errorf("ahead %d, warnings %q, %v", sum.Ahead, sum.Warnings, err)
			}
			if c.ahead == 0 && (sum.Ahead != 0 || len(sum.Warnings) > 0 || !strings.Contains(err.Error(), "the platform's data is complete up to")) {
				t.Errorf("ahead %d, warnings %q, %v", sum.Ahead, sum.Warnings, err)
			}
		})
	}
}

// Days that are whole are read anew: what has changed replaces, what is gone is kept, what is new is added.
func TestAgain(t *testing.T) {
	unraced.Test(t)
	s := &scripted{pages: of(2, "1T1", "2T1", "2T2", "3T1")}
	r := newScripted(t, 3, s)
	r.mustRun()
	r.cfg.Again = conversation.Days{First: day(2), End: day(4)}
	s.pages = func(_ int, iv conversation.Interval) []platform.Page {
		out := of(1, "2T1", "2T3", "3T1")(0, iv)
		for _, p := range out {
			if strings.Contains(string(p.Records[0]), `"c2T1"`) {
				p.Records[0] = platformtest.Record("c2T1", day(2).Start().Add(time.Hour), time.Minute, "changed")
			}
		}
		return out
	}
	if plan, err := New(r.cfg).Plan(t.Context()); err != nil || numbers(plan.Days) != "2 3" || numbers(plan.Again) != "2 3" || plan.Whole != 1 {
		t.Errorf("planned %+v, %v", plan, err)
	}
	sum := r.mustRun()
	if sum.Again != 2 || sum.Days != 0 || sum.DaysBefore != 1 || sum.Added != 1 || sum.Replaced != 1 || sum.Unchanged != 1 || len(sum.Empty) > 0 {
		t.Errorf("got %+v", sum)
	}
	if r.ids() != "1T1 2T1 2T2 2T3 3T1" || !strings.Contains(strings.Join(r.records(), ""), "changed") || r.whole() != "1 2 3" {
		t.Errorf("the lake has %s, whole %s", r.ids(), r.whole())
	}
	s.pages = nil // and now the platform has nothing of them any more
	if sum = r.mustRun(); sum.Again != 2 || numbers(sum.Empty) != "2 3" || r.ids() != "1T1 2T1 2T2 2T3 3T1" {
		t.Errorf("without records: %+v, the lake has %s", sum, r.ids())
	}
	s.count = hits(3)
	if sum, err := r.run(t.Context()); !errors.Is(err, fault.Incomplete) || sum.Again != 1 || numbers(sum.NotConfirmed) != "3" {
		t.Errorf("not confirmed: %+v, %v", sum, err)
	}
}

// A day whose records in the lake are damaged cannot be merged with what comes: the advice has been tried.
func TestAgainOverDamage(t *testing.T) {
	unraced.Test(t)
	s := &scripted{pages: of(2, "1T1", "2T1")}
	r := newScripted(t, 2, s)
	r.mustRun()
	r.cfg.Again = conversation.Days{First: day(1), End: day(3)}
	path := r.snapshot().Files(tables.Conversations)[0].Path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := New(r.cfg).Run(t.Context())
		if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), "restore the file from a backup and run again, or extract the days into another lake: ") || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v", err)
		}
	}
	elsewhere := newScripted(t, 2, s)
	if elsewhere.mustRun(); elsewhere.ids() != "1T1 2T1" {
		t.Errorf("another lake has %s", elsewhere.ids())
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if sum := r.mustRun(); sum.Again != 2 || r.ids() != "1T1 2T1" {
		t.Errorf("restored: %+v, the lake has %s", sum, r.ids())
	}
}

// An interrupted --again goes on where it was, cut after every page; another one, or none, gives it up.
func TestAgainIsResumed(t *testing.T) {
	unraced.Test(t)
	broken := errors.New("broken")
	for cut := range 4 {
		s := &scripted{pages: of(1, "1T1", "2T1", "3T1", "3T2")}
		r := newScripted(t, 3, s)
		r.mustRun()
		s.fetched, s.jobs, s.asked, s.deleted = nil, nil, nil, nil
		r.cfg.Again, r.cfg.Size.Commit = conversation.Days{First: day(1), End: day(4)}, 1
		n := 0
		s.page = func(_, _ int, p platform.Page) (platform.Page, error) {
			if n++; n == cut+1 {
				return p, broken
			}
			return p, nil
		}
		if _, err := r.run(t.Context()); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		sum := r.mustRun()
		if !sum.Resumed || sum.Again != 3 || sum.Days != 0 || sum.DaysBefore != 0 || sum.Unchanged != 4 || sum.Received != 4 || len(sum.Empty) > 0 || len(s.asked) > 0 || len(s.jobs) != 2 {
			t.Errorf("cut after %d pages: %+v, fetched %q", cut, sum, s.fetched)
		}
	}
	for name, change := range map[string]func(*Config){
		"none":         func(c *Config) { c.Again = conversation.Days{} },
		"another":      func(c *Config) { c.Again = conversation.Days{First: day(2), End: day(3)} },
		"the same one": func(*Config) {},
	} {
		s := &scripted{pages: of(1, "1T1", "2T1", "3T1")}
		r := newScripted(t, 3, s)
		r.mustRun()
		r.cfg.Again = conversation.Days{First: day(1), End: day(4)}
		s.page = func(n, _ int, p platform.Page) (platform.Page, error) { return p, map[bool]error{true: broken}[n == 4] }
		if _, err := r.run(t.Context()); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		s.page = nil
		change(&r.cfg)
		sum := r.mustRun()
		want := map[string]int{"none": 0, "another": 1, "the same one": 3}[name]
		if sum.Resumed != (name == "the same one") || sum.Again != want || sum.DaysBefore != 3-want {
			t.Errorf("%s: %+v", name, sum)
		}
		if left := leftovers(t, r); len(left) > 0 {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

// What the error says to give to --accept-empty is what the flag reads.
func TestTheAdviceOnEmptyDaysIsReadByTheFlag(t *testing.T) {
	for _, days := range [][]conversation.Day{{first}, {first, first + 1}, {first, first + 4}} {
		text := Summary{NotConfirmed: days}.incomplete().Error()
		_, advice, found := strings.Cut(text, "--accept-empty ")
		got, err := ParseDays("--accept-empty", advice)
		if !found || err != nil || got != (conversation.Days{First: days[0], End: days[len(days)-1] + 1}) {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
}
