package sandbox

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

// newFaults makes "parley sandbox faults" with its parts.
func newFaults(s *ui.Streams) *cobra.Command {
	a := &asking{Streams: s}
	list := func(cmd *cobra.Command, _ []string) error { return listFaults(cmd.Context(), a) }
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "Have a sandbox that runs misbehave by rule",
		Long: `List, add and remove the faults of a sandbox that runs. Without a part it lists them, with how many calls each has
counted and how often it has fired. What there is: see docs/faults.md.`,
		Example: `  parley sandbox faults add --route results --nth 2 --times 1 --status 429 --retry-after 5s
  parley sandbox faults add --job expired --page 2
  parley sandbox faults clear`,
		Args: cobra.NoArgs,
		RunE: list,
	}
	a.flags(cmd)
	remove := &cobra.Command{
		Use: "remove NAME", Short: "Remove a fault, and let go of the jobs that it holds", Example: "  parley sandbox faults remove fault-1",
		Args: cobra.ExactArgs(1), ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.ask(cmd.Context(), "DELETE", rule.Path+"/"+url.PathEscape(args[0]), nil, nil)
		},
	}
	cmd.AddCommand(
		&cobra.Command{Use: "list", Short: "Show the faults", Example: "  parley sandbox faults list --json", Args: cobra.NoArgs, RunE: list},
		newFaultsAdd(a), remove,
		&cobra.Command{
			Use: "clear", Short: "Remove all faults", Example: "  parley sandbox faults clear", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.ask(cmd.Context(), "DELETE", rule.Path, nil, nil) },
		},
	)
	return cmd
}

func listFaults(ctx context.Context, a *asking) error {
	var l rule.List
	if err := a.ask(ctx, "GET", rule.Path, nil, &l); err != nil {
		return err
	}
	return a.printFaults(l)
}

func (a *asking) printFaults(l rule.List) error {
	if a.JSON {
		for _, f := range l.Faults {
			text, err := json.Marshal(f)
			if err != nil {
				return err
			}
			a.Streams.Printf("%s\n", text)
		}
		return nil
	}
	if len(l.Faults) == 0 {
		a.Streams.Notef("There are no faults; parley sandbox faults add makes one.\n")
		return nil
	}
	t := a.Streams.Table("name", "route", "which calls", "does", "calls", "fired", "jobs")
	for _, f := range l.Faults {
		which, does, err := words(f.Rule)
		if err != nil {
			return err
		}
		t.Row(f.Name, f.Route, which, does, strconv.Itoa(f.Matched), strconv.Itoa(f.Fired), strconv.Itoa(f.Jobs))
	}
	return t.Done()
}

// words writes which calls a rule takes hold of, and what it does to them, as it is written in JSON.
func words(r rule.Rule) (which, does string, err error) {
	rest := rule.Rule{Client: r.Client, Nth: r.Nth, Every: r.Every, Times: r.Times, Probability: r.Probability}
	r.Name, r.Route, r.Client, r.Nth, r.Every, r.Times, r.Probability = "", "", "", 0, 0, nil, nil
	for _, part := range []struct {
		of rule.Rule
		to *string
	}{{rest, &which}, {r, &does}} {
		text, err := json.Marshal(part.of, json.Deterministic(true))
		if err != nil {
			return "", "", err
		}
		*part.to = strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(string(text), "{"), "}"), `"`, "")
	}
	return which, does, nil
}

// faultFlags are the flags from which a rule is made.
type faultFlags struct {
	file   string
	rule   rule.Rule
	answer rule.Answer
	job    rule.Job

	times, cutBytes                   int64
	probability, cutShare             float64
	delay, firstByte, after, at, drip time.Duration
	dripBytes                         int
	corrupt, closed, fault, body      string
	unnoticed                         bool
}

