package axis

import (
	"slices"
	"time"
)

// Open is the axis with some of its folds opened, by their numbers from 1: each becomes a stretch of its own, with a ruler. Other
// numbers open nothing.
func (a Axis) Open(folds ...int) Axis {
	out, n := slices.Clone(a), 0
	for i := range out {
		if out[i].Kind != Fold {
			continue
		}
		if n++; slices.Contains(folds, n) {
			out[i].Kind, out[i].Instants = Plain, 2
		}
	}
	return out
}

// Straight is one stretch from the beginning of the axis to its end, true to scale.
func (a Axis) Straight() Axis {
	if len(a) < 2 {
		return a
	}
	return Axis{{Kind: Plain, Start: a[0].Start, End: a[len(a)-1].End, Instants: 2}}
}

// Instants are the times at which something changes, each once, in order: those of which Of makes an axis.
func Instants(spans []Span, marks []time.Time) []time.Time { return instants(spans, marks) }

// Steps is the axis with a stretch for each gap between two instants, and the scale on which all of them are equally wide. One
// instant alone is a stretch that lasts no time.
func Steps(at []time.Time) (Axis, Scale) {
	if len(at) == 1 {
		at = []time.Time{at[0], at[0]}
	}
	var out Axis
	edges := []float64{0}
	for i := 1; i < len(at); i++ {
		out = append(out, Stretch{Kind: Plain, Start: at[i-1], End: at[i], Instants: 2})
		edges = append(edges, float64(i)/float64(len(at)-1))
	}
	return out, Scale{out, edges}
}

// Part is the scale on which the part from one place to another fills the drawing. What lies outside it has places below 0 and
// above 1. The axis stays what it is: a fold that is enlarged is a fold.
func (s Scale) Part(from, until float64) Scale {
	edges := make([]float64, len(s.edges))
	for i, e := range s.edges {
		edges[i] = (e - from) / (until - from)
	}
	return Scale{s.axis, edges}
}

// Time is the instant at a place, the other way round from At.
func (s Scale) Time(x float64) time.Time {
	if len(s.axis) == 0 {
		return time.Time{}
	}
	n, _ := slices.BinarySearch(s.edges[1:], x)
	n = min(n, len(s.axis)-1)
	from, until := s.Bounds(n)
	one := s.axis[n]
	if until <= from {
		return one.Start
	}
	part := min(max((x-from)/(until-from), 0), 1)
	return one.Start.Add(time.Duration(part * float64(one.Length())))
}
