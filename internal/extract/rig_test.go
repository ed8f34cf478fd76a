package extract

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/source"
	"github.com/parley-hq/parley/internal/state"
)

// first is the first day of most tests.
var first = conversation.DayOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))

// spread makes n conversations at equal distances over days from first on, each of ten minutes.
func spread(days, n int) (out [][]byte) {
	step := time.Duration(days) * 24 * time.Hour / time.Duration(n)
	for i := range n {
		start := first.Start().Add(step / 2).Add(time.Duration(i) * step).Truncate(time.Millisecond)
		out = append(out, platformtest.Record(fmt.Sprintf("c%04d", i), start, 10*time.Minute, "as it was"))
	}
	return out
}

// rig is a fake platform and a real lake, and an extraction from the one into the other.
type rig struct {
	t    *testing.T
	fake *platformtest.Fake
	lake *lake.Lake
	cfg  Config

	clock time.Time // by which the extraction goes; it advances a second each time that it is looked at
}

// newRig prepares an extraction of some days with pages of two records.
func newRig(t *testing.T, days int, fake platformtest.Config) *rig {
	t.Helper()
	if fake.Available.IsZero() {
		fake.Available = time.Date(2026, 11, 19, 18, 0, 0, 0, time.UTC)
	}
	r := newLakeRig(t, days)
	r.fake = platformtest.New(t, fake)
	r.cfg.Platform = source.Details{Client: client.Over(r.fake.Client(), platform.DefaultPoll())}
	return r
}

// newLakeRig prepares an extraction from a platform that the test makes.
func newLakeRig(t *testing.T, days int) *rig {
	t.Helper()
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{t: t, lake: l, clock: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
	r.cfg = Config{
		Name: "https://api.platform.test", Lake: l, Control: l.Control(), First: first, End: first + conversation.Day(days),
		Poll: platform.Poll{First: time.Microsecond, Most: time.Microsecond}, Size: Size{Page: 2, Job: 100_000, Commit: 50_000}, Rand: rand.New(rand.NewPCG(1, 2)),
		Now: func() time.Time {
			r.clock = r.clock.Add(time.Second)
			return r.clock
		},
	}
	return r
}

// run runs a fresh extraction, as a process that has just been started does, and checks the lake after it.
func (r *rig) run(ctx context.Context) (Summary, error) {
	r.t.Helper()
	s, err := New(r.cfg).Run(ctx)
	if report, damage := lake.Check(r.t.Context(), r.lake, nil); damage != nil || report.Unsettled > 0 {
		r.t.Errorf("the lake after %v: %v, %+v", err, damage, report)
	}
	return s, err
}

func (r *rig) mustRun() Summary {
	r.t.Helper()
	s, err := r.run(r.t.Context())
	if err != nil {
		r.t.Fatalf("run: %v\n%+v", err, s)
	}
	return s
}

// runAsPlanned is mustRun after a plan, which must have said what becomes of a run that was interrupted.
func (r *rig) runAsPlanned() Summary {
	r.t.Helper()
	was, err := store{r.lake.Control()}.openRun(r.t.Context())
	if err != nil {
		was = run{} // it was interrupted before there were tables
	}
	plan, err := New(r.cfg).Plan(r.t.Context())
	// Who may only read the lake plans the same.
	reader := r.cfg
	reader.Control = state.OpenToRead(filepath.Join(r.lake.String(), "control.db"), fault.ReadOnly)
	read, readErr := New(reader).Plan(r.t.Context())
	read.Now = plan.Now
	if !reflect.DeepEqual(read, plan) || readErr != nil {
		r.t.Errorf("a reader plans %+v, %v; want %+v", read, readErr, plan)
	}
	if err := reader.Control.Close(); err != nil {
		r.t.Error(err)
	}
	s := r.mustRun()
	if err != nil || plan.Interrupted != was.id || plan.Resumes != s.Resumed || plan.Resumes && s.Run != was.id {
		r.t.Errorf("planned %+v, %v; the run before was %q, this one is %q, resumed %v", plan, err, was.id, s.Run, s.Resumed)
	}
	return s
}

func (r *rig) snapshot() *lake.Snapshot {
	r.t.Helper()
	s, err := r.lake.Snapshot(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = s.Close() })
	return s
}

// records gives the text of every conversation in the lake, in order.
func (r *rig) records() (out []string) {
	r.t.Helper()
	for _, f := range r.snapshot().Files(tables.Conversations) {
		for v, err := range datafile.Versions(r.t.Context(), f) {
			if err != nil {
				r.t.Fatal(err)
			}
			out = append(out, string(v.JSON))
		}
	}
	return out
}

// contents tells of all that must not depend on how a run went: records, rows of each table, whole days.
func (r *rig) contents() string {
	r.t.Helper()
	whole, err := r.lake.Days(r.t.Context(), 0, first+10_000)
	if err != nil {
		r.t.Fatal(err)
	}
	out := fmt.Sprintf("whole %v\n", whole) // in order: maps are printed so
	s := r.snapshot()
	for _, table := range tables.All() {
		if table != tables.Changes {
			out += fmt.Sprintf("%s %d\n", table, s.Rows(table))
		}
	}
	return out + strings.Join(r.records(), "\n")
}

// wantRecords compares what the lake has with records.
func (r *rig) wantRecords(want [][]byte) {
	r.t.Helper()
	var texts []string
	for _, raw := range want {
		texts = append(texts, string(raw))
	}
	if got := r.records(); !slices.Equal(got, texts) {
		r.t.Errorf("the lake has %d records, want %d:\n%s", len(got), len(texts), strings.Join(got, "\n"))
	}
}

// intervals gives what was asked of the platform.
func (r *rig) intervals() (out []string) {
	for _, s := range r.fake.Submissions() {
		out = append(out, s.Interval.Start.Format("02T15")+" "+s.Interval.Duration().String())
	}
	return out
}

// on makes a rule for one page of results, counted over all jobs.
func on(page int, edit func(*platformtest.Page)) platformtest.Config {
	return platformtest.Config{Records: spread(2, 8), Rules: []platformtest.Rule{{Route: platformtest.Results, First: page, Edit: edit}}}
}

// script gives every job the same states.
func script(states ...platform.State) func(platformtest.Submission) []platform.State {
	return func(platformtest.Submission) []platform.State { return states }
}
