package engine

import (
	"errors"

	"github.com/parley-hq/parley/internal/query"
)

// ErrAway is in the chain of a failure that is fault.Unavailable because what answers cannot be reached: the same question may be
// answered later, with nothing changed about it.
var ErrAway = errors.New("what answers cannot be reached")

// Choosing is an Engine that hands each question on to one of several.
type Choosing interface {
	// Choose says which engine answers what is asked of the records that q selects, by Count, Records and Facets.
	Choose(q query.Query, aggregations []query.Aggregation) Choice
}

// Choice says which engine answers, and why.
type Choice struct {
	Engine  string // its name: duckdb, trino; empty where there was no choice
	Planned int64  // bytes of the data files that the question touches
	From    int64  // planned bytes from which on the engine for large questions answers
}

// ChoiceOf asks an engine which one answers; false of one that answers everything by itself.
func ChoiceOf(e Engine, q query.Query, aggregations []query.Aggregation) (Choice, bool) {
	if c, is := e.(Choosing); is {
		choice := c.Choose(q, aggregations)
		return choice, choice.Engine != ""
	}
	return Choice{}, false
}
