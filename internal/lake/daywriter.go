package lake

import (
	"context"
	"errors"
	"iter"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// writtenDay is a day whose new files are on disk and not yet committed.
type writtenDay struct {
	day   conversation.Day
	files map[Table][]store.Location
}

// writeDays writes the files of every day that the commit changes. It shreds on this goroutine while another encodes and
// writes what was shredded before: the two cost about the same.
func (w *Writer) writeDays(ctx context.Context, commit string, m *merge, incoming iter.Seq2[Version, error]) ([]writtenDay, Outcome, error) {
	writing, ctx := newInOrder(ctx)
	d := &dayWriter{Writer: w, commit: commit, writing: writing, mem: new(recycler)}
	out, err := d.shred(ctx, m, incoming)
	// When writing fails, shredding ends with a cancellation that is only its consequence.
	if failed := writing.wait(); failed != nil {
		err = failed
	}
	if err != nil {
		return nil, out, errors.Join(err, d.discard())
	}
	out.Days = len(d.done)
	return d.done, out, nil
}

// dayWriter writes the files of the days of one commit.
type dayWriter struct {
	*Writer

	commit  string
	writing *inOrder
	mem     *recycler
	open    *dayFiles // of the day that is being written
	done    []writtenDay
}

func (d *dayWriter) discard() error {
	if d.open == nil {
		return nil
	}
	return d.open.discard()
}

// shred shreds day after day.
func (d *dayWriter) shred(ctx context.Context, m *merge, incoming iter.Seq2[Version, error]) (Outcome, error) {
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
		ofDay := func(yield func(Version, error) bool) {
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
func fresh(m *merge, incoming iter.Seq2[Version, error]) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
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

// day shreds one day, and has it written.
func (d *dayWriter) day(ctx context.Context, day conversation.Day, m *merge, incoming iter.Seq2[Version, error], out *Outcome) error {
	files := &dayFiles{open: map[Table]*dataFile{}, create: func(t Table) (*dataFile, error) {
		return createDataFile(ctx, t, d.lake.fileAt(data(t).Join("day="+day.String(), d.commit+".parquet")))
	}}
	d.writing.add(func() error {
		d.open = files
		return nil
	})
	s := newShredder(d.mem, func(t Table, batch arrow.RecordBatch) {
		d.writing.add(func() error { return files.write(t, batch) })
	})
	if err := shredDay(ctx, s, m.merged, day, incoming, out); err != nil {
		return err
	}
	d.writing.add(func() error {
		locations, err := files.finish(ctx)
		if err != nil {
			return err
		}
		d.done = append(d.done, writtenDay{day, locations})
		crashpoint.Reach("commit.day")
		return nil
	})
	return ctx.Err()
}

// merger is merge.merged.
type merger func(context.Context, conversation.Day, iter.Seq2[Version, error], func(Change)) iter.Seq2[Version, error]

// shredDay turns what a day holds after the commit into batches of rows.
func shredDay(ctx context.Context, s *shredder, merged merger, day conversation.Day, incoming iter.Seq2[Version, error], out *Outcome) error {
	var came conversation.ID
	for v, err := range merged(ctx, day, noting(incoming, &came), func(c Change) { s.changes.add(&c) }) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		// What the day has held before was told of when it came.
		if misfits := s.add(v); misfits != nil && v.ID == came {
			out.Unfit++
			out.Misfits = out.Misfits.Add(misfits)
		}
		out.Bytes += int64(len(v.JSON))
	}
	s.flush()
	return nil
}

// noting notes the id of the version that it has yielded last.
func noting(incoming iter.Seq2[Version, error], last *conversation.ID) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		for v, err := range incoming {
			*last = v.ID
			if !yield(v, err) {
				return
			}
		}
	}
}

// dayFiles are the files of one day, made when they get their first row.
type dayFiles struct {
	open   map[Table]*dataFile
	create func(Table) (*dataFile, error)
}

// write writes rows of a table and releases them.
func (d *dayFiles) write(t Table, batch arrow.RecordBatch) error {
	defer batch.Release()
	if d.open[t] == nil {
		f, err := d.create(t)
		if err != nil {
			return fault.Because(diskFault(err), err, "a data file of table %s cannot be made", t)
		}
		d.open[t] = f
	}
	if err := d.open[t].write(batch); err != nil {
		return fault.Because(diskFault(err), err, "a data file of table %s cannot be written", t)
	}
	return nil
}

// finish makes all files whole and gives their locations.
func (d *dayFiles) finish(ctx context.Context) (map[Table][]store.Location, error) {
	files := map[Table][]store.Location{}
	for t, f := range d.open {
		delete(d.open, t) // finish discards f itself when it fails
		if err := f.finish(ctx); err != nil {
			return nil, errors.Join(fault.Because(diskFault(err), err, "a data file of table %s cannot be written", t), d.discard())
		}
		files[t] = append(files[t], f.file.at)
	}
	return files, nil
}

func (d *dayFiles) discard() (err error) {
	for _, f := range d.open {
		err = errors.Join(err, f.discard())
	}
	return err
}
