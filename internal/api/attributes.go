package api

import (
	"cmp"
	"context"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// Bounds of a search for attributes, as clients tell them of the platform: its window, how long what it finds is kept, and
// how large attributes may be to be found at all. A page ends at either of two sizes.
const (
	searchWindow  = 24 * time.Hour
	searchKept    = 30 * 24 * time.Hour
	searchedBytes = 20 << 10
	searchRows    = 50
	searchPage    = 1_000_000
)

// Bounds of what one search may ask, ours.
const (
	maxCriteria = 20
	maxValues   = maxIDs
)

// search is a search for attributes, as it was understood.
type search struct {
	exact      []exactly
	spans      []span
	by         query.OrderBy
	descending bool
	fields     []string // of a row; none means all
	after      place
}

// exactly asks for one of some values.
type exactly struct {
	field  string
	values []string
}

// span asks for an instant from one to another, both included.
type span struct {
	field       string
	first, last time.Time
}

// place is where a row stands: what it is sorted by, and its id. The zero place is before all rows.
type place struct {
	at time.Time
	id conversation.ID
}

// searchAttributes answers POST /api/v2/conversations/participants/attributes/search: the conversations of a day with the
// attributes of their participants.
func (s *Server) searchAttributes(x *exchange) error {
	if _, err := x.now(); err != nil {
		return err
	}
	text, err := x.readJSON()
	if err != nil {
		return err
	}
	var asked wire.AttributeSearch
	if err := decodeBody(text, &asked); err != nil {
		return err
	}
	wanted, err := readSearch(asked)
	if err != nil {
		return err
	}
	bound, err := boundTo(x.client, asked)
	if err != nil {
		return err
	}
	if wanted.after, err = s.search.open(bound, asked.Cursor); err != nil {
		return err
	}
	page := wire.AttributePage{Types: []string{"conversations"}, Results: []wire.AttributeRow{}}
	err = x.liveTo(x.client.UserID, x.client.UserID != "", effort{"attributes", 1}, func(ctx context.Context, view engine.Engine) error {
		last, more, err := wanted.fill(&page, wanted.found(ctx, view), s.cfg.Now())
		if more {
			page.Cursor = s.search.seal(bound, last)
		}
		return err
	})
	if err != nil {
		return err
	}
	return x.send(http.StatusOK, page)
}

// found are the conversations in which the search looks, in its order.
func (w *search) found(ctx context.Context, view engine.Engine) iter.Seq2[conversation.Record, error] {
	if ids := w.ids(); ids != nil {
		return w.sorted(view.ByID(ctx, ids))
	}
	return view.Records(ctx, w.query(), 0, 0)
}

// ids are those that are asked for; nil if any will do.
func (w *search) ids() []conversation.ID {
	for _, e := range w.exact {
		if e.field != "conversationId" {
			continue
		}
		ids := make([]conversation.ID, len(e.values))
		for i, v := range e.values {
			ids[i] = conversation.ID(v)
		}
		return ids
	}
	return nil
}

// query narrows the search to what can be found: a page reads no further back than the row before it.
func (w *search) query() query.Query {
	q := query.Query{Order: query.Ascending, OrderBy: w.by}
	if w.descending {
		q.Order = query.Descending
	}
	for _, s := range w.spans {
		iv := conversation.Interval{Start: s.first, End: s.last.Add(time.Millisecond)}
		switch {
		case s.field == "startTime":
			q.Interval, q.Matching = iv, query.StartOfDay
		case q.Interval == (conversation.Interval{}):
			iv.Start = iv.Start.Add(-time.Millisecond) // what ends when an interval begins does not overlap it
			q.Interval = iv
		}
	}
	if q.Matching == query.StartOfDay && w.by == query.ByConversationStart && !w.descending && w.after.at.After(q.Interval.Start) {
		q.Interval.Start = w.after.at
	}
	return q
}

// sorted puts a few records into the order of the search.
func (w *search) sorted(records iter.Seq2[conversation.Record, error]) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		var list []conversation.Record
		for r, err := range records {
			if err != nil {
				yield(r, err)
				return
			}
			list = append(list, r)
		}
		slices.SortFunc(list, func(a, b conversation.Record) int { return w.compare(w.place(a), w.place(b)) })
		for _, r := range list {
			if !yield(r, nil) {
				return
			}
		}
	}
}

