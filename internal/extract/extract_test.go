package extract

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/test/unraced"
)

func TestExtractThenAgain(t *testing.T) {
	r := newRig(t, 5, platformtest.Config{Records: spread(5, 20), States: script(platform.Queued, platform.Pending, platform.Fulfilled)})
	s := r.mustRun()
	if s.Days != 5 || s.Added != 20 || s.Received != 20 || s.Jobs != 2 || s.Resumed || s.Pages != 10 {
		t.Errorf("got %+v", s)
	}
	r.wantRecords(spread(5, 20))
	before := r.snapshot().ID

	s = r.mustRun()
	if s.Days != 0 || s.DaysBefore != 5 || s.Jobs != 0 || s.Received != 0 || len(r.fake.Submissions()) != 2 {
		t.Errorf("again: %+v", s)
	}
	if after := r.snapshot().ID; after != before {
		t.Error("running again made a new snapshot")
	}
}

func TestPlanChangesNothing(t *testing.T) {
	r := newRig(t, 5, platformtest.Config{Records: spread(5, 20), Available: (first + 3).Start().Add(time.Hour)})
	plan, err := New(r.cfg).Plan(t.Context())
	if err != nil || !slices.Equal(plan.Days, []conversation.Day{first, first + 1, first + 2}) || !slices.Equal(plan.NotAvailable, []conversation.Day{first + 3, first + 4}) {
		t.Errorf("got %+v, %v", plan, err)
	}
	if len(r.fake.Submissions()) > 0 || r.snapshot().ID != 0 {
		t.Error("planning did something")
	}
	r.cfg.End = r.cfg.First
	if _, err := New(r.cfg).Plan(t.Context()); !errors.Is(err, fault.Invalid) {
		t.Errorf("no days: %v", err)
	}
}

// Nine years with a hundred conversations are a few jobs.
func TestSpansAdapt(t *testing.T) {
	unraced.Test(t)
	const days = 9*365 + 2
	var records [][]byte
	for i := range 100 {
		busy := (first + conversation.Day(i/10*365)).Start() // ten days have ten each
		records = append(records, platformtest.Record(fmt.Sprintf("c%d", i), busy.Add(time.Duration(i)*time.Minute), time.Minute, ""))
	}
	r := newRig(t, days, platformtest.Config{Records: records, Available: (first + days).Start()})
	r.clock = (first + days).Start()
	if s := r.mustRun(); s.Days != days || s.Added != 100 {
		t.Errorf("got %+v", s)
	}
	jobs := r.fake.Submissions()
	if len(jobs) > 8 {
		t.Errorf("%d jobs: %v", len(jobs), r.intervals())
	}
	at := first.Start()
	for _, j := range jobs {
		iv := j.Interval
		if !iv.Start.Equal(at) || iv.Duration()%(24*time.Hour) != 0 || !j.StartDay {
			t.Errorf("job %d over %v, after %v", j.N, iv, at)
		}
		want := fmt.Sprintf(`{"interval":%q,"order":"asc","orderBy":"conversationStart","startOfDayIntervalMatching":true}`, iv)
		if j.Body != want {
			t.Errorf("got  %s\nwant %s", j.Body, want)
		}
		at = iv.End
	}
	if end := first + days; !at.Equal(end.Start()) {
		t.Errorf("the jobs end with %v", at)
	}
}

