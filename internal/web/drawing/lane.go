package drawing

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/web/words"
)

// painter draws the lanes of a conversation as somebody looks at it.
type painter struct {
	*Model

	s    scaling
	w    *View
	used map[string]bool // kinds that are drawn
	most int             // segments of a lane that are drawn one by one
}

// lanes draws all of them. The party that is looked at has one of its own, and so have some parties of a lane that is opened.
func (p *painter) lanes() []Lane {
	lanes := p.plan()
	p.most = min(mostBars, max(leastBars, barsInAll/max(len(lanes), 1)))
	out := make([]Lane, len(lanes))
	for i, l := range lanes {
		if len(l.Parties) > 1 {
			out[i] = p.many(l, l.Parties[0] == p.w.Lane)
		} else {
			out[i] = p.single(l.Parties[0])
		}
	}
	return out
}

// plan says who is on which lane.
func (p *painter) plan() (out []account.Lane) {
	var single []int
	if n := p.w.Segment.party; n >= 0 && n < len(p.Account.Parties) {
		single = append(single, n)
	}
	for _, l := range p.Account.Lanes(mostLanes, single...) {
		if out = append(out, l); len(l.Parties) == 1 || l.Parties[0] != p.w.Lane {
			continue
		}
		from := min(p.w.More, len(l.Parties))
		for _, party := range l.Parties[from:min(from+openedAtOnce, len(l.Parties))] {
			out = append(out, account.Lane{Parties: []int{party}})
		}
	}
	return out
}

// Name is what a party is called; of several of one name the later ones have numbers.
func (m *Model) Name(party int) string {
	p := &m.Account.Parties[party]
	if turn := turnOf(p); turn != "" {
		return p.Label + " " + turn
	}
	return p.Label
}

// turnOf is the number of a party whose name others have had before it.
func turnOf(p *account.Party) string {
	if p.Turn > 1 {
		return "#" + strconv.Itoa(p.Turn)
	}
	return ""
}

// single draws a lane of one party.
func (p *painter) single(party int) Lane {
	a, more := &p.Account.Parties[party], &p.parties[party]
	out := Lane{Label: p.Name(party), Turn: turnOf(a), About: about(a), Party: party, Count: 1, From: more.from, To: more.to}
	out.Links = elsewhere(more)
	if len(out.Links) > 0 {
		out.About = a.Purpose
	}
	out.Bars = p.bars(party)
	if len(out.Bars) > p.most {
		out.Bars, out.Area = []Bar{}, p.area([]int{party})
		out.Area.Label = fmt.Sprintf("%s: %s segments, at most %d at once", out.Label, words.Count(int64(len(a.States))), out.Area.Most)
		out.Area.Address = "#steps"
	}
	var errs, marks []float64
	for i, st := range a.States {
		if more.states[i].failed {
			errs = append(errs, p.s.scale.At(st.Start.Time))
		}
	}
	for _, at := range more.marks {
		marks = append(marks, p.s.scale.At(at))
	}
	out.Errs, out.Marks = p.s.rounded(errs), p.s.rounded(marks)
	if !a.HungUp.IsZero() {
		out.Hung = p.s.rounded([]float64{p.s.scale.At(a.HungUp.Time)})
	}
	return out
}

// Address is that of the page of a conversation.
func Address(id string) string { return "/ui/conversation/" + url.PathEscape(id) }

// elsewhere are links to the conversations from which a party came, and to which it went.
func elsewhere(more *partyMore) (out []Link) {
	for _, id := range more.from {
		out = append(out, Link{"from " + words.Short(id), Address(id)})
	}
	for _, id := range more.to {
		out = append(out, Link{"to " + words.Short(id), Address(id)})
	}
	return out
}

// about says in a word or two what a party is.
func about(p *account.Party) string {
	return strings.Join(append([]string{p.Purpose}, p.Media[:min(1, len(p.Media))]...), " · ")
}

// many draws the lane of parties that did alike, and the links that open it.
func (p *painter) many(l account.Lane, open bool) Lane {
	first := l.Parties[0]
	out := Lane{Label: l.Label, About: about(&p.Account.Parties[first]), Party: first, Count: len(l.Parties), Bars: []Bar{}, Area: p.area(l.Parties)}
	out.Area.Label = fmt.Sprintf("%s: at most %d at once", l.Label, out.Area.Most)
	at := func(more int) string {
		return p.w.With("lane", strconv.Itoa(first), "more", strconv.Itoa(max(more, 0))) + "#l" + strconv.Itoa(first)
	}
	out.Area.Address = at(0)
	if !open {
		out.Links = []Link{{"open", at(0)}}
		return out
	}
	if p.w.More > 0 {
		out.Links = append(out.Links, Link{"earlier", at(p.w.More - openedAtOnce)})
	}
	until := min(p.w.More+openedAtOnce, len(l.Parties))
	out.About = fmt.Sprintf("%d to %d below", min(p.w.More+1, until), until)
	if until < len(l.Parties) {
		out.Links = append(out.Links, Link{"later", at(until)})
	}
	out.Area.Address = p.w.With("lane", "", "more", "")
	out.Links = append(out.Links, Link{"close", out.Area.Address})
	return out
}

