// Package schema is the command "parley schema".
package schema

import (
	"context"
	"errors"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/wire"
)

// Options is everything "parley schema" reads.
type Options struct {
	Streams *ui.Streams

	Lake    string
	Unknown bool
	Print   bool
	JSON    bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "schema --lake DIR",
		Short: "Show which members the records of a lake have",
		Long: `List the members of all records that came into the lake: path, type of the value, how often it was met, and the first and
the last day on which a conversation started that has it. Those that this version does not know, or not with that type, are
marked, with the id of a conversation that has one. They are kept in the records; the tables do not have them.

A record is counted when it comes, and again when a newer version of it comes. Records that an earlier version of Parley brought
are not counted. No values are shown, nor the names of attributes.

--print prints what this version knows, as a JSON Schema, to begin a schema of your own with: parley extract and parley import
take one with --schema.`,
		Example: `  parley schema --lake ./lake
  parley schema --lake ./lake --unknown --json
  parley schema --print > rules.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.Lake, "lake", "", "folder of the lake")
	cmd.Flags().BoolVar(&o.Unknown, "unknown", false, "only what this version does not know")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print each member as a JSON object on a line of its own")
	cmd.Flags().BoolVar(&o.Print, "print", false, "print the schema of this version, as a JSON Schema")
	return cmd
}

// Run lists.
func Run(ctx context.Context, o *Options) (err error) {
	switch {
	case (o.Lake == "") == !o.Print:
		return fault.New(fault.Invalid, "give one of --lake and --print; see parley schema --help")
	case o.Print:
		_, err := o.Streams.Out.Write(wire.Schema())
		return err
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	keys, err := l.Keys(ctx)
	if err != nil {
		return err
	}
	t := o.table()
	unknown := 0
	for _, k := range keys {
		if !k.Known() {
			unknown++
		} else if o.Unknown {
			continue
		}
		if err := t.row(k); err != nil {
			return err
		}
	}
	if !o.JSON {
		o.Streams.Notef("%s; unknown to this version: %d\n", ui.Counted(int64(len(keys)), "member", "members"), unknown)
	}
	return t.done()
}

// table prints keys one by one.
type table struct {
	row  func(lake.KnownKey) error
	done func() error
}

func (o *Options) table() table {
	if o.JSON {
		return table{o.json, func() error { return nil }}
	}
	t := o.Streams.Table("path", "type", "count", "first day", "last day", "unknown, as in conversation")
	return table{func(k lake.KnownKey) error {
		t.Row(k.Path, k.Type, strconv.FormatInt(k.Count, 10), k.First.String(), k.Last.String(), string(k.Example))
		return nil
	}, t.Done}
}

func (o *Options) json(k lake.KnownKey) error {
	return o.Streams.JSON(struct {
		lake.KnownKey

		Known bool `json:"known"`
	}{k, k.Known()})
}
