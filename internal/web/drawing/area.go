package drawing

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Area is how many segments go on at each place, by kind, one kind on top of the other.
type Area struct {
	Most   int     `json:"most"` // at once
	Label  string  `json:"label"`
	Layers []Layer `json:"layers"`

	Address string `json:"-"`
}

// Layer is one kind of an area. Its path lies in a box of areaWidth by areaHeight.
type Layer struct {
	Class string `json:"kind"`
	Path  string `json:"path"`
}

// The box of an area: what is narrower than one in areaWidth is not told apart.
const (
	areaWidth  = 480
	areaHeight = 36
)

// turning is where a segment begins or ends.
type turning struct {
	x     float64
	order int // of those at one place: what ends makes room for what begins
	kind  int
	by    int
}

const (
	ends = iota
	begins
	endsAtOnce // what lasts no time ends after it began
)

// crowd is how many segments of each kind go on.
type crowd [8]int

func (c *crowd) sum() (n int) {
	for _, of := range c {
		n += of
	}
	return n
}

// area counts the segments of some parties.
func (p *painter) area(parties []int) *Area {
	var all []turning
	for _, party := range parties {
		for _, st := range p.Account.Parties[party].States {
			from, until := p.s.scale.At(st.Start.Time), p.s.scale.At(p.end(st))
			if until < 0 || from > 1 {
				continue
			}
			k, end := slices.Index(kinds, KindOf(st.Phase)), ends
			if until <= from {
				end = endsAtOnce
			}
			all = append(all, turning{from, begins, k, 1}, turning{until, end, k, -1})
			p.used[kinds[k]] = true
		}
	}
	slices.SortFunc(all, func(a, b turning) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.order, b.order)) })
	return stack(fullest(all))
}

// fullest is the moment of each column at which most goes on.
func fullest(all []turning) (out [areaWidth]crowd) {
	var now crowd
	next := 0
	for x := range areaWidth {
		out[x] = now
		for ; next < len(all) && (all[next].x < float64(x+1)/areaWidth || x == areaWidth-1 && all[next].x <= 1); next++ {
			now[all[next].kind] += all[next].by
			if now.sum() > out[x].sum() {
				out[x] = now
			}
		}
	}
	return out
}

// stack puts the kinds one on top of the other.
func stack(columns [areaWidth]crowd) *Area {
	out := &Area{Layers: []Layer{}}
	for x := range columns {
		out.Most = max(out.Most, columns[x].sum())
	}
	var floor [areaWidth]int
	for k, class := range kinds {
		top, some := floor, false
		for x := range columns {
			top[x] += columns[x][k]
			some = some || columns[x][k] > 0
		}
		if some {
			out.Layers = append(out.Layers, Layer{class, outline(floor, top, out.Most)})
		}
		floor = top
	}
	return out
}

// outline is the path around what lies between two lines of counts.
func outline(floor, top [areaWidth]int, most int) string {
	var b strings.Builder
	y := func(n int) string {
		return strconv.FormatFloat(areaHeight*(1-float64(n)/float64(max(most, 1))), 'f', 1, 64)
	}
	b.WriteString("M0 " + y(floor[0]))
	last := -1
	for x, n := range top {
		if n != last {
			b.WriteString("H" + strconv.Itoa(x) + "V" + y(n))
		}
		last = n
	}
	b.WriteString("H" + strconv.Itoa(areaWidth) + "V" + y(floor[areaWidth-1]))
	for x := areaWidth - 1; x > 0; x-- {
		if floor[x] != floor[x-1] {
			b.WriteString("H" + strconv.Itoa(x) + "V" + y(floor[x-1]))
		}
	}
	return b.String() + "Z"
}
