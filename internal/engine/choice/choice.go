// Package choice is the engine that hands each question on to one of two: small ones to the engine in the process, large ones to a
// cluster. What is large is decided by planned bytes: the sizes of the data files that the question touches, which the snapshot
// knows without reading any.
//
// A cluster that is away changes nothing for small questions. A large one fails then, and is not handed to the engine in the
// process: that was sized for small ones, and would keep them waiting.
package choice

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// Full is an engine over a lake: with all that one can have.
type Full interface {
	engine.Explainer
	engine.Gapped
	engine.Summing
	engine.Tabular
}

// Named is an engine with its name.
type Named struct {
	Full

	Name string
}

// Engine hands questions on.
type Engine struct {
	small, large Named
	files        sqltext.Files
	from         int64
}

var (
	_ Full            = (*Engine)(nil)
	_ engine.Choosing = (*Engine)(nil)
)

// New makes an engine of two over the same snapshot, which they close, of these files. Questions that touch so many bytes of them
// go to large.
func New(small, large Named, files sqltext.Files, from int64) *Engine {
	return &Engine{small: small, large: large, files: files, from: from}
}

// Choose implements engine.Choosing.
func (e *Engine) Choose(q query.Query, aggregations []query.Aggregation) engine.Choice {
	var beside []tables.Table
	for _, a := range aggregations {
		beside = append(beside, sqltext.TableOf(a.Dimension))
	}
	return e.choose(q, beside...)
}

func (e *Engine) choose(q query.Query, beside ...tables.Table) engine.Choice {
	c := engine.Choice{Engine: e.small.Name, Planned: sqltext.Planned(e.files, q, beside...), From: e.from}
	if c.Planned >= e.from {
		c.Engine = e.large.Name
	}
	return c
}

// chosen gives the engine that answers.
func (e *Engine) chosen(c engine.Choice) Full {
	if c.Engine == e.large.Name {
		return e.large
	}
	return e.small
}

// Count implements engine.Engine.
func (e *Engine) Count(ctx context.Context, q query.Query) (int64, error) {
	return e.chosen(e.choose(q)).Count(ctx, q)
}

// Records implements engine.Engine.
func (e *Engine) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	return e.chosen(e.choose(q)).Records(ctx, q, limit, offset)
}

// Facets implements engine.Engine.
func (e *Engine) Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	return e.chosen(e.Choose(q, aggregations)).Facets(ctx, q, aggregations)
}

// ByID implements engine.Engine. The index of ids makes it a small question.
func (e *Engine) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	return e.small.ByID(ctx, ids)
}

// Sums implements engine.Summing.
func (e *Engine) Sums(ctx context.Context, s query.Sums, most int) ([]query.Sum, bool, error) {
	return e.chosen(e.choose(s.Query(), tables.Metrics, tables.Segments)).Sums(ctx, s, most)
}

// Rows implements engine.Tabular.
func (e *Engine) Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	return e.chosen(e.choose(q, tables.Metrics, tables.Segments)).Rows(ctx, q, sel)
}

// AttributeKeys implements engine.Tabular.
func (e *Engine) AttributeKeys(ctx context.Context, q query.Query, most int) ([]string, error) {
	return e.chosen(e.choose(q, tables.Attributes)).AttributeKeys(ctx, q, most)
}

// Explain implements engine.Explainer.
func (e *Engine) Explain(ctx context.Context, q query.Query, limit, offset int) (engine.Explanation, error) {
	c := e.choose(q)
	x, err := e.chosen(c).Explain(ctx, q, limit, offset)
	x.Choice = &c
	return x, err
}

// Missing implements engine.Gapped.
func (e *Engine) Missing(iv conversation.Interval) []conversation.Days { return e.small.Missing(iv) }

// Close implements engine.Engine.
func (e *Engine) Close() error { return errors.Join(e.small.Close(), e.large.Close()) }

// Views are those of a lake: the live one and the settled one are both its newest snapshot.
type Views struct {
	Lake         *lake.Lake
	Fit          func() error // says why nothing can be asked now, if so; nil: anything can
	Small, Large func(*lake.Snapshot) Named
	From         int64 // planned bytes from which on Large answers
}

// Live opens the newest snapshot.
func (v Views) Live(ctx context.Context) (engine.Engine, error) { return v.Settled(ctx) }

// Settled opens the newest snapshot.
func (v Views) Settled(ctx context.Context) (engine.Engine, error) {
	if v.Fit != nil {
		if err := v.Fit(); err != nil {
			return nil, err
		}
	}
	snapshot, err := v.Lake.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return New(v.Small(snapshot), v.Large(snapshot), snapshot, v.From), nil
}

// Available is the end of the days that the lake has whole.
func (v Views) Available(ctx context.Context) (time.Time, error) { return v.Lake.Available(ctx) }
