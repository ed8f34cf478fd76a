package lake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
)

// ExpireOptions say which snapshots go.
type ExpireOptions struct {
	Before time.Time // snapshots of conversations that were committed before it
	// Strays is the time before which files that no snapshot names were written; zero is Before. Nobody else writes, so
	// that a later one is safe as well.
	Strays time.Time
	dry    bool // only find out what would go
}

func (o ExpireOptions) strays() time.Time {
	if o.Strays.IsZero() {
		return o.Before
	}
	return o.Strays
}

// Expired is what an expiry did, or would do.
type Expired struct {
	Snapshots int   `json:"snapshots"` // of conversations that are gone
	Pinned    int   `json:"pinned"`    // that are old enough and stay, because somebody reads them
	Kept      int   `json:"kept"`      // that are there now, those pinned among them
	Files     int   `json:"files"`     // removed: data files, manifests and other metadata
	Bytes     int64 `json:"bytes"`     // removed
}

// pinsAtOnce bounds the locks that an expiry holds: each is an open file.
const pinsAtOnce = 256

// Expire removes old snapshots, and then every old file that no snapshot names any more, whatever left it there. The
// newest snapshot of conversations stays, those that somebody has open stay, and of every companion the snapshots that
// a snapshot of conversations names. No row of the newest snapshot is touched.
//
// The tables are committed first and the files removed after: a crash between leaves files that nobody names, which the
// next Expire removes. When it fails, the result says how far it came. A lake whose newest snapshot lacks files is
// fault.Corrupt, and nothing is removed.
func (w *Writer) Expire(ctx context.Context, o ExpireOptions) (out Expired, err error) {
	defer fault.Wrap(&err, "expire snapshots of the lake")
	// Files of a commit that is not settled are named by nobody yet, and its id is looked for in the history.
	if err := w.recover(ctx); err != nil {
		return out, err
	}
	return w.expire(ctx, o)
}

// PlanExpire says what Writer.Expire would do now. It changes nothing: whoever may read the lake may ask, also beside a
// writer. What a writer that was killed has left, the next one clears away, and it is not counted.
func (l *Lake) PlanExpire(ctx context.Context, before time.Time) (_ Expired, err error) {
	defer fault.Wrap(&err, "expire snapshots of the lake")
	if l.place.moved() { // the folders of the tables are not where their metadata says
		return Expired{}, l.notHome()
	}
	return (&Writer{lake: l}).expire(ctx, ExpireOptions{Before: before, dry: true})
}

func (w *Writer) expire(ctx context.Context, o ExpireOptions) (out Expired, err error) {
	if err := w.sound(ctx); err != nil {
		return out, err
	}
	head, err := w.expireConversations(ctx, o, &out)
	if err != nil {
		return out, err
	}
	keep, err := namedByAny(head)
	if err != nil {
		return out, err
	}
	crashpoint.Reach("expire.conversations")
	there, err := w.lake.tables(ctx)
	if err != nil {
		return out, err
	}
	for _, t := range there[:len(there)-1] {
		tbl, err := w.expireCompanion(ctx, t, keep[t], o.dry)
		if err != nil {
			return out, err
		}
		crashpoint.Reach("expire." + string(t))
		if err := w.removeOrphans(ctx, t, tbl, o, &out); err != nil {
			return out, err
		}
	}
	if err := w.expireNames(ctx, o, &out); err != nil {
		return out, err
	}
	if err := w.removeOrphans(ctx, tables.Conversations, head, o, &out); err != nil || o.dry {
		return out, err
	}
	if err := w.giveUpUploads(ctx, o, &out); err != nil {
		return out, err
	}
	return out, w.lake.removePins(ctx, func(id int64) bool { return head.SnapshotByID(id) != nil })
}

// sound looks whether the newest snapshot is whole. If it is not, the older ones may be what the lake is mended from.
func (w *Writer) sound(ctx context.Context) error {
	s, err := w.lake.Snapshot(ctx)
	if err != nil {
		return err
	}
	return errors.Join(s.Verify(ctx), s.Close())
}

// expireConversations commits conversations without its old snapshots and gives the table as it is then.
func (w *Writer) expireConversations(ctx context.Context, o ExpireOptions, out *Expired) (*table.Table, error) {
	head, err := w.lake.load(ctx, tables.Conversations)
	if err != nil {
		return nil, err
	}
	old := others(head, func(s table.Snapshot) bool { return s.TimestampMs >= o.Before.UnixMilli() })
	for ids := range slices.Chunk(old, pinsAtOnce) {
		if head, err = w.expireUnpinned(ctx, head, ids, o.dry, out); err != nil {
			return nil, err
		}
	}
	out.Kept = len(head.Metadata().Snapshots())
	return head, nil
}

// expireUnpinned expires those of some snapshots of conversations that nobody has open.
func (w *Writer) expireUnpinned(ctx context.Context, head *table.Table, ids []int64, dry bool, out *Expired) (_ *table.Table, err error) {
	free, err := w.lake.seize(ctx, ids, dry)
	if err != nil {
		return nil, err
	}
	// The locks must outlast the commit: a reader who pins one of them before it would find it in the history still.
	defer func() { err = errors.Join(err, free.release()) }()
	if head, err = w.with(free).drop(ctx, tables.Conversations, head, free.ids, dry); err != nil {
		return nil, err
	}
	out.Snapshots += len(free.ids)
	out.Pinned += len(ids) - len(free.ids)
	return head, nil
}

