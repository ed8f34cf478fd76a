package choice_test

import (
	"context"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/choice"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

var first = conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))

// days are files of ten days: of conversations with 100 bytes each, of segments with 1,000, of metrics with 10,000.
type days struct{}

func (days) Files(t tables.Table) (files []datafile.File) {
	for i := range conversation.Day(10) {
		files = append(files, datafile.File{Day: first + i, Bytes: map[tables.Table]int64{tables.Conversations: 100, tables.Segments: 1000, tables.Metrics: 10_000}[t]})
	}
	return files
}

func (d days) Touched(starts conversation.Interval, _ time.Time) []datafile.File {
	return slices.DeleteFunc(d.Files(tables.Conversations), func(f datafile.File) bool {
		day := f.Day.Interval()
		return !day.Start.Before(starts.End) || !starts.Start.IsZero() && !day.End.After(starts.Start)
	})
}

// fake is an engine that notes what it is asked.
type fake struct {
	asked  []string
	closed int
}

func (f *fake) note(what string) { f.asked = append(f.asked, what) }

func (f *fake) Count(context.Context, query.Query) (int64, error) { f.note("count"); return 0, nil }
func (f *fake) Close() error                                      { f.closed++; return nil }

func (f *fake) Records(context.Context, query.Query, int, int) iter.Seq2[conversation.Record, error] {
	f.note("records")
	return func(func(conversation.Record, error) bool) {}
}

func (f *fake) ByID(context.Context, []conversation.ID) iter.Seq2[conversation.Record, error] {
	f.note("by id")
	return func(func(conversation.Record, error) bool) {}
}

func (f *fake) Facets(context.Context, query.Query, []query.Aggregation) ([]query.Facet, error) {
	f.note("facets")
	return nil, nil
}

func (f *fake) Sums(context.Context, query.Sums, int) ([]query.Sum, bool, error) {
	f.note("sums")
	return nil, false, nil
}

func (f *fake) Rows(context.Context, query.Query, column.Selection) iter.Seq2[[]any, error] {
	f.note("rows")
	return func(func([]any, error) bool) {}
}

func (f *fake) AttributeKeys(context.Context, query.Query, int) ([]string, error) {
	f.note("keys")
	return nil, nil
}

func (f *fake) Explain(context.Context, query.Query, int, int) (engine.Explanation, error) {
	f.note("explain")
	return engine.Explanation{Hits: 7}, nil
}

func (f *fake) Missing(conversation.Interval) []conversation.Days {
	return make([]conversation.Days, 1)
}

// of asks for what started in n days, by these filters.
func of(n conversation.Day, filters ...query.Filter) query.Query {
	return query.Query{Interval: conversation.Interval{Start: first.Start(), End: (first + n).Start()}, Matching: query.StartOfDay, Filters: filters}
}

// What a question touches decides: files of its days, of the tables that it reads.
func TestChoice(t *testing.T) {
	segment := query.Filter{Kind: query.OfSegment, Predicates: []query.Predicate{{Dimension: query.Dimensions(query.OfSegment)[0], Operator: query.Exists}}}
	ofSegments := query.Aggregation{Type: query.TermFrequency, Dimension: query.Dimensions(query.OfSegment)[0], Size: 1}
	for what, c := range map[string]struct {
		q            query.Query
		aggregations []query.Aggregation
		planned      int64
		engine       string
	}{
		"a day":                   {of(1), nil, 100, "near"},
		"ten days":                {of(10), nil, 1000, "near"},
		"segments of a day":       {of(1, segment), nil, 1100, "near"},
		"segments of two days":    {of(2, segment), nil, 2200, "far"},
		"values of segments":      {of(2), []query.Aggregation{ofSegments}, 2200, "far"},
		"what is just not large":  {of(1, segment), []query.Aggregation{ofSegments}, 1100, "near"},
		"days that are not there": {query.Query{Interval: conversation.Interval{Start: (first - 9).Start(), End: first.Start()}, Matching: query.StartOfDay}, nil, 0, "near"},
	} {
		e, _, _ := two()
		got, is := engine.ChoiceOf(e, c.q, c.aggregations)
		if want := (engine.Choice{Engine: c.engine, Planned: c.planned, From: 2000}); got != want || !is {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	if _, is := engine.ChoiceOf(&fake{}, of(1), nil); is {
		t.Error("an engine that answers by itself has chosen")
	}
}

func two() (*choice.Engine, *fake, *fake) {
	near, far := &fake{}, &fake{}
	return choice.New(choice.Named{Full: near, Name: "near"}, choice.Named{Full: far, Name: "far"}, days{}, 2000), near, far
}

// Every question goes where it was chosen to go, and both engines are closed.
func TestEveryQuestionIsHandedOn(t *testing.T) {
	e, near, far := two()
	ask := func(q query.Query) {
		for _, err := range e.Records(t.Context(), q, 0, 0) {
			t.Error("a record", err)
		}
		for _, err := range e.Rows(t.Context(), q, column.Selection{}) {
			t.Error("a row", err)
		}
		_, err1 := e.Count(t.Context(), q)
		_, err2 := e.Facets(t.Context(), q, nil)
		_, err3 := e.AttributeKeys(t.Context(), q, 1)
		x, err4 := e.Explain(t.Context(), q, 0, 0)
		if err1 != nil || err2 != nil || err3 != nil || err4 != nil || x.Hits != 7 || x.Choice == nil || x.Choice.Engine == "" {
			t.Errorf("%v %v %v %v %+v", err1, err2, err3, err4, x)
		}
	}
	segment := query.Filter{Kind: query.OfSegment, Predicates: []query.Predicate{{Dimension: query.Dimensions(query.OfSegment)[0], Operator: query.Exists}}}
	ask(query.Query{Interval: conversation.Interval{Start: (first - 1).Start(), End: first.Start()}, Matching: query.StartOfDay})
	ask(of(10, segment))
	for _, err := range e.ByID(t.Context(), []conversation.ID{"id"}) {
		t.Error("a record by its id", err)
	}
	if _, _, err := e.Sums(t.Context(), query.Sums{Edges: []time.Time{first.Start(), (first + 1).Start()}}, 1); err != nil {
		t.Error(err)
	}
	six := []string{"records", "rows", "count", "facets", "keys", "explain"}
	if want := append(slices.Clone(six), "by id"); !slices.Equal(near.asked, want) {
		t.Errorf("near was asked for %v, want %v", near.asked, want)
	}
	if want := append(slices.Clone(six), "sums"); !slices.Equal(far.asked, want) {
		t.Errorf("far was asked for %v, want %v", far.asked, want)
	}
	if got := e.Missing(conversation.Interval{}); len(got) != 1 {
		t.Errorf("missing are %v", got)
	}
	if err := e.Close(); err != nil || near.closed != 1 || far.closed != 1 {
		t.Errorf("closed %d and %d times, %v", near.closed, far.closed, err)
	}
}
