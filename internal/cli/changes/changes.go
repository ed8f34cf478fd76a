// Package changes is the command "parley changes".
package changes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Options is everything "parley changes" reads.
type Options struct {
	Streams *ui.Streams

	Lake         string
	From, To     string
	Conversation string
	Since        string
	Width        int
	JSON         bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "changes --lake DIR",
		Short: "Show what the platform changed in conversations that the lake had",
		Long: `List the differences between the versions of a conversation that the lake received: when each was found, where in the
record it is, what stood there before and what stands there now. docs/tables.md says how places are written.

--from and --to are about the day on which a conversation started, --since about when a difference was found.

At a terminal the differences are grouped by conversation, and long values are cut; in a pipe each is a line of cells separated
by tabs: when it was found, conversation, place, before, after. With --json each is an object, whole. The values are those of the
records, personal data among them.`,
		Example: `  parley changes --lake ./lake --since 2026-11-07
  parley changes --lake ./lake --from 2026-11-01 --to 2026-11-08 --json
  parley changes --lake ./lake --conversation 4723bef1-e652-47bf-bfb5-aaa11887d54d --width 0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake")
	f.StringVar(&o.From, "from", "", "first day, UTC, as 2026-11-01 (default: the first of the lake)")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC (default: up to the last of the lake)")
	f.StringVar(&o.Conversation, "conversation", "", "only of the conversation with this id")
	f.StringVar(&o.Since, "since", "", "only what was found at this time or later, as 2026-11-08 or 2026-11-08T02:00:00Z")
	f.IntVar(&o.Width, "width", 60, "characters of a value that are shown at a terminal; 0 shows it whole")
	f.BoolVar(&o.JSON, "json", false, "print each difference as a JSON object on a line of its own")
	cobra.CheckErr(cmd.MarkFlagRequired("lake"))
	return cmd
}

// Run lists.
func Run(ctx context.Context, o *Options) (err error) {
	wanted, err := o.wanted()
	if err != nil {
		return err
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	s, err := l.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p, found := o.printer(), false
	for c, err := range s.Changes(ctx, wanted) {
		if err != nil {
			return errors.Join(p.done(), err)
		}
		if err := p.print(c); err != nil {
			return err
		}
		found = true
	}
	if !found && !o.Streams.OutTerminal { // there it counts them
		o.Streams.Notef("No record of those asked for was found changed.\n")
	}
	return p.done()
}

func (o *Options) wanted() (w lake.Wanted, err error) {
	w = lake.Wanted{ID: conversation.ID(o.Conversation), Days: conversation.Days{First: -1 << 29, End: 1 << 29}}
	if o.From != "" {
		if w.Days.First, err = conversation.ParseDay(o.From); err != nil {
			return w, fault.Field("--from", "--from %v", err)
		}
	}
	if o.To != "" {
		if w.Days.End, err = conversation.ParseDay(o.To); err != nil {
			return w, fault.Field("--to", "--to %v", err)
		}
	}
	if w.Days.Len() <= 0 {
		return w, fault.Field("--to", "--to must lie after --from")
	}
	if o.Width < 0 {
		return w, fault.Field("--width", "--width must not be negative")
	}
	if w.Since, err = since(o.Since); err != nil {
		return w, fault.Field("--since", "--since %v", err)
	}
	return w, nil
}

// since reads a time, or the beginning of a day.
func since(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := conversation.ParseDay(text); err == nil {
		return day.Start(), nil
	}
	return conversation.ParseTime(text)
}

// printer prints changes one by one.
type printer struct {
	print func(tables.Change) error
	done  func() error
}

func (o *Options) printer() printer {
	switch {
	case o.JSON:
		return printer{o.json, func() error { return nil }}
	case !o.Streams.OutTerminal:
		t := o.Streams.Table()
		return printer{func(c tables.Change) error {
			t.Row(conversation.FormatTime(c.FoundAt), string(c.ID), c.Path, c.Before, c.After)
			return nil
		}, t.Done}
	}
	return o.grouped()
}

// change is a Change as JSON has it. What stood in a place and what stands there are values as in the record; a member that
// is missing says that there was nothing.
type change struct {
	FoundAt string          `json:"foundAt"`
	ID      conversation.ID `json:"conversationId"`
	Start   string          `json:"conversationStart"`
	Path    string          `json:"path"`
	Before  json.RawMessage `json:"before,omitempty"`
	After   json.RawMessage `json:"after,omitempty"`
	Run     string          `json:"run"`
}

func (o *Options) json(c tables.Change) error {
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // values stay as the platform wrote them
	err := enc.Encode(change{
		conversation.FormatTime(c.FoundAt), c.ID, conversation.FormatTime(c.Start), c.Path, json.RawMessage(c.Before), json.RawMessage(c.After), c.Run,
	})
	if err != nil {
		return fault.New(fault.Corrupt, "a row of changes of conversation %s is not JSON; see parley lake check", c.ID)
	}
	_, err = o.Streams.Out.Write(line.Bytes())
	return err
}

// grouped prints for a person: the changes of a conversation that were found together stand below one another.
func (o *Options) grouped() printer {
	var last tables.Change
	n := int64(0)
	return printer{func(c tables.Change) error {
		if n == 0 || c.ID != last.ID || !c.FoundAt.Equal(last.FoundAt) {
			if n > 0 {
				o.Streams.Printf("\n")
			}
			o.Streams.Printf("%s of %s, found at %s by %s\n", ui.Plain(string(c.ID)), conversation.FormatTime(c.Start), conversation.FormatTime(c.FoundAt), ui.Plain(c.Run))
			last = tables.Change{ID: conversation.ID(strings.Clone(string(c.ID))), FoundAt: c.FoundAt} // a change is good until the next
		}
		n++
		o.Streams.Printf("  %s\n", ui.Plain(placed(c.Path)))
		switch {
		case c.Before == "":
			o.Streams.Printf("    added    %s\n", o.cut(c.After))
		case c.After == "":
			o.Streams.Printf("    removed  %s\n", o.cut(c.Before))
		default:
			o.Streams.Printf("    was      %s\n    is       %s\n", o.cut(c.Before), o.cut(c.After))
		}
		return nil
	}, func() error {
		if n > 0 {
			o.Streams.Printf("\n")
		}
		o.Streams.Printf("%s.\n", ui.Counted(n, "change", "changes"))
		return nil
	}}
}

// placed is a path for a person: that of the whole record is empty.
func placed(path string) string {
	if path == "" {
		return "the whole record"
	}
	return path
}

// cut is so much of a value as is shown.
func (o *Options) cut(value string) string {
	if o.Width == 0 || len(value) <= o.Width {
		return ui.Plain(value)
	}
	n := 0
	for i := range value {
		if n == o.Width {
			return ui.Plain(value[:i]) + "…"
		}
		n++
	}
	return ui.Plain(value)
}
