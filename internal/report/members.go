package report

import (
	"slices"

	"github.com/parley-hq/parley/internal/column"
)

// Member is a member that every row of a report has. Attributes are one member, whether all are selected or some by key.
type Member struct {
	Name string
	Type column.Type
}

// Members are those of the rows of a report, in order.
func (r *Request) Members() (all []Member) {
	if r.Sums {
		return r.sumMembers()
	}
	for _, c := range r.Selection.Columns {
		m := Member{c.Name, c.Type}
		if name, _, is := attributes(c); is {
			m = Member{name, column.Map}
		}
		if !slices.Contains(all, m) {
			all = append(all, m)
		}
	}
	return all
}

// sumMembers are those of a sum: its group, its time, how many rows it is of, and what is summed.
func (r *Request) sumMembers() []Member {
	all := membersOf(r.Group)
	if r.Bucket > 0 {
		all = append(all, Member{"interval", column.Text})
	}
	return append(append(all, Member{"count", column.Number}), membersOf(r.Selection)...)
}

func membersOf(sel column.Selection) (all []Member) {
	for _, c := range sel.Columns {
		all = append(all, Member{c.Name, c.Type})
	}
	return all
}
