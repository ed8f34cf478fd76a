package web

import "github.com/parley-hq/parley/internal/account"

// tie is a line between two lanes: what their parties have to do with each other. It is drawn once for wide screens and once for
// small ones, where lanes are higher.
type tie struct {
	Kind string  `json:"kind"`
	X    float64 `json:"x"`
	From int     `json:"from"` // lanes, from 0
	To   int     `json:"to"`

	Class       string `json:"-"`
	Wide, Small reach  `json:"-"`
	Up          bool   `json:"-"` // it leads to a lane further up
}

// reach is where a line begins and ends, in pixels below the first lane.
type reach struct{ From, To int }

// Heights, in pixels, as the style sheet has them: of a lane, and where its bars begin and end.
const (
	laneHeight, barTop, barBottom = 49, 13, 35

	smallLane, smallTop, smallBottom = 75, 39, 61
)

// tiesDrawn is how many ties are drawn: of more, nobody could follow one.
const tiesDrawn = 120

var tieClasses = map[string]string{account.Peered: "peer", account.Handed: "hand", account.Joining: "join"}

// ties are those between lanes of one party each.
func (p *painter) ties(lanes []lane) []tie {
	at := map[int]int{}
	for n, l := range lanes {
		if l.Count == 1 {
			at[l.Party] = n
		}
	}
	out := []tie{}
	for _, x := range p.account.Ties {
		from, one := at[x.From]
		to, other := at[x.To]
		place := p.s.scale.At(x.At.Time)
		if !one || !other || place < 0 || place > 1 || len(out) == tiesDrawn {
			continue
		}
		t := tie{Kind: x.Kind, X: place, From: from, To: to, Class: tieClasses[x.Kind], Up: to < from}
		t.Wide, t.Small = between(from, to, laneHeight, barTop, barBottom), between(from, to, smallLane, smallTop, smallBottom)
		out = append(out, t)
	}
	return out
}

// between is a line from the bars of a lane to those of another one.
func between(from, to, height, top, bottom int) reach {
	if to < from {
		return reach{from*height + top, to*height + bottom}
	}
	return reach{from*height + bottom, to*height + top}
}

// tied tells in words what a party has to do with others while it is in a state.
func (m *model) tied(party int, st account.State) (out []row) {
	for _, x := range m.account.Ties {
		if x.At.Before(st.Start.Time) || x.At.After(m.end(st)) || len(out) == mostShown {
			continue
		}
		switch party {
		case x.From:
			out = append(out, row{x.Kind, m.name(x.To), ""})
		case x.To:
			out = append(out, row{reversed[x.Kind], m.name(x.From), ""})
		}
	}
	return out
}

var reversed = map[string]string{account.Peered: account.Peered, account.Handed: "comes from", account.Joining: "brought in by"}
