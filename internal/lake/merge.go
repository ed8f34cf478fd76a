package lake

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// key stands for a conversation id in memory: 16 bytes of its SHA-256, which no two ids share.
type key [16]byte

func keyOf(id conversation.ID) key {
	h := sha256.Sum256([]byte(id))
	return key(h[:16])
}

// keyAt is the key of the id in the first column.
func keyAt(rows arrow.RecordBatch, i int) key {
	return keyOf(conversation.ID(datafile.TextAt(rows, 0, i)))
}

// prefix is what stands for the id in the index. Two ids that share it cost a look.
func (k key) prefix() uint64 { return binary.BigEndian.Uint64(k[:]) }

// merge is the plan of a commit: which incoming records are to be left out because the lake has them, and which rows
// of the lake give way. It holds some 60 bytes for each incoming record, and nothing for the rest of the lake.
type merge struct {
	files map[conversation.Day][]datafile.File   // of conversations, as the lake has them
	base  map[tables.Table][]datafile.File       // of every table
	skip  map[key]bool                           // incoming records that change nothing
	drop  map[conversation.Day]map[key]time.Time // rows that give way, with the start of the version that takes their place
	again []conversation.Day                     // to be written even if they neither get nor lose a row
	out   Outcome
	run   string
	at    time.Time
	came  gatherer // entries of the index that the lake does not have yet
	kept  func(conversation.Day, conversation.ID) error
	whole map[conversation.Day]bool // days of which kept is told
	moved []conversation.ID         // whose incoming record starts on another day
	// erased conversations neither come nor stay.
	erased *erasure.List
	by     tables.Deriving
}

// newcomer is what has to be known of an incoming record to plan.
type newcomer struct {
	hash  [sha256.Size]byte
	at    time.Time
	start time.Time
}

// planMerge compares the incoming records with every conversation of the lake that can have the id of one: those of the
// same days, those of the days that the index names, and those that the index does not cover. These it covers from then
// on.
func planMerge(ctx context.Context, base *Snapshot, c Commit, x *index, by tables.Deriving) (*merge, error) {
	m := &merge{
		by:    by,
		files: map[conversation.Day][]datafile.File{}, skip: map[key]bool{}, drop: map[conversation.Day]map[key]time.Time{},
		base: base.files, again: c.Again, run: c.Run, at: c.At, came: x.lake.gatherer(ctx), kept: c.Kept, whole: map[conversation.Day]bool{},
	}
	if err := m.refuse(ctx, c, x.lake); err != nil {
		return nil, err
	}
	if len(base.files[tables.Conversations]) == 0 {
		return m, nil
	}
	news := map[key]newcomer{}
	days := map[conversation.Day]bool{}
	if c.Kept != nil {
		for _, day := range c.Days {
			days[day], m.whole[day] = true, true
		}
	}
	for v, err := range c.heads() {
		if err != nil {
			return nil, err
		}
		if k := keyOf(v.ID); !m.skip[k] {
			news[k] = newcomer{v.Sum(), v.At, v.Start}
			days[v.Day()] = true
		}
	}
	for _, f := range base.files[tables.Conversations] {
		m.files[f.Day] = append(m.files[f.Day], f)
	}
	if len(news) == 0 && len(days) == 0 {
		return m, nil
	}
	elsewhere, err := x.elsewhere(ctx, news)
	if err != nil {
		return nil, err
	}
	maps.Copy(days, elsewhere)
	if err := m.compareAll(ctx, base.files[tables.Conversations], news, days, x); err != nil || c.Moved == nil {
		return m, err
	}
	for _, id := range m.moved {
		if err := c.Moved(id); err != nil {
			return m, err
		}
	}
	return m, nil
}

// refuse leaves out the incoming records of conversations that were erased.
func (m *merge) refuse(ctx context.Context, c Commit, l *Lake) (err error) {
	if m.erased, err = erasure.Load(ctx, l.db); err != nil || m.erased.Len() == 0 {
		return err
	}
	for v, err := range c.heads() {
		if err != nil {
			return err
		}
		if m.erased.Has(v.ID) {
			m.skip[keyOf(v.ID)] = true
			m.out.Forgotten++
		}
	}
	return nil
}

// compareAll compares with the files of some days, and with those that the index does not cover.
func (m *merge) compareAll(ctx context.Context, files []datafile.File, news map[key]newcomer, days map[conversation.Day]bool, x *index) error {
	reading := x.reading(ctx)
	for _, f := range files {
		if x.covers(f) {
			if days[f.Day] {
				if err := m.compare(ctx, f, news, func(key) error { return nil }); err != nil {
					return err
				}
			}
			continue
		}
		err := m.compare(ctx, f, news, func(k key) error { return reading.gather.add(k, f.Day) })
		if err == nil {
			err = reading.read(ctx, f)
		}
		if err != nil {
			return err
		}
	}
	return reading.enter(ctx)
}

