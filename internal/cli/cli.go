// Package cli is the command line: it reads arguments and environment, which nothing below it does, and turns errors
// into one line and an exit code.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/changes"
	"github.com/parley-hq/parley/internal/cli/client"
	"github.com/parley-hq/parley/internal/cli/columns"
	"github.com/parley-hq/parley/internal/cli/compare"
	"github.com/parley-hq/parley/internal/cli/configcmd"
	"github.com/parley-hq/parley/internal/cli/demo"
	"github.com/parley-hq/parley/internal/cli/doctor"
	"github.com/parley-hq/parley/internal/cli/export"
	"github.com/parley-hq/parley/internal/cli/extract"
	"github.com/parley-hq/parley/internal/cli/generate"
	"github.com/parley-hq/parley/internal/cli/get"
	"github.com/parley-hq/parley/internal/cli/importcmd"
	"github.com/parley-hq/parley/internal/cli/jobscmd"
	"github.com/parley-hq/parley/internal/cli/lake"
	"github.com/parley-hq/parley/internal/cli/lintrecords"
	"github.com/parley-hq/parley/internal/cli/lintrequest"
	"github.com/parley-hq/parley/internal/cli/pagecmd"
	"github.com/parley-hq/parley/internal/cli/place"
	"github.com/parley-hq/parley/internal/cli/quarantine"
	"github.com/parley-hq/parley/internal/cli/querycmd"
	"github.com/parley-hq/parley/internal/cli/reportcmd"
	"github.com/parley-hq/parley/internal/cli/rowscmd"
	"github.com/parley-hq/parley/internal/cli/sandbox"
	"github.com/parley-hq/parley/internal/cli/schema"
	"github.com/parley-hq/parley/internal/cli/serve"
	"github.com/parley-hq/parley/internal/cli/sql"
	"github.com/parley-hq/parley/internal/cli/status"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/cli/why"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
)

// Version is set by the build.
var Version = "dev"

// Run runs parley with arguments and gives its exit code.
func Run(ctx context.Context, args []string, s *ui.Streams) int {
	s, done := s.Guarded()
	defer done()
	root, places := newRoot(s)
	root.SetArgs(args)
	root.SetIn(s.In)
	root.SetOut(s.Out)
	root.SetErr(s.Err)
	cmd, err := root.ExecuteContextC(at.With(ctx, places.Settings))
	err = ended(ctx, usage(cmd, mistyped(root, args, err)))
	if err != nil {
		report(s, err, ui.GoesOn(cmd.Annotations), wantsJSON(cmd, args))
	}
	return fault.ExitCode(err)
}

// New makes the root command.
func New(s *ui.Streams) *cobra.Command {
	root, _ := newRoot(s)
	return root
}

