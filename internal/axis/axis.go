// Package axis is the time axis on which a conversation is drawn: stretches that are linear in themselves, and folds where
// nothing changes.
//
// An instant is a time at which something changes: a span begins or ends, a mark is set. Between two instants nothing changes,
// so the gap between them can be drawn short and hides nothing, if the drawing says so. A gap is busy if anybody works in it
// or two parties of the outside are there, who may talk; else it is idle. A conversation whose last leg the platform closed
// after 60 days is 50 minutes of talk and one fold.
//
// Where many instants lie close together in a long stretch, they get a stretch with a scale of its own: a lens.
//
// Nothing here knows what a conversation is.
package axis

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Span is something that lasts.
type Span struct {
	Start   time.Time
	End     time.Time // zero while it lasts
	Works   bool      // somebody is at work in it
	Outside bool      // it is the presence of a party from outside
}

// Kind is what a stretch is.
type Kind string

// The kinds of stretches.
const (
	Plain Kind = "plain" // drawn in proportion to its time
	Lens  Kind = "lens"  // the same, at a larger scale: much happens in a short time
	Fold  Kind = "fold"  // nothing happens in it; drawn short
)

// Stretch is a part of the axis that is linear in itself. It ends where the next one starts.
type Stretch struct {
	Kind     Kind
	Start    time.Time
	End      time.Time
	Instants int  // at which something changes, both ends among them; 0 of a fold, whose ends are its neighbours'
	Busy     bool // of a fold: somebody was at work all the time
}

// MarshalJSON writes its times in UTC with milliseconds, whatever year they are of.
func (s Stretch) MarshalJSON() ([]byte, error) {
	written := func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z") }
	return json.Marshal(struct {
		Kind     Kind   `json:"kind"`
		Start    string `json:"start"`
		End      string `json:"end"`
		Instants int    `json:"instants"`
		Busy     bool   `json:"busy,omitempty"`
	}{s.Kind, written(s.Start), written(s.End), s.Instants, s.Busy})
}

// Length is how long it lasts.
func (s Stretch) Length() time.Duration { return s.End.Sub(s.Start) }

// Axis is the stretches, in order. It has none where nothing has a time.
type Axis []Stretch

// What is folded: a share of the time that is left, and a least length. An idle gap over a third takes the room of what
// happened; a busy one is worth its room unless there is nothing else to see. The numbers are ours, chosen on 103 real
// records: 7 of them fold, all 7 over gaps of half a day to 60 days, and 7 have a lens. Decision 0078.
const (
	mostFolds = 12

	idleShare, idleLeast = 0.35, time.Minute
	busyShare, busyLeast = 0.90, time.Hour
)

// What is a lens: so many instants in so small a part of their stretch, none of them further from the one before than a
// part of that, and so much closer together than in the stretch as a whole: where many are everywhere, a lens shows nothing
// new. Short stretches, and those of few instants, need none.
const (
	lensInstants = 6
	lensShare    = 0.03
	lensApart    = 0.004
	lensDenser   = 5

	lensStretch         = 30 * time.Second
	lensStretchInstants = 8
)

// gap is the time between two neighbouring instants.
type gap struct {
	at   int // of the first of the two
	long time.Duration
	busy bool
}

// Of makes the axis of what lasts and of the instants at which something was said. A time that is zero, and a span that ends
// before it starts, count for the times that they have.
func Of(spans []Span, marks []time.Time) Axis {
	at := instants(spans, marks)
	if len(at) == 0 {
		return nil
	}
	folded := folds(gaps(at, spans), at[len(at)-1].Sub(at[0]))
	var out Axis
	from := 0
	for _, g := range folded {
		out = append(out, stretches(at[from:g.at+1])...)
		out = append(out, Stretch{Kind: Fold, Start: at[g.at], End: at[g.at+1], Busy: g.busy})
		from = g.at + 1
	}
	return append(out, stretches(at[from:])...)
}

