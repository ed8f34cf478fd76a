// Package engine is the port through which questions are answered. Its implementations, mem over records in memory
// and duck over the lake, are held to the same answers by package enginetest, which also holds Views to their contract.
package engine

import (
	"context"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// Engine answers questions over one fixed set of conversations: whatever is written meanwhile, two calls on one
// Engine see the same set. Safe for concurrent use.
//
// What package query has let pass, no Engine refuses. When the context has ended, by cancellation or deadline, an answer
// fails with the context's error. Else it fails with
//   - fault.Corrupt when what is stored cannot be read: the same question fails again;
//   - fault.Unavailable when it needs more than there is, of memory or of others' time: less, or later, may be right;
//   - fault.Full when there is no room for temporary files;
//   - an error of no kind when the Engine itself is wrong.
type Engine interface {
	// Count is the number of conversations that q selects.
	Count(ctx context.Context, q query.Query) (int64, error)

	// Records yields the selected records in q's order, ties by id, from offset on, at most limit of them; limit 0
	// means all. It streams: memory does not grow with the number of records. It stops after the first error.
	Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error]

	// Facets answers aggregations over everything that q selects, in their order.
	Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error)

	// ByID yields the records with these ids in order of start; unknown ids are left out.
	ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error]

	// Close gives back what the view holds, and disturbs no other view. A second Close does nothing and gives nil. Nothing
	// may be asked, and no Records read on, once it was called.
	Close() error
}

// Views opens engines: each is a view of the data as it is at that moment, and the caller's to close. Safe for concurrent
// use. Opening fails as answers do, and with fault.Unavailable also while nothing can be asked at all.
type Views interface {
	// Live is everything up to the moment, what the synchronous query answers from.
	Live(ctx context.Context) (Engine, error)
	// Settled is what the nightly batch has moved to the lake, what jobs answer from.
	Settled(ctx context.Context) (Engine, error)
	// Available is the dataAvailabilityDate: what started before it, Settled shows, but for days that never came into
	// the data at all. The nightly batch moves it, and leaves it where it was when it fails. It never goes back.
	Available(ctx context.Context) (time.Time, error)
}
