package mem

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/test/unraced"
)

// Every dimension of the language can be asked for, and nothing else is there to go stale.
func TestEveryDimensionHasAGetter(t *testing.T) {
	kinds := append(query.Kinds(), query.OfEmission)
	for _, kind := range kinds {
		var want []string
		for _, f := range query.Dimensions(kind) {
			want = append(want, f.Name)
		}
		slices.Sort(want)
		if got := slices.Sorted(maps.Keys(getters[kind])); !slices.Equal(got, want) {
			t.Errorf("%s: getters for %v, dimensions %v", kind, got, want)
		}
	}
	if len(getters) != len(kinds) {
		t.Errorf("%d kinds have getters", len(getters))
	}
}

// named finds a dimension of the language.
func named(t testing.TB, kind query.Kind, name string) query.Dimension {
	t.Helper()
	for _, f := range query.Dimensions(kind) {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("%s has no %s", kind, name)
	return query.Dimension{}
}

// is asks for a text.
func is(t testing.TB, kind query.Kind, name, text string) query.Predicate {
	return query.Predicate{Dimension: named(t, kind, name), Operator: query.Matches, Text: text, Digits: query.Digits(text)}
}

// both joins predicates in one filter.
func both(kind query.Kind, list ...query.Predicate) query.Filter {
	return query.Filter{Kind: kind, Type: query.And, Predicates: list}
}

func TestWhatMatches(t *testing.T) {
	for _, c := range []struct {
		field   query.Type
		stored  string
		asked   string
		partial bool
		want    bool
	}{
		{query.Text, "Köln West", "köln west", false, true},
		{query.Text, "Köln West", "köln", true, false},
		{query.Email, "Ann@Mail.example", "ann@mail.example", false, true},
		{query.Email, "Ann@Mail.example", "ann", false, true},
		{query.Email, "Ann@Mail.example", "mail.example", false, true},
		{query.Email, "Ann@Mail.example", "an", false, false},
		{query.Email, "Ann@Mail.example", "ann@mail.ex", false, false},
		{query.Email, "Ann@Mail.example", "ann@mail.ex", true, true},
		{query.Email, "Ann@Mail.example", "ail.example", true, false},
		{query.Email, "a@b@mail.example", "a@b", false, true},
		{query.Email, "a@b@mail.example", "b@mail.example", false, false},
		{query.Email, "tel:+49221", "tel:+49221", false, true},
		{query.Phone, "tel:+493012345", "tel:+493012345", false, true},
		{query.Phone, "tel:+493012345", "493012345", false, true},
		{query.Phone, "tel:+493012345", "+49 (30) 123-45", false, true},
		{query.Phone, "tel:+493012345", "012345", false, false},
		{query.Phone, "sip:Ann@pbx", "sip:ann@pbx", false, true},
		{query.Phone, "sip:ann@pbx", "sip:bob@pbx", false, false},
	} {
		p := query.Predicate{Dimension: query.Dimension{Type: c.field}, Operator: query.Matches, Text: c.asked, Digits: query.Digits(c.asked), Partial: c.partial}
		if got := matches(&p, value{text: c.stored}); got != c.want {
			t.Errorf("%s %q asked for %q, partial %t: %t", c.field, c.stored, c.asked, c.partial, got)
		}
	}
}

// Values that do not fit the schema are absent; everything else of the record is found.
func TestValuesThatDoNotFitAreAbsent(t *testing.T) {
	s := New(nil)
	odd := record("odd", today.Start(), 1)
	odd = odd.WithText([]byte(`{"conversationId":"odd","externalTag":5,"divisionIds":["d"],"evaluations":[{}],"participants":[{"sessions":[{"segments":[{}]}]}]}`))
	add(t, s, odd)
	exists := func(kind query.Kind, name string) query.Predicate {
		return query.Predicate{Dimension: named(t, kind, name), Operator: query.Exists}
	}
	not := func(p query.Predicate) query.Predicate {
		p.Operator = query.NotExists
		return p
	}
	for _, c := range []struct {
		filter query.Filter
		want   int64
	}{
		{both(query.OfConversation, is(t, query.OfConversation, "conversationId", "odd")), 1},
		{both(query.OfConversation, exists(query.OfConversation, "conversationStart"), not(exists(query.OfConversation, "conversationEnd"))), 1},
		{both(query.OfConversation, exists(query.OfConversation, "externalTag")), 0},
		{both(query.OfConversation, not(exists(query.OfConversation, "externalTag"))), 1},
		{both(query.OfConversation, is(t, query.OfConversation, "divisionId", "d")), 1},
		{both(query.OfConversation, is(t, query.OfConversation, "conversationId", "odd"), not(exists(query.OfConversation, "nOffered"))), 1},
		{both(query.OfSegment, not(exists(query.OfSegment, "queueId"))), 1},
		{both(query.OfEvaluation, not(exists(query.OfEvaluation, "queueId"))), 1},
	} {
		q := everything()
		q.Filters = []query.Filter{c.filter}
		if n, err := s.View(forever, forever).Count(t.Context(), q); err != nil || n != c.want {
			t.Errorf("%v: %d, %v; want %d", c.filter, n, err, c.want)
		}
	}
}

// Filters and aggregations see conversations as they looked at the instant of the view.
func TestFiltersSeeThePast(t *testing.T) {
	unraced.Test(t)
	whole := simulated(t, 4, 1, 300)
	s, then := New(sim.History{}), New(nil)
	add(t, s, whole...)
	asOf := today.Start().Add(15 * time.Hour)
	for _, r := range whole {
		if cut, err := sim.CutRecord(r, asOf); err != nil {
			t.Fatal(err)
		} else if !r.Start.After(asOf) {
			add(t, then, cut)
		}
	}
	got, want := s.View(asOf, forever), then.View(forever, forever)
	open := func(kind query.Kind, name string) query.Predicate {
		return query.Predicate{Dimension: named(t, kind, name), Operator: query.NotExists}
	}
	for _, f := range []query.Filter{
		both(query.OfConversation, open(query.OfConversation, "conversationEnd")),
		both(query.OfConversation, open(query.OfConversation, "tAcd"), open(query.OfConversation, "tConversationDuration")),
		both(query.OfSegment, open(query.OfSegment, "segmentEnd"), is(t, query.OfSegment, "segmentType", "interact")),
	} {
		q := everything()
		q.Filters = []query.Filter{f}
		a, b := collect(t, got, q), collect(t, want, q)
		if !slices.EqualFunc(a, b, equal) || len(a) == 0 {
			t.Errorf("%v: %d records, want %d", f, len(a), len(b))
		}
		asked := []query.Aggregation{{Type: query.TermFrequency, Dimension: named(t, query.OfSegment, "segmentType"), Size: 10}}
		x, err := got.Facets(t.Context(), q, asked)
		y, err2 := want.Facets(t.Context(), q, asked)
		if err != nil || err2 != nil || x[0].Count != y[0].Count || !slices.Equal(x[0].Entries, y[0].Entries) {
			t.Errorf("%v: facets %v, %v; want %v, %v", f, x, err, y, err2)
		}
	}
}

// An answer in order of start comes while later records have not been looked at.
func TestFilteredRecordsStream(t *testing.T) {
	s := New(nil)
	var records []conversation.Record
	for i := range 3 * runtime.GOMAXPROCS(0) * blocksPerCore * blockRecords {
		records = append(records, record(conversation.ID(fmt.Sprint(i)), today.Start().Add(time.Duration(i)*time.Millisecond), 1))
	}
	add(t, s, records...)
	blocks := s.current.Load().days[0].blocks
	blocks[len(blocks)-1].data = []byte("not to be opened")
	q := everything()
	q.Filters = []query.Filter{both(query.OfConversation, query.Predicate{Dimension: named(t, query.OfConversation, "externalTag"), Operator: query.NotExists})}
	n := 0
	for r, err := range s.View(forever, forever).Records(t.Context(), q, 25, 50) {
		if err != nil || r.ID != records[50+n].ID {
			t.Fatalf("record %s, %v", r.ID, err)
		}
		n++
	}
	if n != 25 {
		t.Errorf("%d records", n)
	}
	if _, err := s.View(forever, forever).Count(t.Context(), q); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v, want the last block to be corrupt", err)
	}
}

