// Package querycmd is the command "parley query".
package querycmd

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/called"
	"github.com/parley-hq/parley/internal/cli/clustered"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/lintrequest"
	"github.com/parley-hq/parley/internal/cli/question"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
)

// Options is everything "parley query" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	Large     clustered.Options
	Lake      string
	BaseURL   string
	Budget    connection.Budget
	File      string
	Question  question.Question
	Asked     []string // names of the flags of Question that were given
	Limit     int
	Count     bool
	JSON      bool
	NDJSON    bool
	Explain   bool
	PrintBody bool

	book *names.Book // of the lake, for tables; nil if names are not shown
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "query (--lake DIR | --base-url URL) (--from DAY | -f FILE)",
		Short: "Ask for conversations, of a lake or of the platform",
		Long: `Ask the synchronous query, of a lake or of the platform, and follow its pages.

The question is the body of a request, from a file (-f body.json, - for standard input) or made of flags: values of one
flag are alternatives, and different flags must hold together, on one segment. --print-body shows the body that the
flags make. docs/query.md describes the language, docs/dimensions.md every dimension and metric.

--queue, --user and --wrap-up take names too when a lake is asked that knows them: docs/names.md.

A lake is asked without the platform's limits on intervals. The platform gives the first 100,000 conversations of an
answer; when there are more, the exit code is 3. The paging of a body from a file does not count: --limit does.

` + connection.Help + `

At a terminal the answer is a table, in which ids and addresses are shortened; in a pipe its cells are separated by tabs,
without a head, and whole. --json and --ndjson have the records as they were answered, without participant attributes.`,
		Example: `  parley query --lake ./lake --from 2026-11-01 --to 2026-11-08 --media voice --direction inbound --limit 20
  parley query --lake ./lake --from 2026-11-01 --purpose acd --aggregate queueId:5 --count
  parley query --base-url http://127.0.0.1:8080 -f body.json --json
  parley query --from 2026-11-01 --queue 0fb7a1c2-... --user 5a9e... --print-body`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.Asked = question.Asked(cmd, "aggregate")
			return Run(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of the lake to ask")
	f.StringVar(&o.BaseURL, "base-url", "", "server to ask, in place of GENESYS_ENVIRONMENT")
	o.Budget.Flags(f, connection.Interactive)
	f.StringVarP(&o.File, "file", "f", "", "file with the body of the request; - is standard input")
	o.Question.Define(cmd)
	f.StringSliceVar(&o.Question.Aggregate, "aggregate", nil, "count the values of a dimension, as queueId or queueId:5 for the five most frequent")
	f.IntVar(&o.Limit, "limit", 0, "conversations to give at most; 0 means all")
	f.BoolVar(&o.Count, "count", false, "give no conversations, only how many match, and the aggregations")
	f.BoolVar(&o.JSON, "json", false, "print one JSON object with totalHits, aggregations and conversations")
	f.BoolVar(&o.NDJSON, "ndjson", false, "print the records alone, one a line")
	f.BoolVar(&o.Explain, "explain", false, "say how the lake answers the question: SQL, files, time")
	o.Large.Flags(f)
	f.BoolVar(&o.PrintBody, "print-body", false, "print the body of the request, and ask nothing")
	return cmd
}

// Run asks.
func Run(ctx context.Context, o *Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	if err := o.resolve(ctx); err != nil {
		return err
	}
	text, err := o.body()
	if err != nil {
		return err
	}
	if o.PrintBody {
		return o.printBody(text)
	}
	for _, doubt := range o.Question.Doubts() {
		o.Streams.Notef("%s\n", doubt)
	}
	if o.Explain {
		return o.explain(ctx, text)
	}
	if o.Lake != "" && !o.JSON && !o.NDJSON && o.book == nil { // records stay as they are
		o.book = called.InLake(ctx, o.Streams, o.Lake)
	}
	return o.with(ctx, func(ctx context.Context, s server) error {
		a, err := s.ask(ctx, text, o.Limit, o.Count)
		if err != nil {
			return o.located(text, err)
		}
		return o.print(a)
	})
}

// resolve puts ids in the place of names in the flags, by the lake that is asked.
func (o *Options) resolve(ctx context.Context) (err error) {
	for _, by := range []struct {
		flag, dimension string
		kind            names.Kind
	}{{"--queue", "queueId", names.Queue}, {"--user", "userId", names.User}, {"--wrap-up", "wrapUpCode", names.WrapUpCode}} {
		values := o.Question.Dimensions[by.dimension]
		if o.Lake == "" || values == nil || !called.Named(*values) {
			continue
		}
		if o.book == nil {
			o.book = called.InLake(ctx, o.Streams, o.Lake)
		}
		if *values, err = called.IDs(o.Streams, by.flag, by.kind, *values, o.book); err != nil {
			return err
		}
	}
	return nil
}

func (o *Options) validate() error {
	switch {
	case o.File != "" && len(o.Asked) > 0:
		return fault.New(fault.Invalid, "the question is in the file of -f: %s cannot be given beside it", strings.Join(o.Asked, ", "))
	case o.JSON && o.NDJSON:
		return fault.New(fault.Invalid, "give --json or --ndjson")
	case o.NDJSON && o.Count:
		return fault.New(fault.Invalid, "--ndjson prints records and --count asks for none; give one of them")
	case o.Limit < 0:
		return fault.Field("--limit", "--limit cannot be negative")
	case o.Explain && o.Lake == "":
		return fault.Field("--explain", "--explain needs --lake: the platform does not say how it answers")
	case o.Explain && (o.Count || o.NDJSON || len(o.Question.Aggregate) > 0):
		return fault.Field("--explain", "--explain says how conversations are found, and prints neither them nor counts: give it without --count, --ndjson and --aggregate")
	case o.Lake != "" && o.BaseURL != "":
		return fault.New(fault.Invalid, "give --lake or --base-url")
	}
	return nil
}

// body is the question as text. A lake could be asked more than the platform takes, but what is tried on a lake is meant
// for a server too.
func (o *Options) body() (text []byte, err error) {
	if o.File == "" {
		text, err = o.Question.Body()
	} else {
		text, err = lintrequest.Read(o.Streams, o.File)
	}
	if err != nil {
		return nil, err
	}
	return text, lintrequest.Fits(text)
}

// printBody prints the body as it would be sent for the first page.
func (o *Options) printBody(text []byte) error {
	v, err := withPage(text, pageSize(o.Limit, o.Count), 1)
	if err != nil {
		return o.located(text, err)
	}
	if err := v.Indent(jsontext.WithIndent("  ")); err != nil {
		return err
	}
	o.Streams.Printf("%s\n", v)
	return nil
}

// changed gives a JSON object with other members, in the order in which people write them.
func changed(text []byte, change func(map[string]jsontext.Value)) (jsontext.Value, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, fault.New(fault.Invalid, "the body is not a JSON object; parley lint-request says where")
	}
	change(members)
	order := []string{
		"interval", "order", "orderBy", "conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters", "aggregations", "paging",
	}
	names := slices.SortedFunc(maps.Keys(members), func(a, b string) int {
		if i, j := rank(order, a), rank(order, b); i != j {
			return i - j
		}
		return strings.Compare(a, b)
	})
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, quoted...), ':'), members[name]...)
	}
	return append(out, '}'), nil
}

func rank(order []string, name string) int {
	if i := slices.Index(order, name); i >= 0 {
		return i
	}
	return len(order)
}
