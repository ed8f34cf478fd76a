package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/web/form"
)

// A figure counts metrics, each at the instant at which it was emitted. The query for conversations cannot ask for this instant, nor for when
// a segment began: only for when it ended. So a conversation of a figure is found by a segment that ended as the metric was emitted; where
// there is none, by one that went on then. What is found has at least every conversation that is counted.

// trace is what is left of something that was counted: a segment in the queue.
type trace struct {
	purpose, kind string
	media         string // empty: any
	ended         string // how the leg ended with it: a disconnectType, any, or that it went on; empty: it makes no difference
	when          string // the segment ended at this time, or only not before, or it has not ended
}

// What ended and when of a trace may be, beside values of disconnectType.
const (
	anyhow    = "exists"
	not       = "notExists"
	then      = "then"
	notBefore = "not before"
	unended   = "not yet"
)

// The traces of what figures count.
var (
	// An offer is counted when the queue has a place for the conversation: a call waits for that in a segment of its own, a callback in
	// another. Other media have one segment, from the offer to the answer.
	offers = slices.Concat(
		[]trace{{purpose: "acd", kind: "delay", when: then}, {purpose: "acd", kind: "uploading", when: then}},
		waits("chat"), waits("email"), waits("message"), waits("callback"),
	)
	// An answer ends the alert of the agent. Agents who are given conversations without an alert leave that the queue handed it on.
	answers = []trace{{purpose: "agent", kind: "alert", ended: not, when: then}, {purpose: "acd", kind: "interact", ended: "transfer", when: then}}
	leaves  = []trace{{purpose: "acd", kind: "interact", ended: "peer", when: then}}
	// Handling ends with the wrap-up; without one, with what the agent did last.
	handles = []trace{
		{purpose: "agent", kind: "wrapup", ended: anyhow, when: then}, {purpose: "agent", kind: "interact", ended: anyhow, when: then},
		{purpose: "agent", kind: "hold", ended: anyhow, when: then}, {purpose: "agent", kind: "dialing", ended: anyhow, when: then},
		{purpose: "agent", kind: "contacting", ended: anyhow, when: then},
	}
	all = []trace{{when: notBefore}, {when: unended}}
)

// waits is that a conversation of a medium waited in the queue.
func waits(media string) []trace {
	return []trace{{purpose: "acd", kind: "interact", media: media, when: notBefore}, {purpose: "acd", kind: "interact", media: media, when: unended}}
}

// countable is how the conversations of a figure are found: by one of some traces, if they have one of some metrics.
type countable struct {
	traces  []trace
	metrics []string
	differs string // how what is found differs from what is counted, for people
}

// The differences, in words.
const (
	foundOnce  = "What was counted twice in a conversation is found once."
	handedOn   = " A few more may be found, which the queue handed on to somebody else at this time."
	waitedThen = " Of chats, e-mails, messages and callbacks more may be found: those that waited in the queue at this time, or had begun and came there later."
	laterDone  = " A few more may be found, in which an agent ended a talk at this time and the wrap-up later."
)

// countables are those of the figures that have a chart, and by the name of none what was in the queue.
var countables = map[string]countable{
	"offered":              {offers, []string{"nOffered"}, foundOnce + waitedThen},
	"answered":             {answers, []string{"tAnswered"}, foundOnce + handedOn},
	"abandoned":            {leaves, []string{"tAbandon"}, foundOnce},
	"averageAnswerSeconds": {answers, []string{"tAnswered"}, foundOnce + handedOn},
	"averageHandleSeconds": {handles, []string{"tHandle"}, foundOnce + laterDone},
	"serviceLevel":         {slices.Concat(answers, leaves), []string{"tAnswered", "tAbandon"}, "These were answered or abandoned, in time or not. " + foundOnce + handedOn},
	"":                     {all, nil, "Some may be found that had begun, and came into the queue later."},
}

// began is how long before a stretch of time conversations are looked for that were counted in it.
const began = 7 * 24 * time.Hour

// foundAt is the address of the conversations of a figure, of a queue and a stretch of time; without a figure of those that were there.
func foundAt(name, queue string, at conversation.Interval) string {
	q := url.Values{"queue": {queue}, "from": {at.Start.UTC().Format(time.RFC3339)}, "to": {at.End.UTC().Format(time.RFC3339)}}
	if name != "" {
		q.Set("figure", name)
	}
	return "/ui/explore?" + strings.ReplaceAll(q.Encode(), "%3A", ":")
}

// figureAsked is the number that an address of foundAt is of.
type figureAsked struct {
	name, queue string
	at          conversation.Interval
}

func figureOf(q url.Values) (f figureAsked, err error) {
	f.name, f.queue = q.Get("figure"), q.Get("queue")
	if _, ok := countables[f.name]; !ok {
		return f, fault.Field("figure", "figure is one of %s", strings.Join(drawn, ", "))
	}
	for _, end := range []struct {
		field string
		into  *time.Time
	}{{"from", &f.at.Start}, {"to", &f.at.End}} {
		if *end.into, err = conversation.ParseTime(q.Get(end.field)); err != nil {
			return f, fault.Field(end.field, "%s is an instant such as 2026-07-14T00:00:00Z, and not %q", end.field, fault.Clip(q.Get(end.field)))
		}
	}
	if !f.at.End.After(f.at.Start) {
		return f, fault.Field("to", "to is an instant after from")
	}
	return f, nil
}

