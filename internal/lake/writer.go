package lake

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"time"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wire"
)

// Writer is the one writer of a lake. Not for concurrent use.
type Writer struct {
	lake   *Lake
	lease  store.Lock
	by     tables.Deriving
	remove func(context.Context, store.Location) error // of expired files; tests make it fail
	anew   bool                                        // shreds every day that it writes; tests compare with it
}

// Writer takes the lease and clears away what a writer that crashed left behind. It fails with fault.Conflict while
// somebody else writes, or the lake was moved, and with fault.ReadOnly when this process may not write.
func (l *Lake) Writer(ctx context.Context) (_ *Writer, err error) {
	if err := l.mayWrite(); err != nil {
		return nil, err
	}
	lease, err := l.lease(ctx)
	if err != nil {
		return nil, err
	}
	l = l.under(lease)
	w := &Writer{lake: l, lease: lease, remove: l.read.Remove}
	if err := l.unmoved(ctx); err != nil {
		return nil, errors.Join(err, lease.Close())
	}
	if err := w.begin(ctx); err != nil {
		return nil, errors.Join(err, lease.Close())
	}
	return w, nil
}

// begin makes the lake ready to be written.
func (w *Writer) begin(ctx context.Context) (err error) {
	if err := w.lake.complete(ctx); err != nil {
		return err
	}
	if w.by, err = w.lake.Deriving(ctx); err != nil {
		return err
	}
	return w.recover(ctx)
}

// Close gives the lease back.
func (w *Writer) Close() error { return w.lease.Close() }

// Commit is what one commit brings.
type Commit struct {
	ID  string // by which Landed finds the commit; empty if nobody will ask
	Run string
	At  time.Time // when the commit is made: one commit, one time
	// Days are whole with this commit, whether or not they have records.
	Days []conversation.Day
	// Again lists days that are written again from the records that the lake has of them, whether or not others come.
	Again []conversation.Day
	// Records come in order of start and id, each id once. Records of other days than Days are welcome and make no day
	// whole.
	Records iter.Seq2[conversation.Version, error]
	// Heads are the same records, in any order, perhaps without their texts: the commit is planned from them. nil means
	// that Records are read twice.
	Heads iter.Seq2[conversation.Version, error]
	// Kept is told of each conversation that the lake has of Days and that Records do not bring: it stays. nil for nobody.
	Kept func(day conversation.Day, id conversation.ID) error
	// Moved is told of each conversation that Records bring with a start on another day than the lake has it. nil for nobody.
	Moved func(id conversation.ID) error
	// Strict refuses the commit, as fault.Drifted, when its records have keys that this version does not know and that the
	// lake has not met.
	Strict bool
	// Log is told when a part of the index of ids was lost and is made again. nil for nobody.
	Log *slog.Logger
}

func (c Commit) heads() iter.Seq2[conversation.Version, error] {
	if c.Heads == nil {
		return c.Records
	}
	return c.Heads
}

// Outcome is what a commit did.
type Outcome struct {
	Added     int64 // conversations that were not in the lake
	Replaced  int64 // conversations of which an older version was
	Unchanged int64 // conversations that were there already, to the byte
	Stale     int64 // conversations of which the lake had a newer version, which was kept
	Forgotten int64 `json:",omitzero"` // records of conversations that were erased, which stay out
	Unfit     int64 // records that came with values that do not fit the schema: kept and served, but without these in the tables
	Days      int   // days whose files were written
	Bytes     int64 // of the records that were written, JSON

	Misfits wire.Misfits // the values that do not fit, of the records that are unfit
}

// Commit brings records into the lake, all or none, and makes its days whole. A record replaces an older version of
// its conversation wherever that lies; records that are there already change nothing. When it fails nothing has
// changed for any reader, and the next Writer removes what was left.
func (w *Writer) Commit(ctx context.Context, c Commit) (_ Outcome, err error) {
	defer fault.Wrap(&err, "commit to the lake")
	x, err := w.lake.index(ctx, c.Log)
	if err != nil {
		return Outcome{}, err
	}
	if err := x.tidy(ctx); err != nil {
		return Outcome{}, err
	}
	i := intent{id: cmp.Or(c.ID, uuid.Must(uuid.NewV7()).String()), run: c.Run, at: c.At, days: c.Days, epoch: w.lake.epoch()}
	if err := ctx.Err(); err != nil {
		return Outcome{}, err
	}
	// Cancelled in the middle, it would be begun or settled, and nobody would know.
	lasting := context.WithoutCancel(ctx)
	if err := w.lake.begin(lasting, i); err != nil {
		return Outcome{}, err
	}
	crashpoint.Reach("commit.begun")
	out, brought, err := w.write(ctx, i, c, x)
	if err != nil {
		return out, errors.Join(err, w.abandon(ctx, i))
	}
	crashpoint.Reach("commit.unsettled")
	// The days come last: entered before the tables are committed, a crash would lose their records for ever.
	return out, w.lake.settle(lasting, i, true, brought)
}

