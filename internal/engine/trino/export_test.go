package trino

import (
	"context"
	"database/sql"
	"math"
	"strings"

	"github.com/parley-hq/parley/internal/engine/sqltext"
)

// AskInParts has an engine ask for so many rows, and for records out of so many bytes, at once.
func AskInParts(e *Engine, rows int, bytes int64) { e.once = once{bytes, rows} }

// ReadInstants gives what Trino reads in texts, in milliseconds since 1970, and ReadNumbers the numbers; NaN is nothing.
func ReadInstants(ctx context.Context, c *Cluster, texts []string) ([]float64, error) {
	return read(ctx, c, dialect{}.Milliseconds(dialect{}.Instant("x")), texts)
}

func ReadNumbers(ctx context.Context, c *Cluster, texts []string) ([]float64, error) {
	return read(ctx, c, dialect{}.Number("x"), texts)
}

func read(ctx context.Context, c *Cluster, expression string, texts []string) (found []float64, err error) {
	args := make([]any, len(texts))
	for i, text := range texts {
		args[i] = text
	}
	rows, err := c.Ask(ctx, sqltext.Of("SELECT "+expression+" FROM (VALUES "+strings.TrimSuffix(strings.Repeat("(?), ", len(texts)), ", ")+") AS t(x)", args...))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v sql.NullFloat64
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		if !v.Valid {
			v.Float64 = math.NaN()
		}
		found = append(found, v.Float64)
	}
	return found, rows.Err()
}
