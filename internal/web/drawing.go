package web

import (
	"slices"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/axis"
)

// drawing is the lanes of a conversation on their axis. Places are from 0 to 1.
type drawing struct {
	Whole     string    // how long all of it is
	Start     string    // when it begins
	Strip     []span    // what happens when, true to scale
	Stretches []stretch // of the axis
	Lanes     []lane
	Legend    []string // kinds that are drawn
}

// span is a part of a line.
type span struct{ X, W float64 }

// stretch is a part of the axis with its ruler.
type stretch struct {
	span

	Kind  axis.Kind
	Text  string // how long it is, in words
	Ticks []tick
}

type tick struct {
	X    float64
	Text string
}

// lane is what one party did, or many that did alike.
type lane struct {
	Label string
	About string
	Bars  []bar
	Errs  []float64
	Hung  []float64
	Marks []float64 // metrics, when they were emitted
}

// bar is a segment.
type bar struct {
	ID      string // place of its party, session and segment in the record
	Class   string
	Label   string // for those who cannot see it
	Text    string // that fits into it, if any
	Short   string // that fits on a small screen
	Solid   []span
	Thin    []span // through folds, in which nothing happens
	Text0   span   // where the text stands
	Chosen  bool
	Address string
}

// mostLanes is how many parties have a lane each; of more, those that did alike share one.
const mostLanes = 40

// scaling says where an instant is drawn.
type scaling struct {
	axis  axis.Axis
	scale axis.Scale
}

// scaleOf is the axis by which a conversation is drawn: folded, or true to scale.
func scaleOf(a axis.Axis, how string) scaling {
	if how == "true" && len(a) > 1 {
		a = axis.Axis{{Kind: axis.Plain, Start: a[0].Start, End: a[len(a)-1].End, Instants: 2}}
	}
	return scaling{a, a.Scale()}
}

// bounds are where a stretch lies.
func (s scaling) bounds(n int) span {
	from, until := s.scale.Bounds(n)
	return span{from, until - from}
}

// cut parts a line at the folds that it goes through.
func (s scaling) cut(start, end time.Time) (solid, thin []span) {
	at, last := s.scale.At(start), s.scale.At(end)
	for n, st := range s.axis {
		if st.Kind != axis.Fold || start.After(st.Start) || end.Before(st.End) {
			continue
		}
		from, until := s.scale.Bounds(n)
		if from > at {
			solid = append(solid, span{at, from - at})
		}
		thin, at = append(thin, span{from, until - from}), until
	}
	if last > at || len(solid) == 0 {
		solid = append(solid, span{at, max(last-at, 0)})
	}
	return solid, thin
}

// draw makes the drawing of an account. Chosen is the id of a segment, if one is looked at.
func (b *conversationBody) draw(chosen string) drawing {
	a, s := b.account, scaleOf(b.account.Axis, b.Scale)
	var d drawing
	if len(a.Axis) == 0 {
		return d
	}
	first, last := a.Axis[0].Start, a.Axis[len(a.Axis)-1].End
	d.Whole, d.Start = account.Length(last.Sub(first)).String(), first.UTC().Format("2 Jan 2006")
	whole := float64(max(last.Sub(first), 1))
	for n, st := range s.axis {
		d.Stretches = append(d.Stretches, s.stretch(n))
		if st.Kind != axis.Fold {
			d.Strip = append(d.Strip, span{float64(st.Start.Sub(first)) / whole, float64(st.Length()) / whole})
		}
	}
	used := map[string]bool{}
	for _, l := range a.Lanes(mostLanes) {
		d.Lanes = append(d.Lanes, b.lane(l, s, chosen, used))
	}
	for _, k := range kinds {
		if used[k] {
			d.Legend = append(d.Legend, k)
		}
	}
	return d
}

// stretch is the ruler of a stretch.
func (s scaling) stretch(n int) stretch {
	st := s.axis[n]
	out := stretch{span: s.bounds(n), Kind: st.Kind, Text: account.Length(st.Length()).String()}
	switch {
	case st.Kind == axis.Fold:
		return out
	case st.Length() == 0: // the end of what lasted through a fold
		out.Text = ""
		return out
	case n == 0 && len(s.axis) > 1:
		out.Text = "first " + out.Text
	case n > 0:
		out.Text = "then " + out.Text
	}
	step := stepOf(st.Length(), out.W)
	if step == 0 {
		return out
	}
	from := st.Start.Truncate(step)
	if st.Kind == axis.Lens { // its instants are told from its start
		from = st.Start
	}
	for at := from; !at.After(st.End); at = at.Add(step) {
		if at.Before(st.Start) {
			continue
		}
		out.Ticks = append(out.Ticks, tick{s.scale.At(at), tickText(at, st, step)})
	}
	return out
}

