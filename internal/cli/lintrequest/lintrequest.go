// Package lintrequest is the command "parley lint-request".
package lintrequest

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Options is everything "parley lint-request" reads.
type Options struct {
	Streams *ui.Streams

	Files    []string // - is standard input
	Endpoint string
	JSON     bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "lint-request FILE...",
		Short: "Check request bodies without sending them",
		Long: `Check bodies of the synchronous query and of jobs as the server does, without a server: every finding on a line of its
own, as FILE:LINE:COLUMN: path: message. A file named - is standard input. docs/query.md describes the language.

The endpoint auto goes by the members of the body: paging and aggregations belong to queries, limit and
startOfDayIntervalMatching to jobs; a body with neither is taken for the one that it fits better.

The exit code is 0 if all is well, and 2 if there are findings.`,
		Example: `  parley lint-request body.json
  parley lint-request --endpoint jobs --json body.json
  parley query --from 2026-11-01 --media voice --print-body | parley lint-request -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Files = args
			return Run(o)
		},
	}
	cmd.Flags().StringVar(&o.Endpoint, "endpoint", "auto", "what the body is for: query, jobs, auto")
	cmd.Flags().BoolVar(&o.JSON, "json", false, "print one JSON object a file")
	return cmd
}

// report is what is said of a file; a test pins its members.
type report struct {
	File     string          `json:"file"`
	Endpoint query.Endpoint  `json:"endpoint"`
	Findings []query.Finding `json:"findings"`
}

// Run checks the files. Findings are fault.Invalid.
func Run(o *Options) error {
	all := 0
	for _, name := range o.Files {
		r, err := o.lint(name)
		if err != nil {
			return err
		}
		if err := o.print(r); err != nil {
			return err
		}
		all += len(r.Findings)
	}
	if all > 0 {
		return fault.New(fault.Invalid, "%s", ui.Counted(int64(all), "finding", "findings"))
	}
	return nil
}

// maxBody is the platform's limit on request bodies (its limit request.bytes.max).
const maxBody = 512_000

func (o *Options) lint(name string) (report, error) {
	text, err := Read(o.Streams, name)
	if err != nil {
		return report{}, err
	}
	r := report{File: name, Endpoint: query.Endpoint(o.Endpoint), Findings: []query.Finding{}}
	switch r.Endpoint {
	case query.EndpointQuery, query.EndpointJobs:
	case "auto":
		r.Endpoint = query.Guess(text)
	default:
		return r, fault.Field("--endpoint", "--endpoint must be query, jobs or auto")
	}
	r.Findings = append(r.Findings, Findings(text, r.Endpoint)...)
	return r, nil
}

// Fits fails with fault.TooLarge when a body has more bytes than the platform takes.
func Fits(text []byte) error {
	if len(text) <= maxBody {
		return nil
	}
	return fault.New(fault.TooLarge, "The body has %d bytes and the platform takes %d at most", len(text), maxBody)
}

// Findings are what is wrong with a body.
func Findings(text []byte, endpoint query.Endpoint) (found []query.Finding) {
	if err := Fits(text); err != nil {
		found = append(found, query.Finding{Line: 1, Column: 1, Code: fault.Code(err), Message: err.Error()})
	}
	return append(found, query.Lint(text, endpoint)...)
}

// Read reads a file, or standard input if its name is -.
func Read(s *ui.Streams, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(s.In)
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "there is no file %s", name)
	}
	if err != nil {
		return nil, fault.Because(fault.OfPath(err), err, "%s cannot be read", name)
	}
	return text, nil
}

func (o *Options) print(r report) error {
	if o.JSON {
		return o.Streams.JSON(r)
	}
	for _, f := range r.Findings {
		path := f.Path
		if path != "" {
			path += ": "
		}
		o.Streams.Printf("%s:%d:%d: %s\n", r.File, f.Line, f.Column, ui.OneLine(path+f.Message))
	}
	return nil
}