// A job should return as many records as it may, and not more.
func TestSpansFollowTheVolume(t *testing.T) {
	unraced.Test(t)
	r := newRig(t, 12, platformtest.Config{Records: spread(12, 48)})
	r.cfg.Size.Job = 12
	r.mustRun()
	if got, want := r.intervals(), []string{"01T00 24h0m0s", "02T00 72h0m0s", "05T00 72h0m0s", "08T00 72h0m0s", "11T00 48h0m0s"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.wantRecords(spread(12, 48))
}

func TestDaysThatAreWholeAreLeftOut(t *testing.T) {
	unraced.Test(t)
	r := newRig(t, 4, platformtest.Config{Records: spread(4, 16)})
	r.cfg.First, r.cfg.End = first+2, first+3
	r.mustRun()
	r.cfg.First, r.cfg.End = first, first+4
	if s := r.mustRun(); s.DaysBefore != 1 || s.Days != 3 {
		t.Errorf("got %+v", s)
	}
	if got, want := r.intervals(), []string{"03T00 24h0m0s", "01T00 24h0m0s", "02T00 24h0m0s", "04T00 24h0m0s"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.wantRecords(spread(4, 16))
}

// What the platform cannot do in one job is asked for in smaller ones, and every conversation comes once.
func TestJobsThatFailAreSplit(t *testing.T) {
	unraced.Test(t)
	for longest, want := range map[time.Duration]int{
		24 * time.Hour: 1 + 1 + 2,   // a day; two days, halves
		6 * time.Hour:  3 * (1 + 4), // each day, quarters
		time.Hour:      3 * (1 + 4 + 24),
	} {
		r := newRig(t, 3, platformtest.Config{Records: spread(3, 30), States: func(s platformtest.Submission) []platform.State {
			if s.Interval.Duration() > longest {
				return []platform.State{platform.Pending, platform.Failed}
			}
			return []platform.State{platform.Fulfilled}
		}})
		if s := r.mustRun(); s.Days != 3 || s.Added != 30 {
			t.Errorf("%v: got %+v", longest, s)
		}
		if got := len(r.fake.Submissions()); got != want {
			t.Errorf("%v: %d jobs, want %d: %q", longest, got, want, r.intervals())
		}
		r.wantRecords(spread(3, 30))
	}
}

func TestJobsThatAlwaysFail(t *testing.T) {
	r := newRig(t, 2, platformtest.Config{Records: spread(2, 8), States: script(platform.Failed)})
	_, err := r.run(t.Context())
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "the platform cannot deliver this stretch of time") {
		t.Errorf("got %v", err)
	}
	if got, want := r.intervals(), []string{"01T00 24h0m0s", "01T00 6h0m0s", "01T00 1h0m0s", "01T00 15m0s"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRefusedSubmissionIsSplit(t *testing.T) {
	refuse := platformtest.Refuse(400, "bad.request", "the volume is too large")
	r := newRig(t, 2, platformtest.Config{Records: spread(2, 8), Rules: []platformtest.Rule{{Route: platformtest.Submit, First: 2, Do: refuse}}})
	r.mustRun()
	if got, want := r.intervals(), []string{"01T00 24h0m0s", "02T00 6h0m0s", "02T06 6h0m0s", "02T12 6h0m0s", "02T18 6h0m0s"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.wantRecords(spread(2, 8))
}

// A job that the platform loses is submitted again, and what was staged of it does not come twice.
func TestLostJobsAreSubmittedAgain(t *testing.T) {
	unraced.Test(t)
	firstJob := func(states ...platform.State) func(platformtest.Submission) []platform.State {
		return func(s platformtest.Submission) []platform.State {
			if s.N > 1 {
				return []platform.State{platform.Fulfilled}
			}
			return states
		}
	}
	gone := platformtest.Refuse(404, "not.found", "The requested resource was not found.")
	bad := platformtest.Refuse(400, "bad.request", "The cursor is not valid.")
	for name, c := range map[string]struct {
		fake       platformtest.Config
		duplicates int64
	}{
		"expired":                 {platformtest.Config{States: firstJob(platform.Pending, platform.Expired)}, 0},
		"cancelled":               {platformtest.Config{States: firstJob(platform.Cancelled)}, 0},
		"unknown when asked":      {platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Status, First: 1, Do: gone}}}, 0},
		"unknown on first page":   {platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Results, First: 1, Do: gone}}}, 0},
		"unknown on third page":   {platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Results, First: 3, Do: gone}}}, 4},
		"cursor refused on third": {platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Results, First: 3, Do: bad}}}, 4},
	} {
		c.fake.Records = spread(2, 16)
		r := newRig(t, 2, c.fake)
		s := r.mustRun()
		if got, want := r.intervals(), []string{"01T00 24h0m0s", "01T00 24h0m0s", "02T00 24h0m0s"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if s.Duplicates != c.duplicates || s.Added != 16 || s.Jobs != 3 {
			t.Errorf("%s: got %+v", name, s)
		}
		r.wantRecords(spread(2, 16))
	}
}

