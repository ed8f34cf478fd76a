package query

import (
	"fmt"

	"github.com/parley-hq/parley/internal/fault"
)

// maxFindings is how many findings about one request are told, so that a hostile body costs little to refuse.
const maxFindings = 100

// findings gathers what is wrong with a request, each with the path of the field at fault.
type findings struct {
	list        Faults
	offset      int64 // where the text begins, or is broken: the place of findings that name no field
	predicates  int
	comparisons int
	partial     bool // addresses match by their beginning too: jobs
}

// Faults is everything that is wrong with a request, as one error, in the order in which it was found. It is at most
// maxFindings long.
type Faults []*fault.Error

// Error is the message of the first, and how many there are beside it.
func (f Faults) Error() string {
	switch len(f) {
	case 0:
		return "nothing is wrong"
	case 1:
		return f[0].Error()
	case 2:
		return f[0].Error() + " (and 1 more finding)"
	}
	return fmt.Sprintf("%v (and %d more findings)", f[0], len(f)-1)
}

// Unwrap returns every fault as an error of its own.
func (f Faults) Unwrap() []error {
	all := make([]error, len(f))
	for i, e := range f {
		all[i] = e
	}
	return all
}

func (f *findings) add(path, format string, args ...any) {
	f.report(fault.Field(path, format, args...))
}

func (f *findings) report(e *fault.Error) {
	if !f.full() {
		f.list = append(f.list, e)
	}
}

// full says that no more findings are told, so that there is no point in looking for them.
func (f *findings) full() bool { return len(f.list) >= maxFindings }

// refusal is what was found, or nil.
func (f *findings) refusal() error {
	if len(f.list) == 0 {
		return nil
	}
	return f.list
}
