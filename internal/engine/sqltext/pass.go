package sqltext

import (
	"github.com/parley-hq/parley/internal/query"
)

// pass is filters of one kind that are answered together, because decoding the ids is what costs.
type pass struct {
	kind        query.Kind
	filters     []query.Filter
	properties  bool // some ask of custom properties
	comparisons int
}

// maxComparisons bounds a pass: what DuckDB takes to plan it grows with the square of its comparisons and more. With 50 it
// is a tenth of a second.
const maxComparisons = 50

// passes divides the filters of companions.
func passes(filters []query.Filter) (out []*pass) {
	for _, kind := range query.Kinds() {
		for _, properties := range []bool{false, true} {
			var last *pass
			for _, f := range filters {
				if f.Kind == query.OfConversation || f.Kind != kind || asksProperty(f) != properties {
					continue
				}
				if n := f.Comparisons(); last == nil || last.comparisons+n > maxComparisons {
					last = &pass{kind: kind, properties: properties}
					out = append(out, last)
				}
				last.filters = append(last.filters, f)
				last.comparisons += f.Comparisons()
			}
		}
	}
	return out
}
