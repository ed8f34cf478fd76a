package duck

import (
	"context"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/query"
)

var _ engine.Summing = (*Engine)(nil)

// Facets answers aggregations, one statement each.
func (e *Engine) Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	s, err := e.search(ctx, q)
	if err != nil {
		return nil, err
	}
	if s.Empty() || !sqltext.Filtered(q) {
		return answers.Facets(ctx, e, aggregations, s, nil)
	}
	var out []query.Facet
	err = e.lend(ctx, s, func(h *hitSet) (err error) {
		out, err = answers.Facets(ctx, e, aggregations, s, h.as())
		return err
	})
	return out, err
}

// Sums implements engine.Summing.
func (e *Engine) Sums(ctx context.Context, s query.Sums, most int) ([]query.Sum, bool, error) {
	search, err := e.search(ctx, s.Query())
	if err != nil || search.Empty() {
		return nil, false, err
	}
	return answers.Sums(ctx, e, search, s, most)
}
