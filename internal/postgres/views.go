package postgres

import (
	"context"
	_ "embed"
	"strings"

	"github.com/jackc/pgx/v5"
)

// views.sql has the views, each a statement; {schema} stands for the schema.
//
//go:embed views.sql
var viewsSQL string

// views makes the views, or makes them anew: their columns may have changed.
func (c *Copy) views(ctx context.Context, tx pgx.Tx) error {
	for statement := range strings.SplitSeq(viewsSQL, ";\n") {
		if statement = strings.TrimSpace(statement); statement == "" {
			continue
		}
		if _, err := tx.Exec(ctx, strings.ReplaceAll(statement, "{schema}", pgx.Identifier{c.cfg.Schema}.Sanitize())); err != nil {
			return err
		}
	}
	return nil
}
