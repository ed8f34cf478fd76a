// Package drawing makes what the page of a conversation shows, of its account: lanes of bars on one axis of time, lines between them, steps
// and checks.
//
// All of it is pure. What is drawn depends on the conversation and on how somebody looks at it (View), which is in the address of the
// page, so that everything drawn can lead somewhere. Places are parts of the width, from 0 to 1.
package drawing

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/axis"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Timeline is the drawing of a conversation: lanes on the axis that all share. Places are from 0 to 1.
type Timeline struct {
	ID        conversation.ID `json:"conversationId"`
	Scale     string          `json:"scale"`
	Whole     string          `json:"lasted"` // all of it, in words
	Start     string          `json:"-"`      // the day on which it begins
	From      string          `json:"from,omitzero"`
	To        string          `json:"to,omitzero"` // both of what is shown
	Zoomed    bool            `json:"zoomed"`
	Stretches []Stretch       `json:"stretches"`
	Lanes     []Lane          `json:"lanes"`
	Ties      []Tie           `json:"ties"`
	Strip     []Span          `json:"-"` // what happens when, true to scale
	Window    Span            `json:"-"` // the part of the strip that is shown
	First     int64           `json:"-"` // where the strip begins, in milliseconds since 1970
	Until     int64           `json:"-"` // where it ends
	Legend    []string        `json:"-"` // kinds that are drawn

	In, Out, All string `json:"-"` // addresses that enlarge, show more, show all; empty where there is nothing to do
}

// Span is a part of a line.
type Span struct {
	X float64 `json:"x"`
	W float64 `json:"w"`
}

// Stretch is a part of the axis with its ruler.
type Stretch struct {
	Span

	Kind  axis.Kind `json:"kind"`
	From  int64     `json:"from"` // milliseconds since 1970
	To    int64     `json:"to"`
	Text  string    `json:"text"`          // how long it is, in words
	Fold  int       `json:"fold,omitzero"` // its number, if it is a fold, or was one and is opened
	Ticks []Tick    `json:"ticks"`

	Address string  `json:"-"` // that opens the fold, or closes it
	Knots   []int64 `json:"-"` // where it is not linear: instants at places that are equally far apart
}

// Tick is a line of a ruler, with its text, if there is room.
type Tick struct {
	X    float64 `json:"x"`
	Text string  `json:"text"`
}

// Lane is what one party did, or many that did alike.
type Lane struct {
	Label string    `json:"label"`
	About string    `json:"about"`
	Party int       `json:"party"`   // the place of the first in the record
	Count int       `json:"parties"` // how many share it
	Bars  []Bar     `json:"bars"`
	Area  *Area     `json:"area,omitzero"` // in place of bars, where there are many
	Errs  []float64 `json:"errors,omitzero"`
	Hung  []float64 `json:"hungUp,omitzero"`
	Marks []float64 `json:"metrics,omitzero"` // when they were emitted
	From  []string  `json:"sourceConversationIds,omitzero"`
	To    []string  `json:"destinationConversationIds,omitzero"`
	Links []Link    `json:"-"` // that open a lane of many, and turn its pages
	Turn  string    `json:"-"` // the end of the label that tells it from others of its name, as #2; empty if there is none
}

// Link is a text that leads somewhere.
type Link struct{ Text, Address string }

// Bar is a segment, or some that are too short to be told apart.
type Bar struct {
	Span

	ID      string `json:"segment,omitzero"` // its place in the record
	Count   int    `json:"segments"`
	Class   string `json:"kind"`
	Open    bool   `json:"open,omitzero"` // it goes on, in a conversation that does
	Label   string `json:"label"`         // for those who cannot see it
	Text    string `json:"-"`             // that fits into it, if any
	Short   string `json:"-"`             // that fits on a small screen
	From    int64  `json:"from"`          // milliseconds since 1970
	To      int64  `json:"to"`
	Solid   []Span `json:"-"`
	Thin    []Span `json:"-"` // through folds, in which nothing happens
	Text0   Span   `json:"-"` // where the text stands
	Chosen  bool   `json:"-"`
	Address string `json:"-"`

	start, end time.Time
}

// mostLanes is how many parties have a lane each; of more, those that did alike share one, of which openedAtOnce are shown alone
// where somebody opens it.
const (
	mostLanes    = 40
	openedAtOnce = 100
)

// mostBars is how many segments of a lane are drawn one by one; of more, only how many there are at each place. The more lanes, the
// fewer, but for leastBars: a page with barsInAll of them is as large as browsers draw at once (2,000 full lanes took 1.8 s).
const (
	mostBars  = 400
	leastBars = 24
	barsInAll = 3000
	mostMarks = 200 // metrics of a lane
)

// scaling says where an instant is drawn.
type scaling struct {
	axis  axis.Axis
	scale axis.Scale
	folds []int   // the number of each stretch of the axis that is a fold, or was one
	steps bool    // each instant is equally wide
	pixel float64 // what is narrower is not told apart
}

// scaleOf is the axis by which a conversation is drawn.
func (m *Model) scaleOf(w *View) (scaling, error) {
	s := scaling{axis: m.Account.Axis, pixel: 1 / float64(w.Width)}
	switch w.Scale {
	case "steps":
		s.steps = true
		s.axis, s.scale = axis.Steps(m.instants())
	case "true":
		s.axis = s.axis.Straight()
		s.scale = s.axis.Scale()
	default:
		s.folds = foldsOf(s.axis)
		s.axis = s.axis.Open(w.Open...)
		s.scale = s.axis.Scale()
	}
	if w.From.IsZero() && w.To.IsZero() || len(s.axis) == 0 {
		return s, nil
	}
	from, until := 0.0, 1.0
	if !w.From.IsZero() {
		from = s.scale.At(w.From)
	}
	if !w.To.IsZero() {
		until = s.scale.At(w.To)
	}
	if until <= from {
		return s, fault.Field("from", "nothing of the conversation lies between from and to")
	}
	s.scale = s.scale.Part(from, until)
	return s, nil
}