// sharedWidth is how wide a bar of several segments is at most, in pixels: one that is wider would look like a long segment.
const sharedWidth = 8

// bars draws the segments of a party. Those next to each other that are narrower than a pixel share one.
func (p *painter) bars(party int) []Bar {
	out := []Bar{}
	var short []account.State // that may share a bar
	flush := func() {
		if len(short) > 0 {
			out = append(out, p.shared(party, short))
		}
		short = nil
	}
	last := 0.0
	for _, st := range p.Account.Parties[party].States {
		from, until := p.s.scale.At(st.Start.Time), p.s.scale.At(p.end(st))
		if until < 0 || from > 1 {
			continue
		}
		if until-from >= p.s.pixel || SegmentOf(party, st) == p.w.Segment {
			out = append(out, p.bar(party, st))
			continue
		}
		if len(short) > 0 && (from-last >= p.s.pixel || until-p.s.scale.At(short[0].Start.Time) > sharedWidth*p.s.pixel) {
			flush()
		}
		short, last = append(short, st), until
	}
	flush()
	slices.SortStableFunc(out, func(a, b Bar) int { return a.start.Compare(b.start) })
	return out
}

// bar draws a segment.
func (p *painter) bar(party int, st account.State) Bar {
	g, end := SegmentOf(party, st), p.end(st)
	id := g.String()
	lasted := account.Length(end.Sub(st.Start.Time)).String()
	out := Bar{ID: id, Count: 1, Class: KindOf(st.Phase), Open: st.End.IsZero() && p.Account.End.IsZero(), Chosen: g == p.w.Segment, Address: p.w.With("seg", id) + "#s" + id, start: st.Start.Time, end: end}
	out.Label = p.Name(party) + ": " + st.Phase + ", " + lasted + ", from " + st.Start.UTC().Format("15:04:05")
	if out.Open {
		out.Label += ", and goes on"
	}
	p.lay(&out)
	out.Text, out.Short = fits(st.Phase, lasted, out.Text0.W*usualWidth), fits(st.Phase, lasted, out.Text0.W*smallWidth)
	return out
}

// smallWidth is how wide the drawing is on a small screen, in pixels.
const smallWidth = 580

// lay places a bar.
func (p *painter) lay(b *Bar) {
	p.used[b.Class] = true
	b.Solid, b.Thin = p.s.cut(b.start, b.end)
	b.From, b.To = b.start.UnixMilli(), b.end.UnixMilli()
	from, until := p.s.scale.At(b.start), p.s.scale.At(b.end)
	b.Span, _ = (Span{from, until - from}).seen()
	for _, part := range b.Solid {
		if part.W >= b.Text0.W {
			b.Text0 = part
		}
	}
}

// shared draws segments that are too short to be told apart. It leads to where they can be.
func (p *painter) shared(party int, states []account.State) Bar {
	if len(states) == 1 {
		return p.bar(party, states[0])
	}
	first, end := states[0], time.Time{}
	var phases []string
	lasted := map[string]time.Duration{}
	for _, st := range states {
		if p.end(st).After(end) {
			end = p.end(st)
		}
		if !slices.Contains(phases, st.Phase) {
			phases = append(phases, st.Phase)
		}
		lasted[st.Phase] += p.end(st).Sub(st.Start.Time)
	}
	longest := slices.MaxFunc(phases, func(a, b string) int { return cmp.Compare(lasted[a], lasted[b]) })
	out := Bar{Count: len(states), Class: KindOf(longest), start: first.Start.Time, end: end}
	out.Label = p.Name(party) + ": " + strconv.Itoa(len(states)) + " segments, " + words.Listed(phases) + ", from " + first.Start.UTC().Format("15:04:05")
	out.Address = p.near(out.start, end)
	if end.Equal(out.start) { // at one instant nothing can be told apart
		out.Address = p.w.With("seg", SegmentOf(party, first).String()) + "#s" + SegmentOf(party, first).String()
	}
	p.lay(&out)
	return out
}

// near is the address of what is around a part of the time.
func (p *painter) near(start, end time.Time) string {
	around := max(end.Sub(start)/4, 2*time.Millisecond)
	return p.w.With("from", conversation.FormatTime(start.Add(-around)), "to", conversation.FormatTime(end.Add(around))) + Anchor
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
