// Package get is the command "parley get".
package get

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/account/rules"
	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/wire"
)

// Options is everything "parley get" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	ID      conversation.ID
	Lake    string
	BaseURL string
	Budget  connection.Budget
	Rules   string
	Why     bool
	JSON    bool
	Record  bool
	Width   int // of lines, in characters

	client *platform.Client // that was asked; nil of a lake
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "get CONVERSATION_ID (--lake DIR | --base-url URL)",
		Short: "Tell what happened in a conversation",
		Long: `Tell what happened in one conversation of a lake, of the platform or of a server: who called whom, inbound or outbound, who
answered, why they called, how long each phase took, how it ended, and what the record misleads about.

Much of that no record says: it is derived. --why gives the rule of each value, and docs/get.md all of them. A bar for each
participant shows what happened when, on a time axis that folds where nothing changes: each stretch says how long it is. The
platform's metrics stand beside the segments that they should equal, and what disagrees is marked with !=.

Flows write down why somebody called in attributes whose names are your own. --rules names a file that says which:

  reasons:
    - label: Menu choice
      attribute: Menu_Selection
      values: {"1": sales, "2": claims}
    - label: Order placed
      outcome: 3f0c5a6e-6d0f-4e0b-9d5d-3f4f0a6b7c11   # the id of an outcome of flows

Without --rules they are those that the lake remembers, by parley lake derive --rules; --rules none leaves these out. The
synchronous query, by which the platform is asked, has no attributes; a lake has them.

Users, queues and wrap-up codes are shown by the names that they have today: those that the lake keeps, or that the server gives
for the ids of this conversation. docs/names.md has more.

` + connection.Help + `

--json has the same as data: times in UTC, lengths in milliseconds. --record has the record as it was received. All of them
hold personal data, as the record does. The exit code is 5 if there is no such conversation.`,
		Example: `  parley get 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11 --lake ./lake
  parley get 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11 --lake ./lake --rules rules.yaml --why
  parley get 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11 --base-url http://127.0.0.1:8080 --json | jq -r .sentence
  parley get 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11 --lake ./lake --record | jq .participants`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fault.New(fault.Invalid, "give the id of one conversation: %s", cmd.UseLine())
			}
			o.ID = conversation.ID(args[0])
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Width = s.Width()
			return Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake that has it")
	f.StringVar(&o.BaseURL, "base-url", "", "server to ask, in place of GENESYS_ENVIRONMENT")
	f.StringVar(&o.Rules, "rules", "", "file that says which attributes and outcomes tell why they called; none: not even those that the lake remembers")
	f.BoolVar(&o.Why, "why", false, "say of each value by which rule it was derived")
	f.BoolVar(&o.JSON, "json", false, "print one JSON object")
	f.BoolVar(&o.Record, "record", false, "print the record as it was received")
	o.Budget.Flags(f, connection.Interactive)
	cobra.CheckErr(cmd.MarkFlagDirname("lake"))
	cobra.CheckErr(cmd.MarkFlagFilename("rules", "yaml", "yml"))
	return cmd
}

// Run finds the record and tells it.
func Run(ctx context.Context, o *Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	var opts account.Options
	var err error
	if opts.ReasonRules, err = o.reasonRules(ctx); err != nil { // first: whoever mistyped need not wait for a record
		return err
	}
	if o.Lake == "" && slices.ContainsFunc(opts.ReasonRules, func(r account.ReasonRule) bool { return r.Attribute != "" }) {
		o.Streams.Notef("The synchronous query has no attributes, so that rules about them find nothing; a lake has them.\n")
	}
	record, asOf, err := o.find(ctx)
	if err != nil {
		return err
	}
	if o.Record {
		_, err := o.Streams.Out.Write(append(record, '\n'))
		return err
	}
	c, misfits := wire.Decode(record)
	opts.AsOf = asOf
	book, err := o.names(ctx, c, opts)
	if err != nil {
		return err
	}
	used := &use{book: book, of: map[account.Noun]map[string]string{}}
	opts.Names = used.name
	a := account.Of(c, opts)
	if len(misfits) > 0 {
		o.Streams.Notef("Values that do not fit the platform's schema were left out: %d.\n", len(misfits))
	}
	if o.JSON {
		return o.Streams.JSON(told{a, used.of})
	}
	return newPrinter(o, a).print()
}

// reasonRules are those that were given, or that the lake remembers.
func (o *Options) reasonRules(ctx context.Context) ([]account.ReasonRule, error) {
	switch {
	case o.Rules == rules.None, o.Record:
		return nil, nil
	case o.Rules != "":
		return rules.Read(o.Rules)
	case o.Lake != "":
		return app.Reasons(ctx, o.Lake)
	}
	return nil, nil
}

// longest is how many bytes an id may have. The platform's have 36.
const longest = 256

func (o *Options) validate() error {
	id := string(o.ID)
	switch {
	case id == "" || id == "." || id == ".." || len(id) > longest || strings.ContainsFunc(id, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return fault.New(fault.Invalid, "an id of a conversation looks like 5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11")
	case o.Lake != "" && o.BaseURL != "":
		return fault.Field("--lake", "--lake and --base-url name two things to ask; give one")
	case o.JSON && o.Record:
		return fault.Field("--record", "--json and --record are two forms; give one")
	case o.Record && (o.Why || o.Rules != ""):
		return fault.Field("--record", "--record prints what was received and derives nothing: leave out --why and --rules")
	}
	return nil
}

// retries is how often a request that fails is tried again: a person waits.
const retries = 2

// find gives the record, and when it was as it is.
func (o *Options) find(ctx context.Context) (record []byte, asOf time.Time, err error) {
	if o.Lake != "" {
		return o.inLake(ctx)
	}
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: retries, Log: o.Streams.Log(), OrLake: true, Budget: o.Budget, Standard: connection.Interactive})
	if err != nil {
		return nil, asOf, err
	}
	o.client = platform.New(cfg)
	record, err = o.client.Details(ctx, o.ID)
	return record, time.Now().UTC(), err
}

func (o *Options) inLake(ctx context.Context) ([]byte, time.Time, error) {
	record, received, err := app.Record(ctx, o.Lake, o.ID)
	if err == nil && record == nil {
		err = fault.New(fault.NotFound, "the lake %s has no conversation %s; parley status says which days it has", o.Lake, o.ID)
	}
	return record, received, err
}
