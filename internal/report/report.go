// Package report is row reports: flat rows of conversations, asked for in one of three dialects that programs and documents use
// and that the platform does not have. It reads a request of any of them into one value, says what is wrong with it in the
// platform's way, and runs it over an engine.
//
// A dialect is a way to ask. An asynchronous report selects columns of interactions between start and end, and is read page by
// page once it is complete. A paged one selects columns of conversations between dateFrom and dateTo, and its pages follow one
// another by a cursor. A single one selects columns of one conversation. A clause is a condition on a row; a group is the rows with
// the same values in some columns; a sum is a row that stands for a group.
//
// What columns there are is left to package column; how long a report waits and where its rows are kept, to package job.
package report

import (
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
)

// Dialect is a way to ask for rows.
type Dialect string

// The dialects.
const (
	None         Dialect = "" // the platform's own query
	Asynchronous Dialect = "an asynchronous row report"
	Paged        Dialect = "a paged row report"
	Single       Dialect = "a row report of one conversation"
)

// Limits of requests. The first is that of the document which has the dialect; the others are ours.
const (
	MaxRows         = 10_000_000 // of an asynchronous report
	MaxPage         = 1_000      // rows of a page of a paged report
	DefaultPage     = 100
	MaxSize         = 100 // of a single report, which has one row at most
	DefaultSize     = 25
	maxClauses      = 100
	maxDepth        = 10      // of clauses within clauses
	maxValues       = 1_000   // of one clause
	maxGroups       = 100_000 // which are in memory
	shortestBuckets = 15 * time.Minute
	longestBuckets  = 24 * time.Hour
)

// Request is a report as it was asked for. Of a single report ID, Interval and Selection are given.
type Request struct {
	Dialect   Dialect
	Interval  conversation.Interval // in which conversations of rows start; of a single report, which it overlaps
	Selection column.Selection      // what a row shows, in order; of sums, the measures
	Group     column.Selection      // columns whose values make a group; none: all rows are one
	Sums      bool                  // a row is a sum; else a conversation or an interaction, and those of a group come together
	Bucket    time.Duration         // of sums: each is of a group within so long a time; 0: within the interval
	Limit     int                   // rows at most; 0: all
	Page      int                   // rows of a page of a paged report
	Cursor    string                // of the page of a paged report; empty: the first
	Asks      string                // of a paged report: the same on each of its pages, and another where something else is asked
	ID        conversation.ID       // of a single report

	where        *clause // nil: every row
	participants int     // where among the members of a single report they stand; -1: nowhere
}
