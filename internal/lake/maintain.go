package lake

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// MaintainOptions say what a maintenance does.
type MaintainOptions struct {
	Run    string
	At     time.Time
	Expire ExpireOptions
}

// Maintained is what a maintenance did, or would do.
type Maintained struct {
	Merged    int `json:"files_merged"`      // small data files, most of them of changes
	Into      int `json:"merged_into"`       // data files that hold their rows now
	Manifests int `json:"manifests_merged"`  // lists of data files that became few
	Again     int `json:"days_written_anew"` // that had several files in another table than changes

	Expired
}

// manifestsMost is how many manifests a table has before they are merged. Each commit adds one, and whoever opens the
// newest snapshot reads them all.
const manifestsMost = 5

// Maintain keeps a lake quick: the files of changes become one a day, the manifests of each table few, and old snapshots
// and files that nobody names go, as Expire has them go. The rows stay what they are.
//
// What is merged is one commit, with the recovery of any other. Killed anywhere, it is run again.
func (w *Writer) Maintain(ctx context.Context, o MaintainOptions) (out Maintained, err error) {
	defer fault.Wrap(&err, "maintain the lake")
	if err := w.recover(ctx); err != nil {
		return out, err
	}
	if err := w.sound(ctx); err != nil {
		return out, err
	}
	again, err := w.lake.scattered(ctx)
	if err != nil {
		return out, err
	}
	if out.Again, err = w.Mend(ctx, o.Run, o.At, again); err != nil {
		return out, err
	}
	if err := w.merge(ctx, o, &out); err != nil {
		return out, err
	}
	out.Expired, err = w.expire(ctx, o.Expire)
	return out, err
}

// PlanMaintain says what Writer.Maintain would do now. It changes nothing, and may be asked beside a writer. Files that
// the merge itself makes needless go with a later maintenance, when they are old enough.
func (l *Lake) PlanMaintain(ctx context.Context, o ExpireOptions) (out Maintained, err error) {
	defer fault.Wrap(&err, "maintain the lake")
	if l.place.moved() {
		return out, l.notHome()
	}
	again, err := l.scattered(ctx)
	if err != nil {
		return out, err
	}
	out.Again = len(again)
	s, err := l.Snapshot(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	p, err := l.planMerges(ctx, s)
	if err != nil {
		return out, err
	}
	p.count(&out)
	o.dry = true
	out.Expired, err = (&Writer{lake: l}).expire(ctx, o)
	return out, err
}

// scattered lists the days that have more than one file in a table that should have one. Parley does not write such.
func (l *Lake) scattered(ctx context.Context) (days []conversation.Day, err error) {
	s, err := l.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	for _, t := range tables.All() {
		if t == tables.Changes {
			continue
		}
		for _, several := range severalADay(s.files[t]) {
			days = append(days, several[0].Day)
		}
	}
	slices.Sort(days)
	return slices.Compact(days), s.Close()
}

// severalADay gives the files of each day that has more than one; files are in order of days.
func severalADay(files []datafile.File) (out [][]datafile.File) {
	for len(files) > 0 {
		end := slices.IndexFunc(files, func(f datafile.File) bool { return f.Day != files[0].Day })
		if end < 0 {
			end = len(files)
		}
		if end > 1 {
			out = append(out, files[:end])
		}
		files = files[end:]
	}
	return out
}

// merges are what is to be merged.
type merges struct {
	changes   [][]datafile.File    // of days, each to become one
	manifests map[tables.Table]int // of tables that have too many
}

func (p merges) needed() bool { return len(p.changes)+len(p.manifests) > 0 }

func (p merges) count(out *Maintained) {
	out.Into = len(p.changes)
	for _, files := range p.changes {
		out.Merged += len(files)
	}
	for _, n := range p.manifests {
		out.Manifests += n
	}
}

func (l *Lake) planMerges(ctx context.Context, base *Snapshot) (merges, error) {
	p := merges{changes: severalADay(base.files[tables.Changes]), manifests: map[tables.Table]int{}}
	if base.ID == 0 {
		return p, nil
	}
	there, err := l.tables(ctx)
	if err != nil {
		return p, err
	}
	for _, t := range there {
		tbl, err := l.load(ctx, t)
		if err != nil {
			return p, err
		}
		n, err := manifestsOf(ctx, tbl)
		if err != nil {
			return p, err
		}
		if n > manifestsMost {
			p.manifests[t] = n
		}
	}
	return p, nil
}

// manifestsOf counts the manifests of the newest snapshot of a table.
func manifestsOf(ctx context.Context, tbl *table.Table) (int, error) {
	s := tbl.CurrentSnapshot()
	if s == nil {
		return 0, nil
	}
	files, err := tbl.FS(ctx)
	if err != nil {
		return 0, err
	}
	manifests, err := s.Manifests(files)
	if err != nil {
		return 0, fault.Because(fault.Corrupt, err, "the manifests of a table cannot be listed")
	}
	return len(manifests), nil
}

// merge merges in one commit what is too many.
func (w *Writer) merge(ctx context.Context, o MaintainOptions, out *Maintained) (err error) {
	base, err := w.lake.Snapshot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, base.Close()) }()
	p, err := w.lake.planMerges(ctx, base)
	if err != nil || !p.needed() {
		return err
	}
	if err := w.commitMerged(ctx, intent{id: uuid.Must(uuid.NewV7()).String(), run: o.Run, at: o.At, epoch: w.lake.epoch()}, base.commit, p); err != nil {
		return err
	}
	p.count(out)
	return nil
}

