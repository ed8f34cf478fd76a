package lake

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// odd makes a conversation in whose text something is replaced.
func odd(t *testing.T, id string, start time.Time, replace ...string) conversation.Version {
	t.Helper()
	v := record(id, start, "x")
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(string(v.JSON), replace[i]) {
			t.Fatalf("the record has no %s", replace[i])
		}
	}
	r, err := wire.Record([]byte(strings.NewReplacer(replace...).Replace(string(v.JSON))))
	if err != nil {
		t.Fatal(err)
	}
	v.Record = r
	return v
}

// The records of a day of which some values do not fit, and what they are.
func oddDay(t *testing.T) (versions []conversation.Version, misfits wire.Misfits) {
	t.Helper()
	return []conversation.Version{
			record("a", day1, "fits"),
			odd(t, "b", day1, `"oTotalScore":5`, `"oTotalScore":72.5`),
			odd(t, "c", day1, `"divisionIds":["d1","d2"]`, `"divisionIds":["d1",null]`, `"value":5100000000`, `"value":"long"`),
			odd(t, "d", day1, `"participants":[`, `"participants":"none","unheardOf":[`),
			odd(t, "e", day1, `"oTotalScore":5`, `"oTotalScore":72.0`), // fits, and did not in earlier versions
		}, wire.Misfits{
			"evaluations[].oTotalScore": 1, "divisionIds[]": 1, "participants[].sessions[].metrics[].value": 1, "participants": 1,
		}
}

// rowsOf counts the rows of each conversation in a table.
func rowsOf(t *testing.T, s *Snapshot, table tables.Table) string {
	t.Helper()
	counts := map[string]int{}
	for _, f := range s.Files(table) {
		for rows, err := range datafile.Rows(t.Context(), f, "conversation_id") {
			if err != nil {
				t.Fatal(err)
			}
			for i := range int(rows.NumRows()) {
				counts[strings.Clone(datafile.TextAt(rows, 0, i))]++
			}
		}
	}
	var out []string
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		out = append(out, fmt.Sprintf("%s%d", id, counts[id]))
	}
	return strings.Join(out, " ")
}

// oddRows are the rows of oddDay.
var oddRows = map[tables.Table]string{
	tables.Conversations: "a1 b1 c1 d1 e1", tables.Segments: "a1 b1 c1 e1", tables.Metrics: "a1 b1 e1", tables.Attributes: "a2 b2 c2 e2",
	tables.Evaluations: "a1 b1 c1 d1 e1", tables.Surveys: "a1 b1 c1 d1 e1", tables.Resolutions: "a1 b1 c1 d1 e1", tables.Changes: "",
	tables.Summaries: "a1 b1 c1 d1 e1", tables.Legs: "a1 b1 c1 e1",
}

func checkRows(t *testing.T, l *Lake, want map[tables.Table]string) {
	t.Helper()
	s := snapshot(t, l)
	defer s.Close()
	for _, table := range tables.All() {
		if got := rowsOf(t, s, table); got != want[table] {
			t.Errorf("%s has rows %s, want %s", table, got, want[table])
		}
	}
}

// A value that does not fit is missing in the tables, and nothing else is; it is counted with the commit that brings it.
func TestOneValueDoesNotLoseTheRest(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	versions, misfits := oddDay(t)
	out := commit(t, l, Commit{Records: all(versions...)})
	if out.Added != 5 || out.Unfit != 3 || !maps.Equal(out.Misfits, misfits) {
		t.Errorf("got %+v", out)
	}
	var want []string
	for _, v := range versions {
		want = append(want, string(v.JSON))
	}
	if got := contents(t, l); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	checkRows(t, l, oddRows)
	if r := mustCheck(t, l); r.Unfit != 3 || !maps.Equal(r.Misfits, misfits) || len(r.Underived) != 0 {
		t.Errorf("check: %+v", r)
	}

	// More of the same day writes it anew, and what was told of before is not told again.
	if out := commit(t, l, Commit{Records: all(record("f", day1, "fits"))}); out.Unfit != 0 || out.Misfits != nil {
		t.Errorf("a record that fits: %+v", out)
	}
	newer := odd(t, "b", day1, `"oTotalScore":5`, `"oTotalScore":"good"`)
	if out := commit(t, l, Commit{Records: all(record("e", day1, "fits"), newer, record("g", day1, "y"))}); out.Unfit != 1 || !maps.Equal(out.Misfits, wire.Misfits{"evaluations[].oTotalScore": 1}) {
		t.Errorf("a newer one that does not fit: %+v", out)
	}
	mustCheck(t, l)
}