// foldsOf numbers the folds of an axis.
func foldsOf(a axis.Axis) []int {
	out, n := make([]int, len(a)), 0
	for i, st := range a {
		if st.Kind == axis.Fold {
			n++
			out[i] = n
		}
	}
	return out
}

// instants are those at which something changes.
func (m *Model) instants() []time.Time {
	var spans []axis.Span
	var marks []time.Time
	for p, party := range m.Account.Parties {
		for _, st := range party.States {
			spans = append(spans, axis.Span{Start: st.Start.Time, End: st.End.Time})
		}
		marks = append(marks, m.parties[p].marks...)
	}
	return axis.Instants(spans, append(marks, m.until))
}

// seen clips a part of a line to what is shown; false if it lies outside.
func (p Span) seen() (Span, bool) {
	from, until := max(p.X, 0), min(p.X+p.W, 1)
	return Span{from, until - from}, until >= from
}

// cut parts a line at the folds that it goes through.
func (s scaling) cut(start, end time.Time) (solid, thin []Span) {
	at, last := s.scale.At(start), s.scale.At(end)
	add := func(to *[]Span, from, until float64) {
		if p, ok := (Span{from, max(until-from, 0)}).seen(); ok {
			*to = append(*to, p)
		}
	}
	for n, st := range s.axis {
		if s.steps {
			break
		}
		if st.Kind != axis.Fold || start.After(st.Start) || end.Before(st.End) {
			continue
		}
		from, until := s.scale.Bounds(n)
		if from > at {
			add(&solid, at, from)
		}
		add(&thin, from, until)
		at = until
	}
	if last > at || len(solid)+len(thin) == 0 {
		add(&solid, at, last)
	}
	return solid, thin
}

// Draw makes the drawing of a conversation as somebody looks at it.
func (m *Model) Draw(w *View) (Timeline, error) {
	d := Timeline{ID: m.Account.ID, Scale: w.Scale, Stretches: []Stretch{}, Lanes: []Lane{}, Ties: []Tie{}}
	if len(m.Account.Axis) == 0 {
		return d, nil
	}
	s, err := m.scaleOf(w)
	if err != nil {
		return d, err
	}
	first := m.Account.Axis[0].Start
	d.Whole, d.Start = account.Length(m.until.Sub(first)).String(), first.UTC().Format("2 Jan 2006")
	d.Stretches = s.stretches(w)
	d.strip(m, s)
	d.zoom(s, w)
	p := painter{Model: m, s: s, w: w, used: map[string]bool{}}
	d.Lanes = p.lanes()
	d.Ties = p.ties(d.Lanes)
	for _, k := range kinds {
		if p.used[k] {
			d.Legend = append(d.Legend, k)
		}
	}
	return d, nil
}

// strip is the line that stays true to scale, with the part of it that is shown.
func (d *Timeline) strip(m *Model, s scaling) {
	first := m.Account.Axis[0].Start
	d.First, d.Until = first.UnixMilli(), m.until.UnixMilli()
	whole := float64(max(m.until.Sub(first), 1))
	part := func(from, until time.Time) Span {
		return Span{float64(from.Sub(first)) / whole, float64(until.Sub(from)) / whole}
	}
	for _, st := range m.Account.Axis {
		if st.Kind != axis.Fold {
			d.Strip = append(d.Strip, part(st.Start, st.End))
		}
	}
	from, until := s.time(0), s.time(1)
	d.From, d.To, d.Window = conversation.FormatTime(from), conversation.FormatTime(until), part(from, until)
}

// zoom makes the addresses that show less of the time, or more.
func (d *Timeline) zoom(s scaling, w *View) {
	d.Zoomed = !w.From.IsZero() || !w.To.IsZero()
	d.In = s.part(w, 0.25, 0.75)
	if d.Zoomed {
		d.Out, d.All = s.part(w, -0.5, 1.5), w.With("from", "", "to", "")+Anchor
	}
}

// Anchor is where browsers scroll when another part of the time is shown.
const Anchor = "#timeline"

// time is the instant at a place, as exactly as addresses have it.
func (s scaling) time(x float64) time.Time { return s.scale.Time(x).Round(time.Millisecond) }

// part is the address of a part of the drawing; empty where it is too short to be named.
func (s scaling) part(w *View, from, until float64) string {
	at, end := s.time(from), s.time(until)
	if end.Sub(at) < time.Millisecond {
		return ""
	}
	if first, last := s.axis[0].Start, s.axis[len(s.axis)-1].End; !at.After(first) && !end.Before(last) {
		return w.With("from", "", "to", "") + Anchor
	}
	return w.With("from", conversation.FormatTime(at), "to", conversation.FormatTime(end)) + Anchor
}

// rounded are places of which no two lie closer than a pixel, and so many at most.
func (s scaling) rounded(at []float64) []float64 {
	slices.Sort(at)
	var out []float64
	for _, x := range at {
		if x < 0 || x > 1 || len(out) > 0 && x-out[len(out)-1] < s.pixel {
			continue
		}
		if len(out) == mostMarks {
			break
		}
		out = append(out, x)
	}
	return out
}

// Called is the label without the turn, which must not be cut where the name is long.
func (l Lane) Called() string { return strings.TrimSuffix(l.Label, " "+l.Turn) }
