// Package demo is the command "parley demo".
package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/demo"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/server"
)

// Options is everything "parley demo" reads.
type Options struct {
	Streams *ui.Streams

	Days    int
	PerDay  int
	Seed    uint64
	Data    string
	Addr    string
	NoServe bool
	JSON    bool
}

// New makes the command.
func New(s *ui.Streams) *cobra.Command {
	o := &Options{Streams: s}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See all of it work: a platform, its extraction, the lake, the same API",
		Long: `Start a simulated platform, extract some days of its conversations into a lake by asynchronous jobs, check the lake to
the last row, ask the same API over the lake three questions, and go on serving it.

The lake is made anew in the folder of --data, which must be empty, missing, or left by an earlier demo.`,
		Example: `  parley demo
  parley demo --days 3 --per-day 500 --no-serve
  parley demo --no-serve --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return Run(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.IntVar(&o.Days, "days", 7, "days to extract")
	f.IntVar(&o.PerDay, "per-day", 5000, "conversations a day")
	f.Uint64Var(&o.Seed, "seed", 7, "what everything simulated follows from")
	f.StringVar(&o.Data, "data", "parley-demo", "folder for the lake")
	f.StringVar(&o.Addr, "addr", "127.0.0.1:8080", "address to serve on at the end; if it is taken, a free one")
	f.BoolVar(&o.NoServe, "no-serve", false, "end when all is shown")
	f.BoolVar(&o.JSON, "json", false, "print the figures as one line of JSON, and end")
	return cmd
}

// Run shows it.
func Run(ctx context.Context, o *Options) (err error) {
	if o.Days < 1 || o.Days > 1000 || o.PerDay < 1 {
		return fault.New(fault.Invalid, "--days must lie between 1 and 1000, and --per-day be positive")
	}
	if err := o.clear(); err != nil {
		return err
	}
	progress := o.Streams.Progress()
	d := demo.Demo{
		Days: o.Days, PerDay: o.PerDay, Seed: o.Seed, Lake: filepath.Join(o.Data, "lake"), Log: o.Streams.Log(), Count: ui.Count,
		Progress: func(step string, done, all int64) { progress.Show(step, done, all, "conversations") },
		Say: func(format string, args ...any) {
			progress.Clear()
			if !o.JSON {
				o.Streams.Printf(format+"\n", args...)
			}
		},
	}
	begun := time.Now()
	figures, archive, err := app.Demo(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, archive.Close()) }()
	progress.Clear()
	if o.JSON {
		return o.Streams.JSON(figures)
	}
	if err := o.firstLook(ctx); err != nil {
		return err
	}
	o.summary(figures, time.Since(begun))
	if o.NoServe {
		return nil
	}
	return o.serve(ctx, archive)
}

// marker tells a folder that a demo made.
const marker = "made-by-parley-demo"

// clear makes the folder empty, if it is one of ours.
func (o *Options) clear() error {
	path := filepath.Join(o.Data, marker)
	entries, err := os.ReadDir(o.Data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return o.unusable(err)
	}
	if _, err := os.Stat(path); err != nil && len(entries) > 0 {
		return fault.Field("--data", "%s is not empty and was not made by a demo; give another folder by --data", o.Data)
	}
	return o.unusable(errors.Join(os.RemoveAll(filepath.Join(o.Data, "lake")), private.MkdirAll(o.Data), private.WriteFile(path, nil)))
}

// unusable says of a failure to make or clear the folder what to do.
func (o *Options) unusable(err error) error {
	return fault.AtPath(err, "the folder %s cannot be made or used; give another by --data", o.Data)
}

// look is a first look at the tables: what came to each queue, and how it went.
const look = `
WITH visits AS (
	SELECT participant_name AS queue, conversation_id, participant_index, session_index FROM segments WHERE purpose = 'acd' AND segment_type = 'interact'
), waits AS (
	SELECT conversation_id, participant_index, session_index, max(value) FILTER (name = 'tAcd') AS wait, bool_or(name = 'tAbandon') AS abandoned
	FROM metrics WHERE purpose = 'acd' GROUP BY ALL
)
SELECT queue, count(*) AS offered, count(*) FILTER (abandoned) AS abandoned,
	round(100.0 * count(*) FILTER (abandoned) / count(*), 1) AS "abandoned %", round(avg(wait) FILTER (NOT abandoned) / 1000, 1) AS "wait s"
FROM visits JOIN waits USING (conversation_id, participant_index, session_index)
GROUP BY queue ORDER BY offered DESC, queue LIMIT 6`

// firstLook prints it.
func (o *Options) firstLook(ctx context.Context) error {
	o.Streams.Printf("5. A first look at the tables, by SQL: the busiest queues\n")
	w := tabwriter.NewWriter(o.Streams.Out, 0, 0, 2, ' ', 0)
	row := func(cells []string) error {
		_, err := fmt.Fprintf(w, "     %s\n", strings.Join(cells, "\t"))
		return err
	}
	err := app.SQL(ctx, filepath.Join(o.Data, "lake"), look, row, func(values []any) error {
		cells := make([]string, len(values))
		for i, v := range values {
			if cells[i] = fmt.Sprint(v); v == nil {
				cells[i] = "-"
			}
		}
		return row(cells)
	})
	return errors.Join(err, w.Flush())
}

func (o *Options) summary(f demo.Figures, took time.Duration) {
	o.Streams.Printf("\nDone in %.1f s: %s conversations, %s, extracted at %s a second; %d missing, %d twice.\n",
		took.Seconds(), ui.Count(f.Extracted), ui.Bytes(f.Bytes), ui.Count(int64(f.RecordsPerSecond)), f.Missing, f.Duplicates)
	o.Streams.Printf("The lake is in %s. Look at it:\n\n", filepath.Join(o.Data, "lake"))
	o.Streams.Printf("  %s sql --lake %s \"SELECT direction, abandoned, count(*) FROM conversations GROUP BY ALL ORDER BY 3 DESC\"\n", os.Args[0], filepath.Join(o.Data, "lake"))
	o.Streams.Printf("  %s lake check --lake %s\n", os.Args[0], filepath.Join(o.Data, "lake"))
}

// serve goes on serving the lake.
func (o *Options) serve(ctx context.Context, archive *app.Archive) error {
	listen := server.Listen{Addr: o.Addr, OrAny: true, Client: server.Credentials{ID: "demo", Secret: "demo"}, Log: o.Streams.Log()}
	return archive.Serve(listen).Run(ctx, func(url string) error {
		o.Streams.Printf(`
The same API now answers from the lake at %[1]s (Ctrl-C ends it). In another terminal:

  TOKEN=$(curl -s -u demo:demo -d grant_type=client_credentials %[1]s/oauth/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
    -d '{"interval":"2026-11-07T00:00:00Z/2026-11-08T00:00:00Z","paging":{"pageSize":1,"pageNumber":1}}' \
    %[1]s/api/v2/analytics/conversations/details/query
`, url)
		return nil
	})
}