// writtenEarlier makes the day's files what the version before made of them.
func writtenEarlier(t *testing.T, l *Lake, day conversation.Day) {
	t.Helper()
	written(t, l, day, decodeEarlier)
}

// written makes the day's files what another decoder makes of its records.
func written(t *testing.T, l *Lake, day conversation.Day, decode decoder) {
	t.Helper()
	s := snapshot(t, l)
	defer s.Close()
	i := intent{id: "earlier-" + day.String(), run: "run", at: day1}
	d := filesAt(t, l, func(table tables.Table) store.Location { return data(table).Join("day="+day.String(), i.id+".parquet") })
	shredder := tables.NewShredder(memory.DefaultAllocator, tables.Deriving{}, func(table tables.Table, rows arrow.RecordBatch) {
		if err := d.of[table].write(rows); err != nil {
			t.Fatal(err)
		}
	})
	for _, f := range ofDay(s.files[tables.Conversations], day) {
		for v, err := range datafile.Versions(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			c, _ := decode(v.JSON)
			shredder.AddDecoded(v, c)
		}
	}
	shredder.Flush()
	finish(t, d)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.commitTables(t.Context(), i, s, []writtenDay{{day, d.locations()}}, Outcome{}); err != nil {
		t.Fatal(err)
	}
}

// A lake of the version before is not damaged: check says which days lack rows, and Mend writes them.
func TestRowsOfAnEarlierVersion(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	versions, misfits := oddDay(t)
	next, later := record("n", day1.Add(24*time.Hour), "fits"), odd(t, "o", day1.Add(72*time.Hour), `"oTotalScore":5`, `"oTotalScore":{}`)
	commit(t, l, Commit{Records: all(append(versions, next, later)...), Days: []conversation.Day{next.Day()}})
	misfits = misfits.Add(wire.Misfits{"evaluations[].oTotalScore": 1})
	want := contents(t, l)
	for _, day := range []conversation.Day{versions[0].Day(), next.Day(), later.Day()} {
		writtenEarlier(t, l, day)
	}
	days := []conversation.Day{versions[0].Day(), later.Day()}
	r := mustCheck(t, l)
	if !slices.Equal(r.Underived, days) || r.Unfit != 4 || !maps.Equal(r.Misfits, misfits) {
		t.Errorf("check of a lake of the version before: %+v", r)
	}
	checkRows(t, l, map[tables.Table]string{
		tables.Conversations: "a1 b1 c1 d1 e1 n1 o1", tables.Segments: "a1 n1", tables.Metrics: "a1 n1", tables.Attributes: "a2 n2", tables.Evaluations: "a1 n1", tables.Surveys: "a1 n1", tables.Resolutions: "a1 n1",
		tables.Summaries: "a1 b1 c1 d1 e1 n1 o1", tables.Legs: "a1 n1",
	})
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if n, err := w.Mend(t.Context(), "mending", day1, r.Worn()); err != nil || n != 2 {
		t.Fatalf("%d days written, %v; want 2", n, err)
	}
	if got := contents(t, l); !slices.Equal(got, want) {
		t.Errorf("the records have changed: %q, want %q", got, want)
	}
	rows := maps.Clone(oddRows)
	for table := range rows {
		switch table {
		case tables.Attributes:
			rows[table] += " n2 o2"
		case tables.Changes:
		default:
			rows[table] += " n1 o1"
		}
	}
	checkRows(t, l, rows)
	if r := mustCheck(t, l); len(r.Underived)+len(r.Worn()) != 0 || r.Unfit != 4 || r.Days != 1 || r.Unsettled != 0 {
		t.Errorf("check afterwards: %+v", r)
	}
}

// What neither version could have written is damage.
func TestRowsOfNoVersion(t *testing.T) {
	l := newLake(t)
	versions, _ := oddDay(t)
	commit(t, l, Commit{Records: all(versions...)})
	written(t, l, versions[0].Day(), func(raw []byte) (*conversation.Conversation, wire.Misfits) {
		c, misfits := wire.Decode(raw)
		c.Surveys = nil
		return c, misfits
	})
	report, err := Check(t.Context(), l, nil)
	if !errors.Is(err, fault.Corrupt) || len(report.Damage) != 1 || !strings.HasPrefix(report.Damage[0], "surveys: ") || len(report.Underived) != 0 {
		t.Errorf("check: %v, %+v", err, report)
	}
}
