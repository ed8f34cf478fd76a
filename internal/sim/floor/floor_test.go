package floor

import (
	"maps"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/sim/arrival"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// monday is 2 November 2026.
const monday = 20759

// come are the contacts of a day and of the days around it, perDay each.
func come(o *organization.Organization, perDay int) (out []Contact) {
	for day := int64(monday - 1); day <= monday+1; day++ {
		for n, at := range (arrival.Process{Seed: 1, PerDay: perDay, Steady: true}).Day(day) {
			out = append(out, NewContact(o, 1, Number{Day: day, N: n, At: at}))
		}
	}
	return out
}

// visits are those of a day to queues of calls, by queue and in the order in which they began.
func visits(d *Day) map[*organization.Queue][]*Visit {
	out := make(map[*organization.Queue][]*Visit)
	for _, p := range d.plans {
		for _, v := range p.Visits {
			out[v.Queue] = append(out[v.Queue], v)
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b *Visit) int { return int(a.Enter - b.Enter) })
	}
	return out
}

func TestSharesAreAThousand(t *testing.T) {
	sum := 0
	for _, s := range shares {
		sum += s.share
	}
	if sum != 1000 {
		t.Errorf("the shares add up to %d", sum)
	}
}

// Everybody who waits is answered, leaves, or is sent away, before the night is over.
func TestNobodyIsLeftWaiting(t *testing.T) {
	o := organization.New(1, 3000)
	night := tick.Instant(monday+1)*tick.Day + organization.Quiet
	all := visits(Play(o, monday, come(o, 3000)))
	for q, list := range all {
		for _, v := range list {
			if v.Left < v.Enter || v.Left > night || (v.How == Answered) != (v.Served != nil) {
				t.Errorf("%s: %+v", q.Name, v)
			}
			if s := v.Served; s != nil && (s.From != v.Left || s.Until < s.From || s.Done < s.Until || s.Done > night) {
				t.Errorf("%s: %+v is served by %+v", q.Name, v, s)
			}
		}
	}
	if len(all) < len(o.Queues)-2 {
		t.Errorf("only %d queues are visited", len(all))
	}
}

// A caller is not passed by one who came later to the same queue, unless an agent let it ring.
func TestQueuesAreFirstComeFirstServed(t *testing.T) {
	o := organization.New(2, 6000)
	compared := 0
	for q, list := range visits(Play(o, monday, come(o, 9000))) {
		if q.Team.Medium != "voice" {
			continue
		}
		for i, a := range list {
			for _, b := range list[i+1:] {
				if b.Enter >= a.Left {
					break
				}
				if a.Served == nil || b.Served == nil || len(a.Offers)+len(b.Offers) > 0 || a.Enter == b.Enter || a.Medium != b.Medium {
					continue
				}
				compared++
				if b.Served.Alert < a.Served.Alert-tick.Second {
					t.Errorf("%s: who came at %v rang at %v, who came at %v at %v", q.Name, a.Enter, a.Served.Alert, b.Enter, b.Served.Alert)
				}
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d pairs waited at once", compared)
	}
}

// The fewer agents, the longer the waits, and the more callers give up: nothing but load says so.
func TestLoadMakesCallersWaitAndLeave(t *testing.T) {
	o := organization.New(3, 3000)
	var left, waited []float64
	for _, perDay := range []int{3000, 5000, 8000} {
		abandoned, sum, n := 0, tick.Instant(0), 0
		for _, list := range visits(Play(o, monday, come(o, perDay))) {
			for _, v := range list {
				if v.Medium == "voice" {
					n++
					sum += v.Left - v.Enter
					abandoned += int(1 - min(v.How, 1))
				}
			}
		}
		left, waited = append(left, float64(abandoned)/float64(n)), append(waited, float64(sum)/float64(n))
	}
	t.Logf("abandoned %.3f, waited %.0f ms", left, waited)
	if !slices.IsSorted(left) || !slices.IsSorted(waited) || left[2] < 2*left[0] || waited[2] < 4*waited[0] {
		t.Errorf("abandoned %.3f, waited %.0f", left, waited)
	}
}

func TestADayIsPlayedTheSameAgain(t *testing.T) {
	o := organization.New(4, 500)
	a, b := Play(o, monday, come(o, 500)), Play(o, monday, come(o, 500))
	for k := range maps.Keys(a.plans) {
		one, other := a.plans[k], b.plans[k]
		if one.Kind != other.Kind || len(one.Visits) != len(other.Visits) {
			t.Errorf("%+v and %+v", one, other)
		}
		for i := range one.Visits {
			if v, w := one.Visits[i], other.Visits[i]; v.Enter != w.Enter || v.Left != w.Left || v.How != w.How || len(v.Offers) != len(w.Offers) {
				t.Errorf("%+v and %+v", v, w)
			}
		}
	}
}

// Events happen in their order, and those of one instant in the order in which they were thought of.
func TestEventsHappenInOrder(t *testing.T) {
	var e events
	var got []int
	for i, at := range []tick.Instant{5, 3, 5, 1, 4, 3, 1, 2} {
		e.at(at, func() { got = append(got, i) })
	}
	for len(e.heap) > 0 {
		e.next().do()
	}
	if want := []int{3, 6, 7, 1, 5, 4, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
