package lake

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/platform"
)

// NamesOptions is what "parley lake names" reads beside Options.
type NamesOptions struct {
	*Options

	Version string
	Getenv  func(string) string
	Now     func() time.Time

	Find    string // a name, a part of one, or an id; empty for all
	Kind    string
	History bool
	Refresh bool
	BaseURL string
	Budget  connection.Budget
	Wait    time.Duration
}

func newNames(of *Options, version string) *cobra.Command {
	o := &NamesOptions{Options: of, Version: version, Getenv: os.Getenv, Now: time.Now}
	cmd := &cobra.Command{
		Use:   "names --lake DIR [ID | NAME]",
		Short: "Show what users, queues and the like are called, or read it again",
		Long: `List what a lake knows of users, queues, wrap-up codes, divisions, skills and languages: the name of an id, the ids of a name or
of a part of one, or all. --history has what they were called before, too. What the platform does not list any more stays known.

An extraction reads the lists by itself. --refresh reads them now, into a lake that was imported for example.

` + connection.Help + `
For names it needs routing:queue:view, routing:wrapupCode:view and routing:skill:view; lists that it may not read stay as they are.`,
		Example: `  parley lake names --lake ./lake
  parley lake names --lake ./lake 3f0c5a6e-6d0f-4e0b-9d5d-3f4f0a6b7c11
  parley lake names --lake ./lake --kind queue billing --history
  parley lake names --lake ./lake --refresh --base-url http://127.0.0.1:8080`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.Find = args[0]
			}
			return Names(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Kind, "kind", "", "what to list: "+strings.Join(kindWords(), ", "))
	f.BoolVar(&o.History, "history", false, "list what they were called before, too")
	f.BoolVar(&o.Refresh, "refresh", false, "read the lists of the platform, and print what came of it")
	f.StringVar(&o.BaseURL, "base-url", "", "server to read the lists of, in place of GENESYS_ENVIRONMENT")
	f.DurationVar(&o.Wait, "wait", 0, "how long to wait while somebody else writes to the lake: 30m")
	o.Budget.Flags(f, connection.Interactive)
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(kindWords(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func kindWords() (out []string) {
	for _, k := range names.Kinds() {
		out = append(out, string(k))
	}
	return out
}

// Names lists names, or reads them again.
func Names(ctx context.Context, o *NamesOptions) (err error) {
	if err := o.validate(); err != nil {
		return err
	}
	l, err := at.Open(ctx, o.Lake)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if o.Refresh {
		return o.refresh(ctx, l)
	}
	return o.list(ctx, l)
}

func (o *NamesOptions) validate() error {
	switch {
	case o.Kind != "" && names.Kind(o.Kind).Plural() == "":
		return fault.Field("--kind", "--kind %s is none; it can be %s", fault.Clip(o.Kind), strings.Join(kindWords(), ", "))
	case o.Refresh && (o.Find != "" || o.Kind != "" || o.History):
		return fault.Field("--refresh", "--refresh reads all lists; look something up without it")
	case !o.Refresh && o.BaseURL != "":
		return fault.Field("--base-url", "--base-url goes with --refresh; without it the lake is asked")
	}
	return nil
}

// retries is how often a request that fails is tried again: a person waits.
const retries = 2

func (o *NamesOptions) refresh(ctx context.Context, l *lake.Lake) error {
	cfg, err := connection.Config(connection.Options{
		Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: retries, Log: o.Streams.Log(), Budget: o.Budget, Standard: connection.Interactive,
	})
	if err != nil {
		return err
	}
	if err := l.Free(ctx); err != nil && o.Wait == 0 { // known before minutes are spent on lists
		return err
	}
	n := app.Naming{From: platform.New(cfg), Wait: o.Wait}
	out, err := n.Refresh(ctx, l, uuid.Must(uuid.NewV7()).String(), o.Now().UTC().Truncate(time.Microsecond))
	if err != nil {
		return err
	}
	if len(out.Listed) == 0 {
		return fault.New(fault.Unavailable, "no list could be read, and the names stay as they were: %s", out.NotRead())
	}
	if o.JSON {
		return o.Streams.JSON(out)
	}
	lines := [][2]string{
		{"names read", out.Read()}, {"new", ui.Count(int64(out.Added))}, {"changed", ui.Count(int64(out.Changed))},
		{"not listed any more", ui.Count(int64(out.Gone))},
	}
	if left := out.NotRead(); left != "" {
		lines = append(lines, [2]string{"names not read", left})
	}
	return ui.Fields(o.Streams.Out, lines...)
}

// list prints what is known, a line each; one that finds nothing is fault.NotFound.
func (o *NamesOptions) list(ctx context.Context, l *lake.Lake) error {
	h, err := l.Names(ctx)
	if err != nil {
		return err
	}
	found := o.chosen(h)
	if len(found) == 0 && o.Find != "" {
		return fault.New(fault.NotFound, "the lake knows nothing of that name or id; parley lake names --refresh reads the lists again")
	}
	if o.JSON {
		for _, v := range found {
			if err := o.Streams.JSON(v); err != nil {
				return err
			}
		}
		return nil
	}
	t := o.Streams.Table("kind", "id", "name", "state", "division", "from", "until")
	book := names.NewBook(h)
	for _, v := range found {
		t.Row(string(v.Kind), v.ID, v.Name, stateOf(v), o.division(book, v), shortTime(v.From), shortTime(v.Until))
	}
	if len(h) == 0 {
		o.Streams.Notef("The lake has no names yet; an extraction brings them, or parley lake names --refresh.\n")
	}
	return t.Done()
}

// chosen are the versions that are asked for.
func (o *NamesOptions) chosen(h names.History) (out names.History) {
	text := strings.ToLower(o.Find)
	for _, v := range h {
		fits := strings.ToLower(v.ID) == text || strings.Contains(strings.ToLower(v.Name), text)
		if fits && (o.Kind == "" || string(v.Kind) == o.Kind) && (o.History || v.Current()) {
			out = append(out, v)
		}
	}
	return out
}

// division is the name of a division for a person, and its id for a program.
func (o *NamesOptions) division(book *names.Book, v names.Version) string {
	if name := book.Label(names.Division, v.Division); name != "" && o.Streams.OutTerminal {
		return name
	}
	return v.Division
}

func stateOf(v names.Version) string {
	if v.Gone {
		return "gone"
	}
	return v.State
}

func shortTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
