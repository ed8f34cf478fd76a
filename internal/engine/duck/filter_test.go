package duck_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

func openDB(tb testing.TB) *duck.DB {
	tb.Helper()
	return openWith(tb, duck.Config{})
}

func openWith(tb testing.TB, c duck.Config) *duck.DB {
	tb.Helper()
	db, err := duck.Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// lakeOf makes a lake that has the records.
func lakeOf(t *testing.T, records []conversation.Record) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	enginetest.Fill(t, l, records)
	return l
}

func openLake(t *testing.T, db *duck.DB, records []conversation.Record) *duck.Engine {
	t.Helper()
	snapshot, err := lakeOf(t, records).Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := duck.New(db, snapshot)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// Random filters and aggregations must be answered as the oracle answers them, over one file and over many days.
func TestFiltersAgainstOracle(t *testing.T) {
	unraced.Test(t)
	db, seed := openDB(t), rand.Uint64()
	for _, set := range []struct {
		perDay    int
		days      conversation.Day
		questions int
	}{{40, 1, 120}, {30, 4, 120}} {
		t.Run(fmt.Sprintf("%d days", set.days), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, uint64(set.days)))
			var all []known
			records := strange(t, r, set.perDay, set.days)
			for _, record := range records {
				all = append(all, know(t, record))
			}
			e, a := openLake(t, db, records), asker{r, all}
			for range set.questions {
				a.ask(t, e)
				if t.Failed() {
					t.Fatalf("seed %d", seed)
				}
			}
		})
	}
}

func (a asker) ask(t *testing.T, e engine.Engine) {
	t.Helper()
	ctx, q := t.Context(), query.Query{Matching: query.Matching(a.IntN(2)), Filters: a.filters(), OrderBy: query.ByConversationStart}
	q.Interval = conversation.Interval{Start: a.records[0].Start.AddDate(0, 0, -1), End: a.records[len(a.records)-1].Start.AddDate(0, 0, 1)}
	if a.IntN(3) == 0 {
		q.Interval.Start = one(a, a.records).Start
		q.Interval.End = q.Interval.Start.Add(time.Duration(a.IntN(48)) * time.Hour)
	}
	var want []known
	for _, k := range a.records {
		if k.selects(q) {
			want = append(want, k)
		}
	}
	n, err := e.Count(ctx, q)
	if err != nil || n != int64(len(want)) {
		t.Errorf("count is %d, %v; want %d of %s", n, err, len(want), shown(q))
	}
	var ids, wanted []conversation.ID
	for r, err := range e.Records(ctx, q, 0, 0) {
		if err != nil {
			t.Error(err)
		}
		ids = append(ids, r.ID)
	}
	slices.SortFunc(want, func(a, b known) int { return conversation.Compare(a.Record, b.Record) })
	for _, k := range want {
		wanted = append(wanted, k.ID)
	}
	if !slices.Equal(ids, wanted) {
		t.Errorf("got %q, want %q of %s", ids, wanted, shown(q))
	}
	aggregations := []query.Aggregation{a.aggregation(), a.aggregation()}
	facets, err := e.Facets(ctx, q, aggregations)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range facets {
		if w := facet(want, aggregations[i]); f.Count != w.Count || !slices.Equal(f.Entries, w.Entries) {
			t.Errorf("%s %s: got %d %v, want %d %v of %s", f.Aggregation.Type, f.Aggregation.Dimension.Name, f.Count, f.Entries, w.Count, w.Entries, shown(q))
		}
	}
}

func shown(q query.Query) string {
	var b strings.Builder
	fmt.Fprintf(&b, "matching %d of %v", q.Matching, q.Interval)
	line := func(list []query.Predicate) {
		for _, p := range list {
			fmt.Fprintf(&b, " [%s %s %q %q %v", p.Dimension.Name, p.Operator, p.Text, p.Digits, p.Truth)
			for name, bound := range map[string]*float64{">": p.Range.Gt, ">=": p.Range.Gte, "<": p.Range.Lt, "<=": p.Range.Lte} {
				if bound != nil {
					fmt.Fprintf(&b, " %s%v", name, *bound)
				}
			}
			fmt.Fprintf(&b, " %s %s partial=%v]", p.Property, p.PropertyType, p.Partial)
		}
	}
	for _, f := range q.Filters {
		fmt.Fprintf(&b, "\n%s %s", f.Kind, f.Type)
		line(f.Predicates)
		for _, c := range f.Clauses {
			fmt.Fprintf(&b, "\n  %s", c.Type)
			line(c.Predicates)
		}
	}
	return b.String()
}

// Every dimension must have the column that it names, of the type that it has.
func TestFieldsHaveColumns(t *testing.T) {
	types := map[query.Type][]string{
		query.Text: {"utf8"}, query.Email: {"utf8"}, query.Phone: {"utf8"}, query.Truth: {"bool"}, query.Number: {"int64", "float64"}, query.Instant: {"timestamp[us, tz=UTC]"},
	}
	for kind, table := range map[query.Kind]tables.Table{
		query.OfConversation: tables.Conversations, query.OfSegment: tables.Segments, query.OfEvaluation: tables.Evaluations,
		query.OfSurvey: tables.Surveys, query.OfResolution: tables.Resolutions,
	} {
		for _, f := range query.Dimensions(kind) {
			if f.Column == "" {
				continue
			}
			i := slices.IndexFunc(tables.Columns(table), func(c tables.Column) bool { return c.Name == f.Column })
			if i < 0 {
				t.Errorf("%s %s: %s has no column %s", kind, f.Name, table, f.Column)
				continue
			}
			typ := strings.TrimSuffix(strings.TrimPrefix(tables.Columns(table)[i].Type, "list<item: "), ", nullable>")
			if !slices.Contains(types[f.Type], typ) || f.List != strings.HasPrefix(tables.Columns(table)[i].Type, "list") {
				t.Errorf("%s %s: column %s is %s", kind, f.Name, f.Column, tables.Columns(table)[i].Type)
			}
		}
	}
}

// DuckDB's lower must be ours: the request's texts are lowered by Go, the stored ones by DuckDB.
func TestLowerIsGos(t *testing.T) {
	unraced.Test(t)
	differ, err := duck.LowerDiffers(t.Context(), openDB(t), unicode.ToLower)
	if err != nil {
		t.Fatal(err)
	}
	if len(differ) > 0 {
		t.Errorf("%d letters are lowered in another way: %q", len(differ), differ)
	}
}
