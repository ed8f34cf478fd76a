package sqltext_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// plain is a dialect of no system.
type plain struct{}

func (plain) Table(t tables.Table, files []datafile.File) string {
	return fmt.Sprintf("TABLE(%s, %d)", t, len(files))
}
func (plain) Sum(x string) string                   { return "sum(" + x + ")" }
func (plain) Milliseconds(instant string) string    { return "MS(" + instant + ")" }
func (plain) Steps(instant string) string           { return "STEPS(" + instant + ", ?, ?)" }
func (plain) Values(list string) string             { return "VALUES(" + list + ")" }
func (plain) Joined(list string) string             { return "JOINED(" + list + ")" }
func (plain) OrNull(list string) string             { return "ORNULL(" + list + ")" }
func (plain) Number(text string) string             { return "NUMBER(" + text + ")" }
func (plain) Instant(text string) string            { return "INSTANT(" + text + ")" }
func (plain) EndsWith(text, end string) string      { return "ENDS(" + text + ", " + end + ")" }
func (plain) FullMatch(text, pattern string) string { return "MATCHES(" + text + ", " + pattern + ")" }
func (plain) OneOf(x string, n int) string          { return "ONEOF(" + x + parameters(n) }
func (plain) Each(column, rows string) string       { return "EACH(" + column + " " + rows + ")" }
func (plain) Map(list, of string) string            { return "MAP(" + list + ", " + of + ")" }
func (plain) Some(list, expression string) string   { return "SOME(" + list + ", " + expression + ")" }
func (plain) Overlaps(list string, n int) string    { return "OVERLAPS(" + list + parameters(n) }
func (plain) Zip(lists ...string) string            { return "ZIP(" + strings.Join(lists, ", ") + ")" }
func (plain) HasTuple(list string, n int) string    { return "HAS(" + list + parameters(n) }

func parameters(n int) string { return strings.Repeat(", ?", n) + ")" }

// twoDays are the files of a lake with all tables on two days.
type twoDays struct{}

var first = conversation.DayOf(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC))

func (twoDays) Files(tables.Table) []datafile.File {
	return []datafile.File{{Day: first}, {Day: first + 1}}
}

func (f twoDays) Touched(starts conversation.Interval, _ time.Time) (out []datafile.File) {
	for _, file := range f.Files(tables.Conversations) {
		if starts.Overlaps(file.Day.Start(), file.Day.End()) {
			out = append(out, file)
		}
	}
	return out
}

// asking is a query about a part of the first day.
func asking(filters ...query.Filter) query.Query {
	return query.Query{
		Interval: conversation.Interval{Start: first.Start(), End: first.Start().Add(time.Hour)}, Matching: query.StartOfDay,
		OrderBy: query.ByConversationEnd, Order: query.Descending, Filters: filters,
	}
}

// What is asked about every dimension, in every way, has a parameter for each value, no text of the request, and no word that
// only DuckDB knows: those are the dialect's.
func TestStatementsAreTheDialectsAndTheParameters(t *testing.T) {
	one := 1.0
	const secret = "a secret"
	for _, kind := range query.Kinds() {
		for _, f := range query.Dimensions(kind) {
			p := query.Predicate{Dimension: f, Text: secret, Digits: "123", Range: query.Range{Gte: &one, Lt: &one}}
			filter := query.Filter{Kind: kind, Type: query.Or}
			for _, p.Operator = range []query.Operator{query.Matches, query.Exists, query.NotExists} {
				filter.Predicates = append(filter.Predicates, p, p)
			}
			if kind == query.OfSegment {
				property := query.Predicate{Dimension: query.Property, Operator: query.Matches, Property: secret, PropertyType: "string", Text: secret}
				filter.Clauses = []query.Clause{{Type: query.And, Predicates: []query.Predicate{property}}}
			}
			s := sqltext.NewSearch(plain{}, twoDays{}, asking(filter))
			terms := query.Aggregation{Type: query.TermFrequency, Dimension: f, Size: 3}
			ranges := query.Aggregation{Type: query.NumericRange, Dimension: f, Ranges: []query.RangeCount{{Gte: &one}}}
			statements := []sqltext.Text{s.Hits(sqltext.HitColumns)}
			for _, found := range []*sqltext.Found{nil, {}, {Table: "hits", First: first.Start(), Last: first.Start()}, {Table: "hits", First: first.Start(), Last: first.End()}} {
				statements = append(statements, s.Places(found, 10, 20), s.Terms(terms, found), s.Ranges(ranges, found))
			}
			for _, statement := range statements {
				holds(t, f.Name, statement)
			}
		}
	}
}