// commitMerged is the one commit of what is merged, after the commit base.
func (w *Writer) commitMerged(ctx context.Context, i intent, base string, p merges) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lasting := context.WithoutCancel(ctx)
	if err := w.lake.begin(lasting, i); err != nil {
		return err
	}
	crashpoint.Reach("maintain.begun")
	if err := w.writeMerges(ctx, i, p); err != nil {
		return errors.Join(err, w.abandon(ctx, i))
	}
	crashpoint.Reach("maintain.unsettled")
	return w.lake.settle(lasting, i, true, indexed{sameAs: base})
}

func (w *Writer) writeMerges(ctx context.Context, i intent, p merges) error {
	r, err := w.copyDays(ctx, i, p.changes, func(rows arrow.RecordBatch) []arrow.RecordBatch { return []arrow.RecordBatch{rows} })
	if err != nil {
		return err
	}
	return w.commitMerges(ctx, i, p, r)
}

// copyDays writes the changes of each day into one file: what keep keeps of them.
func (w *Writer) copyDays(ctx context.Context, i intent, days [][]datafile.File, keep func(arrow.RecordBatch) []arrow.RecordBatch) (r replaced, err error) {
	for _, files := range days {
		to := w.lake.fileAt(data(tables.Changes).Join("day="+files[0].Day.String(), i.file()))
		written, err := copyRows(ctx, tables.Changes, files, to, keep)
		if err != nil {
			return r, err
		}
		if written {
			r.add = append(r.add, w.lake.url(to.At))
		}
		for _, f := range files {
			r.drop = append(r.drop, w.lake.place.url(f.Path))
		}
		crashpoint.Reach("maintain.file")
	}
	return r, nil
}

// copyRows writes rows of some files of a table, one after the other, into one. Without any there is no file.
func copyRows(ctx context.Context, t tables.Table, files []datafile.File, to datafile.File, keep func(arrow.RecordBatch) []arrow.RecordBatch) (written bool, err error) {
	f := &tableFile{table: t, create: func(tables.Table) (*datafile.Writer, error) { return datafile.Create(ctx, t, to) }}
	for _, from := range files {
		for rows, err := range datafile.Rows(ctx, from) {
			for _, some := range kept(rows, err, keep) {
				err = errors.Join(err, f.write(some))
			}
			if err != nil {
				return false, errors.Join(err, f.discard())
			}
		}
	}
	written = f.open != nil
	return written, f.finish(ctx)
}

