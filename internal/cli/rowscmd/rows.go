// Package rowscmd is the command "parley rows".
package rowscmd

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/cli/connection"
	"github.com/parley-hq/parley/internal/cli/lintrequest"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/report"
)

// Options is everything "parley rows" reads.
type Options struct {
	Streams *ui.Streams
	Version string
	Getenv  func(string) string

	Lake     string
	Times    string
	BaseURL  string
	Budget   connection.Budget
	File     string
	From, To string
	Select   []string
	Group    []string
	Out      string
	Format   string
	PageSize int
	Poll     string
	Timeout  time.Duration
	Mark     bool
	Safe     bool
	JSON     bool
}

// New makes the command.
func New(s *ui.Streams, version string) *cobra.Command {
	o := &Options{Streams: s, Version: version, Getenv: os.Getenv}
	cmd := &cobra.Command{
		Use:   "rows (--base-url URL (--from DAY --select COLUMN,... | -f FILE) | --lake DIR)",
		Short: "Read flat rows from a server of Parley's, by a row report, or from a lake of them",
		Long: `Read flat rows of interactions from parley serve or parley sandbox, by an asynchronous row report: it is submitted, awaited, and read
page by page. The platform has no such reports.

The request is made of flags, or is in a file (-f body.json, - for standard input); docs/row-reports.md describes it, and parley columns
lists the columns. What is wrong with it is said before anything is asked.

Rows are written as NDJSON, or as CSV, on standard output or into the file of --out, which appears when all of them are there. Interrupted, or cut
off, the command goes on where it was when it is run again with the same request and the same --out: at the first page that is not written. When a
part of the data cannot be read on the server, the rows of the rest are written, the command says what is left out, and the exit code is 3.

With --lake the rows are those that parley extract --rows brought into a lake, as they came; nobody is asked. --select then chooses columns of them.

` + strings.Replace(connection.Help, "the permission analytics:conversationDetail:view", "the permissions analytics:report:run and analytics:report:view", 1) + `
With analytics:report:delete the command deletes its report when it is read.`,
		Example: `  parley rows --base-url http://127.0.0.1:8080 --from 2026-11-01 --to 2026-11-08 --select interaction.id,timestamp,metrics.handledtime.ms --out week.csv
  parley rows --base-url http://127.0.0.1:8080 --from 2026-11-01 --select metrics.handledtime.ms --group interaction.type
  parley rows --base-url http://127.0.0.1:8080 -f body.json --out rows.ndjson --json
  parley rows --lake ./rows --from 2026-11-01 --to 2026-11-08 --times epoch-ms --out week.csv.gz`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.Lake, "lake", "", "folder of a lake of rows, in place of a server")
	f.StringVar(&o.BaseURL, "base-url", "", "server to ask, in place of GENESYS_ENVIRONMENT")
	o.Budget.Flags(f, connection.Interactive)
	f.StringVarP(&o.File, "file", "f", "", "file with the body of the request; - is standard input")
	f.StringVar(&o.From, "from", "", "first day, UTC, as 2026-11-01")
	f.StringVar(&o.To, "to", "", "day after the last one, UTC (default: the day after --from)")
	f.StringSliceVar(&o.Select, "select", nil, "columns of the rows, with commas between")
	f.StringSliceVar(&o.Group, "group", nil, "columns whose values make a group: a row is then the sums of one")
	f.StringVarP(&o.Out, "out", "o", "", "file to write (default: standard output)")
	f.StringVar(&o.Format, "format", "", "format of the rows: ndjson, csv (default: by the name of --out, else ndjson)")
	f.StringVar(&o.Times, "times", "iso", "how times are written: iso, epoch-ms (milliseconds since 1970)")
	f.IntVar(&o.PageSize, "page-size", largestPage(), "rows a page")
	f.StringVar(&o.Poll, "poll", "1s..30s", "first and longest pause between questions after the report; it doubles")
	f.DurationVar(&o.Timeout, "timeout", platform.DefaultWithin, "how long to wait; then the report is deleted")
	f.BoolVar(&o.Mark, "bom", false, "begin a CSV with a byte order mark, by which Excel knows UTF-8")
	f.BoolVar(&o.Safe, "safe", false, "put an apostrophe before texts of a CSV that a spreadsheet would take for a formula")
	f.BoolVar(&o.JSON, "json", false, "with --out: print what was written as JSON")
	return cmd
}

func largestPage() int { return query.PlatformLimits().ResultPageSize }

// Run reads rows.
func Run(ctx context.Context, o *Options) error {
	poll, err := o.validate()
	if err != nil {
		return err
	}
	if o.Lake != "" {
		return o.fromLake(ctx)
	}
	body, err := o.body()
	if err != nil {
		return err
	}
	asked, err := check(body)
	if err != nil {
		return err
	}
	cfg, err := connection.Config(connection.Options{Getenv: o.Getenv, BaseURL: o.BaseURL, Version: o.Version, Retries: retries, Log: o.Streams.Log(), Budget: o.Budget, Standard: connection.Interactive})
	if err != nil {
		return err
	}
	cfg.Limits.Advice = "a smaller --page-size makes pages smaller"
	r := &reader{o: o, client: client.Over(platform.New(cfg), poll), server: cfg.API, body: body, members: names(asked.Members())}
	if o.Out == "" || o.Out == "-" {
		return r.toStream(ctx, o.Streams.Out)
	}
	return r.toFile(ctx)
}

