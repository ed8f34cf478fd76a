package program

import (
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/stage"
)

// Contents is what a lake holds.
type Contents struct {
	Days     int // that are whole
	Records  map[conversation.Day][]string
	Rejected []stage.Rejected
	Staged   []string // what is left in the folder of staged pages
}

// Count is the number of records.
func (c Contents) Count() (n int) {
	for _, day := range c.Records {
		n += len(day)
	}
	return n
}

// Read reads a lake after a check of every row of every table. A commit that nobody brought to its end fails the test.
func Read(t testing.TB, dir string) Contents {
	t.Helper()
	l, err := lake.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return ReadOpen(t, l)
}

// ReadOpen is Read, of a lake that is open.
func ReadOpen(t testing.TB, l *lake.Lake) Contents {
	t.Helper()
	report, err := lake.Check(t.Context(), l, nil)
	if err != nil {
		t.Fatalf("check: %v\n%s", err, strings.Join(report.Damage, "\n"))
	}
	if report.Unsettled > 0 {
		t.Errorf("%d commits are unsettled", report.Unsettled)
	}
	out := Contents{Days: report.Days, Records: records(t, l)}
	for r, err := range stage.AllRejected(t.Context(), l.Control()) {
		if err != nil {
			t.Fatal(err)
		}
		out.Rejected = append(out.Rejected, r)
	}
	for o, err := range l.Store().List(t.Context(), "staging") {
		if err != nil {
			t.Fatal(err)
		}
		out.Staged = append(out.Staged, string(o.At))
	}
	return out
}

// Served is every record of a lake by day, as readers see it beside a commit that is not settled.
func Served(t testing.TB, dir string) map[conversation.Day][]string {
	t.Helper()
	l, err := lake.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if report, err := lake.Check(t.Context(), l, nil); err != nil {
		t.Errorf("check: %v\n%s", err, strings.Join(report.Damage, "\n"))
	}
	return records(t, l)
}

func records(t testing.TB, l *lake.Lake) map[conversation.Day][]string {
	t.Helper()
	s, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	out := map[conversation.Day][]string{}
	for _, f := range s.Files(tables.Conversations) {
		for v, err := range datafile.Versions(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			out[f.Day] = append(out[f.Day], string(v.JSON))
		}
	}
	return out
}