// expireCompanion commits a companion without the snapshots that are not to be kept and gives the table as it is then.
func (w *Writer) expireCompanion(ctx context.Context, t tables.Table, keep map[int64]bool, dry bool) (*table.Table, error) {
	tbl, err := w.lake.load(ctx, t)
	if err != nil {
		return nil, err
	}
	return w.drop(ctx, t, tbl, others(tbl, func(s table.Snapshot) bool { return keep[s.SnapshotID] }), dry)
}

// others gives the snapshots of a table that are not kept. The newest one always is, and any that another program has
// given a name.
func others(tbl *table.Table, keep func(table.Snapshot) bool) []int64 {
	refs := map[int64]bool{snapshotOf(tbl): true}
	for _, ref := range maps.Collect(tbl.Metadata().Refs()) {
		refs[ref.SnapshotID] = true
	}
	var out []int64
	for _, s := range tbl.Metadata().Snapshots() {
		if !refs[s.SnapshotID] && !keep(s) {
			out = append(out, s.SnapshotID)
		}
	}
	return out
}

// namedByAny gives, for each companion, the snapshots that any snapshot of conversations names.
func namedByAny(head *table.Table) (map[tables.Table]map[int64]bool, error) {
	out := map[tables.Table]map[int64]bool{}
	for _, t := range tables.Companions() {
		out[t] = map[int64]bool{}
		for _, s := range head.Metadata().Snapshots() {
			id, err := named(&s, t)
			if err != nil {
				return nil, err
			}
			out[t][id] = true
		}
	}
	return out, nil
}

// drop commits a table without some of its snapshots. iceberg-go's own expiry goes by age alone and cannot leave pinned
// ones out. A dry run gives the table as it would be.
func (w *Writer) drop(ctx context.Context, t tables.Table, tbl *table.Table, ids []int64, dry bool) (*table.Table, error) {
	if len(ids) == 0 {
		return tbl, nil
	}
	if dry {
		return withoutSnapshots(tbl, ids)
	}
	head := snapshotOf(tbl)
	_, _, err := w.lake.catalog.CommitTable(ctx, identifier(t),
		[]table.Requirement{table.AssertTableUUID(tbl.Metadata().TableUUID()), table.AssertRefSnapshotID(table.MainBranch, &head)},
		[]table.Update{table.NewRemoveSnapshotsUpdate(ids, false)})
	if err != nil {
		// Should it be in after all, no harm is done: files go only by what the table says when it is loaded again.
		return nil, uncommitted(t, err)
	}
	return w.lake.load(ctx, t)
}

func withoutSnapshots(tbl *table.Table, ids []int64) (*table.Table, error) {
	b, err := table.MetadataBuilderFromBase(tbl.Metadata(), tbl.MetadataLocation())
	if err != nil {
		return nil, err
	}
	if err := b.RemoveSnapshots(ids, false); err != nil {
		return nil, err
	}
	meta, err := b.Build()
	if err != nil {
		return nil, err
	}
	return table.New(tbl.Identifier(), meta, tbl.MetadataLocation(), tbl.FS, nil), nil
}

// removeOrphans removes the old files in the folder of a table that the table does not name. The files of an expired
// snapshot are older than the snapshot. Younger ones would be nobody's either, since nobody else writes and no commit
// of ours is under way; they stay all the same, for the day on which an old control.db is put beside newer files.
func (w *Writer) removeOrphans(ctx context.Context, t tables.Table, tbl *table.Table, o ExpireOptions, out *Expired) error {
	plan, err := tbl.PlanOrphanFiles(ctx, table.WithFilesOlderThan(max(0, time.Since(o.strays()))))
	if err != nil {
		return fault.Because(fault.Corrupt, err, "the files of table %s cannot be listed", t)
	}
	if !o.dry {
		if err := w.lake.still(ctx); err != nil {
			return err
		}
	}
	for _, f := range plan.OrphanFiles() {
		if !o.dry {
			if err := errors.Join(ctx.Err(), gone(w.remove(ctx, w.lake.at(f.Path)))); err != nil {
				return err
			}
			crashpoint.Reach("expire.file")
		}
		out.Files++
		out.Bytes += f.SizeBytes
	}
	return nil
}

// uploadsBeside is how old an upload is that is no part of the lake, and that nobody is still writing: a job does not take so long.
const uploadsBeside = 24 * time.Hour

// giveUpUploads gives up what writers that were killed have begun in a bucket: it costs room there and is in no listing.
func (w *Writer) giveUpUploads(ctx context.Context, o ExpireOptions, out *Expired) error {
	files, is := w.lake.Store().(store.Uploading)
	if !is {
		return nil
	}
	old := time.Now().Add(-uploadsBeside)
	return files.GiveUp(ctx, "", func(begun store.Info) bool {
		if !begun.Put.Before(o.strays()) || beside(begun.At) && begun.Put.After(old) {
			return false
		}
		out.Files++
		return true
	})
}

// gone takes a file that is not there for one that was removed.
func gone(err error) error {
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
