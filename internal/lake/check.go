package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wire"
)

// Report is what a check found.
type Report struct {
	Snapshot      SnapshotID             `json:"snapshot"`
	Conversations int64                  `json:"conversations"`
	Rows          map[tables.Table]int64 `json:"rows"`
	Files         int                    `json:"files"`
	Bytes         int64                  `json:"bytes"`        // of the data files
	RecordBytes   int64                  `json:"record_bytes"` // of the records, JSON
	Days          int                    `json:"days"`         // that are whole
	Gaps          []conversation.Days    `json:"gaps"`         // days between the first and the last one of the lake that never came into it
	Unfit         int64                  `json:"unfit"`        // records of which some values do not fit the schema
	Misfits       wire.Misfits           `json:"misfits"`      // those values
	Unreferenced  int                    `json:"unreferenced"` // files that no snapshot refers to: left by interrupted commits, harmless
	Unsettled     int                    `json:"unsettled"`    // commits that were interrupted; the next writer settles them
	Oversized     int                    `json:"oversized"`    // files with column pages that other programs refuse; Mend writes them again
	Index         IndexReport            `json:"index"`        // of ids
	NamesDamaged  bool                   `json:"names_damaged,omitempty"`
	Damage        []string               `json:"damage"` // what is wrong, a line each, at most maxDamage

	// Days whose rows say less than their records, as an earlier version wrote them. Writer.Mend writes them again.
	Underived []conversation.Day `json:"underived_days"`
	// Days of which summaries and legs are missing, or were derived by other rules. Writer.Derive derives them anew.
	Outdated []conversation.Day `json:"outdated_days"`

	worn map[conversation.Day]bool // days with findings: those that are written again by Mend
}

// maxDamage bounds the report of a lake that is damaged all over.
const maxDamage = 100

// Check accounts for every file and row of the newest snapshot: each file is there, as long as the catalog says, and
// of its day; each record is JSON with the id, start and hash that its row says, in order, in the lake once, and in the
// index of ids if that covers its file; and what is stored in every table equals, to the row, what the records say when
// they are shredded again. Damage is reported and is fault.Corrupt; values that do not fit the schema are none. done,
// if not nil, is told of each record checked. Memory does not grow with the lake.
func Check(ctx context.Context, l *Lake, done func(records int64)) (Report, error) {
	c := checker{lake: l, done: done, missing: map[string]bool{}, report: Report{
		Rows: map[tables.Table]int64{}, Misfits: wire.Misfits{}, Damage: []string{}, Gaps: []conversation.Days{}, Underived: []conversation.Day{}, Outdated: []conversation.Day{}, worn: map[conversation.Day]bool{},
	}}
	if c.done == nil {
		c.done = func(int64) {}
	}
	if err := c.run(ctx); err != nil {
		if !errors.Is(err, fault.Corrupt) {
			return c.report, err
		}
		c.damage("%v", err)
	}
	if n := len(c.report.Damage); n > 0 {
		return c.report, fault.New(fault.Corrupt, "the lake is damaged, with findings: %d; parley lake mend mends what can be mended from the records", n)
	}
	return c.report, nil
}

type checker struct {
	lake    *Lake
	report  Report
	missing map[string]bool // paths of files that are not there, reported once
	done    func(int64)
	by      tables.Deriving
}

// damageOf is damage that lies in a day.
func (c *checker) damageOf(day conversation.Day, format string, args ...any) {
	c.report.worn[day] = true
	c.damage(format, args...)
}

func (c *checker) damage(format string, args ...any) {
	if len(c.report.Damage) < maxDamage {
		c.report.Damage = append(c.report.Damage, fmt.Sprintf(format, args...))
	}
}

func (c *checker) run(ctx context.Context) (err error) {
	if c.report.Unsettled, err = c.lake.unsettled(ctx); err != nil {
		return err
	}
	if c.report.Days, err = c.lake.WholeDays(ctx); err != nil {
		return err
	}
	s, err := c.lake.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s = s.direct()
	if c.by, err = c.lake.Deriving(ctx); err != nil {
		return err
	}
	c.report.Snapshot = s.ID
	c.report.Outdated = append(c.report.Outdated, s.Outdated(c.by)...)
	c.report.Gaps = append(c.report.Gaps, s.Missing(conversation.Interval{})...)
	for _, t := range tables.All() {
		c.files(ctx, t, s.files[t])
	}
	for _, day := range daysOf(s) {
		if err := c.day(ctx, s, day); err != nil {
			return err
		}
	}
	if err := c.names(ctx); err != nil {
		return err
	}
	if err := c.unique(ctx, s, s.Rows(tables.Conversations)/idsPerPass+1); err != nil {
		return err
	}
	return c.unreferenced(ctx)
}

