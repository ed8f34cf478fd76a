// Package confined is the engine for a client that may see the conversations of one user and no others. It answers
// whatever it is asked as if these were all there are: counts, aggregations and pages know nothing of the rest, and the
// very existence of others does not show.
//
// A query finds what has a segment of the user, because segments are what filters ask about; an id also finds a
// conversation in which the user is a participant without any segment. Which clients are confined, and to whom, is left to
// package access.
package confined

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// To gives an engine that shows, of what another one has, the conversations that a user took part in. The empty user took
// part in none. The other engine is its own from then on: it closes it.
func To(user string, e engine.Engine) engine.Engine { return &view{e, user} }

// view is an engine that shows a part of another.
type view struct {
	all  engine.Engine
	user string
}

var (
	_ engine.Engine   = (*view)(nil)
	_ engine.Choosing = (*view)(nil)
	_ engine.Gapped   = (*view)(nil)
	_ engine.Tabular  = (*view)(nil)
)

// Count implements engine.Engine.
func (v *view) Count(ctx context.Context, q query.Query) (int64, error) {
	return v.all.Count(ctx, q.OnlyOf(v.user))
}

// Records implements engine.Engine.
func (v *view) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	return v.all.Records(ctx, q.OnlyOf(v.user), limit, offset)
}

// Facets implements engine.Engine.
func (v *view) Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	return v.all.Facets(ctx, q.OnlyOf(v.user), aggregations)
}

// ByID implements engine.Engine. It has no query that could be narrowed, so it looks into each record.
func (v *view) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		for r, err := range v.all.ByID(ctx, ids) {
			if err == nil && !tookPart(r, v.user) {
				continue
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Rows implements engine.Tabular.
func (v *view) Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	return engine.Rows(ctx, v.all, q.OnlyOf(v.user), sel)
}

// AttributeKeys implements engine.Tabular.
func (v *view) AttributeKeys(ctx context.Context, q query.Query, most int) ([]string, error) {
	return engine.AttributeKeys(ctx, v.all, q.OnlyOf(v.user), most)
}

// Choose implements engine.Choosing.
func (v *view) Choose(q query.Query, aggregations []query.Aggregation) engine.Choice {
	c, _ := engine.ChoiceOf(v.all, q.OnlyOf(v.user), aggregations)
	return c
}

// Missing implements engine.Gapped: which days never came is no secret.
func (v *view) Missing(iv conversation.Interval) []conversation.Days {
	return engine.Missing(v.all, iv)
}

// Close implements engine.Engine.
func (v *view) Close() error { return v.all.Close() }

// tookPart says whether a user is among the participants. One whose userId cannot be read is nobody.
func tookPart(r conversation.Record, user string) bool {
	c, _ := wire.Decode(r.JSON)
	return user != "" && slices.ContainsFunc(c.Participants, func(p conversation.Participant) bool { return strings.EqualFold(p.UserID, user) })
}
