package chance

import (
	"math"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/sim/tick"
)

func TestExpAndLnAreThoseOfTheLibrary(t *testing.T) {
	for x := -20.0; x < 20; x += 0.0137 {
		if got, want := exp(x), math.Exp(x); math.Abs(got/want-1) > 1e-12 {
			t.Errorf("e to the %v is %v, want %v", x, got, want)
		}
		if got := ln(exp(x)); math.Abs(got-x) > 1e-12 {
			t.Errorf("the logarithm of e to the %v is %v", x, got)
		}
	}
}

// throws is a sorted sample.
func throws[T float64 | tick.Instant](throw func(*Dice) T) []float64 {
	d := Of(1, 2, 3, 4)
	out := make([]float64, 100_000)
	for i := range out {
		out[i] = float64(throw(&d))
	}
	slices.Sort(out)
	return out
}

// The quantiles are those of the distributions, as tables give them.
func TestDistributions(t *testing.T) {
	for name, c := range map[string]struct {
		sample        []float64
		p25, p50, p95 float64
	}{
		"normal":      {throws((*Dice).Normal), -0.674, 0, 1.645},
		"exponential": {throws((*Dice).Exponential), 0.2877, 0.6931, 2.9957},
		"lognormal":   {throws(func(d *Dice) tick.Instant { return d.Lognormal(10_000, 1, 0, math.MaxInt64/4) }), 5094, 10_000, 51_800},
		"weibull":     {throws(func(d *Dice) tick.Instant { return d.Weibull(10_000, 0.5) }), 828, 4805, 89_744},
	} {
		for i, want := range map[int]float64{25: c.p25, 50: c.p50, 95: c.p95} {
			if got := c.sample[len(c.sample)*i/100]; math.Abs(got-want) > 0.04*math.Abs(want)+0.03 {
				t.Errorf("%s: %d per cent are below %v, want %v", name, i, got, want)
			}
		}
	}
}

// Same bytes on any machine: whoever finds this test failing has a machine that rounds in another way.
func TestThrowsAreTheSameEverywhere(t *testing.T) {
	d := Of(7, 20_000, 42, 1)
	got := []tick.Instant{d.Lognormal(300_000, 1.1, 0, 1<<40), d.Weibull(600_000, 0.8), d.Between(0, 1<<40)}
	if want := []tick.Instant{675_943, 388_771, 46561298077}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := d.UUID()+d.Hex(8)+d.Digits(8), "b8e7b5a5-40fc-4823-9494-e0257d210e960160940330988630"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