func tickText(at time.Time, st axis.Stretch, step time.Duration) string {
	switch {
	case st.Kind == axis.Lens:
		return account.Length(at.Sub(st.Start)).String()
	case step >= 24*time.Hour:
		return at.UTC().Format("2 Jan")
	case step < time.Minute:
		return at.UTC().Format("15:04:05")
	}
	return at.UTC().Format("15:04")
}

// steps are the distances that ticks may have.
var steps = []time.Duration{
	10 * time.Millisecond, 100 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour,
}

// ticksMost is how many ticks fit on a ruler as wide as the drawing.
const ticksMost = 10

// stepOf is the least distance of ticks that leaves room for their texts; 0 if none does.
func stepOf(long time.Duration, width float64) time.Duration {
	most := int(width * ticksMost)
	if most < 1 || long <= 0 {
		return 0
	}
	for _, step := range steps {
		if long/step <= time.Duration(most) {
			return step
		}
	}
	return 0
}

// kinds are the families of phases, which have a colour each, in the order of the legend.
var kinds = []string{"talk", "outside", "waiting", "hold", "ringing", "flow", "wrap-up", "set-up"}

var kindOfPhase = map[string]string{
	account.Talk: "talk", account.Supervising: "talk", account.Present: "outside", account.QueuePhase: "waiting", account.Scheduled: "waiting", account.Parked: "waiting",
	account.Hold: "hold", account.Ringing: "ringing", account.Dialling: "ringing", account.IVR: "flow", account.FlowPhase: "flow", account.Voicemail: "flow",
	account.WrapUpPhase: "wrap-up",
}

func kindOf(phase string) string {
	if k := kindOfPhase[phase]; k != "" {
		return k
	}
	return "set-up"
}

// lane draws the bars of one party, or of all that share a lane.
func (b *conversationBody) lane(l account.Lane, s scaling, chosen string, used map[string]bool) lane {
	out := lane{Label: l.Label}
	first := b.account.Parties[l.Parties[0]]
	out.About = first.Purpose
	if len(first.Media) > 0 {
		out.About += " · " + first.Media[0]
	}
	for _, p := range l.Parties {
		party := b.account.Parties[p]
		for _, st := range party.States {
			used[kindOf(st.Phase)] = true
			out.Bars = append(out.Bars, b.bar(p, l.Label, st, s, chosen))
			if b.segment(p, st).ErrorCode != "" {
				out.Errs = append(out.Errs, s.scale.At(st.Start.Time))
			}
		}
		if !party.HungUp.IsZero() {
			out.Hung = append(out.Hung, s.scale.At(party.HungUp.Time))
		}
		out.Marks = append(out.Marks, b.marks(p, s)...)
	}
	slices.Sort(out.Marks)
	out.Marks = slices.Compact(out.Marks)
	return out
}

// bar draws a segment.
func (b *conversationBody) bar(party int, label string, st account.State, s scaling, chosen string) bar {
	end := st.End.Time
	if end.IsZero() || end.Before(st.Start.Time) {
		end = b.until
	}
	id := place(party, st)
	lasted := account.Length(end.Sub(st.Start.Time)).String()
	out := bar{ID: id, Class: kindOf(st.Phase), Chosen: id == chosen, Address: b.address(map[string]string{"seg": id}) + "#s" + id}
	out.Label = label + ": " + st.Phase + ", " + lasted + ", from " + st.Start.UTC().Format("15:04:05")
	out.Solid, out.Thin = s.cut(st.Start.Time, end)
	for _, p := range out.Solid {
		if p.W >= out.Text0.W {
			out.Text0 = p
		}
	}
	out.Text, out.Short = fits(st.Phase, lasted, out.Text0.W*960), fits(st.Phase, lasted, out.Text0.W*580)
	return out
}

// fits is what can be written into so many pixels: all, how long, or nothing.
func fits(phase, lasted string, room float64) string {
	switch all := phase + " " + lasted; {
	case room > float64(14+7*len(all)):
		return all
	case room > float64(12+7*len(lasted)):
		return lasted
	}
	return ""
}

// place names a segment by where it is in the record.
func place(party int, st account.State) string {
	return strconv.Itoa(party) + "." + strconv.Itoa(st.Session) + "." + strconv.Itoa(st.Segment)
}