// After a job was submitted again, days are committed as they become whole, and not only at the end.
func TestCommitsGoOnAfterALostJob(t *testing.T) {
	unraced.Test(t)
	gone := platformtest.Refuse(404, "not.found", "The requested resource was not found.")
	r := newRig(t, 6, platformtest.Config{Records: spread(6, 24), Rules: []platformtest.Rule{{Route: platformtest.Results, First: 6, Do: gone}}})
	r.cfg.Size.Commit = 1
	if s := r.mustRun(); s.Jobs != 3 || s.Commits < 6 || s.Days != 6 {
		t.Errorf("got %+v", s)
	}
	r.wantRecords(spread(6, 24))
}

func TestJobsThatAreAlwaysLost(t *testing.T) {
	r := newRig(t, 1, platformtest.Config{Records: spread(1, 8), States: func(s platformtest.Submission) []platform.State {
		if s.Interval.Duration() > 6*time.Hour {
			return []platform.State{platform.Expired}
		}
		return []platform.State{platform.Fulfilled}
	}})
	r.mustRun()
	if got := r.intervals(); len(got) != 3+4 || got[2] != "01T00 24h0m0s" || got[3] != "01T00 6h0m0s" {
		t.Errorf("got %q", got)
	}
	r.wantRecords(spread(1, 8))
}

func TestPagesOutOfOrder(t *testing.T) {
	r := newRig(t, 4, platformtest.Config{Records: spread(4, 24), Rules: []platformtest.Rule{{
		Route: platformtest.Results, First: 1, Last: platformtest.Always, Edit: func(p *platformtest.Page) { slices.Reverse(p.Conversations) },
	}}})
	r.cfg.Size.Page, r.cfg.Size.Commit = 5, 1
	r.mustRun()
	r.wantRecords(spread(4, 24))
}

// A record that arrives after its day was committed is merged into that day.
func TestLateRecords(t *testing.T) {
	unraced.Test(t)
	late := platformtest.Record("late", first.Start().Add(30*time.Hour), time.Minute, "") // the second day
	edit := func(p *platformtest.Page) { p.Conversations = append(p.Conversations, string(late)) }
	r := newRig(t, 4, platformtest.Config{Records: spread(4, 16), Rules: []platformtest.Rule{{Route: platformtest.Results, First: 7, Edit: edit}}})
	r.cfg.Size.Commit = 1
	s := r.mustRun()
	if s.Added != 17 || s.Commits < 3 {
		t.Errorf("got %+v", s)
	}
	r.wantRecords(slices.Insert(spread(4, 16), 5, late))
}

func TestDuplicatesAndConflicts(t *testing.T) {
	changed := platformtest.Record("c0001", first.Start().Add(9*time.Hour), 10*time.Minute, "changed")
	r := newRig(t, 2, on(2, func(p *platformtest.Page) {
		p.Conversations = append(p.Conversations, string(spread(2, 8)[0]), string(changed), p.Conversations[1])
	}))
	if s := r.mustRun(); s.Duplicates != 2 || s.Conflicts != 1 || s.Added != 8 || s.Received != 11 {
		t.Errorf("got %+v", s)
	}
	want := spread(2, 8)
	want[1] = changed
	r.wantRecords(want)
}

// A server that does not know startOfDayIntervalMatching returns whatever was going on; only the day in which a
// conversation started takes it.
func TestRecordsOfOtherDays(t *testing.T) {
	long := platformtest.Record("long", first.Start().Add(-time.Hour), 30*time.Hour, "")
	over := platformtest.Record("over", first.Start().Add(23*time.Hour+50*time.Minute), time.Hour, "")
	fake := platformtest.Config{Records: append(spread(2, 8), long, over), IgnoreStartDay: true}
	r := newRig(t, 2, fake)
	s := r.mustRun()
	if s.Elsewhere != 1 || s.Outside != 2 || s.Added != 9 { // over once, long twice
		t.Errorf("got %+v", s)
	}
	if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "3, of 2026-09-30T23:00:00.000Z up to 2026-10-01T23:50:00.000Z") {
		t.Errorf("warned %q", s.Warnings)
	}
	r.wantRecords(slices.Insert(spread(2, 8), 4, over))
}

