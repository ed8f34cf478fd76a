package duck_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/test/unraced"
)

// FuzzBuilder asks random questions with a text of the fuzzer's wherever a text can stand: DuckDB must take every
// statement, and the text must be in none.
func FuzzBuilder(f *testing.F) {
	for seed, text := range []string{"", "x", "'", `"; DROP TABLE x; --`, "?", "$1", "%@_", "tel:+49 (0)", "\\", "\x00", "größe", "12345"} {
		f.Add(uint64(seed), text)
	}
	db := openDB(f)
	record := know(f, conversation.Record{JSON: []byte(`{"conversationId":"a","conversationStart":"2026-03-01T00:00:00.000Z"}`)})
	record.items["nothing"] = nil
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		const mark = "MARK'S" // lower case has no part in it: a statement that has it has the text
		text = strings.ToValidUTF8(text, "") + mark
		a := asker{rand.New(rand.NewPCG(seed, 0)), []known{record}}
		q := query.Query{Matching: query.Matching(a.IntN(2)), Filters: a.filters(), Interval: conversation.Interval{Start: time.Unix(0, 0), End: time.Unix(1e9, 0)}}
		for i := range q.Filters {
			mark := func(list []query.Predicate) {
				for j := range list {
					list[j].Text, list[j].Digits = text, strings.Map(digit, text)
					if list[j].Property != "" {
						list[j].Property = text
					}
				}
			}
			mark(q.Filters[i].Predicates)
			for _, c := range q.Filters[i].Clauses {
				mark(c.Predicates)
			}
		}
		statements, err := duck.RunOverNothing(t.Context(), db, q, a.aggregation())
		if err != nil {
			t.Fatalf("%v\n%s", err, shown(q))
		}
		for _, s := range statements {
			if strings.Contains(s, mark) {
				t.Errorf("a text of the request is in the statement: %s", s)
			}
		}
	})
}

func digit(r rune) rune {
	if r < '0' || r > '9' {
		return -1
	}
	return r
}

// A request may have 2,000 predicates, one beside the other or each in a filter of its own.
func TestManyPredicates(t *testing.T) {
	unraced.Test(t)
	db := openDB(t)
	records := strange(t, rand.New(rand.NewPCG(2, 2)), 30, 1)
	e := openLake(t, db, records)
	for _, f := range query.Dimensions(query.OfSegment) {
		if f.Name != "addressFrom" && f.Name != "queueId" && f.Name != "ani" && f.Name != "flowOutcomeId" {
			continue
		}
		p := query.Predicate{Dimension: f, Operator: query.Matches, Text: "nobody", Digits: "1234567"}
		q := query.Query{Interval: conversation.Interval{Start: records[0].Start, End: records[0].Start.AddDate(0, 0, 1)}}
		one := query.Filter{Kind: query.OfSegment, Type: query.Or}
		for range 2000 {
			one.Predicates = append(one.Predicates, p)
		}
		q.Filters = []query.Filter{one}
		if n, err := e.Count(t.Context(), q); n != 0 || err != nil {
			t.Errorf("%s: %d, %v", f.Name, n, err)
		}
		q.Filters = nil
		for range 200 {
			q.Filters = append(q.Filters, query.Filter{Kind: query.OfSegment, Type: query.And, Predicates: []query.Predicate{p}})
		}
		if n, err := e.Count(t.Context(), q); n != 0 || err != nil {
			t.Errorf("%s in filters: %d, %v", f.Name, n, err)
		}
	}
}

func TestExplain(t *testing.T) {
	unraced.Test(t)
	db := openDB(t)
	records := strange(t, rand.New(rand.NewPCG(3, 3)), 30, 3)
	e := openLake(t, db, records)
	queue := query.Dimensions(query.OfSegment)[0]
	q := query.Query{
		Interval: records[0].Day().Interval(), Matching: query.StartOfDay, OrderBy: query.ByConversationStart,
		Filters: []query.Filter{{Kind: query.OfSegment, Type: query.Or, Predicates: []query.Predicate{
			{Dimension: queue, Operator: query.Matches, Text: "secret"}, {Dimension: queue, Operator: query.NotExists},
		}}},
	}
	x, err := e.Explain(t.Context(), q, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if x.Records != 2 || x.Hits < 2 || x.Spent.Finding <= 0 || x.Spent.Reading <= 0 || len(x.Tables) != 2 {
		t.Errorf("got %+v", x)
	}
	for _, c := range x.Tables {
		if len(c.Files) != 1 || c.Of != 3 || c.Days[0] != records[0].Day() || !strings.HasSuffix(c.Files[0], ".parquet") || strings.Contains(c.Files[0], "/") {
			t.Errorf("got %+v", c)
		}
	}
	if strings.Contains(x.Statement, "secret") || !strings.Contains(x.Statement, "FROM segments WHERE") || !strings.Contains(x.Statement, "= ?") {
		t.Errorf("got %s", x.Statement)
	}
}
