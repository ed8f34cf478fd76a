package query

import (
	"bytes"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// body is the union of both request bodies as they stand on the wire.
type body struct {
	Interval           *string           `json:"interval"`
	Order              *string           `json:"order"`
	OrderBy            *string           `json:"orderBy"`
	Paging             *paging           `json:"paging"`
	Limit              *int              `json:"limit"`
	StartOfDayMatching *bool             `json:"startOfDayIntervalMatching"`
	Conversation       []wireFilter      `json:"conversationFilters"`
	Segment            []wireFilter      `json:"segmentFilters"`
	Evaluation         []wireFilter      `json:"evaluationFilters"`
	Survey             []wireFilter      `json:"surveyFilters"`
	Resolution         []wireFilter      `json:"resolutionFilters"`
	Aggregations       []wireAggregation `json:"aggregations"`
	Unknown            jsontext.Value    `json:",embed"`
}

type paging struct {
	PageSize   *textNumber `json:"pageSize"`
	PageNumber *textNumber `json:"pageNumber"`
}

// textNumber is a whole number, which sample programs of the vendor send as text: "100".
type textNumber int

func (n *textNumber) UnmarshalJSON(text []byte) error {
	var digits string
	if json.Unmarshal(text, &digits) != nil {
		return json.Unmarshal(text, (*int)(n))
	}
	value, err := strconv.Atoi(digits)
	*n = textNumber(value)
	return err
}

// members are the names that a request of either sort may have. Those of the other sort are tolerated where ignoring
// them changes nothing, as the platform does: clients send paging to jobs, and the flag to queries, which match that
// way anyhow.
var (
	detailMembers = []string{"interval", "order", "orderBy", "paging", "conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters", "aggregations"}
	jobMembers    = []string{"interval", "order", "orderBy", "limit", "startOfDayIntervalMatching", "conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters"}
)

// DecodeDetail reads the body of POST .../conversations/details/query. It fails with Faults: each is Invalid and names
// the field.
func DecodeDetail(text []byte, limits Limits) (Detail, error) {
	f := &findings{}
	q := f.detail(text, limits)
	return q, f.refusal()
}

// DecodeJob reads the body of POST .../conversations/details/jobs. It fails as DecodeDetail does.
func DecodeJob(text []byte) (Job, error) {
	f := &findings{partial: true}
	q := f.job(text)
	return q, f.refusal()
}

func (f *findings) detail(text []byte, limits Limits) Detail {
	q := Detail{Page: Page{Size: limits.DefaultPageSize, Number: 1}}
	b, ok := f.body(text, detailMembers)
	if !ok {
		return q
	}
	if b.Limit != nil {
		f.add("limit", "limit is a field of jobs; a query has paging.pageSize")
	}
	q.Query = f.query(b, StartOfDay)
	longest, days := limits.Interval, limits.Interval
	if len(q.Filters) > 0 {
		// The documentation says 31 days and the vendor's forum 32: a day more is taken than the message says.
		longest, days = limits.FilteredInterval+24*time.Hour, limits.FilteredInterval
	}
	if q.Interval.Duration() > longest {
		f.add("interval", "You must specify a search interval as part of your query that does not exceed %d days", int(days.Hours()/24))
	}
	q.Aggregations = f.aggregations(b.Aggregations)
	q.Page = f.page(b.Paging, q.Page, limits)
	return q
}

func (f *findings) job(text []byte) Job {
	b, ok := f.body(text, jobMembers)
	if !ok {
		return Job{}
	}
	matching := Overlap
	if b.StartOfDayMatching != nil && *b.StartOfDayMatching {
		matching = StartOfDay
	}
	if len(b.Aggregations) > 0 {
		f.add("aggregations", "jobs have no aggregations; ask the synchronous query")
	}
	q := Job{Query: f.query(b, matching)}
	if b.Limit != nil {
		if q.Limit = *b.Limit; q.Limit < 1 {
			f.add("limit", "limit must be at least 1; leave it out for all results")
		}
	}
	return q
}

// malformed is what the platform says of a body that is no JSON. Clients may look for it.
const malformed = "The request could not be understood by the server due to malformed syntax. "

// blanks are JSON's white space.
const blanks = " \t\r\n"

// body reads the JSON, and says whether there is something to go on with.
func (f *findings) body(text []byte, members []string) (*body, bool) {
	b := new(body)
	if !f.read(text, b) {
		return b, false
	}
	f.unknownMembers(b.Unknown, members)
	return b, true
}

// read reads a JSON object, and says whether it could.
func (f *findings) read(text []byte, into any) bool {
	f.offset = int64(len(text) - len(bytes.TrimLeft(text, blanks)))
	if f.offset == int64(len(text)) {
		f.add("", "The request has no body; send a JSON object with at least interval")
		return false
	}
	if bytes.HasPrefix(text, []byte("\ufeff")) {
		f.add("", malformed+"The body begins with a byte order mark; send it as UTF-8 without one")
		return false
	}
	if kind := jsontext.Value(text).Kind(); kind != '{' {
		f.add("", "The body must be a JSON object")
		return false
	}
	err := json.Unmarshal(text, into)
	if err == nil {
		return true
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
		field := dotted(semantic.JSONPointer)
		f.add(field, "%s has the wrong type", field)
	} else if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		f.offset = syntax.ByteOffset
		f.add("", malformed+"The body is not valid JSON at byte %d: %v", syntax.ByteOffset, syntax.Err)
	} else {
		f.add("", malformed+"The body is not valid JSON")
	}
	return false
}