// kept is what keep keeps of rows that were read. Whoever is given it releases it; whoever has read rows, those.
func kept(rows arrow.RecordBatch, err error, keep func(arrow.RecordBatch) []arrow.RecordBatch) []arrow.RecordBatch {
	if err != nil {
		return nil
	}
	some := keep(rows)
	for _, r := range some {
		if r == rows {
			r.Retain()
		}
	}
	return some
}

// commitMerges commits the tables of which something is merged, conversations last, as any commit does.
func (w *Writer) commitMerges(ctx context.Context, i intent, p merges, r replaced) error {
	summary := iceberg.Properties{propCommit: i.id, propRun: i.run, propOutcome: Outcome{}.text()}
	for _, t := range tables.All() {
		var of replaced
		if t == tables.Changes {
			of = r
		}
		commit := func() (int64, error) { return w.replace(ctx, t, of.drop, of.add, summary) }
		if p.manifests[t] > 0 {
			commit = func() (int64, error) { return w.mergeManifests(ctx, t, of, summary) }
		}
		head, err := commit()
		if err != nil {
			return err
		}
		summary[propSnapshot+string(t)] = formatID(head)
		crashpoint.Reach("maintain." + string(t))
		if t == tables.Conversations {
			w.lake.offer(ctx, SnapshotID(head))
		}
	}
	return nil
}

// mergeManifests replaces files of a table, and then commits its manifests as few. Of conversations no file is replaced,
// so that the one commit is what is seen.
func (w *Writer) mergeManifests(ctx context.Context, t tables.Table, r replaced, summary iceberg.Properties) (int64, error) {
	if len(r.drop)+len(r.add) > 0 {
		first := iceberg.Properties{propCommit: uuid.Must(uuid.NewV7()).String(), propRun: summary[propRun]}
		if _, err := w.replace(ctx, t, r.drop, r.add, first); err != nil {
			return 0, err
		}
	}
	tbl, err := w.lake.load(ctx, t)
	if err != nil {
		return 0, err
	}
	s, err := merged(ctx, tbl, summary)
	if err != nil {
		return 0, fault.Because(diskFault(err), err, "the manifests of table %s cannot be merged", t)
	}
	if s == nil {
		return w.replace(ctx, t, nil, nil, summary)
	}
	head := snapshotOf(tbl)
	_, _, err = w.lake.catalog.CommitTable(ctx, identifier(t),
		[]table.Requirement{table.AssertTableUUID(tbl.Metadata().TableUUID()), table.AssertRefSnapshotID(table.MainBranch, &head)},
		[]table.Update{table.NewAddSnapshotUpdate(s), table.NewSetSnapshotRefUpdate(table.MainBranch, s.SnapshotID, table.BranchRef, 0, 0, 0)})
	if err != nil {
		return w.despite(ctx, t, summary[propCommit], err)
	}
	return s.SnapshotID, nil
}

// merged makes the snapshot of a table whose manifests are merged, and gives it our summary: conversations name their
// companions there, and iceberg-go takes none for such a snapshot. nil when there is nothing to merge.
func merged(ctx context.Context, tbl *table.Table, summary iceberg.Properties) (*table.Snapshot, error) {
	tx := tbl.NewTransaction()
	// By a key that all files share they are written anew even if they are few: deleted entries, which still tell the least
	// and greatest values of the files, are left out.
	done, err := tx.RewriteManifests(ctx, table.WithRewriteManifestClusterBy(func(iceberg.DataFile) any { return 0 }))
	if err != nil || done.IsNoOp() {
		return nil, err
	}
	staged, err := tx.StagedTable()
	if err != nil {
		return nil, err
	}
	s := *staged.CurrentSnapshot()
	all := maps.Clone(s.Summary.Properties)
	maps.Copy(all, summary)
	s.Summary = &table.Summary{Operation: s.Summary.Operation, Properties: all}
	return &s, nil
}