// retries is how often a request that fails is tried again.
const retries = 5

// formatOf is the format that the name of a file says; ndjson if it says none.
func formatOf(name string) string {
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch ending := strings.TrimPrefix(filepath.Ext(name), "."); ending {
	case "csv", "json", "parquet":
		return ending
	}
	return "ndjson"
}

func (o *Options) validate() (poll platform.Poll, err error) {
	if o.Format == "" {
		o.Format = formatOf(o.Out)
	}
	if o.Lake != "" {
		if err := o.ofServers(); err != nil {
			return poll, err
		}
	}
	switch {
	case o.Times != string(export.ISO) && o.Times != string(export.Epoch):
		return poll, fault.Field("--times", "--times %s is not known; iso and epoch-ms are", fault.Clip(o.Times))
	case o.Format != "csv" && o.Format != "ndjson":
		return poll, fault.Field("--format", "rows are written as ndjson or csv, and not as %s: give --format, or another name by --out", ui.OneLine(o.Format))
	case (o.Mark || o.Safe) && o.Format != "csv":
		return poll, fault.Field("--bom", "--bom and --safe are about CSV; give --format csv")
	case o.PageSize < 1 || o.PageSize > largestPage():
		return poll, fault.Field("--page-size", "--page-size must lie between 1 and %d", largestPage())
	case o.Timeout <= 0:
		return poll, fault.Field("--timeout", "--timeout must be positive")
	case o.File != "" && (o.From != "" || o.To != "" || len(o.Select) > 0 || len(o.Group) > 0):
		return poll, fault.Field("--file", "the request is in the file of -f: --from, --to, --select and --group cannot be given beside it")
	case o.Lake == "" && o.File == "" && (o.From == "" || len(o.Select) == 0):
		return poll, fault.Field("--from", "say which rows: --from and --select, the body of a request by -f, or a lake of rows by --lake")
	}
	if poll, err = platform.ParsePoll(o.Poll); err == nil {
		poll.Within = o.Timeout
	}
	return poll, err
}

// body is the request, from the file or made of flags.
func (o *Options) body() ([]byte, error) {
	if o.File != "" {
		return lintrequest.Read(o.Streams, o.File)
	}
	from, err := conversation.ParseDay(o.From)
	if err != nil {
		return nil, fault.Field("--from", "--from: %v", err)
	}
	to := from + 1
	if o.To != "" {
		if to, err = conversation.ParseDay(o.To); err != nil {
			return nil, fault.Field("--to", "--to: %v", err)
		}
	}
	return json.Marshal(struct {
		Start  string   `json:"start"`
		End    string   `json:"end"`
		Select []string `json:"select"`
		Group  []string `json:"group,omitempty"`
	}{conversation.FormatTime(from.Start()), conversation.FormatTime(to.Start()), o.Select, o.Group})
}

// check says all that is wrong with a request, as a server would.
func check(body []byte) (report.Request, error) {
	r, err := report.Decode(body)
	if all, several := errors.AsType[query.Faults](err); several {
		texts := make([]string, len(all))
		for i, f := range all {
			texts[i] = f.Message
		}
		return r, fault.New(fault.Invalid, "%s", strings.Join(texts, "; "))
	}
	if err == nil && r.Dialect != report.Asynchronous {
		return r, fault.New(fault.Invalid, "the request is %s; parley rows takes %s, with select, start and end", r.Dialect, report.Asynchronous)
	}
	return r, err
}

// reader reads the rows of one request.
type reader struct {
	o      *Options
	client *client.Client
	server string // base URL
	body   []byte

	members []string // of each row
}

// asks is a short text that follows from the request and from how its rows are written.
func (r *reader) asks() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%t\x00%t\x00%s", r.server, r.o.Format, r.o.Times, r.o.Mark, r.o.Safe, r.body))
	return hex.EncodeToString(sum[:8])
}

// submitted submits the report.
func (r *reader) submitted(ctx context.Context) (string, error) {
	id, err := r.client.SubmitReport(ctx, r.body)
	if err == nil {
		r.o.Streams.Log().InfoContext(ctx, "report submitted", "report", id)
	}
	return id, err
}

// ended is why nobody can go on with a report: it has failed, was given up, is gone, or its pages are not those of one.
type ended struct{ error }

func (e ended) Unwrap() error { return e.error }

// await waits until the report is complete.
func (r *reader) await(ctx context.Context, id string) (client.Report, error) {
	status, err := r.client.AwaitReport(ctx, id)
	switch {
	case err == nil:
		return status, nil
	case status.State == client.ReportFailed:
		err = ended{err}
	case status.State != "":
		err = ended{fault.New(fault.Unavailable, "the report took longer than %v (--timeout) and is deleted; ask for a shorter time", r.o.Timeout)}
	}
	return status, err
}

// leftOut says of a report which part of the data it could not read; nil if it read all.
func leftOut(r client.Report) error {
	if r.State != client.ReportPartial {
		return nil
	}
	parts := make([]string, len(r.Unread))
	for i, p := range r.Unread {
		parts[i] = ui.OneLine(p.Start + "/" + p.End)
	}
	return fault.New(fault.Incomplete, "the server could not read the data of %s: their rows are left out", strings.Join(parts, ", "))
}

func names(members []report.Member) []string {
	out := make([]string, len(members))
	for i, m := range members {
		out[i] = m.Name
	}
	return out
}
