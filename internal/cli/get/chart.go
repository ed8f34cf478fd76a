package get

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/axis"
)

// glyphs are what a bar shows of each phase: shapes, for nobody's terminal has to have colours.
var glyphs = map[string]rune{
	account.SetUp: '·', account.IVR: '~', account.FlowPhase: '~', account.QueuePhase: '░', account.Ringing: ':', account.Dialling: '.',
	account.Talk: '█', account.Present: '─', account.Hold: '▒', account.WrapUpPhase: 'w', account.Voicemail: 'v',
	account.Parked: 'p', account.Scheduled: 's', account.Supervising: 'm', hungUp: leaving,
}

// Other glyphs of a bar.
const (
	otherPhase = '?'
	inFold     = '╱' // nothing, in a fold
	thinFold   = '╌' // somebody is there through a fold
	leaving    = '|'
)

// mostLanes is how many participants have a bar each; of more, those that did alike share one.
const mostLanes = 40

// chart draws a bar a participant on the common axis.
func (p *printer) chart() {
	if len(p.a.Axis) == 0 {
		return
	}
	lanes := p.a.Lanes(mostLanes)
	labels := make([]string, len(lanes))
	wideLabels := 0
	for i, l := range lanes {
		labels[i] = p.label(l, max(p.out.width/4, 12))
		wideLabels = max(wideLabels, wide(labels[i]))
	}
	d := drawing{p.a, p.a.Axis.Scale(), p.out.width - wideLabels - 4} // two before the label, one behind it, one for what ends with the axis
	indent := strings.Repeat(" ", wideLabels+3)
	p.out.line("")
	p.out.text("", "Who did what when"+d.trueScale())
	names, notes := d.lengths()
	p.out.line(indent + names)
	p.out.line(indent + d.ruler())
	used := map[string]bool{}
	for i, l := range lanes {
		p.out.line("  " + labels[i] + strings.Repeat(" ", wideLabels-wide(labels[i])+1) + d.bar(l, used))
	}
	for _, note := range notes {
		p.out.text(indent, note)
	}
	p.out.parts(indent, legend(used, slices.ContainsFunc(lanes, func(l account.Lane) bool { return len(l.Parties) > 1 })))
}

// label is what stands before a bar, of so many characters at most. Parties of one label are told apart by their turns.
func (p *printer) label(l account.Lane, most int) string {
	turn := ""
	if first := p.a.Parties[l.Parties[0]]; len(l.Parties) == 1 && first.Turn > 1 {
		turn = " #" + strconv.Itoa(first.Turn)
	}
	return clip(clean(l.Label), most-wide(turn)) + turn
}

// drawing is the room for bars: so many characters, each of which is a part of the axis.
type drawing struct {
	a     account.Account
	scale axis.Scale
	width int
}

// place is the character in which an instant lies, from 0 to width.
func (d drawing) place(at time.Time) int { return d.column(d.scale.At(at)) }

func (d drawing) column(x float64) int { return int(math.Round(x * float64(d.width))) }

// trueScale says how long all of it is, where the axis is not in proportion.
func (d drawing) trueScale() string {
	whole := account.Length(d.a.Axis[len(d.a.Axis)-1].End.Sub(d.a.Axis[0].Start))
	if len(d.a.Axis) == 1 {
		return ", from " + clock(d.a.Axis[0].Start) + ", " + whole.String()
	}
	return ", from " + clock(d.a.Axis[0].Start) + "; in all " + whole.String() + ", not in proportion"
}

// lengths are how long each stretch is, in words over it; where there is no room, a letter, and the words in a note.
func (d drawing) lengths() (line string, notes []string) {
	out := []rune(strings.Repeat(" ", d.width+1))
	for i, s := range d.a.Axis {
		from, until := d.bounds(i)
		text := said(s)
		if wide(text) > until-from-1 {
			letter := string(rune('a' + len(notes)%26))
			notes = append(notes, letter+": "+text)
			text = letter
		}
		at := from + (until-from-wide(text)+1)/2
		for n, r := range []rune(text) {
			if at+n < len(out) {
				out[at+n] = r
			}
		}
	}
	return string(out), notes
}

