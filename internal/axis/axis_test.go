package axis_test

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/axis"
)

var start = time.Date(2026, 11, 8, 10, 0, 0, 0, time.UTC)

func at(after time.Duration) time.Time { return start.Add(after) }

// marks are instants, so long after the start.
func marks(after ...time.Duration) (out []time.Time) {
	for _, a := range after {
		out = append(out, at(a))
	}
	return out
}

// kinds say what an axis consists of.
func kinds(a axis.Axis) (out []axis.Kind) {
	for _, s := range a {
		out = append(out, s.Kind)
	}
	return out
}

func TestWhatIsFolded(t *testing.T) {
	const day = 24 * time.Hour
	for name, c := range map[string]struct {
		spans []axis.Span
		marks []time.Time
		want  []axis.Kind
	}{
		"nothing":                              {nil, nil, nil},
		"one instant":                          {nil, marks(0), []axis.Kind{axis.Plain}},
		"an idle gap over a third":             {nil, marks(0, 59*time.Second, 3*time.Minute), []axis.Kind{axis.Plain, axis.Fold, axis.Plain}},
		"an idle gap of less than a minute":    {nil, marks(0, 59*time.Second), []axis.Kind{axis.Plain}},
		"idle gaps of a third":                 {nil, marks(0, time.Minute, 2*time.Minute, 3*time.Minute), []axis.Kind{axis.Plain}},
		"work for an hour":                     {[]axis.Span{{Start: at(0), End: at(time.Hour), Works: true}}, marks(59 * time.Second), []axis.Kind{axis.Plain}},
		"work for two hours at one thing":      {[]axis.Span{{Start: at(0), End: at(2 * time.Hour), Works: true}}, nil, []axis.Kind{axis.Plain, axis.Fold, axis.Plain}},
		"work for less than an hour":           {[]axis.Span{{Start: at(0), End: at(59 * time.Minute), Works: true}}, nil, []axis.Kind{axis.Plain}},
		"one who is there alone":               {[]axis.Span{{Start: at(0), End: at(10 * time.Minute), Outside: true}}, nil, []axis.Kind{axis.Plain, axis.Fold, axis.Plain}},
		"two of the outside, who may talk":     {[]axis.Span{{Start: at(0), End: at(10 * time.Minute), Outside: true}, {Start: at(0), End: at(10 * time.Minute), Outside: true}}, nil, []axis.Kind{axis.Plain}},
		"work that lasts":                      {[]axis.Span{{Start: at(0), Works: true}}, marks(30 * time.Minute), []axis.Kind{axis.Plain}},
		"work that ends before it starts":      {[]axis.Span{{Start: at(10 * time.Minute), End: at(0), Works: true}}, nil, []axis.Kind{axis.Plain, axis.Fold, axis.Plain}},
		"folds one after the other":            {nil, marks(0, 59*time.Second, 10*day, 12*day), []axis.Kind{axis.Plain, axis.Fold, axis.Plain, axis.Fold, axis.Plain}},
		"a lens":                               {nil, marks(0, 20*time.Millisecond, 40*time.Millisecond, 60*time.Millisecond, 80*time.Millisecond, 100*time.Millisecond, 15*time.Second, 25*time.Second, 35*time.Second), []axis.Kind{axis.Lens, axis.Plain}},
		"a lens in the middle":                 {nil, marks(0, 12*time.Second, 12020*time.Millisecond, 12040*time.Millisecond, 12060*time.Millisecond, 12080*time.Millisecond, 12100*time.Millisecond, 24*time.Second, 35*time.Second), []axis.Kind{axis.Plain, axis.Lens, axis.Plain}},
		"a lens at the end":                    {nil, marks(0, 12*time.Second, 24*time.Second, 36*time.Second, 36020*time.Millisecond, 36040*time.Millisecond, 36060*time.Millisecond, 36080*time.Millisecond, 36100*time.Millisecond), []axis.Kind{axis.Plain, axis.Lens}},
		"five instants are too few for a lens": {nil, marks(0, 20*time.Millisecond, 40*time.Millisecond, 60*time.Millisecond, 80*time.Millisecond, 15*time.Second, 20*time.Second, 25*time.Second, 35*time.Second), []axis.Kind{axis.Plain}},
		"a stretch too short for a lens":       {nil, marks(0, time.Millisecond, 2*time.Millisecond, 3*time.Millisecond, 4*time.Millisecond, 5*time.Millisecond, 10*time.Second, 20*time.Second, 29*time.Second), []axis.Kind{axis.Plain}},
	} {
		if got := kinds(axis.Of(c.spans, c.marks)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A conversation that comes back again and again has twelve folds and no more.
func TestThereAreAtMostTwelveFolds(t *testing.T) {
	var all []time.Time
	for n, far := 0, time.Minute; n < 20; n, far = n+1, far*2 {
		all = append(all, at(far))
	}
	folded := 0
	for _, s := range axis.Of(nil, all) {
		if s.Kind == axis.Fold {
			folded++
		}
	}
	if folded != 12 {
		t.Errorf("got %d folds", folded)
	}
}

// Whatever the times are: stretches follow one another from the first instant to the last, no instant lies within a fold, and
// a later instant is drawn no further left.
func TestEveryInstantHasItsPlace(t *testing.T) {
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		spans, said := someTimes(rnd)
		a := axis.Of(spans, said)
		all := said
		for _, s := range spans {
			all = append(all, s.Start, s.End)
		}
		all = slices.DeleteFunc(all, time.Time.IsZero)
		slices.SortFunc(all, time.Time.Compare)
		if !a[0].Start.Equal(all[0]) || !a[len(a)-1].End.Equal(all[len(all)-1]) {
			t.Fatalf("seed %d: the axis is from %v to %v", seed, a[0].Start, a[len(a)-1].End)
		}
		for i, s := range a {
			if i > 0 && !s.Start.Equal(a[i-1].End) || s.End.Before(s.Start) {
				t.Fatalf("seed %d: stretch %d is from %v to %v", seed, i, s.Start, s.End)
			}
			inside := func(at time.Time) bool { return at.After(s.Start) && at.Before(s.End) }
			if s.Kind == axis.Fold && slices.ContainsFunc(all, inside) {
				t.Fatalf("seed %d: fold %d holds an instant", seed, i)
			}
		}
		placed(t, seed, a.Scale(), all)
	}
}

// someTimes are spans and marks at random: close together and far apart.
func someTimes(rnd *rand.Rand) (spans []axis.Span, said []time.Time) {
	reach := []time.Duration{time.Second, time.Minute, time.Hour, 60 * 24 * time.Hour}
	when := func() time.Time {
		return at(time.Duration(rnd.Int64N(int64(reach[rnd.IntN(len(reach))]))).Truncate(time.Millisecond))
	}
	for range rnd.IntN(20) {
		s := axis.Span{Start: when(), Works: rnd.IntN(2) == 0, Outside: rnd.IntN(2) == 0}
		if rnd.IntN(10) > 0 {
			s.End = when()
		}
		spans = append(spans, s)
	}
	for range 1 + rnd.IntN(20) {
		said = append(said, when())
	}
	return spans, said
}

func placed(t *testing.T, seed uint64, s axis.Scale, all []time.Time) {
	t.Helper()
	before := -1.0
	for _, one := range all {
		x := s.At(one)
		if x < before || x < 0 || x > 1+1e-9 {
			t.Fatalf("seed %d: %v is at %v, the one before it at %v", seed, one, x, before)
		}
		before = x
	}
	if s.At(all[0].Add(-time.Hour)) != 0 || s.At(all[len(all)-1].Add(time.Hour)) < before {
		t.Fatalf("seed %d: what lies beyond the axis is within it", seed)
	}
}

// All of a drawing is used, and what is in proportion has at least half of it.
func TestAScaleLeavesRoom(t *testing.T) {
	for seed := range uint64(400) {
		a := axis.Of(someTimes(rand.New(rand.NewPCG(seed, 8))))
		s, plain := a.Scale(), 0.0
		var end float64
		for i, one := range a {
			from, until := s.Bounds(i)
			if from != end || until <= from {
				t.Fatalf("seed %d: stretch %d is from %v to %v", seed, i, from, until)
			}
			if end = until; one.Kind == axis.Plain && one.Length() > 0 {
				plain += until - from
			}
		}
		if end < 1-1e-9 || end > 1+1e-9 || plain > 0 && plain < 0.5-1e-9 {
			t.Fatalf("seed %d: the scale ends at %v, and %v of it is in proportion", seed, end, plain)
		}
	}
}

// A record that somebody made may have a hundred thousand spans, and an axis all the same.
func TestAnAxisOfManySpans(t *testing.T) {
	spans := make([]axis.Span, 100_000)
	for i := range spans {
		from := at(time.Duration(i) * time.Second)
		spans[i] = axis.Span{Start: from, End: from.Add(30 * time.Second), Works: true}
	}
	if got := kinds(axis.Of(spans, nil)); !slices.Equal(got, []axis.Kind{axis.Plain}) {
		t.Errorf("got %d stretches", len(got))
	}
}

// Times of a stretch are written as all times of the platform, also those of years that time.Time refuses to write.
func TestStretchesAsData(t *testing.T) {
	zone := time.FixedZone("west", -7*3600)
	s := axis.Stretch{Kind: axis.Fold, Start: time.Date(2026, 11, 8, 3, 0, 0, int(500*time.Millisecond), zone), End: time.Date(9999, 12, 31, 23, 0, 0, 0, zone), Busy: true}
	want := `{"kind":"fold","start":"2026-11-08T10:00:00.500Z","end":"10000-01-01T06:00:00.000Z","instants":0,"busy":true}`
	if got, err := json.Marshal(axis.Axis{s}); err != nil || string(got) != "["+want+"]" {
		t.Errorf("got %s, %v", got, err)
	}
}
