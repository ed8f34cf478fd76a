package lake

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// choices are rules of an organization, about an attribute that every record of these tests has.
var choices = []account.ReasonRule{{Label: "Choice", Attribute: "a", Values: map[string]string{"1": "claims"}}}

// derive derives, and gives what was done.
func derive(t *testing.T, l *Lake, o DeriveOptions) Derivation {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	o.Run, o.At = "deriving", day1
	out, err := w.Derive(t.Context(), o)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out
}

func setReasons(t *testing.T, l *Lake, rules []account.ReasonRule) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.SetReasons(t.Context(), rules), w.Close()); err != nil {
		t.Fatal(err)
	}
}

// reasonsOf are the values of the reasons in the rows of summaries, with how many rows have each.
func reasonsOf(t *testing.T, l *Lake) map[string]int {
	t.Helper()
	s, out := snapshot(t, l), map[string]int{}
	defer s.Close()
	for _, f := range s.Files(tables.Summaries) {
		for rows, err := range datafile.Rows(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			column := func(name string) arrow.Array { return rows.Column(rows.Schema().FieldIndices(name)[0]) }
			for i := range int(rows.NumRows()) {
				version, _, _ := strings.Cut(column(tables.RulesColumn).ValueStr(i), "-")
				out[version+" "+column("reason_values").ValueStr(i)]++
			}
		}
	}
	return out
}

// someDays are conversations of some days.
func someDays(n int) (out []conversation.Version) {
	for i := range n {
		for _, id := range []string{"a", "b"} {
			out = append(out, record(fmt.Sprint(id, i), day1.Add(time.Duration(i)*oneDay), "x"))
		}
	}
	return out
}

// otherFiles are the paths of the files of tables that are not derived.
func otherFiles(t *testing.T, l *Lake) (out []string) {
	t.Helper()
	s := snapshot(t, l)
	defer s.Close()
	for _, table := range tables.All() {
		for _, f := range s.Files(table) {
			if !table.IsDerived() {
				out = append(out, f.Path)
			}
		}
	}
	return out
}

