package querycmd

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/query"
)

// explanation is how a lake answered a question; a test pins its members.
type explanation struct {
	Engine  *engineOf    `json:"engine,omitempty"` // where there were two
	SQL     string       `json:"sql"`
	Tables  []chosen     `json:"tables"`
	Hits    int64        `json:"hits"`
	Records int          `json:"records"`
	Finding milliseconds `json:"finding_ms"`
	Reading milliseconds `json:"reading_ms"`
}

// engineOf is the engine that answered, and why it did.
type engineOf struct {
	Name    string `json:"name"`
	Planned int64  `json:"planned_bytes"`
	From    int64  `json:"large_from_bytes"`
}

type chosen struct {
	Table string   `json:"table"`
	Of    int      `json:"files_of_table"`
	Files []string `json:"files"` // day=2026-11-01/0199....parquet
	Rows  int64    `json:"rows"`
	Bytes int64    `json:"bytes"`
}

type milliseconds float64

func inMilliseconds(d time.Duration) milliseconds {
	return milliseconds(float64(d.Microseconds()) / 1000)
}

// explain answers the question, and says how that was done in place of the answer.
func (o *Options) explain(ctx context.Context, body []byte) error {
	text, err := without(body, "paging")
	if err != nil {
		return o.located(body, err)
	}
	q, err := query.DecodeDetail(text, query.OwnLimits())
	if err != nil {
		return o.located(body, everything(err))
	}
	if len(q.Aggregations) > 0 {
		o.Streams.Notef("How the aggregations are counted is left out.\n")
	}
	large, err := o.Large.Resolve()
	if err != nil {
		return err
	}
	e, err := app.Explain(ctx, o.Lake, large, q.Query, o.Limit)
	if err != nil {
		return err
	}
	x := explanation{SQL: e.Statement, Hits: e.Hits, Records: e.Records, Finding: inMilliseconds(e.Spent.Finding), Reading: inMilliseconds(e.Spent.Reading)}
	if c := e.Choice; c != nil {
		x.Engine = &engineOf{c.Engine, c.Planned, c.From}
	}
	for _, t := range e.Tables {
		c := chosen{Table: t.Table, Of: t.Of, Files: []string{}, Rows: t.Rows, Bytes: t.Bytes}
		for i, name := range t.Files {
			c.Files = append(c.Files, "day="+t.Days[i].String()+"/"+name)
		}
		x.Tables = append(x.Tables, c)
	}
	if o.JSON {
		return o.Streams.JSON(x)
	}
	return o.printExplanation(x)
}

func (o *Options) printExplanation(x explanation) error {
	if e := x.Engine; e != nil {
		o.Streams.Printf("Engine: %s. The question touches %s of data files, and is large from %s on.\n\n", e.Name, ui.Bytes(e.Planned), ui.Bytes(e.From))
	}
	o.Streams.Printf("SQL, with ? for each value:\n  %s\n\nFiles:\n", strings.ReplaceAll(strings.TrimSpace(x.SQL), "\n", "\n  "))
	var lines [][2]string
	for _, t := range x.Tables {
		lines = append(lines, [2]string{t.Table, fmt.Sprintf("%s of %s, %s rows, %s", ui.Count(int64(len(t.Files))), ui.Count(int64(t.Of)), ui.Count(t.Rows), ui.Bytes(t.Bytes))})
	}
	if err := ui.Fields(o.Streams.Out, lines...); err != nil {
		return err
	}
	if o.Streams.Verbose {
		for _, t := range x.Tables {
			for _, f := range t.Files {
				o.Streams.Printf("  %s/%s\n", t.Table, f)
			}
		}
	}
	o.Streams.Printf("\nAnswer:\n")
	return ui.Fields(o.Streams.Out,
		[2]string{"conversations found", fmt.Sprintf("%s, in %.1f ms", ui.Count(x.Hits), x.Finding)},
		[2]string{"records read", fmt.Sprintf("%s, in %.1f ms", ui.Count(int64(x.Records)), x.Reading)},
	)
}
