package drawing

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parley-hq/parley/internal/account"
)

// MostShown is how many checks are listed, and ties of a state. The account has all of them.
const MostShown = 40

// Check is a metric beside its segments.
type Check struct {
	Text   string
	Agrees bool
}

// Checks lists the metrics beside segments: those that differ come first.
func (m *Model) Checks() (out []Check, more int) {
	for _, c := range m.Account.Checks {
		if c.Exception == "" {
			out = append(out, Check{fmt.Sprintf("%s of %s is %v; its segments are %v", c.Metric, m.Name(c.Party), c.Measured, c.Segments), c.Agrees})
		}
	}
	slices.SortStableFunc(out, func(x, y Check) int { return cmp.Compare(boolInt(x.Agrees), boolInt(y.Agrees)) })
	if len(out) > MostShown {
		more, out = len(out)-MostShown, out[:MostShown]
	}
	return out, more
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Relation is what a party has to do with another one: in words, and who that is.
type Relation struct{ What, Who string }

// Tied tells what a party has to do with others while it is in a state.
func (m *Model) Tied(s Step) (out []Relation) {
	st := m.State(s)
	for _, x := range m.Account.Ties {
		if x.At.Before(st.Start.Time) || x.At.After(m.end(st)) || len(out) == MostShown {
			continue
		}
		switch s.Party {
		case x.From:
			out = append(out, Relation{x.Kind, m.Name(x.To)})
		case x.To:
			out = append(out, Relation{reversed[x.Kind], m.Name(x.From)})
		}
	}
	return out
}

var reversed = map[string]string{account.Peered: account.Peered, account.Handed: "comes from", account.Joining: "brought in by"}
