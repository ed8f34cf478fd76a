package account

import (
	"slices"
	"strconv"
	"strings"
)

// Lane is what is drawn as one bar: a party, or many that did alike.
type Lane struct {
	Label   string `json:"label"`
	Parties []int  `json:"parties"` // by their places among Parties
}

// Lanes are at most so many: a lane a party while there are no more parties than that. Else parties of one purpose and medium that
// did the same things in the same order share one: queues and people, who are asked about by name, only if there are too many lanes
// otherwise. If there are still too many, all of one purpose and medium share one, and what is left over shares the last. Single
// are the places of parties that stay alone, whatever the others do; they come on top. The order is that of their first party by time.
func (a *Account) Lanes(most int, single ...int) []Lane {
	order := a.byStart()
	alone := func(i int) string { return "=" + strconv.Itoa(i) }
	alike := func(i int) string { return a.kind(i) + "|" + a.shape(i) }
	for _, key := range []func(int) string{
		alone,
		func(i int) string {
			if p := a.Parties[i].Purpose; p == "acd" || handling(p) {
				return alone(i)
			}
			return alike(i)
		},
		alike,
		a.kind,
	} {
		lanes := a.group(order, func(i int) string {
			if slices.Contains(single, i) {
				return alone(i)
			}
			return key(i)
		})
		if len(lanes) <= most+len(single) {
			return lanes
		}
	}
	kinds := map[string]bool{}
	return a.group(order, func(i int) string {
		switch k := a.kind(i); {
		case slices.Contains(single, i):
			return alone(i)
		case kinds[k] || len(kinds) < most-1:
			kinds[k] = true
			return k
		}
		return "others"
	})
}

// byStart are the places of the parties, by when each began; those of whom no time is known come last.
func (a *Account) byStart() []int {
	order := make([]int, len(a.Parties))
	for i := range order {
		order[i] = i
	}
	start := func(i int) Instant {
		if states := a.Parties[i].States; len(states) > 0 {
			return states[0].Start
		}
		return Instant{}
	}
	slices.SortStableFunc(order, func(i, j int) int { return compareStart(start(i).Time, start(j).Time) })
	return order
}

// group puts parties with the same key into one lane.
func (a *Account) group(order []int, key func(int) string) (out []Lane) {
	places := map[string]int{}
	for _, i := range order {
		k := key(i)
		at, ok := places[k]
		if !ok {
			at = len(out)
			places[k], out = at, append(out, Lane{Label: a.Parties[i].Label})
		}
		out[at].Parties = append(out[at].Parties, i)
	}
	for i := range out {
		if n := len(out[i].Parties); n > 1 {
			out[i].Label = strconv.Itoa(n) + " of " + a.purposes(out[i].Parties)
		}
	}
	return out
}

// purposes is the purpose that parties have in common, if they have.
func (a *Account) purposes(parties []int) string {
	first := a.Parties[parties[0]].Purpose
	for _, i := range parties {
		if a.Parties[i].Purpose != first {
			return "other purposes"
		}
	}
	return first
}

// kind is what parties have in common that may be drawn together.
func (a *Account) kind(i int) string {
	return a.Parties[i].Purpose + "|" + strings.Join(a.Parties[i].Media, ",")
}

// shape is what a party did, in order.
func (a *Account) shape(i int) string {
	phases := make([]string, len(a.Parties[i].States))
	for n, s := range a.Parties[i].States {
		phases[n] = s.Phase
	}
	return strings.Join(phases, ">")
}
