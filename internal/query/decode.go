package query

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// body is the union of both request bodies as they stand on the wire.
type body struct {
	Interval           *string          `json:"interval"`
	Order              *string          `json:"order"`
	OrderBy            *string          `json:"orderBy"`
	Paging             *paging          `json:"paging"`
	Limit              *int             `json:"limit"`
	StartOfDayMatching *bool            `json:"startOfDayIntervalMatching"`
	Conversation       []jsontext.Value `json:"conversationFilters"`
	Segment            []jsontext.Value `json:"segmentFilters"`
	Evaluation         []jsontext.Value `json:"evaluationFilters"`
	Survey             []jsontext.Value `json:"surveyFilters"`
	Resolution         []jsontext.Value `json:"resolutionFilters"`
	Aggregations       []jsontext.Value `json:"aggregations"`
	Unknown            jsontext.Value   `json:",embed"`
}

type paging struct {
	PageSize   *int `json:"pageSize"`
	PageNumber *int `json:"pageNumber"`
}

// DecodeDetail reads the body of POST .../conversations/details/query. Every fault is Invalid and names the field.
func DecodeDetail(text []byte, limits Limits) (Detail, error) {
	b, err := decode(text)
	if err != nil {
		return Detail{}, err
	}
	q := Detail{Page: Page{Size: limits.DefaultPageSize, Number: 1}}
	if q.Query, err = b.query(StartOfDay); err != nil {
		return q, err
	}
	if q.Interval.Duration() > limits.Interval {
		return q, fault.Field("interval", "You must specify a search interval as part of your query that does not exceed %d days",
			int(limits.Interval.Hours()/24))
	}
	if err := refuse("aggregations", b.Aggregations); err != nil {
		return q, err
	}
	q.Page, err = b.page(q.Page, limits)
	return q, err
}

// DecodeJob reads the body of POST .../conversations/details/jobs. Every fault is Invalid and names the field.
func DecodeJob(text []byte) (Job, error) {
	b, err := decode(text)
	if err != nil {
		return Job{}, err
	}
	matching := Overlap
	if b.StartOfDayMatching != nil && *b.StartOfDayMatching {
		matching = StartOfDay
	}
	var q Job
	if q.Query, err = b.query(matching); err != nil {
		return q, err
	}
	if b.Limit != nil {
		if q.Limit = *b.Limit; q.Limit < 1 {
			return q, fault.Field("limit", "limit must be at least 1; leave it out for all results")
		}
	}
	return q, nil
}

func decode(text []byte) (*body, error) {
	b := new(body)
	if len(strings.TrimSpace(string(text))) == 0 {
		return nil, fault.New(fault.Invalid, "The request has no body; send a JSON object with at least interval")
	}
	if kind := jsontext.Value(text).Kind(); kind != '{' {
		return nil, fault.New(fault.Invalid, "The body must be a JSON object")
	}
	if err := json.Unmarshal(text, b); err != nil {
		if semantic, ok := errors.AsType[*json.SemanticError](err); ok {
			field := strings.ReplaceAll(strings.TrimPrefix(string(semantic.JSONPointer), "/"), "/", ".")
			return nil, fault.Field(field, "%s has the wrong type", field)
		}
		if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			return nil, fault.New(fault.Invalid, "The body is not valid JSON at byte %d", syntax.ByteOffset)
		}
		return nil, fault.New(fault.Invalid, "The body is not valid JSON")
	}
	return b, nil
}

