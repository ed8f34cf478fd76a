package duck

import (
	"context"
	"path/filepath"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
)

// Spent is the time that a question took.
type Spent struct {
	Finding time.Duration // hits, by DuckDB
	Reading time.Duration // their records, out of the data files
}

// Explanation says how a question was answered.
type Explanation struct {
	// SQL is the statement that found the hits, with ? for every value. Tables stand for the files that were chosen of
	// them.
	SQL     string
	Tables  []Chosen // that SQL names
	Hits    int64    // conversations that were found
	Records int      // records that were read
	Spent   Spent
}

// Chosen is what was read of a table.
type Chosen struct {
	Table lake.Table
	Of    int      // data files that the table has
	Files []string // base names of those chosen, by day; the folder of a file names its day
	Days  []conversation.Day
	Rows  int64 // in these files
	Bytes int64
}

// Explain answers a question, counts the records instead of handing them on, and says how it was done.
func (e *Engine) Explain(ctx context.Context, q query.Query, limit, offset int) (Explanation, error) {
	s := newSearch(e.snapshot, q)
	s.named = true
	x := Explanation{SQL: s.hits("conversation_id, file_index, file_row_number").text}
	for _, t := range lake.Tables() {
		if t == lake.Conversations || asks(q, t) {
			x.Tables = append(x.Tables, e.chosen(t, s.files[t]))
		}
	}
	if err := e.records(ctx, q, limit, offset, &x.Spent, func(conversation.Record) bool { x.Records++; return true }); err != nil {
		return Explanation{}, err
	}
	var err error
	x.Hits, err = e.Count(ctx, q)
	return x, err
}

func (e *Engine) chosen(t lake.Table, files []lake.File) Chosen {
	c := Chosen{Table: t, Of: len(e.snapshot.Files(t))}
	for _, f := range files {
		c.Files, c.Days = append(c.Files, filepath.Base(f.Path)), append(c.Days, f.Day)
		c.Rows += f.Rows
		c.Bytes += f.Bytes
	}
	return c
}

// asks says whether a query has a filter that is answered from a companion.
func asks(q query.Query, t lake.Table) bool {
	for _, f := range q.Filters {
		if tables[f.Kind] == t || t == lake.Metrics && f.Kind == query.OfConversation && asksMetric(f) {
			return true
		}
	}
	return false
}

func asksMetric(f query.Filter) bool {
	m := &metrics{}
	items{m}.filter(f)
	return len(m.names) > 0
}
