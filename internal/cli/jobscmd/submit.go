package jobscmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/lintrequest"
	"github.com/parley-hq/parley/internal/cli/question"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

func newSubmit(o *Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "submit [FILE]",
		Short: "Submit a query as a job, and print its id",
		Long: `Submit a query as a job, and print its id, alone on a line. The query is the body of a request in FILE, - for standard
input, or is made of flags as those of parley query. A body that is wrong is refused before it is sent, with the message
that parley lint-request has for it; --dry-run does no more than that, and prints the body.

A job finds every conversation that was going on in the interval, however long ago it started; with --start-of-day only
those that started on its first day or later. With --wait the command ends when the job does, as parley jobs wait.

` + where,
		Example: `  parley jobs submit --base-url http://127.0.0.1:8080 body.json
  parley jobs submit --from 2026-11-01 --to 2026-12-01 --media voice --start-of-day --wait
  parley query --from 2026-11-01 --queue 0fb7a1c2-... --print-body | parley jobs submit --lake ./lake -`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return fault.New(fault.Invalid, "give one FILE, or none: %s", cmd.UseLine())
			}
			if len(args) == 1 {
				o.File = args[0]
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Asked = question.Asked(cmd, "limit", "start-of-day")
			return Submit(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	o.Question.Define(cmd)
	f.IntVar(&o.Question.Limit, "limit", 0, "conversations to find at most; 0 means all")
	f.BoolVar(&o.Question.StartOfDay, "start-of-day", false, "find only what started on the first day of the interval or later, as a synchronous query does")
	f.BoolVar(&o.DryRun, "dry-run", false, "check and print the body, and submit nothing")
	f.BoolVar(&o.Wait, "wait", false, "wait until the job is done")
	o.waiting(cmd)
	return cmd
}

// Submit submits a job.
func Submit(ctx context.Context, o *Options) error {
	if err := o.checkServer(); err != nil {
		return err
	}
	text, err := o.body()
	if err != nil {
		return err
	}
	if o.DryRun {
		return o.printBody(text)
	}
	if _, err := o.polling(""); err != nil {
		return err // before a job is submitted for which nobody then waits
	}
	for _, doubt := range o.Question.Doubts() {
		o.Streams.Notef("%s\n", doubt)
	}
	return o.with(ctx, true, func(ctx context.Context, s place) error {
		id, err := s.SubmitBody(ctx, text)
		if err != nil {
			return err
		}
		if err := o.printID(id); err != nil || !o.Wait {
			return err
		}
		status, err := o.await(ctx, s, id)
		if err != nil {
			return o.afterSubmission(ctx, err, id)
		}
		why, err := cause(ctx, s, id, status)
		if err != nil {
			return err
		}
		return outcome(id, status, why)
	})
}

// afterSubmission says of a wait that was interrupted how to go on: to run the same command again would submit the query
// again.
func (o *Options) afterSubmission(ctx context.Context, err error, id wire.JobID) error {
	if ctx.Err() == nil {
		return err
	}
	return fault.New(context.Canceled, "interrupted; the job was submitted: parley jobs wait%s %s goes on waiting", o.where(), id)
}

func (o *Options) printID(id wire.JobID) error {
	if o.JSON {
		return o.Streams.JSON(wire.Submitted{JobID: id})
	}
	o.Streams.Printf("%s\n", id)
	return nil
}

// body is the query as text, checked.
func (o *Options) body() (text []byte, err error) {
	switch {
	case o.File != "" && len(o.Asked) > 0:
		return nil, fault.New(fault.Invalid, "the query is in FILE: %s cannot be given beside it", o.Asked[0])
	case o.File != "":
		text, err = lintrequest.Read(o.Streams, o.File)
	case len(o.Asked) == 0:
		return nil, fault.New(fault.Invalid, "give FILE with the body of the request, - for standard input, or say of when by --from or --interval")
	case o.Question.Limit < 0:
		return nil, fault.Field("--limit", "--limit cannot be negative")
	default:
		text, err = o.Question.Body()
	}
	if err != nil {
		return nil, err
	}
	return text, o.refusal(lintrequest.Findings(text, query.EndpointJobs))
}

// flagOf is the flag that gives a member of the body.
var flagOf = map[string]string{"interval": "--interval", "order": "--order", "orderBy": "--order-by"}

// refusal is the first finding about the body, or nil.
func (o *Options) refusal(found []query.Finding) error {
	if len(found) == 0 {
		return nil
	}
	first, more, place := found[0], "", ""
	if flag, ok := flagOf[first.Path]; o.File == "" && ok {
		place, first.Message = flag+": ", strings.TrimPrefix(first.Message, first.Path+": ")
	}
	if o.File != "" {
		if place = fmt.Sprintf("%s:%d:%d: ", o.File, first.Line, first.Column); first.Path != "" {
			place += first.Path + ": "
		}
	}
	if n := len(found) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more; parley lint-request --endpoint jobs lists them)", n)
	}
	return &fault.Error{Kind: fault.Invalid, Code: first.Code, Field: first.Path, Message: place + first.Message + more}
}

func (o *Options) printBody(text []byte) error {
	v := jsontext.Value(text)
	format := func() error { return v.Indent(jsontext.WithIndent("  ")) }
	if o.JSON {
		format = func() error { return v.Compact() }
	}
	if err := format(); err != nil {
		return err
	}
	o.Streams.Printf("%s\n", v)
	return nil
}

// where gives the flags that say where the jobs are, for a command that goes on.
func (o *Options) where() string {
	var flags strings.Builder
	for _, f := range []struct{ name, value string }{{"base-url", o.BaseURL}, {"lake", o.Lake}, {"state", o.State}, {"organization", o.Organization}} {
		if f.value != "" {
			flags.WriteString(" --" + f.name + " " + f.value)
		}
	}
	return flags.String()
}
