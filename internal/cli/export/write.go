package export

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"

	"github.com/parley-hq/parley/internal/app"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/lake"
)

// summary is what an export did. Conversations are counted by one of whole records, rows by one of rows or of a table.
type summary struct {
	Conversations *int64          `json:"conversations,omitempty"`
	Rows          *int64          `json:"rows,omitempty"`
	Output        string          `json:"output"`
	Files         []string        `json:"files,omitempty"`
	DryRun        bool            `json:"dry_run"`
	Deleted       *int            `json:"deleted,omitempty"` // by --since-last
	Full          *bool           `json:"full,omitempty"`    // whoever gets it replaces what there was
	Reason        string          `json:"reason,omitempty"`  // why it is full
	Snapshot      lake.SnapshotID `json:"snapshot,omitempty"`
}

// streamed says whether the export goes to what is no regular file: standard output, a pipe, a device.
func (o *Options) streamed() bool {
	if o.Output == "" || o.Output == "-" {
		return true
	}
	info, err := os.Stat(o.Output)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// toStream writes everything into one stream.
func (o *Options) toStream(ctx context.Context, x app.Exported, p plan) (n int64, err error) {
	c, err := p.content(ctx, x)
	if err != nil {
		return 0, err
	}
	write := func(w io.Writer) (err error) {
		n, err = export.Stream(ctx, w, p.pack, p.sheet(o, c.columns), p.trimmed(c), o.watched(ctx, x, p, c))
		return err
	}
	if o.Output == "" || o.Output == "-" {
		return n, write(o.Streams.Out)
	}
	err = export.ToFile(ctx, o.Output, write)
	return n, err
}

// trimmed gives what of a row is written: not the start before it, unless it is that of a whole record, whose text comes after.
func (p plan) trimmed(c content) func([]any) []any {
	if c.columns == nil {
		return func(row []any) []any { return row }
	}
	return func(row []any) []any { return row[1:] }
}

// files say how the files of an export are written.
type files struct {
	options export.FileOptions
	more    func(*export.Files) error                  // writes others that belong to it
	before  func(context.Context, *export.Files) error // is called when all are whole, and none has appeared
}

// toFiles writes the files of an export.
func (o *Options) toFiles(ctx context.Context, x app.Exported, p plan, how files) (s summary, err error) {
	how.options.Pack = p.pack
	out, err := export.OpenFiles(ctx, o.Output, how.options)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	c, err := p.content(ctx, x)
	if err != nil {
		return s, err
	}
	n, err := p.split.Into(ctx, out, p.sheet(o, c.columns), startOf, p.trimmed(c), o.watched(ctx, x, p, c))
	if err != nil {
		return s, err
	}
	if how.more != nil {
		if err := how.more(out); err != nil {
			return s, err
		}
	}
	if how.before != nil {
		if err := how.before(ctx, out); err != nil {
			return s, err
		}
	}
	if err := out.Publish(); err != nil {
		return s, err
	}
	s = summary{Output: o.Output, Files: out.Paths()}
	if next, there := p.split.Left(out); there && !how.options.Fresh {
		o.Streams.Notef("%s is there from an earlier export, which had more files; it is not of this one.\n", next)
	}
	if c.columns == nil {
		s.Conversations = &n
	} else {
		s.Rows = &n
	}
	return s, nil
}

// watched shows how far an export is. How much there is to do is counted only where somebody watches.
func (o *Options) watched(ctx context.Context, x app.Exported, p plan, c content) iter.Seq2[[]any, error] {
	if !o.Streams.ErrTerminal {
		return c.rows
	}
	return func(yield func([]any, error) bool) {
		progress := o.Streams.Progress()
		defer progress.Clear()
		all := int64(0)
		if p.table == "" && p.selection.Per != "interaction" {
			all, _ = x.Count(ctx, p.query) // what fails here fails below
		}
		n := int64(0)
		for row, err := range c.rows {
			if n++; n%64 == 0 {
				progress.Show("exporting", n, all, c.unit)
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

func (o *Options) summary(s summary, what string) error {
	s.Output, s.DryRun = o.Output, o.DryRun
	if o.JSON {
		return o.Streams.JSON(s)
	}
	text := ""
	if s.Rows != nil {
		text = ui.Counted(*s.Rows, "row", "rows")
	} else if s.Conversations != nil {
		text = ui.Counted(*s.Conversations, "conversation", "conversations")
	}
	if len(s.Files) > 1 {
		what += " into " + ui.Counted(int64(len(s.Files)), "file", "files")
	}
	o.Streams.Printf("%s %s.\n", text, what)
	return nil
}
