package rowscmd

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// ofServers refuses flags that ask a server, where rows come out of a lake.
func (o *Options) ofServers() error {
	for _, f := range []struct {
		flag  string
		given bool
	}{
		{"--base-url", o.BaseURL != ""},
		{"--file", o.File != ""},
		{"--group", len(o.Group) > 0},
	} {
		if f.given {
			return fault.Field(f.flag, "%s is for a server, and --lake has the rows that parley extract --rows brought; leave one of them out", f.flag)
		}
	}
	return nil
}

// fromLake writes the rows that a lake has.
func (o *Options) fromLake(ctx context.Context) error {
	return app.Rows(ctx, o.Lake, func(ctx context.Context, x *app.Exporting) error {
		iv, err := o.interval(ctx, x)
		if err != nil {
			return err
		}
		if o.Out == "" || o.Out == "-" {
			_, err := o.rowsOf(ctx, x, iv, o.Streams.Out)
			return err
		}
		var n int64
		err = export.ToFile(ctx, o.Out, func(w io.Writer) (err error) {
			n, err = o.rowsOf(ctx, x, iv, w)
			return err
		})
		if err != nil {
			return err
		}
		return o.told(n)
	})
}

// interval is which days are wanted; those of the lake if nobody says it.
func (o *Options) interval(ctx context.Context, x *app.Exporting) (iv conversation.Interval, err error) {
	s, err := x.Lake.SnapshotOf(ctx, x.Snapshot)
	if err != nil {
		return iv, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var days conversation.Days
	if files := s.Files(tables.Conversations); len(files) > 0 {
		days = conversation.Days{First: files[0].Day, End: files[len(files)-1].Day + 1}
	}
	if o.From != "" {
		if days.First, err = conversation.ParseDay(o.From); err != nil {
			return iv, fault.Field("--from", "--from: %v", err)
		}
	}
	if o.To != "" {
		if days.End, err = conversation.ParseDay(o.To); err != nil {
			return iv, fault.Field("--to", "--to: %v", err)
		}
	}
	if o.From != "" && o.To != "" && days.Len() <= 0 {
		return iv, fault.Field("--to", "--to must lie after --from")
	}
	return conversation.Interval{Start: days.First.Start(), End: days.End.Start()}, nil
}

// rowsOf writes the rows that start in an interval, in the order in which a report gives them.
func (o *Options) rowsOf(ctx context.Context, x *app.Exporting, iv conversation.Interval, out io.Writer) (n int64, err error) {
	if !iv.End.After(iv.Start) {
		return 0, nil
	}
	w := bufio.NewWriterSize(out, 256<<10)
	to := o.sinkTo(w, o.Select)
	if err := to.head(); err != nil {
		return 0, err
	}
	q := query.Query{Interval: iv, Matching: query.StartOfDay, Order: query.Ascending, OrderBy: query.ByConversationStart}
	for r, err := range x.Records(ctx, q, 0, 0) {
		if err != nil {
			return n, err
		}
		rows, is := wire.RowsOf(r.JSON)
		if !is {
			return n, fault.New(fault.Corrupt, "conversation %s has no rows in the lake %s", r.ID, o.Lake)
		}
		if !iv.Contains(r.Start) { // it went on from a day before
			continue
		}
		for _, row := range rows {
			if err := to.row(row); err != nil {
				return n, err
			}
			n++
		}
	}
	return n, w.Flush()
}

// told says how many rows were written to the file.
func (o *Options) told(rows int64) error {
	if o.JSON {
		return o.Streams.JSON(struct {
			Rows   int64  `json:"rows"`
			Output string `json:"output"`
		}{rows, o.Out})
	}
	o.Streams.Printf("%s written to %s.\n", ui.Counted(rows, "row", "rows"), o.Out)
	return nil
}
