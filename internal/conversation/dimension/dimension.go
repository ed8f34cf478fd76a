// Package dimension is the one list of what a conversation, a segment, an evaluation, a survey and a resolution say of
// themselves: the platform's dimensions and metrics, and members of the record that nobody can ask of but that have a column.
//
// A line says how requests name it, of what type it is, where it comes from in the record, how it is read, and which column
// of the lake has it. What may be asked follows from the lines that have a name, in package query; the engine in memory
// reads by their getters; the lake makes columns of those that have one, in the order of the list; the pages of the
// documentation list them.
//
// What is derived from a whole record is not here: conversation.Summarize does that, and the lake has columns of its own
// for it. How values compare, and what is asked of them, is left to queries and engines.
package dimension

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Kind is what an item is.
type Kind string

// The kinds. A segment has with it what its session, the flow in it and its participant say.
const (
	Conversation Kind = "conversation"
	Segment      Kind = "segment"
	Evaluation   Kind = "evaluation"
	Survey       Kind = "survey"
	Resolution   Kind = "resolution"
	Emission     Kind = "emission" // of a metric by a session
)

// Item is what a dimension is read from: a conversation, or an element of one of its lists with what it belongs to. Which of
// the members are there follows from the kind: the conversation always, its id, start and end being those of its record's
// head; a segment with its session, flow and participant; an emission with the same but the segment; an evaluation, a survey or a
// resolution.
type Item struct {
	ID           conversation.ID
	Start, End   time.Time // End is zero while the conversation goes on
	Conversation *conversation.Conversation
	Participant  *conversation.Participant
	Session      *conversation.Session
	Flow         *conversation.Flow // FlowOf the session
	Segment      *conversation.Segment
	Evaluation   *conversation.Evaluation
	Survey       *conversation.Survey
	Resolution   *conversation.Resolution
	Emitted      time.Time // of an emission: when, to the microsecond
}

// noFlow is the flow of a session in which none ran.
var noFlow conversation.Flow

// FlowOf is the flow that ran in a session, and one that says nothing when none did.
func FlowOf(s *conversation.Session) *conversation.Flow {
	if s.Flow == nil {
		return &noFlow
	}
	return s.Flow
}

// Type is how the values of a dimension compare with what a request asks.
type Type string

// The types. Texts compare without regard to case.
const (
	Text    Type = "text"
	Truth   Type = "boolean" // "true" or "false"
	Number  Type = "number"  // equality with a decimal, or a range
	Instant Type = "date"    // equality with an ISO 8601 instant, or a range of milliseconds since 1970
	Email   Type = "address" // the whole text, or all before or all behind the @; in jobs a beginning too
	Phone   Type = "phone"   // the text, or its digits without tel:, + and punctuation
)

// Getter reads the values that an item has in a dimension: none when the record does not say.
//
//sumtype:decl
type Getter interface{ getter() }

type (
	// TextOf reads a text; an empty one is none.
	TextOf func(*Item) string
	// TextsOf reads a list of texts. An empty one among them is none; it keeps lists made from one array in step.
	TextsOf func(*Item) []string
	// TruthOf reads a truth; nil is none.
	TruthOf func(*Item) *bool
	// NumberOf reads a whole number; nil is none.
	NumberOf func(*Item) *int64
	// NumbersOf reads a list of whole numbers.
	NumbersOf func(*Item) []int64
	// DecimalOf reads a number; nil is none.
	DecimalOf func(*Item) *float64
	// InstantOf reads a time as the platform writes it; one that cannot be understood is none.
	InstantOf func(*Item) string
	// TimeOf reads a time; the zero time is none.
	TimeOf func(*Item) time.Time
	// Emitted names a metric that sessions emit. Of times and counts a conversation has the sum, of observed values each
	// one.
	Emitted string
)

func (TextOf) getter()    {}
func (TextsOf) getter()   {}
func (TruthOf) getter()   {}
func (NumberOf) getter()  {}
func (NumbersOf) getter() {}
func (DecimalOf) getter() {}
func (InstantOf) getter() {}
func (TimeOf) getter()    {}
func (Emitted) getter()   {}

// Dimension is a line of the list. What is left out of it follows from the rest.
type Dimension struct {
	Name   string // as requests name it; empty if none can ask of it
	From   string // where it is in the record: "session.callbackNumbers[]"; more may follow after a semicolon
	Type   Type   // left out: that of the values
	Metric bool
	Always bool   // every item has a value
	Column string // of the table of its kind; left out: the last name in From; empty for what sessions emit, which is in metrics
	Doc    string // what the column is, for people; left out: where it is in the item
	Get    Getter
}

// List says that an item can have several values: any of them matches.
func (d Dimension) List() bool {
	switch get := d.Get.(type) {
	case TextsOf, NumbersOf:
		return true
	case Emitted:
		return get[0] == 'o'
	default:
		return false
	}
}

// OfSession says that all segments of a session say the same: it is said by the session, its flow or its participant.
func (d Dimension) OfSession() bool {
	return strings.HasPrefix(d.From, "session.") || strings.HasPrefix(d.From, "participant.")
}

// Of lists what items of a kind say, in the order of their columns. The list must not be changed.
func Of(kind Kind) []Dimension { return lists[kind] }

// Columns yields those that have a column of their own, in order. Of two that share one it is the first.
func Columns(kind Kind) iter.Seq[Dimension] {
	return func(yield func(Dimension) bool) {
		seen := make(map[string]bool)
		for _, d := range lists[kind] {
			if d.Column == "" || seen[d.Column] {
				continue
			}
			if seen[d.Column] = true; !yield(d) {
				return
			}
		}
	}
}

var lists = map[Kind][]Dimension{
	Conversation: complete(slices.Concat(conversations, emitted())),
	Segment:      complete(segments),
	Evaluation:   complete(evaluations),
	Survey:       complete(surveys),
	Resolution:   complete(resolutions),
	Emission:     complete(emissions()),
}

// complete fills in what the lines leave out.
func complete(list []Dimension) []Dimension {
	for i := range list {
		d := &list[i]
		if d.Type == "" {
			d.Type = typeOf(d.Get)
		}
		if _, ok := d.Get.(Emitted); ok {
			continue
		}
		path, _, _ := strings.Cut(d.From, ";")
		path = strings.TrimSuffix(path, "[]")
		if d.Column == "" {
			d.Column = snake(path[strings.LastIndexByte(path, '.')+1:])
		}
		if d.Doc == "" {
			_, d.Doc, _ = strings.Cut(path, ".")
		}
	}
	return list
}

func typeOf(get Getter) Type {
	switch get.(type) {
	case TruthOf:
		return Truth
	case NumberOf, NumbersOf, DecimalOf, Emitted:
		return Number
	case InstantOf, TimeOf:
		return Instant
	default:
		return Text
	}
}

// snake writes camelCase as snake_case.
func snake(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// between is the time from start to end in milliseconds; nil while one is unknown.
func between(start, end time.Time) *int64 {
	if start.IsZero() || end.IsZero() {
		return nil
	}
	ms := end.Sub(start).Milliseconds()
	return &ms
}

func parsed(s string) time.Time {
	t, _ := conversation.ParseTime(s)
	return t
}

// pick gives one text of each element, so that lists made from one array stay in step.
func pick[E any](elements []E, get func(E) string) []string {
	if len(elements) == 0 {
		return nil
	}
	out := make([]string, len(elements))
	for i, e := range elements {
		out[i] = get(e)
	}
	return out
}
