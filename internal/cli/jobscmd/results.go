package jobscmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

func newResults(o *Options) *cobra.Command {
	cmd := o.forOne(&cobra.Command{
		Use:   "results ID",
		Short: "Read the results of a job",
		Long: `Read the results of a job that is FULFILLED: one record a line, each byte for byte as it was sent, on standard output or
into a file. A page is written when it has been read whole. When the command is interrupted, or a page cannot be read,
it says how many records it wrote and by which --cursor it goes on from there: what is then written, put behind what was
written first, is the whole. Of a job that has FAILED the error says why; of a folder, it says which file of the lake is
damaged, if that is why, and the exit code is 8.

With --out the file is replaced, and with --cursor as well it is added to. A name that ends in .gz or .zst compresses.

` + where,
		Example: `  parley jobs results --lake ./lake 0fb7a1c2-... | jq .conversationId
  parley jobs results --base-url http://127.0.0.1:8080 0fb7a1c2-... --out november.ndjson.zst
  parley jobs results --base-url http://127.0.0.1:8080 0fb7a1c2-... --out november.ndjson.zst --cursor Zm9v...`,
	}, Results)
	f := cmd.Flags()
	limits := query.PlatformLimits()
	f.StringVar(&o.Cursor, "cursor", "", "go on from here: what an earlier run said, or the cursor of a page")
	f.IntVar(&o.PageSize, "page-size", limits.DefaultResultPageSize, fmt.Sprintf("records a page, 1 to %d", limits.ResultPageSize))
	f.StringVarP(&o.Out, "out", "o", "", "file to write (default: standard output)")
	return cmd
}

// Results reads the results of a job.
func Results(ctx context.Context, o *Options) error {
	if most := query.PlatformLimits().ResultPageSize; o.PageSize < 1 || o.PageSize > most {
		return fault.Field("--page-size", "--page-size must lie between 1 and %d", most)
	}
	return o.with(ctx, false, func(ctx context.Context, s place) error {
		page, err := newSpool()
		if err != nil {
			return err
		}
		r := &reader{place: s, id: o.ID, size: o.PageSize, at: platform.Cursor(o.Cursor), page: page}
		return errors.Join(unread(ctx, s, o.ID, o.read(ctx, r)), page.close())
	})
}

// unread says why a job has failed, when that is why it has no results. Where it is not known, err stays: what could not
// be read.
func unread(ctx context.Context, s place, id wire.JobID, err error) error {
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	status, failed := s.Status(ctx, id)
	if failed != nil {
		return err
	}
	why, failed := cause(ctx, s, id, status)
	switch {
	case failed != nil:
		return err
	case why != nil:
		return outcome(id, status, why)
	case status.State == wire.Failed && status.ErrorMessage != "":
		return fault.New(fault.NotFound, "job %s has failed, and has no results: %s", id, status.ErrorMessage)
	}
	return err
}

func (o *Options) read(ctx context.Context, r *reader) error {
	progress, all := o.Streams.Progress(), o.total(ctx, r)
	defer progress.Clear()
	r.show = func(records int64) { progress.Show("reading", records, all, "conversations") }
	if o.Out == "" || o.Out == "-" {
		return r.toStream(ctx, o.Streams.Out)
	}
	if err := r.toFile(ctx, o.Out, o.Cursor != ""); err != nil {
		return err
	}
	progress.Clear()
	if o.JSON {
		return o.Streams.JSON(struct {
			Records int64  `json:"records"`
			Output  string `json:"output"`
		}{r.written, o.Out})
	}
	o.Streams.Printf("%s written to %s.\n", ui.Counted(r.written, "conversation", "conversations"), o.Out)
	return nil
}

// total is how many records will come; 0 where that is not known. It is asked for only where somebody watches.
func (o *Options) total(ctx context.Context, r *reader) int64 {
	if !o.Streams.ErrTerminal || o.Cursor != "" {
		return 0
	}
	jobs, _ := r.place.Jobs(ctx) // without a list it is not known, and nothing is lost
	for _, j := range jobs {
		if j.ID == r.id && j.Records != nil {
			return *j.Records
		}
	}
	return 0
}

// reader reads the results of a job from a cursor on.
type reader struct {
	place place
	id    wire.JobID
	size  int
	page  *spool
	show  func(records int64)

	at      platform.Cursor // of the first page that is not written
	written int64           // records, of whole pages
	stopped error           // why a page could not be read; nil if all could
}

// copy writes pages until the last, or until one cannot be read, which stopped then says. Its error is that of w.
func (r *reader) copy(ctx context.Context, w io.Writer) error {
	for {
		next, err := r.fetch(ctx)
		if err != nil {
			r.stopped = err
			return nil //nolint:nilerr // it is kept: what was written before stands
		}
		if _, err := io.Copy(w, r.page.f); err != nil {
			return err
		}
		// The place moves when the page is written: moved before, a failure would lose the page.
		r.at, r.written = next, r.written+r.page.records
		if next == "" {
			return nil
		}
	}
}

// fetch reads the next page whole, and gives the cursor of the one that follows.
func (r *reader) fetch(ctx context.Context) (platform.Cursor, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	page, err := r.place.ReadPage(ctx, r.id, r.at, r.size, func() func([]byte) error {
		add := r.page.begin()
		return func(raw []byte) error {
			err := add(raw)
			r.show(r.written + r.page.records)
			return err
		}
	})
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case err != nil:
		return "", err
	case page.Next != "" && page.Next == r.at:
		return "", fault.New(fault.Corrupt, "a page of job %s names itself as the next one", r.id)
	}
	return page.Next, r.page.rewind()
}

func (r *reader) toStream(ctx context.Context, w io.Writer) error {
	if err := r.copy(ctx, w); err != nil {
		return fmt.Errorf("%w; of the output the first %s are whole pages%s", err, ui.Counted(r.written, "line", "lines"), r.onwards())
	}
	return r.outcome()
}

func (r *reader) toFile(ctx context.Context, path string, more bool) error {
	to := func(path string, write func(io.Writer) error) error { return export.ToFile(ctx, path, write) }
	if more {
		to = export.AppendTo
	}
	err := to(path, func(w io.Writer) error {
		if err := r.copy(ctx, w); err != nil {
			return err
		}
		if r.written == 0 {
			return r.stopped // there is nothing to keep, and the file stays as it is
		}
		return nil // whole pages are kept: the next run adds to them
	})
	if err != nil {
		return err
	}
	return r.outcome()
}

// outcome says of results that were not read to the end how to go on.
func (r *reader) outcome() error {
	switch {
	case r.stopped == nil || r.written == 0:
		return r.stopped
	case errors.Is(r.stopped, context.Canceled):
		return fault.New(context.Canceled, "interrupted; %s written%s", ui.Counted(r.written, "record was", "records were"), r.onwards())
	}
	return fmt.Errorf("%w; %s written%s", r.stopped, ui.Counted(r.written, "record was", "records were"), r.onwards())
}

// onwards says where to go on.
func (r *reader) onwards() string {
	at := string(r.at)
	if at == "" {
		return "; start again"
	}
	if strings.Trim(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-.") != "" {
		at = fmt.Sprintf("%q", at)
	}
	return "; to go on from there, give --cursor " + at
}
