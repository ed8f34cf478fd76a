package lake

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wire"
)

// writtenDay is a day whose new files are on disk and not yet committed.
type writtenDay struct {
	day   conversation.Day
	files map[tables.Table][]store.Location
}

// writeDays writes the files of every day that the commit changes. It shreds on this goroutine while others, one a table,
// encode and write what was shredded before.
func (w *Writer) writeDays(ctx context.Context, name string, m *merge, incoming iter.Seq2[conversation.Version, error], keys *wire.Keys) ([]writtenDay, Outcome, error) {
	writing, ctx := newLanes(ctx)
	d := &dayWriter{Writer: w, name: name, writing: writing, mem: new(recycler), keys: keys}
	out, err := d.shred(ctx, m, incoming)
	// When writing fails, shredding ends with a cancellation that is only its consequence.
	if failed := writing.wait(); failed != nil {
		err = failed
	}
	if err != nil {
		return nil, out, errors.Join(err, d.discard())
	}
	out.Days = len(d.days)
	return d.written(), out, nil
}

// dayWriter writes the files of the days of one commit.
type dayWriter struct {
	*Writer

	name    string // of the files
	writing *lanes
	mem     *recycler
	keys    *wire.Keys // of the records that come
	days    []*dayFiles
}

func (d *dayWriter) discard() (err error) {
	for _, files := range d.days {
		err = errors.Join(err, files.discard())
	}
	return err
}

func (d *dayWriter) written() (days []writtenDay) {
	for _, files := range d.days {
		days = append(days, writtenDay{files.day, files.locations()})
	}
	return days
}

// shred shreds day after day.
func (d *dayWriter) shred(ctx context.Context, m *merge, incoming iter.Seq2[conversation.Version, error]) (Outcome, error) {
	out := m.out
	next, stop := iter.Pull2(fresh(m, incoming))
	defer stop()
	anyway := m.rewritten()
	v, err, more := next()
	for more || len(anyway) > 0 {
		if err != nil {
			return out, err
		}
		day := v.Day()
		if len(anyway) > 0 && (!more || anyway[0] <= day) {
			day, anyway = anyway[0], anyway[1:]
		}
		ofDay := func(yield func(conversation.Version, error) bool) {
			for ; more && err == nil && v.Day() == day; v, err, more = next() {
				out.Added++
				if !yield(v, nil) {
					return
				}
			}
			if err != nil {
				yield(v, err)
			}
		}
		if err := d.day(ctx, day, m, ofDay, &out); err != nil {
			return out, err
		}
	}
	out.Added -= out.Replaced
	return out, nil
}

// fresh leaves out the incoming records that change nothing, and refuses those that are longer than any may be: whoever
// brings records has set such ones aside.
func fresh(m *merge, incoming iter.Seq2[conversation.Version, error]) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for v, err := range incoming {
			if err == nil && m.skip[keyOf(v.ID)] {
				continue
			}
			if err == nil && len(v.JSON) > conversation.MaxRecordBytes {
				err = fault.New(fault.TooLarge, "the record of conversation %s has %d bytes; at most %d are taken", v.ID, len(v.JSON), conversation.MaxRecordBytes)
			}
			if err == nil {
				err = m.note(v)
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// fileOf is the file of a table that the commit writes for a day.
func (d *dayWriter) fileOf(t tables.Table, day conversation.Day) datafile.File {
	return d.lake.fileAt(data(t).Join("day="+day.String(), d.name))
}

// day has one day written: it is copied, or shredded.
func (d *dayWriter) day(ctx context.Context, day conversation.Day, m *merge, incoming iter.Seq2[conversation.Version, error], out *Outcome) error {
	files := newDayFiles(day, func(t tables.Table) (*datafile.Writer, error) { return datafile.Create(ctx, t, d.fileOf(t, day)) })
	d.days = append(d.days, files)
	if err := d.fill(ctx, files, m, incoming, out); err != nil {
		return err
	}
	for t := range files.of {
		d.writing.add(t, func() error { return files.finish(ctx, t) })
	}
	return ctx.Err()
}

// fill gives the files of a day their rows, or those that come.
func (d *dayWriter) fill(ctx context.Context, files *dayFiles, m *merge, incoming iter.Seq2[conversation.Version, error], out *Outcome) error {
	if !d.anew {
		c, all, err := m.copied(ctx, files.day, incoming)
		if err != nil {
			return err
		}
		if c != nil {
			return d.copy(ctx, c, m, files, out)
		}
		incoming = all
	}
	s := tables.NewShredder(d.mem, d.by, d.writer(files))
	return shredDay(ctx, s, m.merged, files.day, incoming, d.keys, out)
}

// writer has rows written, each table's beside the others.
func (d *dayWriter) writer(files *dayFiles) func(tables.Table, arrow.RecordBatch) {
	return func(t tables.Table, rows arrow.RecordBatch) {
		d.writing.add(t, func() error { return files.of[t].write(rows) })
	}
}

// merger is merge.merged.
type merger func(context.Context, conversation.Day, iter.Seq2[conversation.Version, error], func(tables.Change)) iter.Seq2[conversation.Version, error]

// shredDay turns what a day holds after the commit into rows.
func shredDay(ctx context.Context, s *tables.Shredder, merged merger, day conversation.Day, incoming iter.Seq2[conversation.Version, error], keys *wire.Keys, out *Outcome) error {
	var came conversation.ID
	for v, err := range merged(ctx, day, noting(incoming, &came), s.AddChange) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		// What the day has held before was told of when it came.
		if v.ID != came {
			s.Add(v)
		} else if misfits := s.AddCounting(v, keys); misfits != nil {
			out.Unfit++
			out.Misfits = out.Misfits.Add(misfits)
		}
		out.Bytes += int64(len(v.JSON))
	}
	s.Flush()
	return nil
}

// noting notes the id of the version that it has yielded last.
func noting(incoming iter.Seq2[conversation.Version, error], last *conversation.ID) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for v, err := range incoming {
			*last = v.ID
			if !yield(v, err) {
				return
			}
		}
	}
}