// write writes and commits the files, and gives what comes into the index when the commit is settled.
func (w *Writer) write(ctx context.Context, i intent, c Commit, x *index) (Outcome, indexed, error) {
	snapshot, err := w.lake.Snapshot(ctx)
	if err != nil {
		return Outcome{}, indexed{}, err
	}
	defer snapshot.Close()
	m, err := planMerge(ctx, snapshot, c, x, w.by)
	if err != nil {
		return Outcome{}, indexed{}, err
	}
	keys := wire.NewKeys()
	days, out, err := w.writeDays(ctx, i.file(), m, c.Records, keys)
	if err != nil {
		return out, indexed{}, err
	}
	if len(days) == 0 {
		return out, indexed{}, nil
	}
	if err := w.lake.keep(ctx, i.id, keys.Sights(), c.Strict); err != nil {
		return out, indexed{}, err
	}
	// Before the commit is in: a disk that is full fails it while that harms nobody.
	brought, err := x.brought(m, days)
	if err != nil {
		return out, indexed{}, err
	}
	crashpoint.Reach("commit.files")
	return out, brought, w.commitTables(ctx, i, snapshot, days, out)
}

// abandon settles an intent that failed, so that its files do not stay. When even that fails, as on a full disk, the
// next Writer does it. The work must be done although ctx may have ended.
func (w *Writer) abandon(ctx context.Context, i intent) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	err := w.resolve(ctx, i)
	if err == nil {
		err = w.lake.strays(ctx)
	}
	if errors.Is(err, fault.Full) {
		return nil
	}
	return err
}

// commitTables commits the new files of the days, table by table, conversations last.
func (w *Writer) commitTables(ctx context.Context, i intent, base *Snapshot, days []writtenDay, out Outcome) error {
	return w.commitDays(ctx, i, base, days, out, replaced{})
}

// replaced are data files of changes that others take the place of, by their locations.
type replaced struct{ drop, add []string }

func (w *Writer) commitDays(ctx context.Context, i intent, base *Snapshot, days []writtenDay, out Outcome, changes replaced) error {
	summary := iceberg.Properties{propCommit: i.id, propRun: i.run, propOutcome: out.text()}
	for _, t := range tables.All() {
		var add, drop []string
		for _, d := range days {
			var old []datafile.File
			if t != tables.Changes { // they are only ever added
				old = ofDay(base.files[t], d.day)
			}
			for _, at := range d.files[t] {
				if !slices.ContainsFunc(old, func(f datafile.File) bool { return f.At == at }) {
					add = append(add, w.lake.url(at))
				}
			}
			for _, f := range old {
				if !slices.Contains(d.files[t], f.At) { // a file that is in both stays
					drop = append(drop, w.lake.place.url(f.Path))
				}
			}
		}
		if t == tables.Changes {
			drop, add = append(drop, changes.drop...), append(add, changes.add...)
		}
		head, err := w.replace(ctx, t, drop, add, summary)
		if err != nil {
			return err
		}
		summary[propSnapshot+string(t)] = formatID(head)
		crashpoint.Reach("commit." + string(t))
		if t == tables.Conversations {
			w.lake.offer(ctx, SnapshotID(head))
		}
	}
	return nil
}

// replace commits to one table and gives its newest snapshot. A table with nothing to change is not committed, but for
// conversations, whose snapshot is the commit, and for one that has no snapshot yet: an engine can be asked for an empty
// snapshot, and not for none. An error after which the commit may have landed is looked up.
func (w *Writer) replace(ctx context.Context, t tables.Table, drop, add []string, summary iceberg.Properties) (int64, error) {
	tbl, err := w.lake.load(ctx, t)
	if err != nil {
		return 0, err
	}
	if len(add)+len(drop) == 0 && t != tables.Conversations && tbl.CurrentSnapshot() != nil {
		return snapshotOf(tbl), nil
	}
	tx := tbl.NewTransaction()
	change := func() error { return tx.ReplaceDataFiles(ctx, drop, add, summary) }
	if tbl.CurrentSnapshot() == nil { // there is nothing to replace, even if there is nothing to add
		change = func() error { return tx.AddFiles(ctx, add, summary, false) }
	}
	if err := change(); err != nil {
		return 0, fault.Because(diskFault(err), err, "table %s cannot be changed", t)
	}
	done, err := tx.Commit(ctx)
	if err == nil {
		return snapshotOf(done), nil
	}
	return w.despite(ctx, t, summary[propCommit], err)
}

// despite looks up a commit to a table that came back with an error.
func (w *Writer) despite(ctx context.Context, t tables.Table, commit string, err error) (int64, error) {
	switch id, found, unknown := w.landed(ctx, t, commit); {
	case unknown != nil:
		return 0, fault.Because(fault.InDoubt, errors.Join(err, unknown), "whether table %s was committed cannot be told now; run again", t)
	case found:
		return id, nil
	}
	return 0, uncommitted(t, err)
}

