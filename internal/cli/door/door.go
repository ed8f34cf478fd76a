// Package door has the flags of the commands that bring records into a lake: what a record is held against, and what happens
// when it is otherwise.
package door

import (
	"cmp"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/recordschema"
	"github.com/parley-hq/parley/internal/source/rows"
	"github.com/parley-hq/parley/internal/wire"
)

// Options are the flags.
type Options struct {
	OnDrift string
	Schema  string
}

// Flags defines --on-drift and --schema.
func (o *Options) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.OnDrift, "on-drift", "warn", "what to do when records have members, or types of them, that neither this version nor the lake knows, or deviate from --schema: warn, or fail before they come into the lake")
	f.StringVar(&o.Schema, "schema", "", "file with a JSON Schema that records are held against besides; what breaks its $defs/hard is set aside")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("on-drift", cobra.FixedCompletions([]string{"warn", "fail"}, cobra.ShellCompDirectiveNoFileComp)))
}

// Door is what the flags say.
type Door struct {
	// Strict says that members which nobody knows are to be refused.
	Strict bool
	// Record reads a record; nil stands for wire.Record.
	Record func(raw []byte) (conversation.Record, error)

	warning func() string // nil without a schema
}

// Open reads the flags, and the schema.
func (o *Options) Open() (Door, error) {
	d, s, err := o.read()
	if err != nil || s == nil {
		return d, err
	}
	checked := recordschema.NewDoor(s, d.Strict)
	d.Record, d.warning = checked.Record, checked.Warning
	return d, nil
}

// OpenRows is Open for the rows of a report: the schema, of which there is one without the flag too, is that of a row.
func (o *Options) OpenRows(standard *recordschema.Schema) (Door, error) {
	d, s, err := o.read()
	if err != nil {
		return d, err
	}
	checked := recordschema.NewRowDoor(cmp.Or(s, standard), d.Strict)
	d.Record, d.warning = rows.NewDoor(checked).Record, checked.Warning
	return d, nil
}

// read reads the flags; the schema is nil if there is none.
func (o *Options) read() (d Door, s *recordschema.Schema, err error) {
	switch o.OnDrift {
	case "", "warn":
	case "fail":
		d.Strict = true
	default:
		return d, nil, fault.Field("--on-drift", "--on-drift %s is not known; warn and fail are", fault.Clip(o.OnDrift))
	}
	if o.Schema != "" {
		s, err = recordschema.Read(o.Schema)
	}
	return d, s, err
}

// Warn tells on standard error of what was otherwise, and taken: drift is what a run met first.
func (d Door) Warn(s *ui.Streams, drift []wire.Sight) {
	if len(drift) > 0 {
		s.Notef("parley: warning: %s\n", lake.DriftWarning(drift))
	}
	if d.warning == nil {
		return
	}
	if text := d.warning(); text != "" {
		s.Notef("parley: warning: %s\n", text)
	}
}
