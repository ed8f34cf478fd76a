// Package sql is the command "parley sql".
package sql

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/lake/at"
)

// Options is everything "parley sql" reads.
type Options struct {
	Streams *ui.Streams

	Lake      string
	Statement string
	JSON      bool
	CSV       bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   `sql --lake DIR "SELECT ..."`,
		Short: "Ask a lake in SQL",
		Long: `Run one reading statement of DuckDB's SQL over views of all tables: conversations, segments, metrics, attributes,
evaluations, surveys, resolutions, summaries, legs, changes; and of what things are called: users, queues, wrap_up_codes, divisions, skills,
languages, with the history in names. All views of records are of one snapshot: they fit together, whatever is written
meanwhile. Nothing can be written, and nothing but the lake be read: the statement is a SELECT (FROM, VALUES, TABLE,
DESCRIBE, SHOW, SUMMARIZE, PIVOT ... IN (...)), or an EXPLAIN of one. docs/tables.md lists the columns.

At a terminal the answer is a table; in a pipe its cells are separated by tabs, without a head; with --json each row is an object,
and with --csv the answer is a CSV with a head, as parley export writes it.`,
		Example: `  parley sql --lake ./lake "SELECT direction, count(*) FROM conversations GROUP BY 1"
  parley sql --lake ./lake "DESCRIBE segments"
  parley sql --lake ./lake "SELECT q.name, count(*) FROM metrics m JOIN queues q ON q.id = m.queue_id WHERE m.name = 'nOffered' GROUP BY 1"
  parley sql --lake ./lake --json "SELECT name, sum(value) AS total FROM metrics GROUP BY name ORDER BY name"`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Statement = args[0]
			return Run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Lake, "lake", "", "folder of the lake")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print each row as a JSON object on a line of its own")
	cmd.Flags().BoolVar(&o.CSV, "csv", false, "print a CSV, with a head")
	cmd.MarkFlagsMutuallyExclusive("json", "csv")
	cobra.CheckErr(cmd.MarkFlagRequired("lake"))
	return cmd
}

// derived finds the names of the tables that may lack days.
var derived = regexp.MustCompile(`(?i)\b(summaries|legs)\b`)

// Run asks. Who asks tables that lack days is told so.
func Run(ctx context.Context, o *Options) error {
	if err := o.ask(ctx); err != nil || !derived.MatchString(o.Statement) {
		return err
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	days, of, err := l.Outdated(ctx)
	if len(days) > 0 {
		o.Streams.Notef("Of %d days in the lake, summaries and legs lack %d, or have them by other rules; parley lake derive makes them.\n", of, len(days))
	}
	return errors.Join(err, l.Close())
}

func (o *Options) ask(ctx context.Context) error {
	if o.JSON {
		return o.runJSON(ctx)
	}
	if o.CSV {
		return o.runCSV(ctx)
	}
	var table *ui.Table
	err := app.SQL(ctx, o.Lake, o.Statement,
		func(names []string) error {
			table = o.Streams.Table(names...)
			return nil
		},
		func(values []any) error {
			cells := make([]string, len(values))
			for i, v := range values {
				cells[i] = text(v)
			}
			table.Row(cells...)
			return nil
		})
	if err != nil {
		return err
	}
	return table.Done()
}

// runCSV writes a head and fields. What is absent is an empty field, and a list or struct one with JSON.
func (o *Options) runCSV(ctx context.Context) error {
	out := bufio.NewWriter(o.Streams.Out)
	var rows *export.CSV
	err := app.SQL(ctx, o.Lake, o.Statement,
		func(names []string) (err error) {
			columns := make([]column.Selected, len(names))
			for i, name := range names {
				columns[i].Name = name
			}
			rows, err = export.NewCSV(out, columns, export.CSVOptions{})
			return err
		},
		func(values []any) error {
			for i, v := range values {
				if v != nil {
					values[i] = text(v)
				}
			}
			return rows.Row(values)
		})
	return errors.Join(err, out.Flush())
}

// runJSON writes objects whose members are in the order of the columns.
func (o *Options) runJSON(ctx context.Context) error {
	var names []string
	return app.SQL(ctx, o.Lake, o.Statement,
		func(n []string) error {
			names = n
			return nil
		},
		func(values []any) error {
			line := []byte{'{'}
			for i, v := range values {
				if i > 0 {
					line = append(line, ',')
				}
				name, err := json.Marshal(names[i])
				if err != nil {
					return err
				}
				value, err := json.Marshal(plain(v))
				if err != nil {
					return err
				}
				line = append(append(append(line, name...), ':'), value...)
			}
			_, err := o.Streams.Out.Write(append(line, '}', '\n'))
			return err
		})
}

// plain turns DuckDB's values into those that JSON has: times as upstream writes them, whole numbers of any size as
// numbers.
func plain(v any) any {
	switch v := v.(type) {
	case time.Time:
		return conversation.FormatTime(v)
	case *big.Int:
		return json.Number(v.String())
	case fmt.Stringer:
		return v.String()
	case []byte:
		return string(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	}
	return v
}

func text(v any) string {
	switch v := plain(v).(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	default:
		return fmt.Sprint(v)
	}
}