// newRoot makes the root command, and the flags that say where lakes in buckets are kept.
func newRoot(s *ui.Streams) (*cobra.Command, *place.Flags) {
	root := &cobra.Command{
		Use:   "parley",
		Short: "Keep every conversation of a Genesys Cloud contact centre",
		Long: `Parley keeps every conversation that a Genesys Cloud contact centre had: it extracts conversation details completely
into an open lake that you own, and serves them back through the same API. To see all of it work, run parley demo.

Exit codes:
` + strings.Join(fault.ExitCodes(), "\n"),
		Version:       Version,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVarP(&s.Verbose, "verbose", "v", false, "log what happens to standard error")
	root.AddCommand(
		demo.New(s), sandbox.New(s), extract.New(s, Version), extract.NewReconcile(s, Version), status.New(s), serve.New(s), pagecmd.New(s), querycmd.New(s, Version), get.New(s, Version), rowscmd.New(s, Version), reportcmd.New(s, Version), why.New(s, Version), compare.New(s, Version),
		doctor.New(s, Version), configcmd.New(s, Version), lintrequest.New(s),
		importcmd.New(s), export.New(s), columns.New(s), sql.New(s), changes.New(s), schema.New(s), quarantine.New(s), lake.New(s, Version), client.New(s), jobscmd.New(s, Version), generate.New(s),
		lintrecords.New(s),
	)
	return root, place.Add(root, os.Getenv)
}

// usage gives the mistakes that cobra finds in a command line the kind Invalid.
func usage(cmd *cobra.Command, err error) error {
	if err == nil || fault.ExitCode(err) != 1 {
		return err
	}
	for _, text := range []string{"unknown command", "unknown flag", "unknown shorthand", "required flag", "invalid argument", "flag needs an argument", "accepts ", "requires at least", "bad flag"} {
		if strings.HasPrefix(err.Error(), text) {
			return fault.New(fault.Invalid, "%s; see %s --help", plain(cmd, err.Error()), cmd.CommandPath())
		}
	}
	return err
}

// mistyped is the error of a command that there is not, where cobra looks at the flags after it first and says that they are unknown.
func mistyped(root *cobra.Command, args []string, err error) error {
	if err == nil || !strings.HasPrefix(err.Error(), "unknown flag") && !strings.HasPrefix(err.Error(), "unknown shorthand") {
		return err
	}
	cmd, rest, _ := root.Find(args)
	if !cmd.HasSubCommands() || len(rest) == 0 || strings.HasPrefix(rest[0], "-") {
		return err
	}
	return fault.New(fault.Invalid, "unknown command %q for %q; see %s --help", fault.Clip(rest[0]), cmd.CommandPath(), cmd.CommandPath())
}

// plain says in words of ours what cobra says of flags that are missing, required flag(s) "lake" not set, and of arguments
// that a command without parts does not take: unknown command "x" for "parley query".
func plain(cmd *cobra.Command, text string) string {
	if given, ok := strings.CutPrefix(text, "unknown command "); ok && !cmd.HasSubCommands() {
		given, _, _ = strings.Cut(given, ` for "`)
		return cmd.CommandPath() + " takes no argument, and was given " + given
	}
	names, ok := strings.CutPrefix(text, "required flag(s) ")
	if !ok {
		return misread(text)
	}
	names = strings.ReplaceAll(strings.TrimSuffix(names, " not set"), `"`, "")
	return "missing: --" + strings.ReplaceAll(names, ", ", ", --")
}

var misreading = regexp.MustCompile(`^invalid argument "(.*)" for "(?:-., )?(--[a-z-]+)" flag: (time|strconv\.[A-Za-z0-9]+): `)

// misread says in words of ours what a library says of a length of time or a number that it cannot read.
func misread(text string) string {
	parts := misreading.FindStringSubmatch(text)
	if parts == nil {
		return text
	}
	given, flag := fault.Clip(parts[1]), parts[2]
	switch parts[3] {
	case "time":
		return fmt.Sprintf("%s %s is no length of time; write it as 90s, 5m or 72h", flag, given)
	case "strconv.ParseInt":
		return fmt.Sprintf("%s %s is no whole number, or too large a one", flag, given)
	case "strconv.ParseUint":
		return fmt.Sprintf("%s %s is no whole number from 0 on, or too large a one", flag, given)
	case "strconv.ParseFloat":
		return fmt.Sprintf("%s %s is no number; write it as 0.5 or 1000", flag, given)
	}
	return text
}

// wantsJSON says whether the one who asked wants JSON. Of a command line that could not be read to its end, the flags say
// too little.
func wantsJSON(cmd *cobra.Command, args []string) bool {
	if f := cmd.Flags().Lookup("json"); f != nil && f.Changed {
		return f.Value.String() == "true"
	}
	wants := false
	for _, arg := range args {
		if arg == "--" {
			break
		}
		if value, ok := strings.CutPrefix(arg, "--json="); ok {
			wants, _ = strconv.ParseBool(value)
		}
		wants = wants || arg == "--json"
	}
	return wants
}

// ended gives the end of a command. One that was asked for, by Ctrl-C or a signal, is what happened, whatever broke
// because of it: a page that was cut is no damage then. What is done and only incomplete came to its end before.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil || errors.Is(err, fault.Incomplete) || fault.ExitCode(err) == fault.ExitCode(ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w: %v", ctx.Err(), err)
}

// once leaves out what an earlier text says already, after what was being done: a writer that failed says so again when it
// is given up.
func once(texts []string) []string {
	var out []string
	for _, text := range texts {
		if !slices.ContainsFunc(out, func(said string) bool { return strings.HasSuffix(said, text) }) {
			out = append(out, text)
		}
	}
	return out
}

// report writes an error on one line: as JSON for a program that asked for JSON. goesOn says that the command, run
// again, goes on where it was interrupted.
func report(s *ui.Streams, err error, goesOn, asJSON bool) {
	text := ui.OneLine(strings.Join(once(strings.Split(err.Error(), "\n")), "; "))
	// A command that cannot simply be run again says itself how to go on.
	if f, ok := errors.AsType[*fault.Error](err); errors.Is(err, context.Canceled) && (!ok || !errors.Is(f.Kind, context.Canceled)) {
		text = "interrupted"
		if goesOn {
			text += "; run the same command again to go on"
		}
	}
	if asJSON {
		line, failed := json.Marshal(struct {
			Error string `json:"error"`
			Code  int    `json:"exit_code"`
		}{text, fault.ExitCode(err)})
		if failed == nil {
			text = string(line)
		}
	} else {
		text = "parley: " + ui.Plain(text)
	}
	_, _ = fmt.Fprintln(s.Err, text) // there is nowhere left to say that it failed
}