// place is where a record stands in the order of the search. What has not ended stands as if it ended last.
func (w *search) place(r conversation.Record) place {
	at := r.Start
	if w.by == query.ByConversationEnd {
		if at = r.End; at.IsZero() {
			at = endless
		}
	}
	return place{at, r.ID}
}

// endless is later than any end.
var endless = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

func (w *search) compare(a, b place) int {
	order := a.at.Compare(b.at)
	if w.descending {
		order = -order
	}
	return cmp.Or(order, cmp.Compare(a.id, b.id))
}

// fill puts rows on a page until it is full, and says whether there are more, behind the last one.
func (w *search) fill(page *wire.AttributePage, records iter.Seq2[conversation.Record, error], now time.Time) (last place, more bool, err error) {
	size := 0
	for r, err := range records {
		if err != nil {
			return last, false, err
		}
		if w.after.id != "" && w.compare(w.place(r), w.after) <= 0 || !w.times(r) || !r.End.IsZero() && !r.End.Add(searchKept).After(now) {
			continue
		}
		row, ok := w.row(r)
		if !ok {
			continue
		}
		text, err := encode(row)
		if err != nil {
			return last, false, err
		}
		if size += len(text); len(page.Results) == searchRows || len(page.Results) > 0 && size > searchPage {
			return last, true, nil
		}
		page.Results, last = append(page.Results, row), w.place(r)
	}
	return last, false, nil
}

// times says whether a record lies in every span.
func (w *search) times(r conversation.Record) bool {
	return !slices.ContainsFunc(w.spans, func(s span) bool {
		at := r.Start
		if s.field == "endTime" {
			at = r.End
		}
		return at.IsZero() || at.Before(s.first) || at.After(s.last)
	})
}

// row is a record as it is found; it is not when it has no attributes, or too large ones, or is not among those asked for.
func (w *search) row(r conversation.Record) (row wire.AttributeRow, ok bool) {
	c, _ := wire.Decode(r.JSON)
	for _, e := range w.exact {
		if e.field == "conversationId" && !slices.Contains(e.values, string(r.ID)) ||
			e.field == "divisionId" && !slices.ContainsFunc(e.values, func(v string) bool { return slices.Contains(c.DivisionIDs, v) }) {
			return row, false
		}
	}
	row = wire.AttributeRow{ConversationID: string(r.ID), StartTime: conversation.FormatTime(r.Start), DivisionIDs: c.DivisionIDs}
	if !r.End.IsZero() {
		row.EndTime = conversation.FormatTime(r.End)
	}
	size := 0
	for _, p := range c.Participants {
		if len(p.Attributes) == 0 {
			continue
		}
		size += attributesSize(p.Attributes)
		d := wire.ParticipantData{ParticipantPurpose: p.Purpose, ParticipantAttributes: p.Attributes, ParticipantID: p.ParticipantID}
		for _, s := range p.Sessions {
			d.SessionIDs = append(d.SessionIDs, s.SessionID)
		}
		row.ParticipantData = append(row.ParticipantData, d)
	}
	row.TruncatedData = new(false)
	return w.returned(row), size > 0 && size < searchedBytes
}

func attributesSize(attributes map[string]string) (size int) {
	for name, value := range attributes {
		size += len(name) + len(value)
	}
	return size
}

// rowFields are the members of a row, and how one is left out.
var rowFields = map[string]func(*wire.AttributeRow){
	"startTime":       func(r *wire.AttributeRow) { r.StartTime = "" },
	"endTime":         func(r *wire.AttributeRow) { r.EndTime = "" },
	"divisionIds":     func(r *wire.AttributeRow) { r.DivisionIDs = nil },
	"participantData": func(r *wire.AttributeRow) { r.ParticipantData = nil },
	"truncatedData":   func(r *wire.AttributeRow) { r.TruncatedData = nil },
}

// returned is a row with the members that were asked for, and its id.
func (w *search) returned(row wire.AttributeRow) wire.AttributeRow {
	for name, leaveOut := range rowFields {
		if len(w.fields) > 0 && !slices.Contains(w.fields, name) {
			leaveOut(&row)
		}
	}
	return row
}

// notSearchable is what the platform says of a field by which it does not search.
const notSearchable = "Search not supported."

