package mem

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

var _ engine.Tabular = (*view)(nil)

// Rows implements engine.Tabular: it reads every record. What only a lake knows of a record, such as when it was received, is
// absent.
func (v *view) Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for items, err := range v.items(ctx, q, sel.Per) {
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range items {
				if !yield(sel.Row(&items[i]), nil) {
					return
				}
			}
		}
	}
}

// items yields what the rows of each record are read from, in order of start and medium.
func (v *view) items(ctx context.Context, q query.Query, per column.Per) iter.Seq2[[]column.Item, error] {
	q.Order, q.OrderBy = query.Ascending, query.ByConversationStart
	return func(yield func([]column.Item, error) bool) {
		for r, err := range v.Records(ctx, q, 0, 0) {
			if err != nil {
				yield(nil, err)
				return
			}
			c, _ := wire.Decode(r.JSON)
			items := column.Items(conversation.Version{Record: r}, c, per)
			slices.SortFunc(items, func(a, b column.Item) int { return strings.Compare(a.Medium, b.Medium) })
			if !yield(items, nil) {
				return
			}
		}
	}
}

// AttributeKeys implements engine.Tabular.
func (v *view) AttributeKeys(ctx context.Context, q query.Query, most int) ([]string, error) {
	keys := map[string]bool{}
	for items, err := range v.items(ctx, q, column.Conversation) {
		if err != nil {
			return nil, err
		}
		for _, p := range items[0].Conversation.Participants {
			for key := range p.Attributes {
				keys[key] = true
			}
		}
	}
	sorted := slices.Sorted(maps.Keys(keys))
	return sorted[:min(most, len(sorted))], nil
}
