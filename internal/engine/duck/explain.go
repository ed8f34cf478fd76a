package duck

import (
	"context"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/query"
)

// Explain implements engine.Explainer.
func (e *Engine) Explain(ctx context.Context, q query.Query, limit, offset int) (engine.Explanation, error) {
	s, err := e.search(ctx, q)
	if err != nil {
		return engine.Explanation{}, err
	}
	s = s.Named()
	x := engine.Explanation{Statement: s.Hits("conversation_id, file_index, file_row_number").SQL}
	for _, t := range s.Reads() {
		x.Tables = append(x.Tables, answers.Chosen(t, s.Files(t), len(e.snapshot.Files(t))))
	}
	if err := e.records(ctx, q, limit, offset, &x.Spent, func(conversation.Record) bool { x.Records++; return true }); err != nil {
		return engine.Explanation{}, err
	}
	x.Hits, err = e.Count(ctx, q)
	return x, err
}
