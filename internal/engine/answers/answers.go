// Package answers reads what the statements of package sqltext give, from whatever system runs them: facets, sums, rows of a
// selection. It knows no dialect, and keeps nothing.
package answers

import (
	"cmp"
	"context"
	"database/sql"
	"errors"

	"github.com/parley-hq/parley/internal/engine/sqltext"
)

// Source is a system that runs statements. Its failures are those of engine.Engine.
type Source interface {
	// Ask runs a statement that gives rows.
	Ask(ctx context.Context, statement sqltext.Text) (*sql.Rows, error)
	// Failed is a failure of reading rows as engine.Engine has it; nil of nil.
	Failed(ctx context.Context, err error) error
}

// One reads the only row of a statement.
func One(ctx context.Context, from Source, statement sqltext.Text, to ...any) error {
	rows, err := from.Ask(ctx, statement)
	if err != nil {
		return err
	}
	defer rows.Close()
	if !rows.Next() {
		return from.Failed(ctx, cmp.Or(rows.Err(), sql.ErrNoRows))
	}
	return from.Failed(ctx, rows.Scan(to...))
}

// Texts visits the texts that a statement gives.
func Texts(ctx context.Context, from Source, statement sqltext.Text, visit func(string)) (err error) {
	rows, err := from.Ask(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return from.Failed(ctx, err)
		}
		visit(text)
	}
	return from.Failed(ctx, rows.Err())
}
