package axis_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/axis"
)

const long = 60 * 24 * time.Hour

func folded() axis.Axis {
	return axis.Of(nil, marks(0, 50*time.Second, long, long+40*time.Second, 3*long))
}

func TestFoldsOpenOneByOne(t *testing.T) {
	whole := folded()
	for _, c := range []struct {
		open []int
		want []axis.Kind
	}{
		{nil, []axis.Kind{axis.Plain, axis.Fold, axis.Plain, axis.Fold, axis.Plain}},
		{[]int{1}, []axis.Kind{axis.Plain, axis.Plain, axis.Plain, axis.Fold, axis.Plain}},
		{[]int{2, 7}, []axis.Kind{axis.Plain, axis.Fold, axis.Plain, axis.Plain, axis.Plain}},
		{[]int{2, 1}, []axis.Kind{axis.Plain, axis.Plain, axis.Plain, axis.Plain, axis.Plain}},
	} {
		if got := kinds(whole.Open(c.open...)); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %q", c.open, got)
		}
	}
	if got := kinds(whole); !slices.Contains(got, axis.Fold) {
		t.Error("the axis itself was changed")
	}
	from, until := whole.Open(1).Scale().Bounds(1)
	if until-from < 0.2 {
		t.Errorf("an open fold takes %.2f of the drawing", until-from)
	}
}

func TestTrueToScale(t *testing.T) {
	a := folded().Straight()
	if len(a) != 1 || !a[0].Start.Equal(at(0)) || !a[0].End.Equal(at(3*long)) {
		t.Fatalf("got %v", a)
	}
	if x := a.Scale().At(at(long)); math.Abs(x-1.0/3) > 1e-9 {
		t.Errorf("a third of the time is at %v", x)
	}
	if len(axis.Axis(nil).Straight()) != 0 {
		t.Error("nothing has a stretch")
	}
}

func TestEachStepIsEquallyWide(t *testing.T) {
	times := axis.Instants([]axis.Span{{Start: at(time.Second), End: at(long)}, {Start: at(0)}}, marks(time.Second, 0, 7*time.Second))
	a, s := axis.Steps(times)
	if len(a) != 3 {
		t.Fatalf("got %v", a)
	}
	for i, want := range []float64{0, 1.0 / 3, 2.0 / 3, 1} {
		if got := s.At(times[i]); math.Abs(got-want) > 1e-9 {
			t.Errorf("instant %d is at %v", i, got)
		}
	}
	if a, s := axis.Steps(marks(0)); len(a) != 1 || s.At(at(0)) != 0.5 {
		t.Errorf("one instant: %v, at %v", a, s.At(at(0)))
	}
}

// A part that fills the drawing keeps the order of all instants, and each place leads back to its instant.
func TestAPartFillsTheDrawing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	for range 200 {
		var after []time.Duration
		for range 2 + r.IntN(30) {
			after = append(after, time.Duration(r.Int64N(int64(time.Hour))).Truncate(time.Millisecond))
		}
		after = append(after, long)
		whole := axis.Of(nil, marks(after...)).Scale()
		from, until := at(slices.Min(after)), at(slices.Max(after[:len(after)-1]))
		if !until.After(from) {
			continue
		}
		part := whole.Part(whole.At(from), whole.At(until))
		if x, y := part.At(from), part.At(until); math.Abs(x) > 1e-9 || math.Abs(y-1) > 1e-9 {
			t.Fatalf("seed %d: the ends are at %v and %v", seed, x, y)
		}
		if x := part.At(at(long)); x <= 1 {
			t.Fatalf("seed %d: what lies behind is at %v", seed, x)
		}
		for range 20 {
			x := r.Float64()
			then := part.Time(x)
			if again := part.Time(part.At(then)); again.Sub(then).Abs() > time.Millisecond {
				t.Fatalf("seed %d: place %v is at %v, which leads to %v", seed, x, then, again)
			}
		}
	}
}