// readSearch reads what is asked for. The platform searches by four fields, and joins criteria by AND alone.
func readSearch(asked wire.AttributeSearch) (*search, error) {
	w := &search{by: query.ByConversationStart, fields: asked.ReturnFields}
	if len(asked.Query) == 0 {
		return nil, fault.Field("query", "query is missing; give the days to search, as a criterion of type DATE_RANGE on startTime")
	}
	if len(asked.Query) > maxCriteria {
		return nil, fault.Field("query", "query has at most %d criteria", maxCriteria)
	}
	for _, c := range asked.Query {
		if err := w.add(c); err != nil {
			return nil, err
		}
	}
	if len(w.spans) == 0 && w.ids() == nil {
		return nil, fault.Field("query", "the search has no window: give a DATE_RANGE on startTime or endTime of at most 24 hours, or conversationId")
	}
	for _, f := range asked.ReturnFields {
		if f != "conversationId" && rowFields[f] == nil {
			return nil, fault.Field("returnFields", "there is no %q in what is found; there are conversationId, startTime, endTime, divisionIds, participantData, truncatedData", fault.Clip(f))
		}
	}
	return w, w.order(asked)
}

func (w *search) add(c wire.AttributeCriterion) error {
	switch {
	case len(c.Group) > 0:
		return fault.Field("query.group", "criteria cannot be grouped; they are joined by AND")
	case c.Operator != "" && c.Operator != "AND":
		return fault.Field("query.operator", "criteria are joined by AND; %q is not supported", fault.Clip(c.Operator))
	case c.DateFormat != "":
		return fault.Field("query.dateFormat", "dates are given in ISO 8601, as 2026-11-08T12:00:00.000Z; leave dateFormat out")
	case len(c.Fields) != 1:
		return fault.Field("query.fields", "a criterion has one field")
	}
	field := c.Fields[0]
	switch c.Type {
	case "EXACT":
		return w.addExactly(field, c)
	case "DATE_RANGE":
		return w.addSpan(field, c)
	}
	return &fault.Error{
		Kind: fault.Invalid, Code: "invalid.value", Field: "query.type",
		Message: "Value [" + fault.Clip(c.Type) + "] is not valid for field type [type]. Allowable values are: EXACT, DATE_RANGE",
	}
}

func (w *search) addExactly(field string, c wire.AttributeCriterion) error {
	if field != "conversationId" && field != "divisionId" {
		return fault.Field("query.fields", notSearchable)
	}
	values := slices.Clone(c.Values)
	if c.Value != "" {
		values = append(values, c.Value)
	}
	if len(values) == 0 || len(values) > maxValues {
		return fault.Field("query.values", "give a value, or 1 to %d values", maxValues)
	}
	w.exact = append(w.exact, exactly{field, values})
	return nil
}

func (w *search) addSpan(field string, c wire.AttributeCriterion) (err error) {
	if field != "startTime" && field != "endTime" {
		return fault.Field("query.fields", notSearchable)
	}
	s := span{field: field}
	if s.first, err = conversation.ParseTime(c.StartValue); err != nil {
		return notADate("query.startValue")
	}
	if s.last, err = conversation.ParseTime(c.EndValue); err != nil {
		return notADate("query.endValue")
	}
	switch length := s.last.Sub(s.first); {
	case length < 0:
		return fault.Field("query.endValue", "endValue lies before startValue")
	case length > searchWindow:
		return fault.Field("query.endValue", "a search covers at most 24 hours; ask for shorter ones, one after the other")
	}
	w.spans = append(w.spans, s)
	return nil
}

func notADate(field string) error {
	return &fault.Error{
		Kind: fault.Invalid, Code: "invalid.date", Field: field,
		Message: "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ",
	}
}

// order reads by what rows are sorted. By score they are all alike, so that it is the usual order.
func (w *search) order(asked wire.AttributeSearch) error {
	by, order := asked.SortBy, asked.SortOrder
	if len(asked.Sort) > 1 {
		return fault.Field("sort", "rows are sorted by one field")
	}
	for _, s := range asked.Sort {
		by, order = cmp.Or(s.SortBy, by), cmp.Or(s.SortOrder, order)
	}
	switch by {
	case "", "startTime":
	case "endTime":
		w.by = query.ByConversationEnd
	default:
		return fault.Field("sortBy", "rows are sorted by startTime or endTime, and not by %q", fault.Clip(by))
	}
	switch order {
	case "", "ASC", "SCORE":
	case "DESC":
		w.descending = true
	default:
		return &fault.Error{
			Kind: fault.Invalid, Code: "invalid.value", Field: "sortOrder",
			Message: "Value [" + fault.Clip(order) + "] is not valid for field type [sortOrder]. Allowable values are: ASC, DESC, SCORE",
		}
	}
	return nil
}
