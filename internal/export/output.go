package export

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Sheet is what rows are written to, in some format.
type Sheet interface {
	Row(values []any) error
	// Close ends the content; not what it is written to.
	Close() error
}

// Split says when a file ends and the next begins.
type Split struct {
	Day   bool  // with each UTC day on which conversations started
	Bytes int64 // when it has about so many bytes, as they lie on the disk; 0: never
}

// Into writes rows into files: start gives the content of each file its beginning, and day says to which day a row belongs. It gives
// the number of rows. Trim gives what of a row is written. Of no
// rows there is one file all the same, but where each day has its own.
func (s Split) Into(ctx context.Context, files *Files, start func(io.Writer) (Sheet, error), day func([]any) time.Time, trim func([]any) []any, rows iter.Seq2[[]any, error]) (n int64, err error) {
	w := &splitter{split: s, files: files, start: start, day: day, trim: trim}
	for row, err := range rows {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return n, err
		}
		if err := w.row(row); err != nil {
			return n, err
		}
		n++
	}
	if w.file == nil && !s.Day {
		if err := w.next(0); err != nil {
			return n, err
		}
	}
	return n, w.end()
}

type splitter struct {
	split Split
	files *Files
	start func(io.Writer) (Sheet, error)
	file  *File
	sheet Sheet
	day   func([]any) time.Time
	trim  func([]any) []any
	of    conversation.Day // of the file
	parts int
}

func (w *splitter) row(values []any) error {
	var of conversation.Day
	if w.split.Day {
		of = conversation.DayOf(w.day(values))
	}
	if w.file == nil || of != w.of || w.split.Bytes > 0 && w.file.Bytes() >= w.split.Bytes {
		if err := w.next(of); err != nil {
			return err
		}
	}
	return full(w.sheet.Row(w.trim(values)))
}

// next ends a file and begins another.
func (w *splitter) next(day conversation.Day) (err error) {
	if err := w.end(); err != nil {
		return err
	}
	w.of = day
	w.parts++
	part := ""
	switch {
	case w.split.Day:
		part = day.String()
	case w.split.Bytes > 0:
		part = numbered(w.parts)
	}
	if w.file, err = w.files.Create(part); err == nil {
		w.sheet, err = w.start(w.file)
	}
	return err
}

func numbered(part int) string { return fmt.Sprintf("%04d", part) }

// Left is the file behind the last one, by size, if there is one: an earlier export had more of them.
func (s Split) Left(files *Files) (path string, there bool) {
	if s.Bytes == 0 {
		return "", false
	}
	path = files.Named(numbered(len(files.ended) + 1))
	return path, exists(path)
}

func (w *splitter) end() error {
	if w.file == nil {
		return nil
	}
	if err := w.sheet.Close(); err != nil {
		return full(err)
	}
	return w.file.End()
}

// Stream writes rows into one stream, compressed as pack says: gz, zst or nothing. It gives their number.
func Stream(ctx context.Context, w io.Writer, pack string, start func(io.Writer) (Sheet, error), trim func([]any) []any, rows iter.Seq2[[]any, error]) (n int64, err error) {
	packed, err := packer(pack, w)
	if err != nil {
		return 0, err
	}
	buf := bufio.NewWriterSize(packed, 1<<20)
	sheet, err := start(buf)
	if err != nil {
		return 0, full(err)
	}
	for row, err := range rows {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return n, err
		}
		if err := sheet.Row(trim(row)); err != nil {
			return n, full(err)
		}
		n++
	}
	return n, full(errors.Join(sheet.Close(), buf.Flush(), packed.Close()))
}

// Part writes rows into a file of their own among those of an export, and gives their number.
func (f *Files) Part(ctx context.Context, part string, start func(io.Writer) (Sheet, error), rows iter.Seq2[[]any, error]) (n int64, err error) {
	w := &splitter{files: f, start: start, trim: func(row []any) []any { return row }}
	if w.file, err = f.Create(part); err != nil {
		return 0, err
	}
	if w.sheet, err = start(w.file); err != nil {
		return 0, full(err)
	}
	for row, err := range rows {
		if err == nil {
			err = errors.Join(ctx.Err(), w.row(row))
		}
		if err != nil {
			return n, err
		}
		n++
	}
	return n, w.end()
}