// bodyOfFigure asks for the conversations of a figure.
func (v *visit) bodyOfFigure(q url.Values) ([]byte, error) {
	f, err := figureOf(q)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(f.request(v.web.cfg.Limits.FilteredInterval))
	return form.Pretty(body), err
}

// from is when the interval of the question begins: before the stretch, because a query does not find what began on days before its
// interval. The interval is no longer than may be asked, unless the stretch is.
func (f figureAsked) from(most time.Duration) time.Time {
	return f.at.Start.Add(-min(began, max(0, most-f.at.Duration())))
}

// request is the question, in an interval of at most so long.
func (f figureAsked) request(most time.Duration) exploreRequest {
	c := countables[f.name]
	r := exploreRequest{Interval: conversation.Interval{Start: f.from(most), End: f.at.End}.String()}
	either := exploreFilter{Type: "or"}
	for _, t := range c.traces {
		either.Clauses = append(either.Clauses, exploreFilter{Type: "and", Predicates: f.predicates(t)})
	}
	r.SegmentFilters = []exploreFilter{either}
	if len(either.Clauses) == 1 {
		r.SegmentFilters = either.Clauses
	}
	if len(c.metrics) == 0 {
		return r
	}
	r.ConversationFilters = []exploreFilter{{Type: "or"}}
	for _, metric := range c.metrics {
		r.ConversationFilters[0].Predicates = append(r.ConversationFilters[0].Predicates, explorePredicate{Metric: metric, Operator: anyhow})
	}
	return r
}

// predicates ask for the segment of a trace.
func (f figureAsked) predicates(t trace) []explorePredicate {
	out := []explorePredicate{{Dimension: "queueId", Value: f.queue}}
	for _, p := range []explorePredicate{{Dimension: "purpose", Value: t.purpose}, {Dimension: "segmentType", Value: t.kind}, {Dimension: "mediaType", Value: t.media}} {
		if p.Value != "" {
			out = append(out, p)
		}
	}
	switch t.ended {
	case "":
	case anyhow, not:
		out = append(out, explorePredicate{Dimension: "disconnectType", Operator: t.ended})
	default:
		out = append(out, explorePredicate{Dimension: "disconnectType", Value: t.ended})
	}
	return append(out, f.end(t.when))
}

// end asks for when a segment ended.
func (f figureAsked) end(when string) explorePredicate {
	p := explorePredicate{Dimension: "segmentEnd"}
	switch when {
	case then:
		p.Range = &exploreRange{GTE: new(f.at.Start.UnixMilli()), LT: new(f.at.End.UnixMilli())}
	case notBefore:
		p.Range = &exploreRange{GTE: new(f.at.Start.UnixMilli())}
	default:
		p.Operator = not
	}
	return p
}

// exploreRequest is a query for conversations, as far as this page asks one.
type exploreRequest struct {
	Interval            string          `json:"interval"`
	SegmentFilters      []exploreFilter `json:"segmentFilters"`
	ConversationFilters []exploreFilter `json:"conversationFilters,omitempty"`
}

type exploreFilter struct {
	Type       string             `json:"type"`
	Predicates []explorePredicate `json:"predicates,omitempty"`
	Clauses    []exploreFilter    `json:"clauses,omitempty"`
}

type explorePredicate struct {
	Dimension string        `json:"dimension,omitzero"`
	Metric    string        `json:"metric,omitzero"`
	Operator  string        `json:"operator,omitzero"`
	Value     string        `json:"value,omitzero"`
	Range     *exploreRange `json:"range,omitzero"`
}

// exploreRange is in milliseconds since 1970.
type exploreRange struct {
	GTE *int64 `json:"gte,omitzero"`
	LT  *int64 `json:"lt,omitzero"`
}

// figureNote says of which number the conversations are, and how they differ from what it counts.
type figureNote struct {
	Of, Differs, Earlier string

	at conversation.Interval
}

// noteOf is the note of an address that bodyOfFigure takes.
func (v *visit) noteOf(q url.Values) (*figureNote, error) {
	f, err := figureOf(q)
	if err != nil {
		return nil, err
	}
	book, err := v.web.cfg.Data.Names(v.ctx(), v.who.Organization, map[names.Kind][]string{names.Queue: {f.queue}})
	if err != nil {
		return nil, err
	}
	const layout = "2 January 2006 15:04"
	title, queue := cmp.Or(figureTitles[f.name], "Conversations"), queueName(book, f.queue)
	earliest := conversation.DayOf(f.from(v.web.cfg.Limits.FilteredInterval)).Start()
	return &figureNote{
		Of:      fmt.Sprintf("%s in the queue %s, %s to %s UTC.", title, queue, f.at.Start.UTC().Format(layout), f.at.End.UTC().Format(layout)),
		Differs: countables[f.name].differs,
		Earlier: "Conversations that began before " + earliest.Format(layout) + " UTC are not found.",
		at:      f.at,
	}, nil
}
