package lake

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
)

// A day is written by copying when few of its conversations come: one in eight at most, and of so many bytes that they can
// be held. When more come, most column pages have to be encoded again, and to shred all of the day is as quick
// (docs/decisions/0067-copied-pages.md).
const (
	copiedShare = 8
	copiedBytes = 16 << 20
)

// dayCopy is a day that is written by copying its files, but for the rows of conversations that go or come.
type dayCopy struct {
	files map[tables.Table]datafile.File // that the day has
	come  []conversation.Version
	gone  map[conversation.ID]bool
	rows  []leaving // of those that go, in conversations
	bytes int64     // of the records that stay
	// known says that all rows of what goes are given too: what is the same in what comes need not be written anew.
	known bool
}

// copyable gives the files of a day if all of them can be copied and nobody has asked for its rows to be made anew.
func (m *merge) copyable(ctx context.Context, day conversation.Day) (map[tables.Table]datafile.File, bool) {
	if slices.Contains(m.again, day) {
		return nil, false
	}
	files := map[tables.Table]datafile.File{}
	for _, t := range tables.All() {
		if t == tables.Changes {
			continue // they are only ever added
		}
		switch of := ofDay(m.base[t], day); {
		case len(of) > 1 || len(of) == 1 && !datafile.Spliceable(ctx, t, of[0]):
			return nil, false
		case len(of) == 1:
			files[t] = of[0]
		}
	}
	// Rows that were derived by other rules are not to stand beside those that come.
	return files, files[tables.Conversations].Rows > 0 && files[tables.Summaries].Rules == m.by.Version()
}

// copied begins the copy of a day. If it cannot be copied, or too many of its conversations come or go, it is nil. In any
// case all yields what comes.
func (m *merge) copied(ctx context.Context, day conversation.Day, incoming iter.Seq2[conversation.Version, error]) (_ *dayCopy, all iter.Seq2[conversation.Version, error], err error) {
	files, ok := m.copyable(ctx, day)
	most := int(files[tables.Conversations].Rows / copiedShare)
	if !ok || len(m.drop[day]) > most {
		return nil, incoming, nil
	}
	come, all, err := gather(incoming, most)
	if err != nil || all != nil {
		return nil, all, err
	}
	c := &dayCopy{files: files, come: come, gone: map[conversation.ID]bool{}}
	if ok, err := c.leave(ctx, m, m.drop[day]); !ok || err != nil {
		return nil, versions(come), err
	}
	return c, nil, nil
}

func versions(list []conversation.Version) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// gather takes what comes if it is few; else it gives what yields all of it.
func gather(incoming iter.Seq2[conversation.Version, error], most int) (come []conversation.Version, all iter.Seq2[conversation.Version, error], err error) {
	var first []conversation.Version
	next, stop := iter.Pull2(incoming)
	for size := 0; len(first) <= most && size <= copiedBytes; size += len(first[len(first)-1].JSON) {
		v, err, more := next()
		if err != nil || !more {
			stop()
			return first, nil, err
		}
		v.JSON = bytes.Clone(v.JSON) // it may be good for one step only
		first = append(first, v)
	}
	return nil, func(yield func(conversation.Version, error) bool) {
		defer stop()
		for _, v := range first {
			if !yield(v, nil) {
				return
			}
		}
		for v, err, more := next(); more; v, err, more = next() {
			if !yield(v, err) {
				return
			}
		}
	}, nil
}

// copy writes a day by copying.
func (d *dayWriter) copy(ctx context.Context, c *dayCopy, m *merge, files *dayFiles, out *Outcome) error {
	for t, f := range c.files {
		files.of[t].copy = &tableCopy{day: c, from: f, to: d.fileOf(t, files.day)}
	}
	n := max(len(c.come), len(c.rows)) // the same for both, so that the same rows are handed on in the same portions
	s := tables.NewShredderOf(n, d.mem, d.by, d.writer(files))
	gone := tables.NewShredderOf(n, d.mem, d.by, func(t tables.Table, rows arrow.RecordBatch) {
		d.writing.add(t, func() error {
			files.of[t].leave(rows)
			return nil
		})
	})
	if err := c.read(ctx, files.day, m, gone, s.AddChange); err != nil {
		return err
	}
	out.Bytes += c.bytes
	for _, v := range c.come {
		if misfits := s.AddCounting(v, d.keys); misfits != nil {
			out.Unfit++
			out.Misfits = out.Misfits.Add(misfits)
		}
		out.Bytes += int64(len(v.JSON))
	}
	s.Flush()
	return ctx.Err()
}

// leaving is a row of a conversation that goes.
type leaving struct {
	row int64
	run string
	at  time.Time
}

// leave finds the conversations that go. It says no when one of them was erased: a dictionary is only ever added to, and would
// keep what is to be forgotten.
func (c *dayCopy) leave(ctx context.Context, m *merge, drop map[key]time.Time) (ok bool, err error) {
	row := int64(0)
	for batch, err := range datafile.Rows(ctx, c.files[tables.Conversations], "conversation_id", "record_bytes", "run_id", "extracted_at") {
		if err != nil {
			return false, err
		}
		for i := range int(batch.NumRows()) {
			id := conversation.ID(datafile.TextAt(batch, 0, i))
			if m.erased.Has(id) {
				return false, nil
			}
			if _, goes := drop[keyOf(id)]; goes {
				c.gone[cloned(id)] = true
				c.rows = append(c.rows, leaving{row, strings.Clone(datafile.TextAt(batch, 2, i)), datafile.TimeAt(batch, 3, i)})
			} else {
				c.bytes += datafile.NumberAt(batch, 1, i)
			}
			row++
		}
	}
	return true, nil
}