// query reads what both requests share.
func (b *body) query(matching Matching) (Query, error) {
	q := Query{Matching: matching, Order: Ascending, OrderBy: ByConversationStart}
	for _, filters := range []struct {
		field string
		list  []jsontext.Value
	}{
		{"conversationFilters", b.Conversation}, {"segmentFilters", b.Segment}, {"evaluationFilters", b.Evaluation},
		{"surveyFilters", b.Survey}, {"resolutionFilters", b.Resolution},
	} {
		if err := refuse(filters.field, filters.list); err != nil {
			return q, err
		}
	}
	if err := b.refuseUnknown(); err != nil {
		return q, err
	}
	if b.Interval == nil {
		return q, fault.Field("interval", "interval is missing; write it as start/end, for example 2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z")
	}
	var err error
	if q.Interval, err = conversation.ParseInterval(*b.Interval); err != nil {
		return q, intervalFault(err)
	}
	if b.Order != nil {
		if q.Order, err = oneOf("order", *b.Order, Ascending, Descending, Unordered); err != nil {
			return q, err
		}
	}
	if b.OrderBy != nil {
		q.OrderBy, err = oneOf("orderBy", *b.OrderBy, ByConversationStart, ByConversationEnd, BySegmentStart, BySegmentEnd)
	}
	return q, err
}

func intervalFault(err error) error {
	f := fault.Field("interval", "interval: %v", err)
	if !errors.Is(err, conversation.ErrBackwards) {
		f.Code = "invalid.date"
	}
	return f
}

// refuse answers a part of the language that this version does not speak: refused, because ignoring it would give an
// answer to another question. An empty list asks for nothing and is fine.
func refuse(field string, list []jsontext.Value) error {
	if len(list) == 0 {
		return nil
	}
	return fault.Field(field, "%s is not supported by this server yet; leave it out", field)
}

// refuseUnknown refuses members that the platform does not have and that seem to select something. Others are
// tolerated, as the platform does: clients send paging to jobs, for one.
func (b *body) refuseUnknown() error {
	var members map[string]jsontext.Value
	if len(b.Unknown) == 0 {
		return nil
	}
	if err := json.Unmarshal(b.Unknown, &members); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		lower := strings.ToLower(name)
		if strings.Contains(lower, "filter") || strings.Contains(lower, "predicate") || strings.Contains(lower, "clause") {
			return fault.Field(clip(name), "%s is not a field of this request; conversationFilters, segmentFilters, evaluationFilters, surveyFilters "+
				"and resolutionFilters are, and are not supported by this server yet", clip(name))
		}
	}
	return nil
}

func (b *body) page(p Page, limits Limits) (Page, error) {
	if b.Paging == nil {
		return p, nil
	}
	if b.Paging.PageSize != nil {
		p.Size = *b.Paging.PageSize
	}
	if b.Paging.PageNumber != nil {
		p.Number = *b.Paging.PageNumber
	}
	switch {
	case p.Size < 1 || p.Size > limits.PageSize:
		return p, fault.Field("paging.pageSize", "paging.pageSize must lie between 1 and %d", limits.PageSize)
	case p.Number < 1:
		return p, fault.Field("paging.pageNumber", "paging.pageNumber starts at 1")
	case p.Number > limits.Depth/p.Size:
		return p, fault.Field("paging.pageNumber", "Pagination may not exceed %d results.\n\nTip: When extracting large chunks of data (multiple days/weeks), "+
			"use several smaller intervals, such as 1am-2am, 2am-3am, 3am-4am, or an asynchronous job.", limits.Depth)
	}
	return p, nil
}

// oneOf reads an enum without regard to case, as clients in the wild send it.
func oneOf[T ~string](field, value string, allowed ...T) (T, error) {
	for _, a := range allowed {
		if strings.EqualFold(string(a), value) {
			return a, nil
		}
	}
	names := make([]string, 0, len(allowed))
	for _, a := range allowed {
		names = append(names, string(a))
	}
	slices.Sort(names)
	return "", &fault.Error{Kind: fault.Invalid, Code: "invalid.value", Field: field,
		Message: "Value [" + clip(value) + "] is not valid for field type [" + field + "]. Allowable values are: " + strings.Join(names, ", ")}
}

// clip keeps what is quoted of a request short.
func clip(s string) string {
	if r := []rune(s); len(r) > 64 {
		return string(r[:64]) + "…"
	}
	return s
}
