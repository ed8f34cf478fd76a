package axis

import (
	"math"
	"slices"
	"time"
)

// Scale says where on a drawing each instant is.
type Scale struct {
	axis  Axis
	edges []float64 // where each stretch begins, and where the last one ends: from 0 to 1
}

// How much of a drawing a stretch takes: a fold is a mark with room for its length, an instant alone can be seen, a lens
// shows what it enlarges. All of these together leave at least half to what is in proportion.
const (
	foldShare, pointShare, lensRoom = 0.09, 0.03, 0.25

	mostFixed = 0.5
)

// Scale lays the stretches out, each in its place. Plain ones share what is left by the root of how many instants they have:
// what happened in a stretch needs room, and how long it lasted is said in words.
func (a Axis) Scale() Scale {
	fixed, weights := make([]float64, len(a)), make([]float64, len(a))
	var sumFixed, sumWeights float64
	for i, s := range a {
		switch {
		case s.Kind == Fold:
			fixed[i] = foldShare
		case s.Length() == 0:
			fixed[i] = pointShare
		case s.Kind == Lens:
			fixed[i] = lensRoom
		default:
			weights[i] = math.Sqrt(float64(s.Instants))
		}
		sumFixed, sumWeights = sumFixed+fixed[i], sumWeights+weights[i]
	}
	shrink, left := 1.0, 1-sumFixed
	switch {
	case sumWeights == 0 && sumFixed > 0:
		shrink = 1 / sumFixed
	case sumFixed > mostFixed:
		shrink, left = mostFixed/sumFixed, 1-mostFixed
	}
	edges := []float64{0}
	for i := range a {
		width := fixed[i] * shrink
		if weights[i] > 0 {
			width = left * weights[i] / sumWeights
		}
		edges = append(edges, edges[i]+width)
	}
	return Scale{a, edges}
}

// At is where an instant is, from 0 to 1: later ones are never further left. One before the axis is at its beginning, one after it
// at its end.
func (s Scale) At(t time.Time) float64 {
	after, _ := slices.BinarySearchFunc(s.axis, t, func(one Stretch, t time.Time) int {
		if one.Start.After(t) {
			return 1
		}
		return -1
	})
	if after == 0 {
		return s.edges[0]
	}
	from, until := s.Bounds(after - 1)
	one := s.axis[after-1]
	switch {
	case one.Length() == 0:
		return (from + until) / 2
	case t.After(one.End):
		return s.edges[len(s.edges)-1]
	}
	return from + (until-from)*float64(t.Sub(one.Start))/float64(one.Length())
}

// Bounds are where the n-th stretch begins and ends, from 0 to 1.
func (s Scale) Bounds(n int) (from, until float64) { return s.edges[n], s.edges[n+1] }