// ofBefore makes a lake what versions made that had no derived tables: they are not in the catalog, and no snapshot names one.
func ofBefore(t *testing.T, versions ...conversation.Version) *Lake {
	t.Helper()
	l := newLake(t)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.LeaveUnderived()
	_, err = w.Commit(t.Context(), Commit{Run: "run", At: day1, Records: all(versions...)})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	location, err := l.location(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	path, err := filePath(location)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = regexp.MustCompile(`"parley\.snapshot\.(summaries|legs)":"\d+",?`).ReplaceAll(text, nil)
	if !json.Valid(text) {
		t.Fatalf("the metadata are %s", text)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables.Derived() {
		if err := os.RemoveAll(pathOf(l, warehouse.Join(namespace, string(table)))); err != nil {
			t.Fatal(err)
		}
	}
	sqlOf(t, l, `DELETE FROM iceberg_tables WHERE table_name IN ('summaries', 'legs')`, `DROP TABLE reason_rules`, `ALTER TABLE commits DROP COLUMN epoch`, `UPDATE schema_versions SET version = 4 WHERE owner = 'lake'`)
	return mustOpen(t, l.dir)
}

// Which days are to be derived anew does not go by what was listed of the lake before, and nothing is left when they were derived.
func TestOutdatedWhateverWasListedBefore(t *testing.T) {
	l := newLake(t)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Commit(t.Context(), Commit{Run: "run", At: day1, Records: all(someDays(3)...)})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	outdated := func(when string, want int) {
		t.Helper()
		for name, list := range map[string]func(*Lake) error{
			"conversations": func(l *Lake) error { _, err := l.ConversationFiles(t.Context()); return err },
			"changes":       func(l *Lake) error { _, err := l.ChangeFiles(t.Context()); return err },
			"everything":    func(l *Lake) error { return snapshot(t, l).Close() },
		} {
			l := mustOpen(t, l.dir)
			if err := list(l); err != nil {
				t.Fatal(err)
			}
			days, of, err := l.Outdated(t.Context())
			if err != nil || len(days) != want || of != 3 {
				t.Errorf("%s, after %s were listed: %d of %d days are outdated, %v; want %d", when, name, len(days), of, err, want)
			}
		}
	}
	outdated("as they came", 0)
	setReasons(t, l, choices)
	outdated("by other rules", 3)
	if got := derive(t, l, DeriveOptions{}); got.Days != 3 {
		t.Errorf("derived %+v", got)
	}
	outdated("derived", 0)
}

// A lake of a version without derived tables is whole, and goes on working; Derive fills them, and writes nothing else. What comes
// meanwhile is derived as it comes.
func TestDeriveALakeOfBefore(t *testing.T) {
	unraced.Test(t)
	l := ofBefore(t, someDays(4)...)
	if r := mustCheck(t, l); len(r.Outdated) != 4 || r.Rows[tables.Summaries] != 0 || len(r.worn) != 0 {
		t.Errorf("before: %+v", r)
	}
	if plan, err := l.PlanMaintain(t.Context(), ExpireOptions{Before: later()}); err != nil {
		t.Errorf("%+v, %v", plan, err)
	}
	commit(t, l, Commit{Records: all(record("new", day1.Add(oneDay*3), "x"))}) // one of two: too many to copy the day
	days, of, err := l.Outdated(t.Context())
	if err != nil || len(days) != 3 || of != 4 {
		t.Fatalf("%v of %d, %v", days, of, err)
	}
	first := conversation.DayOf(day1)
	within := DeriveOptions{Within: conversation.Interval{Start: first.Start(), End: (first + 1).Start()}}
	if plan, err := l.PlanDerive(t.Context(), within, tables.Deriving{}); err != nil || plan != (Derivation{Days: 1, Records: 2}) {
		t.Errorf("planned %+v, %v", plan, err)
	}
	before, records := otherFiles(t, l), contents(t, l)
	for i, step := range []struct {
		o    DeriveOptions
		want Derivation
	}{{within, Derivation{1, 2}}, {DeriveOptions{}, Derivation{2, 4}}, {DeriveOptions{}, Derivation{}}} {
		told := int64(0)
		step.o.Done = func(n int64) { told += n }
		if got := derive(t, l, step.o); got != step.want || told != step.want.Records {
			t.Errorf("step %d: derived %+v and told of %d, want %+v", i, got, told, step.want)
		}
	}
	if r := mustCheck(t, l); len(r.Outdated) != 0 || r.Rows[tables.Summaries] != 9 || r.Rows[tables.Legs] != 9 {
		t.Errorf("afterwards: %+v", r)
	}
	if !slices.Equal(otherFiles(t, l), before) || !slices.Equal(contents(t, l), records) {
		t.Error("more than the derived tables was written")
	}
}

// The lake remembers the organization's rules: what comes is derived by them, and Derive makes the rest alike. Forgotten, they find
// nothing.
func TestReasonsAreRemembered(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	var many []conversation.Version
	for i := range 40 {
		many = append(many, record(fmt.Sprint("id", i), day1, "x"))
	}
	commit(t, l, Commit{Records: all(many...)})
	setReasons(t, l, choices)
	l = mustOpen(t, l.dir)
	if by, err := l.Deriving(t.Context()); err != nil || !slices.EqualFunc(by.Reasons, choices, sameRule) || by.Version() == (tables.Deriving{}).Version() || len(by.Version()) > 16 {
		t.Errorf("remembers %+v, %v", by, err)
	}
	commit(t, l, Commit{Records: all(record("other day", day1.Add(oneDay), "x"))})
	if got, want := reasonsOf(t, l), map[string]int{"1 (null)": 40, `1 ["claims"]`: 1}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	commit(t, l, Commit{Records: all(record("new", day1, "x"))}) // few of a day, which is not copied: it has other rules
	if got, want := reasonsOf(t, l), map[string]int{`1 ["claims"]`: 42}; !maps.Equal(got, want) {
		t.Errorf("after a commit to the day: %v, want %v", got, want)
	}
	commit(t, l, Commit{Records: all(record("newer", day1, "x"))}) // copied
	mustCheck(t, l)
	setReasons(t, l, nil)
	if r := mustCheck(t, l); len(r.Outdated) != 2 {
		t.Errorf("forgotten: %+v", r)
	}
	if got := derive(t, l, DeriveOptions{}); got != (Derivation{2, 43}) {
		t.Errorf("derived %+v", got)
	}
	if got, want := reasonsOf(t, l), map[string]int{"1 (null)": 43}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	mustCheck(t, l)
}

func sameRule(a, b account.ReasonRule) bool {
	return a.Label == b.Label && a.Attribute == b.Attribute && a.Outcome == b.Outcome && maps.Equal(a.Values, b.Values)
}

// Killed at any point, readers see the rows of before or of after; the next writer settles it, and Derive called again does the rest.
func TestDeriveKilledAnywhere(t *testing.T) {
	unraced.Test(t)
	for _, at := range []string{"derive.begun", "derive.files", "commit.segments", "commit.summaries", "commit.legs", "commit.conversations", "derive.unsettled"} {
		t.Run(at, func(t *testing.T) {
			l := ofBefore(t, someDays(2)...)
			records := contents(t, l)
			deriveUpTo(t, l, at)
			s := snapshot(t, l)
			if n := s.Rows(tables.Summaries); n != 0 && n != 4 || n != s.Rows(tables.Legs) {
				t.Errorf("readers see %d summaries and %d legs", n, s.Rows(tables.Legs))
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			derive(t, l, DeriveOptions{})
			sameAsNamed(t, l)
			if r := mustCheck(t, l); r.Unsettled+r.Unreferenced+len(r.Outdated) != 0 || r.Rows[tables.Summaries] != 4 || !slices.Equal(contents(t, l), records) {
				t.Errorf("afterwards: %+v", r)
			}
		})
	}
}

// deriveUpTo begins to derive and leaves it at a point.
func deriveUpTo(t *testing.T, l *Lake, at string) {
	t.Helper()
	stopped(t, l, at, func(w *Writer) error {
		_, err := w.Derive(t.Context(), DeriveOptions{Run: "d", At: day1})
		return err
	})
}

// A day whose records cannot be read is told, and the others are derived.
func TestDeriveADamagedDay(t *testing.T) {
	unraced.Test(t)
	l := ofBefore(t, someDays(3)...)
	s := snapshot(t, l)
	damaged := s.Files(tables.Conversations)[1].Path
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	copy(text[40:], "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx")
	if err := os.WriteFile(damaged, text, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	out, err := w.Derive(t.Context(), DeriveOptions{Run: "d", At: day1})
	if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), (conversation.DayOf(day1)+1).String()) || out != (Derivation{2, 4}) {
		t.Errorf("derived %+v, %v", out, err)
	}
}

// What a tag names stays as it was derived then, and can be read, when the tables were derived anew and old snapshots have gone.
func TestATagKeepsWhatWasDerived(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(someDays(2)...)})
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tag, err := w.Tag(t.Context(), "before")
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	now := snapshot(t, l)
	before := now.Files(tables.Summaries)
	if err := now.Close(); err != nil { // a pin would keep it as well
		t.Fatal(err)
	}
	setReasons(t, l, []account.ReasonRule{{Label: "topic", Attribute: "topic"}})
	if out := derive(t, l, DeriveOptions{}); out.Days != 2 {
		t.Fatalf("derived %+v", out)
	}
	expire(t, l, ExpireOptions{Before: later()})
	s, err := l.SnapshotOf(t.Context(), tag.Snapshot)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := readAll(t.Context(), s); err != nil {
		t.Error(err)
	}
	if got := s.Files(tables.Summaries); len(got) != 2 || got[0].Path != before[0].Path || got[0].Rules != before[0].Rules {
		t.Errorf("got %v, want %v", got, before)
	}
}
