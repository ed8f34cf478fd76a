package engine

import (
	"context"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// Explainer is an Engine that can say how it answers: one that searches files, by statements. An Engine over memory has
// nothing to tell.
type Explainer interface {
	Engine
	// Explain answers a question, counts the records instead of handing them on, and says how it was done.
	Explain(ctx context.Context, q query.Query, limit, offset int) (Explanation, error)
}

// Explanation says how a question was answered.
type Explanation struct {
	// Statement is what found the hits, with ? for every value. Its tables stand for the files that were chosen of them.
	Statement string
	Tables    []Chosen // that Statement names
	Hits      int64    // conversations that were found
	Records   int      // records that were read
	Spent     Spent
	Choice    *Choice // nil where there was none
}

// Chosen is what was read of a table.
type Chosen struct {
	Table string
	Of    int      // data files that the table has
	Files []string // base names of those chosen, by day; the folder of a file names its day
	Days  []conversation.Day
	Rows  int64 // in these files
	Bytes int64
}

// Spent is the time that a question took.
type Spent struct {
	Finding time.Duration // hits
	Reading time.Duration // their records, out of the data files
}
