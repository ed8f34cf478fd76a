// Package nearest finds what lies nearest in time, among as many as there are: a search takes as many steps as the logarithm of
// their number, whatever times they have.
package nearest

import (
	"slices"
	"time"
)

// List is things with the time of each. Its zero value is empty. Nobody else may use it while something is looked up.
type List[T any] struct {
	all    []moment[T]
	added  int
	sorted bool
}

type moment[T any] struct {
	at    time.Time
	place int // in the order of Add
	of    T
}

// Add adds a thing.
func (l *List[T]) Add(at time.Time, of T) {
	l.all, l.added, l.sorted = append(l.all, moment[T]{at, l.added, of}), l.added+1, false
}

// To is the thing that lies nearest to an instant, and how far from it; of those that are equally far the one that was added
// first. It is false of an empty list.
func (l *List[T]) To(to time.Time) (of T, far time.Duration, ok bool) {
	l.sort()
	i, _ := slices.BinarySearchFunc(l.all, to, func(m moment[T], to time.Time) int { return m.at.Compare(to) })
	first := 0
	for _, m := range l.all[max(i-1, 0):min(i+1, len(l.all))] {
		if d := m.at.Sub(to).Abs(); !ok || d < far || d == far && m.place < first {
			of, far, first, ok = m.of, d, m.place, true
		}
	}
	return of, far, ok
}

// sort orders by time, and leaves of those at one instant the first.
func (l *List[T]) sort() {
	if l.sorted {
		return
	}
	slices.SortStableFunc(l.all, func(a, b moment[T]) int { return a.at.Compare(b.at) })
	l.all = slices.CompactFunc(l.all, func(a, b moment[T]) bool { return a.at.Equal(b.at) })
	l.sorted = true
}
