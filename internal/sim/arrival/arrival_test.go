package arrival

import (
	"math"
	"testing"

	"github.com/parley-hq/parley/internal/sim/tick"
)

// sunday is 1 November 2026.
const sunday = 20758

func TestInstantsFollowOneAnotherWithinTheirDay(t *testing.T) {
	for _, p := range []Process{{1, 0, false}, {1, -1, true}, {2, 1, true}, {3, 49, false}, {4, 50, true}, {5, 20_000, false}} {
		last := tick.Instant(sunday)*tick.Day - 1
		got := p.Day(sunday)
		for _, at := range got {
			if at <= last || at.Day() != sunday {
				t.Errorf("%+v: %v comes after %v", p, at, last)
			}
			last = at
		}
		if p.Steady && len(got) != max(0, p.PerDay) {
			t.Errorf("%+v: %d conversations", p, len(got))
		}
	}
}

func TestTheNumberIsTheAverageOfAWeek(t *testing.T) {
	for _, table := range [][]int{weekdays[:], months[:]} {
		sum := 0
		for _, n := range table {
			sum += n
		}
		if sum != 1000*len(table) {
			t.Errorf("%v add up to %d", table, sum)
		}
	}
	p, sum := Process{Seed: 6, PerDay: 1000}, 0
	for day := range int64(364) {
		sum += len(p.Day(sunday + day))
	}
	if mean := float64(sum) / 364; math.Abs(mean-1000) > 20 {
		t.Errorf("%.0f conversations a day", mean)
	}
	if one, other := len(p.Day(sunday)), len(p.Day(sunday+1)); float64(one) > 0.5*float64(other) {
		t.Errorf("%d conversations on a Sunday, %d on a Monday", one, other)
	}
}

// In a Poisson process with a busyness of 8 per cent, numbers of like days vary by the root of n + (0.08 n)².
func TestDaysVary(t *testing.T) {
	p, sum, squares := Process{Seed: 7, PerDay: 400}, 0.0, 0.0
	for week := range int64(500) {
		day := sunday + 2 + 7*week
		off := float64(len(p.Day(day)))/p.Rate(day) - 1
		sum, squares = sum+off, squares+off*off
	}
	deviation := math.Sqrt(squares/500 - sum/500*sum/500)
	if want := math.Sqrt(1/(400*1.21) + 0.08*0.08); math.Abs(deviation/want-1) > 0.15 {
		t.Errorf("days deviate by %.3f, want %.3f", deviation, want)
	}
}

func TestHoursAreAsBusyAsTheirShares(t *testing.T) {
	var got [24]int
	p := Process{Seed: 8, PerDay: 50_000, Steady: true}
	for _, at := range p.Day(sunday + 1) {
		got[at%tick.Day/tick.Hour]++
	}
	for h, share := range workday {
		if want := float64(share) * 50; math.Abs(float64(got[h])-want) > 5*math.Sqrt(want)+1 {
			t.Errorf("%d conversations from %d:00, want %.0f", got[h], h, want)
		}
	}
}