// cloned is an id that outlives what it was read from.
func cloned(id conversation.ID) conversation.ID { return conversation.ID(strings.Clone(string(id))) }

// read tells found what became of the conversations that go, and has their rows shredded. These are known as long as their
// records are not too large to be held.
func (c *dayCopy) read(ctx context.Context, day conversation.Day, m *merge, gone *tables.Shredder, found func(tables.Change)) (err error) {
	r, err := new(datafile.Footers).Open(ctx, c.files[tables.Conversations])
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	size := 0
	c.known = true
	for _, l := range c.rows {
		records, err := r.Read(l.row)
		if err != nil {
			return err
		}
		old := conversation.Version{Record: records[0], Run: l.run, At: l.at}
		m.keep(day, old, c.successor(old.Record), found)
		if size += len(old.JSON); size > copiedBytes {
			c.known = false
			continue
		}
		gone.Add(old)
	}
	gone.Flush()
	return nil
}

// successor is the first of what comes that stands in the place of a record, or behind it.
func (c *dayCopy) successor(old conversation.Record) conversation.Version {
	i, _ := slices.BinarySearchFunc(c.come, old, func(v conversation.Version, old conversation.Record) int {
		return conversation.Compare(v.Record, old)
	})
	if i == len(c.come) {
		return conversation.Version{}
	}
	return c.come[i]
}

// tableCopy is the file of a table that is made of another one.
type tableCopy struct {
	day        *dayCopy
	from, to   datafile.File
	gone, come someRows
}

// someRows are rows of some conversations, in order.
type someRows struct {
	rows []arrow.RecordBatch
	of   []stretch
}

// stretch is the rows of a conversation.
type stretch struct {
	conversation.Record // id and start
	n                   int64
}

// add keeps rows, until release.
func (s *someRows) add(rows arrow.RecordBatch) {
	rows.Retain()
	s.rows = append(s.rows, rows)
	for i := range int(rows.NumRows()) {
		id := conversation.ID(datafile.TextAt(rows, 0, i))
		if n := len(s.of); n == 0 || s.of[n-1].ID != id {
			s.of = append(s.of, stretch{Record: conversation.Record{ID: cloned(id), Start: datafile.TimeAt(rows, 1, i)}})
		}
		s.of[len(s.of)-1].n++
	}
}

func (s *someRows) release() {
	for _, rows := range s.rows {
		rows.Release()
	}
	s.rows = nil
}

// equal says whether rows are the same. It may say no when they were handed on in other portions.
func (s *someRows) equal(o *someRows) bool {
	return slices.EqualFunc(s.rows, o.rows, array.RecordEqual)
}

// finish writes the file, and gives where it is: at its old place if nothing of it changes, nowhere if nothing is left.
func (c *tableCopy) finish(ctx context.Context, t tables.Table) (store.Location, error) {
	defer c.gone.release()
	defer c.come.release()
	if c.day.known && c.gone.equal(&c.come) {
		return c.from.At, nil
	}
	e, err := c.edit(ctx)
	if err != nil || len(e.made) == 0 {
		return c.from.At, err
	}
	left := c.from.Rows
	for _, x := range e.made {
		left += x.Add - x.Drop
	}
	if left == 0 {
		return "", nil
	}
	a := datafile.Splicing{Table: t, From: c.from, To: c.to, Edits: e.made, Come: c.come.rows}
	// Rows that are others than the record gives today are not compared with: a check says what is wrong with them.
	if c.day.known && slices.EqualFunc(e.gone, c.gone.of, func(a, b stretch) bool { return a.ID == b.ID && a.n == b.n }) {
		a.Gone = c.gone.rows
	}
	return c.to.At, datafile.Splice(ctx, a)
}

// edit finds the rows that go, and where those that come belong.
func (c *tableCopy) edit(ctx context.Context) (*editor, error) {
	e := &editor{come: c.come.of}
	var last conversation.ID
	for rows, err := range datafile.Rows(ctx, c.from, "conversation_id", "conversation_start") {
		if err != nil {
			return nil, err
		}
		for i := range int(rows.NumRows()) {
			if id := conversation.ID(datafile.TextAt(rows, 0, i)); id != last {
				last = cloned(id)
				e.reach(conversation.Record{ID: last, Start: datafile.TimeAt(rows, 1, i)}, c.day.gone[id])
			}
			e.row()
		}
	}
	for len(e.come) > 0 {
		e.arrive()
	}
	return e, nil
}

// editor makes the edits of a file whose rows are told of one after the other.
type editor struct {
	come  []stretch // that have not come yet
	made  []datafile.Edit
	gone  []stretch
	at    int64 // row that is next
	going bool  // whether its conversation goes
}

// reach lets come what belongs before the rows of a conversation, or in their place.
func (e *editor) reach(r conversation.Record, goes bool) {
	for len(e.come) > 0 && conversation.Compare(e.come[0].Record, r) <= 0 {
		e.arrive()
	}
	if e.going = goes; goes {
		e.gone = append(e.gone, stretch{Record: r})
	}
}

func (e *editor) arrive() {
	e.here().Add += e.come[0].n
	e.come = e.come[1:]
}

// row passes a row.
func (e *editor) row() {
	if e.going {
		e.here().Drop++
		e.gone[len(e.gone)-1].n++
	}
	e.at++
}

// here is the edit at the row that is next: the last one, if it reaches up to there.
func (e *editor) here() *datafile.Edit {
	if n := len(e.made); n > 0 && e.made[n-1].At+e.made[n-1].Drop == e.at {
		return &e.made[n-1]
	}
	e.made = append(e.made, datafile.Edit{At: e.at})
	return &e.made[len(e.made)-1]
}