func holds(t *testing.T, name string, s sqltext.Text) {
	t.Helper()
	if n := strings.Count(s.SQL, "?"); n != len(s.Args) {
		t.Errorf("%s: %d parameters, %d values: %s", name, n, len(s.Args), s.SQL)
	}
	if strings.Contains(s.SQL, "secret") {
		t.Errorf("%s: the statement has a text of the request: %s", name, s.SQL)
	}
	for _, word := range []string{"::", "lambda", "unnest", "parquet", "list_transform", "list_filter", "list_zip", "list_has", "list_contains", "epoch_us", "regexp_", "ends_with", "'infinity'", "["} {
		if strings.Contains(strings.NewReplacer("x[1]", "", "x[2]", "", "x[3]", "").Replace(s.SQL), word) {
			t.Errorf("%s: %s is DuckDB's own: %s", name, word, s.SQL)
		}
	}
}

// The whole of a statement, to be read.
func TestASearch(t *testing.T) {
	i := 0
	for query.Dimensions(query.OfSegment)[i].Name != "queueId" {
		i++
	}
	queue := query.Predicate{Dimension: query.Dimensions(query.OfSegment)[i], Operator: query.Matches, Text: "q"}
	s := sqltext.NewSearch(plain{}, twoDays{}, asking(query.Filter{Kind: query.OfSegment, Type: query.And, Predicates: []query.Predicate{queue}}))
	const lives = "(conversation_start < ? AND conversation_start >= ?) AND (conversation_end IS NULL OR conversation_end > ? OR conversation_start >= ?)"
	for _, c := range []struct {
		statement sqltext.Text
		want      string
	}{
		{s.Places(&sqltext.Found{Table: "hits"}, 100, 200), "SELECT file_index, file_row_number FROM hits ORDER BY conversation_end DESC NULLS FIRST, conversation_id OFFSET ? LIMIT ?"},
		{s.Hits("conversation_id"), "SELECT conversation_id FROM TABLE(conversations, 1) WHERE (" + lives + ") AND conversation_id IN (" +
			"SELECT conversation_id FROM TABLE(segments, 1) WHERE (" + lives + ") AND lower(queue_id) = ?)"},
		{s.Named().All(), "SELECT count(*) FROM conversations WHERE (" + lives + ")"},
	} {
		if c.statement.SQL != c.want {
			t.Errorf("got  %s\nwant %s", c.statement.SQL, c.want)
		}
	}
	if got := s.Reads(); len(got) != 2 || !slices.Contains(got, tables.Conversations) || !slices.Contains(got, tables.Segments) {
		t.Errorf("it reads %v", got)
	}
}

// Statements are the same when their text and all their values are.
func TestKeys(t *testing.T) {
	seen := map[sqltext.Key]bool{}
	different := []sqltext.Text{
		sqltext.Of("a ?", "b"), sqltext.Of("a ?", "c"), sqltext.Of("b ?", "b"), sqltext.Of("a ?", 1), sqltext.Of("a ?", 1.0), sqltext.Of("a ?", "1"),
		sqltext.Of("a ?", first.Start()), sqltext.Of("a ?", first.End()), sqltext.Of("a ?", "b", "c"), sqltext.Of("a ?", `b", "c`),
	}
	for range 2 {
		for _, s := range different {
			seen[s.Key()] = true
		}
	}
	if len(seen) != len(different)-1 { // 1 and 1.0 are told apart by no database either
		t.Errorf("%d keys of %d statements", len(seen), len(different))
	}
}