// instants are all of them, each once, in order.
func instants(spans []Span, marks []time.Time) []time.Time {
	all := make([]time.Time, 0, 2*len(spans)+len(marks))
	for _, s := range spans {
		all = append(all, s.Start, s.End)
	}
	all = slices.DeleteFunc(append(all, marks...), time.Time.IsZero)
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}

// gaps are those between the instants. Every span begins and ends at instants, so who is there changes at them alone, and
// one pass over the changes finds who is there in each gap.
func gaps(at []time.Time, spans []Span) []gap {
	working, outside := make([]int, len(at)+1), make([]int, len(at)+1)
	for _, s := range spans {
		from, until := place(at, s.Start), len(at)
		if !s.End.IsZero() {
			until = place(at, s.End)
		}
		if s.Start.IsZero() || until <= from {
			continue
		}
		if s.Works {
			working[from]++
			working[until]--
		}
		if s.Outside {
			outside[from]++
			outside[until]--
		}
	}
	out := make([]gap, len(at)-1)
	for i, w, o := 0, 0, 0; i < len(out); i++ {
		w, o = w+working[i], o+outside[i]
		out[i] = gap{i, at[i+1].Sub(at[i]), w > 0 || o > 1}
	}
	return out
}

// place is where an instant stands among all.
func place(at []time.Time, t time.Time) int {
	i, _ := slices.BinarySearchFunc(at, t, time.Time.Compare)
	return i
}

// folds are the gaps to fold, in order of time: the longest are tried first, each against the time that is left.
func folds(all []gap, left time.Duration) (out []gap) {
	slices.SortStableFunc(all, func(a, b gap) int { return cmp.Compare(b.long, a.long) })
	for _, g := range all {
		share, least := idleShare, idleLeast
		if g.busy {
			share, least = busyShare, busyLeast
		}
		if len(out) == mostFolds || g.long < idleLeast {
			break // those that follow are shorter
		}
		if g.long >= least && float64(g.long) > share*float64(left) {
			out, left = append(out, g), left-g.long
		}
	}
	slices.SortFunc(out, func(a, b gap) int { return cmp.Compare(a.at, b.at) })
	return out
}

// stretches are those of instants without a fold among them: one, or plain ones with lenses between them.
func stretches(at []time.Time) (out []Stretch) {
	whole := at[len(at)-1].Sub(at[0])
	if whole < lensStretch || len(at) < lensStretchInstants {
		return []Stretch{stretch(Plain, at)}
	}
	plain := 0 // the first instant that is in no stretch yet
	for from := 0; from < len(at); {
		until := cluster(at, from, whole)
		if dense(at, from, until) {
			if from > plain {
				out = append(out, stretch(Plain, at[plain:from+1]))
			}
			out = append(out, stretch(Lens, at[from:until]))
			plain = until - 1
		}
		from = until
	}
	if plain < len(at)-1 {
		out = append(out, stretch(Plain, at[plain:]))
	}
	return out
}

// dense says whether some of the instants are worth a lens.
func dense(at []time.Time, from, until int) bool {
	n, whole := until-from, at[len(at)-1].Sub(at[0])
	return n >= lensInstants && float64(n)*float64(whole) >= lensDenser*float64(len(at))*float64(at[until-1].Sub(at[from]))
}

// cluster is where the instants end that lie as close together as in a lens, from one on.
func cluster(at []time.Time, from int, whole time.Duration) (until int) {
	apart, long := lensApart*float64(whole), lensShare*float64(whole)
	for until = from + 1; until < len(at); until++ {
		if float64(at[until].Sub(at[until-1])) >= apart || float64(at[until].Sub(at[from])) >= long {
			break
		}
	}
	return until
}

func stretch(kind Kind, at []time.Time) Stretch {
	return Stretch{Kind: kind, Start: at[0], End: at[len(at)-1], Instants: len(at)}
}