// A value that is nested deeper than JSON is read is one that is no record, and stops nothing.
func TestARecordThatIsTooDeepIsKeptAside(t *testing.T) {
	deep := `{"conversationId":"deep","conversationStart":"2026-10-01T01:00:00.000Z","x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + "}"
	r := newRig(t, 2, on(1, func(p *platformtest.Page) { p.Conversations = append([]string{deep}, p.Conversations...) }))
	if s, err := r.run(t.Context()); !errors.Is(err, fault.Incomplete) || s.Rejected != 1 || s.Added != 8 || s.Days != 2 {
		t.Errorf("got %+v, %v", s, err)
	}
	for x, err := range stage.AllRejected(t.Context(), r.lake.Control()) {
		if err != nil || string(x.Text) != deep {
			t.Errorf("kept %d bytes, %v", len(x.Text), err)
		}
	}
}

func TestRejectedRecordsAreKeptAside(t *testing.T) {
	odd := []string{`{"conversationStart":"2026-10-01T01:00:00.000Z"}`, `{"conversationId":"x","conversationEnd":"2026-10-01T01:00:00.000Z"}`, `7`}
	fake := on(1, func(p *platformtest.Page) { p.Conversations = append(p.Conversations, odd...) })
	again := fake.Rules[0]
	again.First = 3 // the same values on another page
	fake.Rules = append(fake.Rules, again)
	r := newRig(t, 2, fake)

	s, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "could not be kept, for want of a usable id or start, for their size or nesting, or by a hard rule of --schema: 3;") {
		t.Errorf("got %v", err)
	}
	if s.Rejected != 3 || s.Duplicates != 3 || s.Added != 8 || s.Days != 2 {
		t.Errorf("got %+v", s)
	}
	var kept []string
	for x, err := range stage.AllRejected(t.Context(), r.lake.Control()) {
		if err != nil || x.Run != s.Run || x.Reason == "" {
			t.Errorf("got %+v, %v", x, err)
		}
		kept = append(kept, string(x.Text))
	}
	slices.Sort(kept)
	slices.Sort(odd)
	if !slices.Equal(kept, odd) {
		t.Errorf("kept %q", kept)
	}
	r.mustRun() // all days are whole now
	status := func() string {
		s, err := StatusOf(t.Context(), r.lake, r.lake.Control(), ledger.Rules{}, nil, new(first+2))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(s.Gaps, s.Days[0].Aside, s.Days[1].Aside)
	}
	if got := status(); got != "2 3 3" { // the same values came with both
		t.Errorf("gaps, and what is set aside of each day: %s", got)
	}
	// The platform has mended the records of a day: its next reading has nothing that is set aside.
	r.fake.Behave()
	r.cfg.Again = conversation.Days{First: first, End: first + 1}
	r.mustRun()
	if got := status(); got != "1 0 3" {
		t.Errorf("gaps, and what is set aside of each day, read again: %s", got)
	}
}

func TestDaysThatAreNotAvailable(t *testing.T) {
	unraced.Test(t)
	r := newRig(t, 4, platformtest.Config{Records: spread(4, 16), Available: first.Start().Add(time.Hour)})
	if s, err := r.run(t.Context()); !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "no day could be extracted") || len(s.NotAvailable) != 4 {
		t.Errorf("got %+v, %v", s, err)
	}
	r.fake.SetAvailable((first + 2).Start())
	s, err := r.run(t.Context())
	if !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "2 of the days asked for, from 2026-10-03 on, were not extracted") {
		t.Errorf("got %v", err)
	}
	if s.Days != 2 || !slices.Equal(s.NotAvailable, []conversation.Day{first + 2, first + 3}) {
		t.Errorf("got %+v", s)
	}
	r.fake.SetAvailable((first + 4).Start())
	if s := r.mustRun(); s.Days != 2 || s.DaysBefore != 2 {
		t.Errorf("got %+v", s)
	}
	r.wantRecords(spread(4, 16))
}

func TestAvailabilityMovesBack(t *testing.T) {
	r := newRig(t, 2, on(4, func(p *platformtest.Page) { p.Available = (first + 1).Start().Add(time.Hour) }))
	s, err := r.run(t.Context())
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "moved back to 2026-10-02T01:00:00.000Z") || s.Days != 1 {
		t.Errorf("got %+v, %v", s, err)
	}
	if s := r.mustRun(); s.Days != 2 || !s.Resumed || s.Jobs != 2 { // of the whole run
		t.Errorf("got %+v", s)
	}
	r.wantRecords(spread(2, 8))
}

// What the platform gives for a moment only must not be seen in the lake: each misdeed at the first request for each thing,
// one after the other, and again between the pages. Every one of them is met.
func TestPlatformThatStumbles(t *testing.T) {
	misdeeds := map[string]platformtest.Misdeed{
		"hangs up": platformtest.HangUp, "cuts": platformtest.Cut, "says no JSON": platformtest.Say("<html>"), "refuses": platformtest.Refuse(503, "service.unavailable", ""),
	}
	met := map[string]int{}
	var mu sync.Mutex
	var rules []platformtest.Rule
	for i, name := range slices.Sorted(maps.Keys(misdeeds)) {
		for _, route := range []platformtest.Route{platformtest.Submit, platformtest.Status, platformtest.Results} {
			counted := platformtest.Counted(misdeeds[name], func() {
				mu.Lock()
				defer mu.Unlock()
				met[fmt.Sprint(name, " at ", route)]++
			})
			rules = append(rules, platformtest.Rule{Route: route, First: 1 + i, Do: counted})
			if route == platformtest.Results {
				rules = append(rules, platformtest.Rule{Route: route, First: 6 + 2*i, Do: counted})
			}
		}
	}
	r := newRig(t, 2, platformtest.Config{Records: spread(2, 16), Rules: rules, TokenCalls: 3})
	s := r.mustRun()
	r.wantRecords(spread(2, 16))
	if s.Jobs != 2 || s.Received != 16 || s.Duplicates+s.Conflicts+s.Rejected+s.Refetched != 0 {
		t.Errorf("it came to %+v", s)
	}
	if len(met) != 3*len(misdeeds) {
		t.Errorf("met %d of %d: %v", len(met), 3*len(misdeeds), met)
	}
	for what, n := range met {
		if want := 1 + strings.Count(what, "at "+fmt.Sprint(platformtest.Results)); n != want {
			t.Errorf("%s: met %d times, want %d", what, n, want)
		}
	}
}

// An interrupted run is taken up only by a run of the same days and platform; any other gives it up without a trace.
func TestInterruptedRunIsGivenUp(t *testing.T) {
	unraced.Test(t)
	for name, change := range map[string]func(*Config){
		"other days":     func(c *Config) { c.End-- },
		"other platform": func(c *Config) { c.Name, c.Moved = "https://elsewhere.test", "https://elsewhere.test" },
	} {
		r := newRig(t, 4, platformtest.Config{Records: spread(4, 16), Rules: []platformtest.Rule{{
			Route: platformtest.Results, First: 4, Last: platformtest.Always, Do: platformtest.Refuse(403, "not.authorized", ""),
		}}})
		interrupted, err := r.run(t.Context())
		if !errors.Is(err, fault.Forbidden) || len(leftovers(t, r)) != 1 {
			t.Errorf("%s: %v, left %q", name, err, leftovers(t, r))
		}
		r.fake.Behave()
		change(&r.cfg)
		if s := r.runAsPlanned(); s.Resumed || s.Run == interrupted.Run {
			t.Errorf("%s: the run was resumed: %+v", name, s)
		}
		if left := leftovers(t, r); len(left) > 0 {
			t.Errorf("%s: left %q", name, left)
		}
		days := int(r.cfg.End - first)
		r.wantRecords(spread(4, 16)[:4*days])
	}
}

// A nightly extraction of the last days asks for other days each night: an interrupted run is gone on with as long as
// the first day that it left unfinished is the first one that is missing now.
func TestInterruptedRunOfAnIntervalThatMovedOn(t *testing.T) {
	unraced.Test(t)
	for name, test := range map[string]struct {
		from, to int // days by which the interval moves
		resumed  bool
	}{
		"longer":              {0, 1, true},
		"moved on":            {1, 1, true},
		"without what is due": {2, 1, false},
		"begun earlier":       {-1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			// The first part is one day and gets through; the second one is cut after its first page.
			r := newRig(t, 4, platformtest.Config{Records: spread(5, 20), Rules: []platformtest.Rule{{
				Route: platformtest.Results, First: 4, Last: platformtest.Always, Do: platformtest.Refuse(403, "not.authorized", ""),
			}}})
			if _, err := r.run(t.Context()); !errors.Is(err, fault.Forbidden) {
				t.Fatal(err)
			}
			r.fake.Behave()
			r.cfg.First, r.cfg.End = r.cfg.First+conversation.Day(test.from), r.cfg.End+conversation.Day(test.to)
			s := r.runAsPlanned()
			if s.Resumed != test.resumed || s.DaysBefore < 0 || s.Days+s.DaysBefore != int(r.cfg.End-r.cfg.First) {
				t.Errorf("got %+v", s)
			}
			whole, err := r.lake.Days(t.Context(), r.cfg.First, r.cfg.End)
			if err != nil || len(whole) != int(r.cfg.End-r.cfg.First) {
				t.Errorf("%d days are whole, %v", len(whole), err)
			}
			if left := leftovers(t, r); len(left) > 0 {
				t.Errorf("left %q", left)
			}
		})
	}
}

// A run whose days are all in the lake, and that was stopped before its end was noted, is told of by the same command only:
// another interval of whole days has nothing to do with it.
func TestRunThatWasStoppedAtItsVeryEnd(t *testing.T) {
	unraced.Test(t)
	for name, test := range map[string]struct {
		from, to int // days by which the interval moves
		resumed  bool
	}{"the same": {0, 0, true}, "begun later": {1, 0, false}, "ended earlier": {0, -1, false}} {
		r := newRig(t, 3, platformtest.Config{Records: spread(3, 6)})
		exec := func(statement string) {
			if _, err := r.lake.Control().Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		if err := (store{r.lake.Control()}).migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		exec(`CREATE TRIGGER stay BEFORE DELETE ON extract_runs BEGIN SELECT RAISE(ABORT, 'it stays'); END`)
		if _, err := r.run(t.Context()); err == nil {
			t.Fatalf("%s: the run ended", name)
		}
		exec(`DROP TRIGGER stay`)
		r.cfg.First, r.cfg.End = r.cfg.First+conversation.Day(test.from), r.cfg.End+conversation.Day(test.to)
		if s := r.runAsPlanned(); s.Resumed != test.resumed || s.Resumed != (s.Added == 6) {
			t.Errorf("%s: got %+v", name, s)
		}
		if left := leftovers(t, r); len(left) > 0 {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

// leftovers names the runs of which something is staged, in the folder or in the control database.
func leftovers(t *testing.T, r *rig) (runs []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(r.lake.String(), "staging"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		runs = append(runs, e.Name())
	}
	for _, table := range []string{"stage_chunks", "stage_records", "stage_dead", "extract_runs", "extract_parts"} {
		for row, err := range r.lake.Control().Rows(t.Context(), "SELECT DISTINCT run_id FROM "+table) {
			if err != nil {
				t.Fatal(err)
			}
			var run string
			if err := row.Scan(&run); err != nil {
				t.Fatal(err)
			}
			runs = append(runs, run)
		}
	}
	slices.Sort(runs)
	return slices.Compact(runs)
}
