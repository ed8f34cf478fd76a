package extract

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/runs"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/test/unraced"
)

// forbid makes the control database refuse an operation until the next run, as a crash just before it would leave it.
func (r *rig) forbid(operation string) (allow func()) {
	r.t.Helper()
	exec := func(text string) {
		if _, err := r.lake.Control().Exec(context.WithoutCancel(r.t.Context()), text); err != nil {
			r.t.Fatal(err)
		}
	}
	exec("CREATE TRIGGER forbidden BEFORE " + operation + " BEGIN SELECT RAISE(ABORT, 'forbidden'); END")
	return func() { exec("DROP TRIGGER forbidden") }
}

// busy is a run in which every counter counts: a lake that has two of the conversations already, one of them in
// another version, and a platform that repeats, contradicts, and sends what is no record or belongs elsewhere.
func busy(t *testing.T) (*rig, *scripted) {
	t.Helper()
	s := &scripted{}
	changed := platformtest.Record("c1T2", day(1).Start().Add(2*3600e9), 60e9, "changed")
	again := platformtest.Record("c2T1", day(2).Start().Add(3600e9), 60e9, "again")
	s.pages = func(_ int, iv conversation.Interval) []platform.Page {
		switch {
		case day(1).Start().Equal(iv.Start):
			p := page("1T1")
			p.Records = append(p.Records, changed)
			return []platform.Page{p, page("1T3", "2T5", "9T1")}
		default:
			odd := page("2T1", "2T2", "2T2")
			odd.Records = append(odd.Records, []byte(`{"conversationId":"x"}`), []byte(`7`))
			last := page("3T1", "3T2")
			last.Records = append(last.Records, again, []byte(`{"conversationId":"u","conversationStart":"2026-10-03T08:00:00Z","participants":7}`))
			return []platform.Page{odd, last}
		}
	}
	r := newScripted(t, 3, s)
	r.cfg.Again = conversation.Days{First: day(1), End: day(2)}
	good := s.pages
	s.pages = of(5, "1T1", "1T2")
	r.cfg.End = day(2)
	r.mustRun()
	r.cfg.End, s.pages, s.jobs, s.fetched, s.deleted = day(4), good, nil, nil, nil
	return r, s
}

// Counts of a run survive an interruption, wherever it was: those of the run that was taken up are those of a run that
// was not interrupted. So do the days.
func TestCountsSurviveInterruptions(t *testing.T) {
	unraced.Test(t)
	undisturbed, _ := busy(t)
	want, _ := undisturbed.run(t.Context())
	if c := want.Counters; !reflect.DeepEqual(c, Counters{Jobs: 2, Pages: 4, Received: 14, Elsewhere: 1, Outside: 1, Counts: load.Counts{
		Duplicates: 1, Conflicts: 1, Rejected: 2, Commits: 2, Added: 6, Replaced: 1, Unchanged: 1, Unfit: 1, Bytes: c.Bytes, Misfits: c.Misfits}}) || c.Bytes == 0 || len(c.Misfits) != 1 {
		t.Errorf("undisturbed: %+v", c)
	}
	if want.Days != 2 || want.Again != 1 || want.DaysBefore != 0 {
		t.Errorf("undisturbed: %+v", want)
	}
	broken := errors.New("broken")
	interruptions := map[string]func(*rig, *scripted) (undo func()){}
	for _, operation := range []string{
		"INSERT ON extract_parts", "UPDATE OF commit_id ON extract_runs WHEN new.commit_id <> ''", "INSERT ON commits", "INSERT ON days", "DELETE ON commits",
		"DELETE ON stage_chunks", "UPDATE OF commit_id ON extract_runs WHEN new.commit_id = ''", "DELETE ON extract_runs", "INSERT ON stage_records WHEN new.id LIKE 'c3%'",
	} {
		interruptions[operation] = func(r *rig, _ *scripted) func() { return r.forbid(operation) }
	}
	for n := 1; n <= 4; n++ {
		interruptions[fmt.Sprintf("page %d", n)] = func(_ *rig, s *scripted) func() {
			s.page = func(_, _ int, p platform.Page) (platform.Page, error) {
				return p, map[bool]error{true: broken}[len(s.fetched) == n]
			}
			return func() { s.page = nil }
		}
	}
	for name, interrupt := range interruptions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := busy(t)
			undo := interrupt(r, s)
			if _, err := New(r.cfg).Run(t.Context()); err == nil {
				t.Fatal("the run was not interrupted")
			}
			undo()
			got, _ := r.run(t.Context())
			if !got.Resumed {
				t.Errorf("not resumed: %+v", got)
			}
			jobs := got.Jobs
			got.Run, got.Seconds, got.Resumed, got.Jobs = want.Run, want.Seconds, false, want.Jobs
			got.Warnings = want.Warnings // of pages that the interrupted process read, it has warned itself
			if !reflect.DeepEqual(got, want) || jobs != want.Jobs {
				t.Errorf("got  %+v, %d jobs\nwant %+v", got, jobs, want)
			}
			if r.contents() != undisturbed.contents() {
				t.Errorf("the lakes differ:\n%s\nwant\n%s", r.contents(), undisturbed.contents())
			}
		})
	}
}

// What a summary says of a run that stopped is what is kept of it.
func TestCountsOfAPageThatWasNotStaged(t *testing.T) {
	s := &scripted{pages: of(2, "1T1", "1T2", "1T3")}
	r := newScripted(t, 1, s)
	if _, err := stage.Open(t.Context(), r.lake.Control(), r.lake.Store(), "another"); err != nil { // makes the tables
		t.Fatal(err)
	}
	allow := r.forbid("INSERT ON stage_records WHEN new.id = 'c1T3'")
	if sum, err := New(r.cfg).Run(t.Context()); err == nil || sum.Pages != 1 || sum.Received != 2 {
		t.Errorf("got %+v, %v", sum, err)
	}
	allow()
	if sum := r.mustRun(); sum.Pages != 2 || sum.Received != 3 || sum.Duplicates != 0 {
		t.Errorf("got %+v", sum)
	}
}

// A run that has not ended was interrupted, unless it says of itself that it goes on.
func TestARunThatGoesOnWasNotInterrupted(t *testing.T) {
	now := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	for seen, running := range map[time.Time]bool{now: true, now.Add(-time.Hour): false} {
		s := Status{Interrupted: "run-1"}.Hear([]runs.Run{{ID: "run-2", Seen: now}, {ID: "run-1", Seen: seen}}, now)
		if (s.Running == "run-1") != running || (s.Interrupted == "run-1") == running {
			t.Errorf("heard of at %v: %+v", seen, s)
		}
	}
}
