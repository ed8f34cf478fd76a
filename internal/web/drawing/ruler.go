package drawing

import (
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/axis"
)

// stretches are the rulers of all that is shown of the axis.
func (s scaling) stretches(w *View) []Stretch {
	if s.steps {
		return []Stretch{s.instants()}
	}
	out := []Stretch{}
	for n := range s.axis {
		from, until := s.scale.Bounds(n)
		if part, ok := (Span{from, until - from}).seen(); ok && (part.W > 0 || until == from) {
			out = append(out, s.stretch(n, part, w))
		}
	}
	keepApart(out)
	return out
}

// textWidth is as much of the drawing as the text of a tick takes.
const textWidth = 0.055

// keepApart takes the texts of ticks away that would meet the text of the tick before, as where one stretch follows another.
func keepApart(stretches []Stretch) {
	last := -1.0
	for i := range stretches {
		for j := range stretches[i].Ticks {
			switch t := &stretches[i].Ticks[j]; {
			case t.Text == "":
			case t.X-last < textWidth:
				t.Text = ""
			default:
				last = t.X
			}
		}
	}
}

// stretch is the ruler of one of them, of which a part is shown.
func (s scaling) stretch(n int, part Span, w *View) Stretch {
	st := s.axis[n]
	out := Stretch{Span: part, Kind: st.Kind, Text: account.Length(st.Length()).String(), Ticks: []Tick{}, From: st.Start.UnixMilli(), To: st.End.UnixMilli()}
	if n < len(s.folds) && s.folds[n] > 0 {
		out.Fold = s.folds[n]
		out.Address = w.With("open", w.foldsWith(out.Fold)) + Anchor
	}
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
	out.Ticks = s.ticks(st, part)
	return out
}

// ticks are those of what is shown of a stretch.
func (s scaling) ticks(st axis.Stretch, part Span) []Tick {
	from, until := s.scale.Time(part.X), s.scale.Time(part.X+part.W)
	if from.Before(st.Start) {
		from = st.Start
	}
	if until.After(st.End) {
		until = st.End
	}
	step := stepOf(until.Sub(from), part.W)
	if step == 0 {
		return []Tick{}
	}
	at := from.Truncate(step)
	if st.Kind == axis.Lens { // its instants are told from its start
		at = st.Start.Add(from.Sub(st.Start).Truncate(step))
	}
	out := []Tick{}
	for ; !at.After(until); at = at.Add(step) {
		if !at.Before(from) {
			out = append(out, tickAt(s.scale.At(at), tickText(at, st, step)))
		}
	}
	return out
}

// knots is of how many places script is told the instant, where each step is equally wide.
const knots = 101

// instants is the ruler on which each instant is equally wide: it tells when some of them are.
func (s scaling) instants() Stretch {
	out := Stretch{Span: Span{0, 1}, Kind: axis.Plain, Ticks: []Tick{}, From: s.scale.Time(0).UnixMilli(), To: s.scale.Time(1).UnixMilli()}
	first, shown := s.axis[0].Start, 0
	gap := max(1.0/ticksMost, s.pixel)
	for n, last := 0, -1.0; n < len(s.axis); n++ {
		x, _ := s.scale.Bounds(n)
		if x < 0 || x > 1 {
			continue
		}
		if shown++; last < 0 || x-last >= gap {
			out.Ticks, last = append(out.Ticks, tickAt(x, "+"+account.Length(s.axis[n].Start.Sub(first)).String())), x
		}
	}
	for n := range knots {
		out.Knots = append(out.Knots, s.scale.Time(float64(n)/(knots-1)).UnixMilli())
	}
	out.Text = strconv.Itoa(shown) + " steps, equally wide however long they are"
	return out
}

// tickAt is a tick. At the right end there is no room for its text.
func tickAt(x float64, text string) Tick {
	const room = 0.98
	if x > room {
		text = ""
	}
	return Tick{x, text}
}

func tickText(at time.Time, st axis.Stretch, step time.Duration) string {
	switch {
	case st.Kind == axis.Lens:
		return account.Length(at.Sub(st.Start)).String()
	case step >= 24*time.Hour:
		return at.UTC().Format("2 Jan")
	case step < time.Second:
		return at.UTC().Format("15:04:05.000")
	case step < time.Minute:
		return at.UTC().Format("15:04:05")
	}
	return at.UTC().Format("15:04")
}

// steps are the distances that ticks may have.
var steps = []time.Duration{
	time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute,
	5 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour,
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