func newFaultsAdd(a *asking) *cobra.Command {
	f := &faultFlags{}
	cmd := &cobra.Command{
		Use:   "add",
		Short: "Add a fault, from flags or from a file",
		Long: `Add a fault behind those that there are, and print it with its name. Of the faults that are due at a request the
first one added fires. A file holds one as JSON, or a list of them: all are added, or none.`,
		Example: `  parley sandbox faults add --route results --nth 2 --times 1 --status 429 --retry-after 5s
  parley sandbox faults add --route any --probability 0.05 --cut-share 0.5
  parley sandbox faults add --job stuck-pending --times 1
  parley sandbox faults add -f faults.json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return addFaults(cmd.Context(), a, f, cmd.Flags()) },
	}
	f.define(cmd.Flags())
	for name, values := range map[string][]string{
		"route": rule.RouteNames(), "job": rule.JobFaults(), "corrupt": {string(rule.Flip), string(rule.BreakGzip)}, "close": {string(rule.Before), string(rule.After)},
	} {
		cobra.CheckErr(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)))
	}
	return cmd
}

func (f *faultFlags) define(flags *pflag.FlagSet) {
	flags.StringVarP(&f.file, "file", "f", "", "file with faults as JSON, or - for standard input; no other flag goes with it")
	flags.StringVar(&f.rule.Name, "name", "", "name of the fault (default: one that is free)")
	flags.StringVar(&f.rule.Route, "route", "", `which requests: the name of a route, "METHOD /path/{id}", or any`)
	flags.StringVar(&f.rule.Client, "client", "", "of this OAuth client alone")
	flags.IntVar(&f.rule.Nth, "nth", 0, "from this call on (default 1)")
	flags.IntVar(&f.rule.Every, "every", 0, "from there on each so many calls (default 1)")
	flags.Int64Var(&f.times, "times", 0, "how often at most (default: without end)")
	flags.Float64Var(&f.probability, "probability", 0, "of each of these calls, up to 1 (default 1)")
	flags.IntVar(&f.answer.Status, "status", 0, "answer with this status in place of the platform")
	flags.StringVar(&f.answer.Code, "code", "", "with --status: code of the error body (default: the platform's)")
	flags.StringVar(&f.answer.Message, "message", "", "with --status: message of the error body; with --job failed: why it failed")
	flags.StringVar(&f.body, "body", "", "with --status: the whole body")
	flags.DurationVar(&f.after, "retry-after", 0, "with --status: Retry-After, in seconds")
	flags.DurationVar(&f.at, "retry-after-date", 0, "with --status: Retry-After as an HTTP date, so far from now; may be negative")
	flags.StringToStringVar(&f.answer.Headers, "header", nil, "with --status: further headers, as Name=value")
	flags.DurationVar(&f.delay, "delay", 0, "look at the request so much later")
	flags.DurationVar(&f.firstByte, "first-byte", 0, "carry the request out at once, and begin its answer so much later")
	flags.DurationVar(&f.drip, "drip", 0, "send the body in pieces, so much time between two")
	flags.IntVar(&f.dripBytes, "drip-bytes", 0, "with --drip: size of a piece (default 1)")
	flags.Int64Var(&f.cutBytes, "cut-bytes", 0, "end the body after so many bytes")
	flags.Float64Var(&f.cutShare, "cut-share", 0, "end the body after this part of it, from 0 up to 1")
	flags.BoolVar(&f.unnoticed, "unnoticed", false, "with --cut-bytes and --cut-share: end the answer as if the body were whole")
	flags.StringVar(&f.corrupt, "corrupt", "", "damage the body: flip or gzip")
	flags.StringVar(&f.closed, "close", "", "close the connection without an answer: before the request is carried out, or after")
	flags.BoolVar(&f.rule.ExpireToken, "expire-token", false, "have the token of the request expire")
	flags.StringVar(&f.fault, "job", "", "what becomes of a job that is submitted: "+strings.Join(rule.JobFaults(), ", "))
	flags.StringVar(&f.rule.Unreadable, "unreadable", "", "day whose data a row report that is submitted cannot read, as 2026-11-03; the report is partial")
	flags.IntVar(&f.job.Page, "page", 0, "with --job: of which page (default 1, or 2 where there is none before)")
	flags.BoolVar(&f.job.Absent, "absent", false, "with --job empty-page: no list at all, in place of an empty one")
}

// parts are the flags that go with others.
var parts = map[string][]string{
	"code": {"status"}, "message": {"status", "job"}, "body": {"status"}, "retry-after": {"status"}, "retry-after-date": {"status"}, "header": {"status"},
	"drip-bytes": {"drip"}, "unnoticed": {"cut-bytes", "cut-share"}, "page": {"job"}, "absent": {"job"},
}

// rules are what the flags say, as JSON.
func (f *faultFlags) rules(s *ui.Streams, given *pflag.FlagSet) (text []byte, err error) {
	given.Visit(func(flag *pflag.Flag) {
		with, part := parts[flag.Name]
		goes := !part
		for _, w := range with {
			goes = goes || given.Changed(w)
		}
		switch {
		case !goes:
			err = fault.Field("--"+flag.Name, "--%s goes with --%s", flag.Name, strings.Join(with, " or --"))
		case f.file != "" && flag.Name != "file" && flag.Name != "base-url" && flag.Name != "json" && flag.Name != "verbose":
			err = fault.Field("--"+flag.Name, "--%s does not go with --file, which says all", flag.Name)
		}
	})
	if err != nil {
		return nil, err
	}
	if f.file != "" {
		return fileOr(s, f.file)
	}
	r, err := f.one(given.Changed)
	if err != nil {
		return nil, err
	}
	return json.Marshal(r)
}

// one is the rule of the flags. What is wrong with it the sandbox says.
func (f *faultFlags) one(given func(string) bool) (r rule.Rule, err error) {
	r = f.rule
	for name, n := range map[string]int{"nth": r.Nth, "every": r.Every} {
		if given(name) && n < 1 { // 0 in a rule is what nobody said
			return r, fault.Field("--"+name, "--%s %d: calls are counted from 1; leave it out for each call from the first on", name, n)
		}
	}
	if given("times") {
		r.Times = new(int(f.times))
	}
	if given("probability") {
		r.Probability = &f.probability
	}
	if given("status") {
		r.Answer = &f.answer
		r.Answer.RetryAfter = rule.Duration(f.after)
		if given("retry-after-date") {
			r.Answer.RetryAfterDate = new(rule.Duration(f.at))
		}
		if given("body") {
			if r.Answer.Body, err = json.Marshal(f.body, jsontext.AllowInvalidUTF8(true)); err != nil {
				return r, err
			}
		}
	}
	if given("drip") {
		r.Drip = &rule.Drip{Bytes: f.dripBytes, Every: rule.Duration(f.drip)}
	}
	if given("cut-bytes") || given("cut-share") {
		r.Cut = &rule.Cut{Unnoticed: f.unnoticed}
		if given("cut-bytes") {
			r.Cut.Bytes = &f.cutBytes
		}
		if given("cut-share") {
			r.Cut.Share = &f.cutShare
		}
	}
	if given("job") {
		f.job.Fault = rule.JobFault(f.fault)
		if r.Answer == nil {
			f.job.Message = f.answer.Message
		}
		r.Job = &f.job
	}
	r.Delay, r.FirstByte, r.Corrupt, r.Close = rule.Duration(f.delay), rule.Duration(f.firstByte), rule.Corrupt(f.corrupt), rule.Close(f.closed)
	return r, nil
}

func addFaults(ctx context.Context, a *asking, f *faultFlags, given *pflag.FlagSet) error {
	text, err := f.rules(a.Streams, given)
	if err != nil {
		return err
	}
	var added rule.List
	if err := a.ask(ctx, "POST", rule.Path, text, &added); err != nil {
		return err
	}
	return a.printFaults(added)
}
