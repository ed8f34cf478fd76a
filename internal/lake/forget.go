package lake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/wire"
)

// Meant is what a request for erasure means, in every snapshot that the lake has.
type Meant struct {
	IDs  map[conversation.ID]conversation.Day // the conversations, with their days; 0 where that is not known
	Days []conversation.Day                   // of the newest snapshot that are written again
	Tags []Tag                                // that hold one of the conversations, and so must go
	Old  int                                  // snapshots other than the newest
}

// Meant finds what a request means. It looks into every snapshot: an earlier version of a conversation may hold what the
// newest does not. What was entered to be erased before and is still there, because that was interrupted, is meant too.
func (l *Lake) Meant(ctx context.Context, r erasure.Request) (_ Meant, err error) {
	defer fault.Wrap(&err, "find what is to be erased")
	f := &finder{lake: l, request: r, holds: map[string]bool{}, Meant: Meant{IDs: map[conversation.ID]conversation.Day{}}}
	if r.Conversation != "" {
		f.IDs[r.Conversation] = 0
	}
	if f.erased, err = erasure.Load(ctx, l.db); err != nil {
		return f.Meant, err
	}
	head, err := l.load(ctx, tables.Conversations)
	if err != nil {
		return f.Meant, err
	}
	var all []*Snapshot
	defer func() {
		for _, s := range all {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, s := range slices.Backward(head.Metadata().Snapshots()) {
		open, err := l.SnapshotOf(ctx, SnapshotID(s.SnapshotID))
		if err != nil {
			return f.Meant, err
		}
		all = append(all, open)
	}
	// Twice: a change found late may mean a conversation that was read early.
	for range 2 {
		for _, s := range all {
			if err := f.read(ctx, s); err != nil {
				return f.Meant, err
			}
		}
	}
	return f.Meant, f.place(ctx, all, SnapshotID(snapshotOf(head)))
}

// finder reads files, each once in a round.
type finder struct {
	Meant

	lake    *Lake
	request erasure.Request
	erased  *erasure.List
	known   int             // conversations that were known when the round began
	holds   map[string]bool // files by path: whether they hold one of the conversations
}

// read reads the files of a snapshot that were not read since the last conversation was found.
func (f *finder) read(ctx context.Context, s *Snapshot) error {
	for _, t := range []tables.Table{tables.Changes, tables.Conversations} {
		for _, file := range s.files[t] {
			if _, done := f.holds[file.Path]; done && len(f.IDs) == f.known {
				continue
			}
			found, err := f.file(ctx, t, file)
			if err != nil {
				return err
			}
			f.holds[file.Path] = found
		}
	}
	f.known = len(f.IDs)
	return nil
}

func (f *finder) file(ctx context.Context, t tables.Table, file datafile.File) (found bool, err error) {
	columns := []string{"conversation_id"}
	switch {
	case f.request.ByContent() && t == tables.Changes:
		columns = append(columns, "path", "before", "after")
	case f.request.ByContent():
		columns = append(columns, "record")
	}
	for rows, err := range datafile.Rows(ctx, file, columns...) {
		if err != nil {
			return found, err
		}
		for i := range int(rows.NumRows()) {
			found = f.row(rows, i, file.Day) || found
		}
	}
	return found, nil
}

// row says whether a row is of a conversation that is meant, and notes that.
func (f *finder) row(rows arrow.RecordBatch, i int, day conversation.Day) bool {
	id := conversation.ID(datafile.TextAt(rows, 0, i))
	_, meant := f.IDs[id]
	switch {
	case meant || f.erased.Has(id):
	case rows.NumCols() == 2:
		meant = f.request.Matches([]byte(datafile.TextAt(rows, 1, i)))
	case rows.NumCols() == 4:
		meant = f.request.MatchesChange(datafile.TextAt(rows, 1, i), datafile.TextAt(rows, 2, i), datafile.TextAt(rows, 3, i))
	}
	if meant || f.erased.Has(id) {
		f.IDs[conversation.ID(strings.Clone(string(id)))] = day // the rows are gone before it
		return true
	}
	return false
}

// place says where the conversations are.
func (f *finder) place(ctx context.Context, all []*Snapshot, newest SnapshotID) error {
	tags, err := f.lake.Tags(ctx)
	if err != nil {
		return err
	}
	for _, s := range all {
		days := daysHolding(s, f.holds)
		if s.ID == newest {
			f.Days = days
		} else {
			f.Old++
		}
		for _, tag := range tags {
			if tag.Snapshot == s.ID && len(days) > 0 {
				f.Tags = append(f.Tags, tag)
			}
		}
	}
	return nil
}

// daysHolding lists the days of a snapshot of which a file holds what is looked for.
func daysHolding(s *Snapshot, holds map[string]bool) []conversation.Day {
	days := map[conversation.Day]bool{}
	for _, t := range []tables.Table{tables.Conversations, tables.Changes} {
		for _, file := range s.files[t] {
			if holds[file.Path] {
				days[file.Day] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(days))
}

// ForgetOptions say how Forget does it.
type ForgetOptions struct {
	Run  string
	At   time.Time
	Days []conversation.Day // that hold conversations on the list
	Tags []Tag              // that go
}

// Forgot is what Forget did.
type Forgot struct {
	Days int `json:"days"` // written again

	Expired
}

// Forget removes the conversations on the list of erased ones from every file of the lake: it writes their days again
// without them, makes the index of ids and the manifests anew, and removes every other snapshot that nobody has given a
// name, with their files, at once. Out of any newest snapshot the conversations are all or none: it is one commit. Stopped
// anywhere, it is called again and ends it. A snapshot that somebody reads stays; Pinned counts those, and then Forget
// must be called again.
func (w *Writer) Forget(ctx context.Context, o ForgetOptions) (out Forgot, err error) {
	defer fault.Wrap(&err, "erase conversations from the lake")
	if err := w.recover(ctx); err != nil {
		return out, err
	}
	if out.Days, err = w.without(ctx, o); err != nil {
		return out, err
	}
	crashpoint.Reach("forget.committed")
	if err := w.lake.forgetExamples(ctx); err != nil {
		return out, err
	}
	for _, tag := range o.Tags {
		if err := w.Untag(ctx, tag.Name); err != nil {
			return out, err
		}
	}
	if _, err := w.Index(ctx, IndexOptions{Again: true}); err != nil {
		return out, err
	}
	crashpoint.Reach("forget.index")
	if err := w.afresh(ctx, o); err != nil {
		return out, err
	}
	crashpoint.Reach("forget.manifests")
	out.Expired, err = w.expire(ctx, ExpireOptions{Before: time.Now().Add(time.Hour)})
	return out, err
}

// without writes days again without the conversations on the list, in every table.
func (w *Writer) without(ctx context.Context, o ForgetOptions) (days int, err error) {
	if len(o.Days) == 0 {
		return 0, nil
	}
	base, err := w.lake.Snapshot(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	x, err := w.lake.index(ctx, nil)
	if err != nil {
		return 0, err
	}
	i := intent{id: uuid.Must(uuid.NewV7()).String(), run: o.Run, at: o.At, epoch: w.lake.epoch()}
	lasting := context.WithoutCancel(ctx)
	if err := w.lake.begin(lasting, i); err != nil {
		return 0, err
	}
	crashpoint.Reach("forget.begun")
	brought, err := w.writeWithout(ctx, i, base, x, o)
	if err != nil {
		return 0, errors.Join(err, w.abandon(ctx, i))
	}
	crashpoint.Reach("forget.unsettled")
	return len(o.Days), w.lake.settle(lasting, i, true, brought)
}

func (w *Writer) writeWithout(ctx context.Context, i intent, base *Snapshot, x *index, o ForgetOptions) (indexed, error) {
	m, err := planMerge(ctx, base, Commit{Run: o.Run, At: o.At, Again: o.Days, Records: noRecords}, x, w.by)
	if err != nil {
		return indexed{}, err
	}
	days, out, err := w.writeDays(ctx, i.file(), m, noRecords, wire.NewKeys())
	if err != nil {
		return indexed{}, err
	}
	var changes [][]datafile.File
	for _, day := range o.Days {
		var of []datafile.File
		for _, f := range base.files[tables.Changes] {
			if f.Day == day {
				of = append(of, f)
			}
		}
		if len(of) > 0 {
			changes = append(changes, of)
		}
	}
	r, err := w.copyDays(ctx, i, changes, func(rows arrow.RecordBatch) []arrow.RecordBatch { return rowsWithout(rows, m.erased) })
	if err != nil {
		return indexed{}, err
	}
	brought, err := x.brought(m, days)
	if err != nil {
		return indexed{}, err
	}
	crashpoint.Reach("forget.files")
	return brought, w.commitDays(ctx, i, base, days, out, r)
}

// rowsWithout gives the stretches of rows between those of erased conversations.
func rowsWithout(rows arrow.RecordBatch, erased *erasure.List) (out []arrow.RecordBatch) {
	from, n := 0, int(rows.NumRows())
	for i := range n + 1 {
		if i < n && !erased.Has(conversation.ID(datafile.TextAt(rows, 0, i))) {
			continue
		}
		if i > from {
			out = append(out, rows.NewSlice(int64(from), int64(i)))
		}
		from = i + 1
	}
	return out
}

// afresh writes the manifests of every table again: they tell the least and greatest values of files, of those too that a
// commit has removed.
func (w *Writer) afresh(ctx context.Context, o ForgetOptions) error {
	p, base := merges{manifests: map[tables.Table]int{}}, ""
	for _, t := range tables.All() {
		tbl, err := w.lake.load(ctx, t)
		if err != nil {
			return err
		}
		if t == tables.Conversations {
			base = commitOf(tbl.CurrentSnapshot())
		}
		if p.manifests[t], err = manifestsOf(ctx, tbl); err != nil {
			return err
		}
	}
	if p.manifests[tables.Conversations] == 0 {
		return nil
	}
	return w.commitMerged(ctx, intent{id: uuid.Must(uuid.NewV7()).String(), run: o.Run, at: o.At, epoch: w.lake.epoch()}, base, p)
}
