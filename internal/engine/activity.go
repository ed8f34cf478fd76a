package engine

import (
	"context"

	"github.com/parley-hq/parley/internal/query"
)

// Observing is an engine that knows what goes on at the moment that it shows. One over a lake does not: what is in a lake is
// over, or was going on some time ago.
type Observing interface {
	// Observe gives what goes on, in the order of groups and beginning. If there is more than most it gives nothing and says so.
	// It fails as Count does.
	Observe(ctx context.Context, a query.Activity, most int) (found []query.Observation, more bool, err error)
}