// dotted writes a JSON pointer as a path: segmentFilters[0].type.
func dotted(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(fault.Clip(token))
	}
	return b.String()
}

// unknownMembers refuses top-level members that the platform does not have: ignored, they would make the answer one to
// another question. An empty list or null asks for nothing.
func (f *findings) unknownMembers(unknown jsontext.Value, members []string) {
	var m map[string]jsontext.Value
	if json.Unmarshal(unknown, &m) != nil {
		return // there are none
	}
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if text := string(m[name]); text == "[]" || text == "{}" || text == "null" {
			continue
		}
		if f.full() {
			return
		}
		f.add(fault.Clip(name), "%s is not a field of this request.%s", fault.Clip(name), instead(name, members))
	}
}

// query reads what both requests share.
func (f *findings) query(b *body, matching Matching) Query {
	q := Query{Matching: matching, Order: Ascending, OrderBy: ByConversationStart}
	q.Interval = f.interval(b.Interval)
	if b.Order != nil {
		q.Order = oneOf(f, "order", *b.Order, Ascending, Descending, Unordered)
	}
	if b.OrderBy != nil {
		q.OrderBy = oneOf(f, "orderBy", *b.OrderBy, ByConversationStart, ByConversationEnd, BySegmentStart, BySegmentEnd)
	}
	for _, of := range []struct {
		kind Kind
		list []wireFilter
	}{{OfConversation, b.Conversation}, {OfSegment, b.Segment}, {OfEvaluation, b.Evaluation}, {OfSurvey, b.Survey}, {OfResolution, b.Resolution}} {
		q.Filters = append(q.Filters, f.filters(of.kind, of.list)...)
	}
	return q
}

func (f *findings) interval(text *string) conversation.Interval {
	if text == nil {
		f.add("interval", "interval is missing; write it as start/end, for example 2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z")
		return conversation.Interval{}
	}
	iv, err := conversation.ParseInterval(*text)
	if err == nil {
		return iv
	}
	e := fault.Field("interval", "interval: %v", err)
	if !errors.Is(err, conversation.ErrBackwards) {
		e.Code = "invalid.date"
	}
	f.report(e)
	return iv
}

func (f *findings) page(w *paging, p Page, limits Limits) Page {
	if w == nil {
		return p
	}
	if w.PageSize != nil {
		p.Size = int(*w.PageSize)
	}
	if w.PageNumber != nil {
		p.Number = int(*w.PageNumber)
	}
	switch {
	case p.Size < 1 || p.Size > limits.PageSize:
		f.add("paging.pageSize", "paging.pageSize must lie between 1 and %d", limits.PageSize)
	case p.Number < 1:
		f.add("paging.pageNumber", "paging.pageNumber starts at 1")
	case p.Number > limits.Depth/p.Size:
		f.add("paging.pageNumber", "Pagination may not exceed %d results.\n\nTip: When extracting large chunks of data (multiple days/weeks), "+
			"use several smaller intervals, such as 1am-2am, 2am-3am, 3am-4am, or an asynchronous job.", limits.Depth)
	}
	return p
}

// oneOf reads an enum without regard to case, as clients in the wild send it.
func oneOf[T ~string](f *findings, field, value string, allowed ...T) T {
	names := make([]string, 0, len(allowed))
	for _, a := range allowed {
		if strings.EqualFold(string(a), value) {
			return a
		}
		names = append(names, string(a))
	}
	f.value(field, value, names, "")
	return allowed[0]
}
