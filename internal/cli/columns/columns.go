// Package columns is the command "parley columns".
package columns

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/column"
)

// Options is everything "parley columns" reads.
type Options struct {
	Streams *ui.Streams

	JSON bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "columns",
		Short: "List the columns that rows can have",
		Long: `List the columns that parley export --select takes, with type, unit and meaning. A row is a conversation, or an interaction: one medium
of one conversation, with what its sessions say. The attribute of a key is a column too: attributes.KEY.

At a terminal the list is a table; in a pipe each column is a line of cells separated by tabs: name, type, unit, whether it can be summed,
other names, meaning. docs/export.md has the same list.`,
		Example: `  parley columns
  parley columns --json | jq -r 'select(.measure) | .name'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return Run(o) },
	}
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print each column as a JSON object on a line of its own")
	return cmd
}

// line is a column as JSON has it.
type line struct {
	Name    string      `json:"name"`
	Aliases []string    `json:"aliases,omitempty"`
	Type    column.Type `json:"type"`
	Unit    string      `json:"unit,omitempty"`
	Measure bool        `json:"measure"` // can be summed over rows
	Only    column.Per  `json:"only,omitempty"`
	Meaning string      `json:"meaning"`
}

// Run lists.
func Run(o *Options) error {
	if o.JSON {
		for _, c := range column.All() {
			if err := o.Streams.JSON(line{c.Name, c.Aliases, c.Type, c.Unit, c.Measure, c.Only, c.Doc}); err != nil {
				return err
			}
		}
		return nil
	}
	t := o.Streams.Table("column", "type", "unit", "sum", "other names", "meaning")
	for _, c := range column.All() {
		t.Row(c.Name, string(c.Type), c.Unit, map[bool]string{true: "yes"}[c.Measure], strings.Join(c.Aliases, " "), c.Doc)
	}
	return t.Done()
}
