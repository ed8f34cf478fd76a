package account_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/account"
)

// laned are the labels of lanes, and checks that each party is on one.
func laned(t *testing.T, a *account.Account, most int, single ...int) (out []string) {
	t.Helper()
	var parties []int
	for _, l := range a.Lanes(most, single...) {
		out, parties = append(out, l.Label), append(parties, l.Parties...)
	}
	if slices.Sort(parties); len(slices.Compact(parties)) != len(a.Parties) {
		t.Errorf("%d of %d parties are on lanes", len(parties), len(a.Parties))
	}
	return out
}

// Whom people ask about by name keep lanes of their own while there is room, and who is looked at always does.
func TestWhoStaysAlone(t *testing.T) {
	var text strings.Builder
	text.WriteString("customer interact 0-100/endpoint\nacd:Sales interact 0-90/transfer\nagent:al interact 1-2\nagent:bo interact 1-2\n")
	for n := range 20 {
		fmt.Fprintf(&text, "ivr:f%d ivr %d-%d/transfer\n", n, n, n+1)
	}
	a := account.Of(read(text.String()+"end 100"), account.Options{})
	for _, c := range []struct {
		most   int
		single []int
		want   []string
	}{
		{24, nil, nil},
		{10, nil, []string{"Caller", "Queue Sales", "20 of ivr", "Agent al", "Agent bo"}},
		{10, []int{7}, []string{"Caller", "Queue Sales", "19 of ivr", "Agent al", "Agent bo", "Flow f3"}},
		{4, nil, []string{"Caller", "Queue Sales", "20 of ivr", "2 of agent"}},
		{4, []int{2}, []string{"Caller", "Queue Sales", "20 of ivr", "Agent al", "Agent bo"}},
		{2, nil, []string{"Caller", "23 of other purposes"}},
	} {
		got := laned(t, &a, c.most, c.single...)
		if c.want == nil && len(got) == len(a.Parties) {
			continue
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d, %v: got %q, want %q", c.most, c.single, got, c.want)
		}
	}
}