// files compares what the catalog says of the files with what is on disk.
func (c *checker) files(ctx context.Context, t tables.Table, files []datafile.File) {
	c.report.Rows[t] = 0
	for _, f := range files {
		c.report.Files++
		c.report.Rows[t] += f.Rows
		c.report.Bytes += f.Bytes
		switch info, err := f.Store.Stat(ctx, f.At); {
		case err != nil:
			c.missing[f.Path] = true
			c.damageOf(f.Day, "%s: data file %s is missing", t, f.Path)
		case info.Bytes != f.Bytes:
			c.damageOf(f.Day, "%s: data file %s has %d bytes and should have %d", t, f.Path, info.Bytes, f.Bytes)
		case datafile.Oversized(ctx, f):
			c.report.worn[f.Day] = true
			c.report.Oversized++
		}
	}
}

func daysOf(s *Snapshot) []conversation.Day {
	var days []conversation.Day
	for _, t := range tables.All() {
		for _, f := range s.files[t] {
			days = append(days, f.Day)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}

// day checks a day. What looks like damage may be what an earlier version made of the same records.
func (c *checker) day(ctx context.Context, s *Snapshot, day conversation.Day) error {
	before := len(c.report.Damage)
	err := c.dayBy(ctx, s, day, wire.Decode)
	if err != nil || len(c.report.Damage) == before {
		return err
	}
	earlier := checker{lake: c.lake, by: c.by, missing: c.missing, done: func(int64) {}, report: Report{worn: map[conversation.Day]bool{}}}
	if err := earlier.dayBy(ctx, s, day, decodeEarlier); err == nil && len(earlier.report.Damage) == 0 {
		c.report.Damage = c.report.Damage[:before]
		c.report.Underived = append(c.report.Underived, day)
	}
	return ctx.Err()
}

// decoder tells what is derived from a record.
type decoder func(raw []byte) (*conversation.Conversation, wire.Misfits)

// dayBy shreds the records of a day again and compares the result with what is stored in each table.
func (c *checker) dayBy(ctx context.Context, s *Snapshot, day conversation.Day, decode decoder) error {
	stored, outdated := map[tables.Table]*storedRows{}, s.outdated(day, c.by)
	for _, t := range tables.All() {
		if slices.ContainsFunc(ofDay(s.files[t], day), func(f datafile.File) bool { return c.missing[f.Path] }) {
			return nil // said before; without it nothing of the day can be compared
		}
	}
	for _, t := range tables.All() {
		files := ofDay(s.files[t], day)
		if len(files) > 1 && t != tables.Changes {
			c.damageOf(day, "%s: day %v has %d files and should have one", t, day, len(files))
		}
		stored[t] = newStoredRows(ctx, files)
		defer stored[t].stop()
	}
	shredder := tables.NewShredder(memory.DefaultAllocator, c.by, func(t tables.Table, rows arrow.RecordBatch) {
		if t.IsDerived() && outdated {
			rows.Release()
			return
		}
		c.compare(day, t, rows, stored[t])
	})
	var last conversation.Record
	for _, f := range ofDay(s.files[tables.Conversations], day) {
		found := datafile.File{Path: f.Path}
		for v, err := range datafile.Versions(ctx, f) {
			if err != nil {
				c.damageOf(day, "%s: day %v: %v", tables.Conversations, day, err)
				return ctx.Err()
			}
			c.record(day, v, last)
			last = v.Record
			count(&found, v)
			derived, misfits := decode(v.JSON)
			shredder.AddDecoded(v, derived)
			if misfits != nil {
				c.report.Unfit++
				c.report.Misfits = c.report.Misfits.Add(misfits)
			}
		}
		if !found.LastEnd.Equal(f.LastEnd) || found.Open != f.Open {
			c.damageOf(day, "%s: day %v: the catalog says that the last of it ended at %v and %d have no end; they are %v and %d", tables.Conversations, day, f.LastEnd, f.Open, found.LastEnd, found.Open)
		}
	}
	shredder.Flush()
	for _, t := range tables.All() {
		if !t.IsDerived() || !outdated {
			c.rest(day, t, ofDay(s.files[t], day), stored[t])
		}
	}
	return ctx.Err()
}

// count counts a conversation in what a file says of itself.
func count(f *datafile.File, v conversation.Version) {
	switch {
	case v.End.IsZero():
		f.Open++
	case v.End.After(f.LastEnd):
		f.LastEnd = v.End
	}
}

// rest looks at what is stored of a table and a day beyond what the records say, and at how much that is in all. Changes
// are not derived from the records that are there now: that they can be read and are as many as the catalog says is
// all that can be known.
func (c *checker) rest(day conversation.Day, t tables.Table, files []datafile.File, stored *storedRows) {
	said := stored.err != nil
	rest := stored.rest()
	var want int64
	for _, f := range files {
		want += f.Rows
	}
	switch {
	case said:
	case stored.err != nil:
		c.damageOf(day, "%s: day %v: %v", t, day, stored.err)
	case t != tables.Changes && rest > 0:
		c.damageOf(day, "%s: day %v has %d rows that no record accounts for", t, day, rest)
	case stored.row != want:
		c.damageOf(day, "%s: day %v has %d rows and should have %d", t, day, stored.row, want)
	}
}

func ofDay(files []datafile.File, day conversation.Day) []datafile.File {
	var out []datafile.File
	for _, f := range files {
		if f.Day == day {
			out = append(out, f)
		}
	}
	return out
}

// record checks one record against its row and its place.
func (c *checker) record(day conversation.Day, v conversation.Version, last conversation.Record) {
	c.report.Conversations++
	c.report.RecordBytes += int64(len(v.JSON))
	c.done(1)
	if len(v.JSON) > conversation.MaxRecordBytes {
		return // an earlier parley took it; wire.Record would not
	}
	switch said, err := wire.Record(v.JSON); {
	case err != nil:
		c.damageOf(day, "%s: conversation %s: its record cannot be read: %v", tables.Conversations, v.ID, err)
	case said.ID != v.ID || !said.Start.Equal(v.Start) || !said.End.Equal(v.End):
		c.damageOf(day, "%s: conversation %s: id, start or end are not those of its record", tables.Conversations, v.ID)
	case v.Day() != day:
		c.damageOf(day, "%s: conversation %s started on %v and lies in %v", tables.Conversations, v.ID, v.Day(), day)
	case last.ID != "" && conversation.Compare(last, v.Record) >= 0:
		c.damageOf(day, "%s: conversation %s is out of order in %v", tables.Conversations, v.ID, day)
	}
}

func (c *checker) compare(day conversation.Day, t tables.Table, derived arrow.RecordBatch, stored *storedRows) {
	defer derived.Release()
	if err := stored.equal(derived); err != nil {
		c.damageOf(day, "%s: day %v: %v", t, day, err)
	}
}

// storedRows are those of one table and day, read one after the other.
type storedRows struct {
	next func() (arrow.RecordBatch, error, bool)
	stop func()
	cur  arrow.RecordBatch
	at   int64
	row  int64
	err  error // the first difference; after it nothing lines up any more
}

func newStoredRows(ctx context.Context, files []datafile.File) *storedRows {
	r := &storedRows{}
	r.next, r.stop = iter.Pull2(func(yield func(arrow.RecordBatch, error) bool) {
		for _, f := range files {
			for rows, err := range datafile.Rows(ctx, f) {
				if !yield(rows, err) || err != nil {
					return
				}
			}
		}
	})
	return r
}

// fill makes sure that there are current rows, and some are left.
func (r *storedRows) fill() bool {
	for r.err == nil && (r.cur == nil || r.at == r.cur.NumRows()) {
		rows, err, ok := r.next()
		if !ok {
			return false
		}
		r.cur, r.at, r.err = rows, 0, err
	}
	return r.err == nil
}

// equal compares the next rows with derived. It reports the first difference once.
func (r *storedRows) equal(derived arrow.RecordBatch) error {
	if r.err != nil {
		return nil //nolint:nilerr // said before
	}
	for i := int64(0); i < derived.NumRows(); {
		if !r.fill() {
			if r.err == nil {
				r.err = fmt.Errorf("rows are missing from row %d on", r.row)
			}
			return r.err
		}
		n := min(derived.NumRows()-i, r.cur.NumRows()-r.at)
		for k, f := range derived.Schema().Fields() {
			col := r.cur.Schema().FieldIndices(f.Name)
			if len(col) != 1 || !array.SliceEqual(derived.Column(k), i, i+n, r.cur.Column(col[0]), r.at, r.at+n) {
				r.err = fmt.Errorf("column %s differs from what the records say, between rows %d and %d", f.Name, r.row, r.row+n)
				return r.err
			}
		}
		if more := r.cur.Schema().NumFields() - derived.Schema().NumFields(); more > 0 {
			r.err = fmt.Errorf("there are %d columns too many", more)
			return r.err
		}
		i, r.at, r.row = i+n, r.at+n, r.row+n
	}
	return nil
}

// rest counts the rows that are left.
func (r *storedRows) rest() (n int64) {
	for r.fill() {
		left := r.cur.NumRows() - r.at
		n, r.at, r.row = n+left, r.cur.NumRows(), r.row+left
	}
	return n
}

// idsPerPass bounds the memory of unique to about 300 MB.
const idsPerPass = 4_000_000

// unique looks for conversations that are in the lake twice, and for those that the index of ids lacks. A large lake is
// read in several passes, each for a part of the ids: a part of what the index has in order, so that it is read once.
func (c *checker) unique(ctx context.Context, s *Snapshot, passes int64) error {
	look, err := c.lake.indexLook(ctx)
	if err != nil {
		return err
	}
	defer look.close()
	for pass := range passes {
		seen := map[key]bool{}
		for _, f := range s.files[tables.Conversations] {
			covered := look.covers(f)
			for rows, err := range datafile.Rows(ctx, f, "conversation_id") {
				if err != nil {
					return ctx.Err() // an unreadable file was reported with its day
				}
				for i := range int(rows.NumRows()) {
					k := keyAt(rows, i)
					if (int64(k[0])<<8|int64(k[1]))*passes>>16 != pass {
						continue
					}
					if seen[k] {
						c.damage("%s: conversation %s is in the lake twice", tables.Conversations, strings.Clone(datafile.TextAt(rows, 0, i)))
					}
					seen[k] = true
					if covered {
						look.want(k, f.Day)
					}
				}
			}
		}
		look.pass()
	}
	c.indexed(look, s)
	return ctx.Err()
}

// indexed reports what was found out of the index. A run that cannot be read harms nobody; an id that is not in it although
// it should be could come into the lake again.
func (c *checker) indexed(look *indexLook, s *Snapshot) {
	c.report.Index = look.found
	c.report.Index.count(look.index, s.files[tables.Conversations])
	if look.found.Lacking > 0 {
		c.damage("the index of ids lacks %d conversations that it should have, the first of them in %v; parley lake index --again makes it anew",
			look.found.Lacking, look.first)
	}
}

// unreferenced counts the files in the tables' folders that no snapshot refers to. A lake that was moved is not asked:
// by the names in its tables, none of its files is.
func (c *checker) unreferenced(ctx context.Context) error {
	if c.lake.place.moved() {
		return nil
	}
	all, err := c.lake.there(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		n, err := c.lake.orphans(ctx, t)
		if err != nil {
			return err
		}
		c.report.Unreferenced += n
	}
	for _, err := range c.lake.unpublished(ctx) {
		if err != nil {
			return err
		}
		c.report.Unreferenced++
	}
	return nil
}

// unpublished yields what writers have begun in a store that keeps such things, and not brought to an end.
func (l *Lake) unpublished(ctx context.Context) iter.Seq2[store.Info, error] {
	if files, is := l.Store().(store.Uploading); is {
		return func(yield func(store.Info, error) bool) {
			for begun, err := range files.Uploads(ctx, "") {
				if err == nil && beside(begun.At) {
					continue // of a job, which its runner or a cluster may be writing now
				}
				if !yield(begun, err) || err != nil {
					return
				}
			}
		}
	}
	return func(func(store.Info, error) bool) {}
}

// orphans counts the files of a table that none of its snapshots refers to. It reads all of them and has pinned one
// only: when one of the others expires on the way, it begins again.
func (l *Lake) orphans(ctx context.Context, t tables.Table) (int, error) {
	for {
		tbl, err := l.load(ctx, t)
		if err != nil {
			return 0, err
		}
		plan, failed := tbl.PlanOrphanFiles(ctx, table.WithFilesOlderThan(time.Nanosecond))
		if failed == nil {
			return len(plan.Files()), nil
		}
		now, err := l.load(ctx, t)
		if err != nil {
			return 0, err
		}
		if now.MetadataLocation() == tbl.MetadataLocation() {
			return 0, fault.Because(fault.Corrupt, failed, "the files of table %s cannot be listed", t)
		}
	}
}
