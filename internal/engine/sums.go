package engine

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/query"
)

// Summing is an engine that adds up what sessions emitted.
type Summing interface {
	// Sums gives what measures come to, in the order of groups, buckets and measures: for each group, bucket and measure of
	// which there is an emission one. If there are more than most it gives none of them and says so: memory does not grow
	// with what there is more. It fails as Count does.
	Sums(ctx context.Context, s query.Sums, most int) (sums []query.Sum, more bool, err error)
}

// Sums asks an engine, as Summing has it. One that adds nothing up fails with an error of no kind.
func Sums(ctx context.Context, e Engine, s query.Sums, most int) ([]query.Sum, bool, error) {
	if e, is := e.(Summing); is {
		return e.Sums(ctx, s, most)
	}
	return nil, false, errNoSums
}

var errNoSums = errors.New("the engine adds nothing up")