// dayFiles are the files of one day. Each belongs to whoever writes its table.
type dayFiles struct {
	day  conversation.Day
	of   map[tables.Table]*tableFile
	left atomic.Int64 // tables that are not finished yet
}

func newDayFiles(day conversation.Day, create func(tables.Table) (*datafile.Writer, error)) *dayFiles {
	d := &dayFiles{day: day, of: map[tables.Table]*tableFile{}}
	for _, t := range tables.All() {
		d.of[t] = &tableFile{table: t, create: create}
	}
	d.left.Store(int64(len(d.of)))
	return d
}

// finish makes the file of a table whole. The day is on disk when the last of them is.
func (d *dayFiles) finish(ctx context.Context, t tables.Table) error {
	if err := d.of[t].finish(ctx); err != nil {
		return err
	}
	if d.left.Add(-1) == 0 {
		crashpoint.Reach("commit.day")
	}
	return nil
}

// locations are those of the files, all of which are finished. One that was there before stays as it is.
func (d *dayFiles) locations() map[tables.Table][]store.Location {
	files := map[tables.Table][]store.Location{}
	for t, f := range d.of {
		if f.at != "" {
			files[t] = append(files[t], f.at)
		}
	}
	return files
}

func (d *dayFiles) discard() (err error) {
	for _, f := range d.of {
		err = errors.Join(err, f.discard())
	}
	return err
}

// tableFile is the file of a table for a day, made when it gets its first row.
type tableFile struct {
	table  tables.Table
	create func(tables.Table) (*datafile.Writer, error)
	open   *datafile.Writer // while it is written
	at     store.Location   // when it is whole
	copy   *tableCopy       // of a day that is copied; nil if all rows are given
}

// write writes rows and releases them.
func (f *tableFile) write(rows arrow.RecordBatch) (err error) {
	defer rows.Release()
	if f.copy != nil {
		f.copy.come.add(rows)
		return nil
	}
	if f.open == nil {
		if f.open, err = f.create(f.table); err != nil {
			return fault.Because(diskFault(err), err, "a data file of table %s cannot be made", f.table)
		}
	}
	return f.written(f.open.Write(rows))
}

// leave takes rows that go, and releases them. Those of a table of which the day has no file are no concern of its.
func (f *tableFile) leave(rows arrow.RecordBatch) {
	defer rows.Release()
	if f.copy != nil {
		f.copy.gone.add(rows)
	}
}

// discard gives up a file that is not whole.
func (f *tableFile) discard() error {
	if f.open == nil {
		return nil
	}
	return f.open.Discard()
}

// finish makes the file whole, if there is one.
func (f *tableFile) finish(ctx context.Context) error {
	if f.copy != nil {
		var err error
		f.at, err = f.copy.finish(ctx, f.table)
		return f.written(err)
	}
	open := f.open
	if open == nil {
		return nil
	}
	f.open = nil // finish discards it itself when it fails
	err := open.Finish(ctx)
	if err == nil {
		f.at = open.File.At
	}
	return f.written(err)
}

func (f *tableFile) written(err error) error {
	if err == nil {
		return nil
	}
	return fault.Because(diskFault(err), err, "a data file of table %s cannot be written", f.table)
}
