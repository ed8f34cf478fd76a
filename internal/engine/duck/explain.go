package duck

import (
	"context"
	"path/filepath"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
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
		x.Tables = append(x.Tables, e.chosen(t, s.Files(t)))
	}
	if err := e.records(ctx, q, limit, offset, &x.Spent, func(conversation.Record) bool { x.Records++; return true }); err != nil {
		return engine.Explanation{}, err
	}
	x.Hits, err = e.Count(ctx, q)
	return x, err
}

func (e *Engine) chosen(t tables.Table, files []datafile.File) engine.Chosen {
	c := engine.Chosen{Table: string(t), Of: len(e.snapshot.Files(t))}
	for _, f := range files {
		c.Files, c.Days = append(c.Files, filepath.Base(f.Path)), append(c.Days, f.Day)
		c.Rows += f.Rows
		c.Bytes += f.Bytes
	}
	return c
}
