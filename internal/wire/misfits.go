package wire

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// Misfits counts the values of records that do not fit the schema, by their path, such as
// participants[].sessions[].metrics[].value. Paths are made of the schema's own names, so there are few of them and they
// say nothing of what a record holds. Nil when everything fits.
type Misfits map[string]int64

// wholeRecord is the path of a record that is no JSON object, or too large once it is decoded.
const wholeRecord = "the whole record"

// Add counts others in, and gives what is then counted: m itself, unless it was nil.
func (m Misfits) Add(others Misfits) Misfits {
	if len(others) > 0 && m == nil {
		m = make(Misfits)
	}
	for path, n := range others {
		m[path] += n
	}
	return m
}

// Paths gives the paths, those with the most values first.
func (m Misfits) Paths() []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), cmp.Compare(a, b)) })
}

// String names at most five paths, those with the most values, each with its number of values.
func (m Misfits) String() string {
	const most = 5
	var names []string
	for i, path := range m.Paths() {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more places", len(m)-most))
			break
		}
		names = append(names, fmt.Sprintf("%s (%d)", path, m[path]))
	}
	return strings.Join(names, ", ")
}

// Incomplete is the fault.Incomplete of a command that brought in records of which some had these values.
func (m Misfits) Incomplete(records int64) error {
	return fault.New(fault.Incomplete, "some values do not fit the schema, and filters do not find them: %v; records with such values: %d, kept whole", m, records)
}
