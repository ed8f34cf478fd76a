package sandbox

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox/requests"
)

// newRequests makes "parley sandbox requests".
func newRequests(s *ui.Streams) *cobra.Command {
	a := &asking{Streams: s}
	since, follow := int64(0), false
	cmd := &cobra.Command{
		Use:   "requests",
		Short: "Show what a sandbox that runs was asked, and what it answered",
		Long: `Show the requests that a sandbox has answered lately, oldest first: who asked what, the status and size of the answer,
and which fault did it harm. It remembers 10,000. At a terminal that is a table; in a pipe its cells are separated by
tabs; with --json it is an object a line.`,
		Example: `  parley sandbox requests
  parley sandbox requests --follow
  parley sandbox requests --since 120 --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if since < 0 {
				return fault.Field("--since", "--since cannot be negative; it is the number of a request")
			}
			return showRequests(cmd.Context(), a, since, follow)
		},
	}
	a.flags(cmd)
	cmd.Flags().Int64Var(&since, "since", 0, "those after the request of this number")
	cmd.Flags().BoolVar(&follow, "follow", false, "go on with those that come, until Ctrl-C")
	return cmd
}

// pause is how long one question waits for further requests.
const pause = 10 * time.Second

func showRequests(ctx context.Context, a *asking, since int64, follow bool) error {
	a.requestHead()
	for {
		path := fmt.Sprintf("%s?since=%d", requests.Path, since)
		if follow {
			path += "&wait=" + pause.String()
		}
		var l requests.List
		err := a.ask(ctx, "GET", path, nil, &l)
		if follow && ctx.Err() != nil {
			return nil //nolint:nilerr // Ctrl-C is how it ends
		}
		if err != nil {
			return err
		}
		for _, e := range l.Requests {
			if err := a.requestLine(e); err != nil {
				return err
			}
			since = e.Number
		}
		if !follow && len(l.Requests) == 0 {
			return nil
		}
	}
}

// The lines of a table that grows cannot wait for one another to be aligned.
const aligned = "%6v  %-23v  %-12v  %6v  %10v  %8v  %-12v  %v\n"

func (a *asking) requestHead() {
	if a.Streams.OutTerminal && !a.JSON {
		a.Streams.Printf(aligned, "NUMBER", "AT", "CLIENT", "STATUS", "BYTES", "MS", "FAULT", "REQUEST")
	}
}

func (a *asking) requestLine(e requests.Entry) error {
	if a.JSON {
		text, err := json.Marshal(e)
		a.Streams.Printf("%s\n", text)
		return err
	}
	status := strconv.Itoa(e.Status)
	if e.Status == 0 {
		status = ""
	}
	if e.Broken {
		status += "!" // there was no end of an answer
	}
	asked := e.Method + " " + e.Path
	if len(e.Query) > 0 {
		asked += "?" + strings.Join(e.Query, "&")
	}
	cells := []any{e.Number, e.At.Format("2006-01-02 15:04:05.000"), e.Client, status, e.Bytes, fmt.Sprintf("%.1f", e.Duration), e.Rule, asked}
	if !a.Streams.OutTerminal {
		a.Streams.Printf("%v\t%v\t%v\t%v\t%v\t%v\t%v\t%v\n", cells...)
		return nil
	}
	for i, c := range cells {
		cells[i] = ui.Plain(fmt.Sprint(c))
	}
	a.Streams.Printf(aligned, cells...)
	return nil
}
