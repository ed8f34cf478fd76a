package postgres

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
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
		named := viewName.FindStringSubmatch(statement)
		if named == nil {
			continue // what stands behind the last one
		}
		if err := c.view(ctx, tx, named[1], statement); err != nil {
			return err
		}
	}
	return nil
}

var viewName = regexp.MustCompile(`CREATE OR REPLACE VIEW \{schema\}\.(\w+)`)

// view makes one by its statement. One that somebody else made stays as it is.
func (c *Copy) view(ctx context.Context, tx pgx.Tx, name, statement string) error {
	if _, err := c.made(ctx, tx, name, aView); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, strings.ReplaceAll(statement, "{schema}", pgx.Identifier{c.cfg.Schema}.Sanitize())); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, fmt.Sprintf("COMMENT ON VIEW %s IS %s", c.table(name), quoted(mark+"view "+name)))
	return err
}