// compare compares with a file, and tells seen of the key of every id in it.
func (m *merge) compare(ctx context.Context, f datafile.File, news map[key]newcomer, seen func(key) error) error {
	for rows, err := range datafile.Rows(ctx, f, "conversation_id", "record_hash", "extracted_at") {
		if err != nil {
			return err
		}
		for i := range int(rows.NumRows()) {
			k, known := m.compareRow(f.Day, rows, i, news)
			if id := conversation.ID(datafile.TextAt(rows, 0, i)); !known && m.whole[f.Day] && !m.erased.Has(id) {
				if err := m.kept(f.Day, id); err != nil {
					return err
				}
			}
			if err := seen(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareRow compares with one row, and gives the key of its id, and whether a record comes that has it.
func (m *merge) compareRow(day conversation.Day, rows arrow.RecordBatch, i int, news map[key]newcomer) (_ key, known bool) {
	k := keyAt(rows, i)
	n, ok := news[k]
	if !ok {
		return k, false
	}
	switch {
	case datafile.TextAt(rows, 1, i) == hex.EncodeToString(n.hash[:]) && conversation.DayOf(n.start) == day:
		m.skip[k] = true
		m.out.Unchanged++
	case datafile.TimeAt(rows, 2, i).After(n.at):
		m.skip[k] = true
		m.out.Stale++
	default:
		if m.drop[day] == nil {
			m.drop[day] = map[key]time.Time{}
		}
		m.drop[day][k] = n.start
		m.out.Replaced++
		if conversation.DayOf(n.start) != day {
			m.moved = append(m.moved, conversation.ID(datafile.TextAt(rows, 0, i)))
		}
	}
	return k, true
}

// note takes down that an incoming record comes into the lake. Of one that takes the place of a row of its day the index
// has the entry.
func (m *merge) note(v conversation.Version) error {
	k, day := keyOf(v.ID), v.Day()
	if _, has := m.drop[day][k]; has {
		return nil
	}
	return m.came.add(k, day)
}

// merged yields the versions of a day as they are after the commit, in order of start and id. It calls found with every
// difference to what the day had before.
func (m *merge) merged(ctx context.Context, day conversation.Day, incoming iter.Seq2[conversation.Version, error], found func(tables.Change)) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		next, stop := iter.Pull2(m.existing(ctx, day))
		defer stop()
		old, err, more := next()
		for v, verr := range incoming {
			if verr != nil {
				yield(v, verr)
				return
			}
			for more && err == nil && conversation.Compare(old.Record, v.Record) <= 0 {
				if !m.keep(day, old, v, found) || yield(old, nil) {
					old, err, more = next()
					continue
				}
				return
			}
			if err != nil {
				break
			}
			if !yield(v, nil) {
				return
			}
		}
		for ; more; old, err, more = next() {
			if err == nil && !m.keep(day, old, conversation.Version{}, found) {
				continue
			}
			if !yield(old, err) || err != nil {
				return
			}
		}
	}
}

// keep says whether a row of the lake stays; if not, found is told what became of it. v is the incoming record that
// stands next to it in order: nearly always its successor. A successor that starts at another time is elsewhere.
func (m *merge) keep(day conversation.Day, old, v conversation.Version, found func(tables.Change)) bool {
	start, drop := m.drop[day][keyOf(old.ID)]
	switch {
	case m.erased.Has(old.ID):
		return false
	case !drop:
		return true
	case old.ID == v.ID:
		for _, c := range tables.Diff(old, v) {
			found(c)
		}
	default:
		found(tables.Change{ID: old.ID, Start: old.Start, Path: "/conversationStart", Run: m.run, FoundAt: m.at,
			Before: quoted(old.Start), After: quoted(start)})
	}
	return false
}

func quoted(t time.Time) string { return `"` + conversation.FormatTime(t) + `"` }

// existing reads the conversations that the lake has of a day.
func (m *merge) existing(ctx context.Context, day conversation.Day) iter.Seq2[conversation.Version, error] {
	return func(yield func(conversation.Version, error) bool) {
		for _, f := range m.files[day] {
			for v, err := range datafile.Versions(ctx, f) {
				if !yield(v, err) {
					return
				}
			}
		}
	}
}

// rewritten lists the days that are written even if no record comes for them, in order.
func (m *merge) rewritten() []conversation.Day {
	days := slices.Collect(maps.Keys(m.drop))
	for _, day := range m.again {
		if len(m.files[day]) > 0 {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	return slices.Compact(days)
}
