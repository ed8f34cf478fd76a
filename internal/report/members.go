package report

import "github.com/parley-hq/parley/internal/column"

// Members are the names of the members that each row of a report has, in order. A map of attributes is one of them, whichever keys of
// it are selected.
func (r *Request) Members() (names []string) {
	if r.Sums {
		return r.sumMembers()
	}
	for _, m := range newWriter(&plan{}, r.Selection).members {
		names = append(names, m.name)
	}
	return names
}

// sumMembers are those of a sum: its group, its time, and what is summed.
func (r *Request) sumMembers() []string {
	names := named(r.Group)
	if r.Bucket > 0 {
		names = append(names, "interval")
	}
	return append(append(names, "count"), named(r.Selection)...)
}

func named(sel column.Selection) (names []string) {
	for _, c := range sel.Columns {
		names = append(names, c.Name)
	}
	return names
}
