package engine

import (
	"context"
	"errors"
	"iter"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/query"
)

// Tabular is an engine that makes rows of conversations.
type Tabular interface {
	// Rows yields the rows of what q selects, in ascending order of start, ties by id and medium, whatever order q asks for: the
	// values of the selection's columns, in their types. A row is good until the next one. The selection is spelled out. It
	// streams: memory does not grow with the number of rows. It stops after the first error, which is as Records has it.
	Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error]

	// AttributeKeys gives the keys of the attributes that participants have in what q selects, in order, at most so many.
	AttributeKeys(ctx context.Context, q query.Query, most int) ([]string, error)
}

// Rows yields rows of an engine, as Tabular has them. One that makes none fails with an error of no kind.
func Rows(ctx context.Context, e Engine, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	if t, is := e.(Tabular); is {
		return t.Rows(ctx, q, sel)
	}
	return func(yield func([]any, error) bool) { yield(nil, errNoRows) }
}

// AttributeKeys gives the keys of an engine, as Tabular has them. One that makes no rows fails with an error of no kind.
func AttributeKeys(ctx context.Context, e Engine, q query.Query, most int) ([]string, error) {
	if t, is := e.(Tabular); is {
		return t.AttributeKeys(ctx, q, most)
	}
	return nil, errNoRows
}

var errNoRows = errors.New("the engine makes no rows")