// uncommitted is the fault of a commit to a table that is known not to be in.
func uncommitted(t tables.Table, err error) error {
	if errors.Is(err, table.ErrCommitFailed) || errors.Is(err, table.ErrCommitDiverged) {
		return fault.Because(fault.Conflict, err, "another program changed table %s; run again", t)
	}
	return fault.Because(diskFault(err), err, "table %s cannot be committed", t)
}

// landed looks a commit up by its id in the history of a table. An error means that it is not known, and nothing may
// then be removed or done again: taken for "no", it would cost a commit that is in its files.
func (w *Writer) landed(ctx context.Context, t tables.Table, commit string) (id int64, found bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	tbl, err := w.lake.load(ctx, t)
	if err != nil {
		return 0, false, err
	}
	for _, s := range slices.Backward(tbl.Metadata().Snapshots()) {
		if s.Summary != nil && s.Summary.Properties[propCommit] == commit {
			return s.SnapshotID, true, nil
		}
	}
	return 0, false, nil
}

func formatID(id int64) string { return strconv.FormatInt(id, 10) }

func snapshotOf(t *table.Table) int64 {
	if s := t.CurrentSnapshot(); s != nil {
		return s.SnapshotID
	}
	return 0
}

// recover settles the commits of writers that ended in the middle.
func (w *Writer) recover(ctx context.Context) error {
	open, err := w.lake.intents(ctx)
	if err != nil {
		return err
	}
	for _, i := range open {
		if err := w.resolve(ctx, i); err != nil {
			return err
		}
	}
	return errors.Join(w.lake.strays(ctx), w.lake.sweepNames(ctx))
}

// resolve settles one intent: its commit is in when conversations has it; if not, the companions go back to what
// conversations names, and its files go.
func (w *Writer) resolve(ctx context.Context, i intent) error {
	_, in, err := w.landed(ctx, tables.Conversations, i.id)
	if err != nil {
		return err
	}
	if in {
		return w.lake.settle(ctx, i, true, indexed{})
	}
	base, err := w.lake.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer base.Close()
	for _, t := range tables.All() {
		if err := w.restore(ctx, t, base, i); err != nil {
			return err
		}
		crashpoint.Reach("recover." + string(t))
	}
	return w.lake.settle(ctx, i, false, indexed{})
}

// restore makes the newest snapshot of t list just the files that base lists, and removes the files of i.
func (w *Writer) restore(ctx context.Context, t tables.Table, base *Snapshot, i intent) error {
	tbl, err := w.lake.load(ctx, t)
	if err != nil {
		return err
	}
	head, err := w.lake.plan(ctx, t, snapshotOf(tbl))
	if err != nil {
		return err
	}
	drop, add := w.lake.without(head, base.files[t]), w.lake.without(base.files[t], head)
	if len(drop)+len(add) > 0 && t != tables.Conversations {
		// An id of its own: should its outcome be looked up, no earlier restore must be taken for it.
		id := uuid.Must(uuid.NewV7()).String()
		if _, err := w.replace(ctx, t, drop, add, iceberg.Properties{propCommit: id, propRun: i.run}); err != nil {
			return err
		}
	}
	return w.removeFiles(ctx, t, i.file())
}

// without gives the locations of the files of a that are not in b.
func (l *Lake) without(a, b []datafile.File) []string {
	var out []string
	for _, f := range a {
		if !slices.ContainsFunc(b, func(g datafile.File) bool { return g.Path == f.Path }) {
			out = append(out, l.place.url(f.Path))
		}
	}
	return out
}

// removeFiles removes the data files of a name that a commit wrote to t, or had begun to write; nobody names them.
func (w *Writer) removeFiles(ctx context.Context, t tables.Table, name string) (err error) {
	files := w.lake.Store()
	if bucket, is := files.(store.Uploading); is { // days are not asked one by one: each would be a round trip
		return w.removeObjects(ctx, bucket, data(t), name)
	}
	for day, listing := range files.Folders(ctx, data(t)) {
		if listing != nil {
			return errors.Join(err, listing)
		}
		at := day.Join(name)
		err = errors.Join(err, gone(files.Remove(ctx, at)), files.Sweep(ctx, day, func(begun store.Location) bool { return begun == at }))
	}
	return err
}

// removeObjects removes the objects of a name under a location, and what was begun under it.
func (w *Writer) removeObjects(ctx context.Context, files store.Uploading, under store.Location, name string) (err error) {
	for o, listing := range files.List(ctx, under) {
		if listing != nil {
			return errors.Join(err, listing)
		}
		if o.At.Name() == name {
			err = errors.Join(err, gone(files.Remove(ctx, o.At)))
		}
	}
	return errors.Join(err, files.GiveUp(ctx, under, func(o store.Info) bool { return o.At.Name() == name }))
}
