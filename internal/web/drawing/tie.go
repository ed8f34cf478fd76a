package drawing

import "github.com/parley-hq/parley/internal/account"

// Tie is a line between two lanes: what their parties have to do with each other. It is drawn once for wide screens and once for
// small ones, where lanes are higher.
type Tie struct {
	Kind string  `json:"kind"`
	X    float64 `json:"x"`
	From int     `json:"from"` // lanes, from 0
	To   int     `json:"to"`

	Class       string `json:"-"`
	Wide, Small Reach  `json:"-"`
	Up          bool   `json:"-"` // it leads to a lane further up
}

// Reach is where a line begins and ends, in pixels below the first lane.
type Reach struct{ From, To int }

// Heights, in pixels, as the style sheet has them: of a lane, and where its bars begin and end.
const (
	laneHeight, barTop, barBottom = 49, 13, 35

	smallLane, smallTop, smallBottom = 75, 39, 61
)

// tiesDrawn is how many ties are drawn: of more, nobody could follow one.
const tiesDrawn = 120

var tieClasses = map[string]string{account.Peered: "peer", account.Handed: "hand", account.Joining: "join"}

// ties are those between lanes of one party each.
func (p *painter) ties(lanes []Lane) []Tie {
	at := map[int]int{}
	for n, l := range lanes {
		if l.Count == 1 {
			at[l.Party] = n
		}
	}
	out := []Tie{}
	for _, x := range p.Account.Ties {
		from, one := at[x.From]
		to, other := at[x.To]
		place := p.s.scale.At(x.At.Time)
		if !one || !other || place < 0 || place > 1 || len(out) == tiesDrawn {
			continue
		}
		t := Tie{Kind: x.Kind, X: place, From: from, To: to, Class: tieClasses[x.Kind], Up: to < from}
		t.Wide, t.Small = between(from, to, laneHeight, barTop, barBottom), between(from, to, smallLane, smallTop, smallBottom)
		out = append(out, t)
	}
	return out
}

// between is a line from the bars of a lane to those of another one.
func between(from, to, height, top, bottom int) Reach {
	if to < from {
		return Reach{from*height + top, to*height + bottom}
	}
	return Reach{from*height + bottom, to*height + top}
}