// said is what is written over a stretch.
func said(s axis.Stretch) string {
	text := account.Length(s.Length()).String()
	switch {
	case s.Length() == 0:
		return "end"
	case s.Kind == axis.Fold:
		return "folded " + text
	case s.Kind == axis.Lens:
		return "enlarged " + text
	}
	return text
}

func (d drawing) bounds(n int) (from, until int) {
	a, b := d.scale.Bounds(n)
	return d.column(a), d.column(b)
}

// ruler marks the stretches.
func (d drawing) ruler() string {
	out := []rune(strings.Repeat("-", d.width) + "|")
	for i, s := range d.a.Axis {
		from, until := d.bounds(i)
		for n := from; n < until; n++ {
			switch s.Kind {
			case axis.Fold:
				out[n] = inFold
			case axis.Lens:
				out[n] = '='
			case axis.Plain:
			}
		}
		out[from] = '|'
	}
	return string(out)
}

// piece is a state as it is drawn: in the characters from one to another.
type piece struct {
	phase       string
	from, until int
}

// bar draws what the parties of a lane did. Of one party, short states are drawn over long ones, so that each is seen; of many,
// how many of them are there.
func (d drawing) bar(l account.Lane, used map[string]bool) string {
	if len(l.Parties) > 1 {
		return d.area(l)
	}
	party := d.a.Parties[l.Parties[0]]
	pieces := make([]piece, 0, len(party.States))
	for _, s := range party.States {
		pieces = append(pieces, d.piece(s))
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return cmp.Compare(b.until-b.from, a.until-a.from) })
	out := d.empty()
	for _, x := range pieces {
		used[x.phase] = true
		glyph, ok := glyphs[x.phase]
		if !ok {
			glyph = otherPhase
		}
		for n := x.from; n < x.until; n++ {
			if out[n] == inFold || out[n] == thinFold {
				out[n] = thinFold
			} else {
				out[n] = glyph
			}
		}
	}
	if at := party.HungUp; !at.IsZero() {
		n := d.place(at.Time)
		if n > 0 && out[n] != ' ' && out[n] != inFold { // what follows is not hidden by how the leg ended
			n--
		}
		out[n] = leaving
		used[hungUp] = true
	}
	return string(out)
}

func (d drawing) piece(s account.State) piece {
	end := s.End.Time
	if end.IsZero() {
		end = d.a.Axis[len(d.a.Axis)-1].End
	}
	x := piece{s.Phase, min(d.place(s.Start.Time), d.width-1), d.place(end)}
	x.until = max(x.until, x.from+1)
	return x
}

// empty is a bar of which nothing is drawn.
func (d drawing) empty() []rune {
	out := []rune(strings.Repeat(" ", d.width+1))
	for i, s := range d.a.Axis {
		if from, until := d.bounds(i); s.Kind == axis.Fold {
			for n := from; n < until; n++ {
				out[n] = inFold
			}
		}
	}
	return out
}

// heights are how many of a lane are there, from none to all.
var heights = []rune(" ▁▂▃▄▅▆▇█")

// area draws how many of the parties are there.
func (d drawing) area(l account.Lane) string {
	changes := make([]int, d.width+1)
	for _, i := range l.Parties {
		for _, s := range d.a.Parties[i].States {
			x := d.piece(s)
			changes[x.from]++
			changes[min(x.until, d.width)]--
		}
	}
	out := d.empty()
	there := 0
	for n := range d.width {
		if there += changes[n]; there > 0 {
			out[n] = heights[max(1, min(len(heights)-1, there*(len(heights)-1)/len(l.Parties)))]
		}
	}
	return string(out)
}

// hungUp is what a leaving is called among the phases that were drawn.
const hungUp = "hung up"

// legend says what the glyphs that were drawn mean.
func legend(used map[string]bool, areas bool) (parts []string) {
	for phase := range used {
		glyph, ok := glyphs[phase]
		if !ok {
			glyph = otherPhase
		}
		if phase == account.Present {
			phase = "there, from outside"
		}
		parts = append(parts, string(glyph)+" "+phase)
	}
	slices.Sort(parts)
	if areas {
		parts = append(parts, "▃ how many of them are there")
	}
	return parts
}