// sandbox is as many simulated records as the sandbox has.
func sandbox(b *testing.B) *Store {
	b.Helper()
	s := New(nil)
	add(b, s, simulated(b, 9, 30, 1_500)...)
	b.Logf("%d records", s.Len())
	return s
}

func BenchmarkFiltered(b *testing.B) {
	s := sandbox(b)
	view := s.View(forever, forever)
	busy := []query.Filter{
		both(query.OfSegment, is(b, query.OfSegment, "purpose", "agent"), is(b, query.OfSegment, "segmentType", "interact")),
		both(query.OfSegment, is(b, query.OfSegment, "mediaType", "voice")),
	}
	var ids []query.Predicate
	for i := range 200 {
		ids = append(ids, is(b, query.OfConversation, "conversationId", fmt.Sprint(i)))
	}
	var queues []query.Predicate
	for i := range 200 {
		queues = append(queues, is(b, query.OfSegment, "queueId", fmt.Sprint(i)))
	}
	for name, filters := range map[string][]query.Filter{
		"segments": busy,
		"queues":   {{Kind: query.OfSegment, Type: query.Or, Predicates: queues}},
		"metric":   {both(query.OfConversation, query.Predicate{Dimension: named(b, query.OfConversation, "nOffered"), Operator: query.Exists})},
		"ids":      {{Kind: query.OfConversation, Type: query.Or, Predicates: ids}},
	} {
		q := everything()
		q.Filters = filters
		b.Run("count/"+name, func(b *testing.B) {
			var n int64
			for b.Loop() {
				var err error
				if n, err = view.Count(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n), "hits")
		})
	}
	q := everything()
	q.Filters = busy
	b.Run("page", func(b *testing.B) {
		for b.Loop() {
			for _, err := range view.Records(b.Context(), q, 25, 0) {
				if err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("facets", func(b *testing.B) {
		asked := []query.Aggregation{
			{Type: query.TermFrequency, Dimension: named(b, query.OfSegment, "queueId"), Size: 10},
			{Type: query.NumericRange, Dimension: named(b, query.OfSegment, "tSegmentDuration"), Ranges: []query.RangeCount{{Gte: new(0.0), Lt: new(60_000.0)}}},
		}
		for b.Loop() {
			if _, err := view.Facets(b.Context(), q, asked); err != nil {
				b.Fatal(err)
			}
		}
	})
}
