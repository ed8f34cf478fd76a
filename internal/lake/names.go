package lake

import (
	"context"
	"errors"
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
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// The table names stands beside the others. It has one data file, which is written again when something has changed: a history
// of names is small, and so there is nothing to merge. Each change is one commit of Iceberg, which is in as a whole or not at
// all; a crash before it leaves a file that nobody names, which an expiry removes. Readers see the newest version, whichever
// snapshot of conversations they read: a conversation of last year is shown with the names of today.

// there lists the tables that the lake has: those of commits, and names if it was ever given some.
func (l *Lake) there(ctx context.Context) ([]tables.Table, error) {
	of, err := l.tables(ctx)
	if err != nil {
		return nil, err
	}
	has, err := l.HasNames(ctx)
	if !has || err != nil {
		return of, err
	}
	return append([]tables.Table{tables.Names}, of...), nil
}

// HasNames says whether the lake has a table of names.
func (l *Lake) HasNames(ctx context.Context) (bool, error) {
	_, err := l.location(ctx, tables.Names)
	if errors.Is(err, state.ErrNoRow) {
		return false, nil
	}
	return err == nil, err
}

// Names gives what things are and were called; nothing of a lake that was never told. Damage is fault.Corrupt.
func (l *Lake) Names(ctx context.Context) (names.History, error) { return l.someNames(ctx, nil) }

// NamesOf gives what some ids are called now, by their kinds: names alone, and nothing else of them.
func (l *Lake) NamesOf(ctx context.Context, ids map[names.Kind][]string) (names.History, error) {
	type one struct {
		kind names.Kind
		id   string
	}
	wanted := map[one]bool{}
	for k, list := range ids {
		for _, id := range list {
			wanted[one{k, id}] = true
		}
	}
	want := func(k names.Kind, id string, current bool) bool { return current && wanted[one{k, id}] }
	return l.someNames(ctx, want, tables.NameColumns...)
}

// someNames gives those versions that are wanted; nil wants all. No columns are all.
func (l *Lake) someNames(ctx context.Context, want func(k names.Kind, id string, current bool) bool, columns ...string) (h names.History, err error) {
	defer fault.Wrap(&err, "read the names of the lake")
	for range openTries {
		at, err := l.location(ctx, tables.Names)
		if errors.Is(err, state.ErrNoRow) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		files, err := l.namesFiles(ctx)
		if err == nil {
			h, err = readNames(ctx, files, want, columns)
		}
		if err == nil {
			return h, nil
		}
		// A maintenance may have removed what was replaced meanwhile.
		if now, failed := l.location(ctx, tables.Names); failed != nil || now == at {
			return nil, err
		}
	}
	return nil, fault.New(fault.Conflict, "the names are being written again and again; try again")
}

// NamesVersion changes whenever the names do; it is empty where there are none.
func (l *Lake) NamesVersion(ctx context.Context) (string, error) {
	at, err := l.location(ctx, tables.Names)
	if errors.Is(err, state.ErrNoRow) {
		return "", nil
	}
	return at, err
}

// WithNames has the snapshot list the file of names as well, as it is now. It is not pinned with the snapshot: it stays for
// as long as any file that was replaced.
func (s *Snapshot) WithNames(ctx context.Context) error {
	if s.lake == nil {
		return nil // an older one, in which nothing is looked up
	}
	has, err := s.lake.HasNames(ctx)
	if err == nil && has {
		s.names, err = s.lake.namesFiles(ctx)
	}
	return err
}

// namesFiles lists the file of names: one, or none if there are no names yet.
func (l *Lake) namesFiles(ctx context.Context) ([]datafile.File, error) {
	tbl, err := l.load(ctx, tables.Names)
	if err != nil || tbl.CurrentSnapshot() == nil {
		return nil, err
	}
	files, err := planned(ctx, tbl, tables.Names, snapshotOf(tbl))
	return l.find(files), err
}

func readNames(ctx context.Context, files []datafile.File, want func(k names.Kind, id string, current bool) bool, columns []string) (h names.History, err error) {
	r := tables.NameReader{Want: want}
	for _, f := range files {
		for rows, err := range datafile.Rows(ctx, f, columns...) {
			if err != nil {
				return nil, err
			}
			some, err := r.Read(rows)
			if err != nil {
				return nil, err
			}
			h = append(h, some...)
		}
	}
	return h, nil
}

// Names takes in lists that were read at a time by a run, and says what they changed. What they do not change is not written.
// When it fails nothing has changed for any reader.
func (w *Writer) Names(ctx context.Context, run string, at time.Time, lists []names.Listing) (out names.Changes, err error) {
	defer fault.Wrap(&err, "keep the names")
	if err := w.makeNames(ctx); err != nil {
		return out, err
	}
	h, err := w.lake.Names(ctx)
	if err != nil {
		return out, err
	}
	for _, l := range lists {
		var c names.Changes
		h, c = h.With(l, at, run)
		out = out.Plus(c)
	}
	if out.Any() {
		if err := w.writeNames(ctx, run, h); err != nil {
			return names.Changes{}, err
		}
	}
	return out, w.lake.enterRead(ctx, run, at, lists)
}

// namesSchema says when each list of names was last read, whether or not it had anything new. It has an owner of its own, so
// that an earlier version can go on with a lake that was given names.
var namesSchema = state.Schema{Owner: "names", Steps: []string{`
	CREATE TABLE names_read (
		kind    {text} PRIMARY KEY,
		read_at {text} NOT NULL,
		run_id  {text} NOT NULL
	) {checked}`,
}}

// makeNames makes the tables, which lakes of earlier versions lack.
func (w *Writer) makeNames(ctx context.Context) error {
	if err := w.lake.db.Migrate(ctx, namesSchema); err != nil {
		return err
	}
	return w.lake.catalog.createTable(ctx, tables.Names, w.lake.place.url(w.lake.tableDir(tables.Names)))
}

// writeNames puts a file with the history in the place of the one that is there.
func (w *Writer) writeNames(ctx context.Context, run string, h names.History) error {
	before, err := w.lake.namesFiles(ctx)
	if err != nil {
		return err
	}
	id := uuid.Must(uuid.NewV7()).String()
	to := w.lake.fileAt(data(tables.Names).Join(id + ".parquet"))
	if err := writeRows(ctx, to, h); err != nil {
		return err
	}
	crashpoint.Reach("names.file")
	var add []string
	if len(h) > 0 { // a file without rows is not made
		add = []string{w.lake.url(to.At)}
	}
	_, err = w.replace(context.WithoutCancel(ctx), tables.Names, w.lake.without(before, nil), add, iceberg.Properties{propCommit: id, propRun: run})
	if err != nil {
		if !errors.Is(err, fault.InDoubt) {
			err = errors.Join(err, gone(w.lake.Store().Remove(context.WithoutCancel(ctx), to.At)))
		}
		return err
	}
	crashpoint.Reach("names.committed")
	return nil
}

func writeRows(ctx context.Context, to datafile.File, h names.History) (err error) {
	f := &tableFile{table: tables.Names, create: func(t tables.Table) (*datafile.Writer, error) { return datafile.Create(ctx, t, to) }}
	tables.NameRows(h, func(rows arrow.RecordBatch) {
		if err != nil {
			rows.Release()
			return
		}
		err = f.write(rows)
	})
	if err != nil {
		return errors.Join(err, f.discard())
	}
	return f.finish(ctx)
}

// enterRead enters when lists were read.
func (l *Lake) enterRead(ctx context.Context, run string, at time.Time, lists []names.Listing) error {
	return l.db.Tx(ctx, func(tx *state.Tx) error {
		for _, list := range lists {
			_, err := tx.Exec(ctx, `INSERT INTO names_read (kind, read_at, run_id) VALUES (?, ?, ?)
				ON CONFLICT (kind) DO UPDATE SET read_at = excluded.read_at, run_id = excluded.run_id`, string(list.Kind), conversation.FormatTime(at), run)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// NamesRead gives when each list of names was last read. Lists that never were are not among them.
func (l *Lake) NamesRead(ctx context.Context) (map[names.Kind]time.Time, error) {
	out := map[names.Kind]time.Time{}
	if has, err := l.HasNames(ctx); !has || err != nil {
		return out, err
	}
	err := l.db.View(ctx, func(db *state.DB) error {
		clear(out)
		for row, err := range db.Rows(ctx, `SELECT kind, read_at FROM names_read`) {
			var kind, at string
			if err == nil {
				err = row.Scan(&kind, &at)
			}
			if err != nil {
				return err
			}
			if out[names.Kind(kind)], err = conversation.ParseTime(at); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// expireNames removes the snapshots of names that are old enough, but for the newest and those with a name, and the files
// that none of them names any more.
func (w *Writer) expireNames(ctx context.Context, o ExpireOptions, out *Expired) error {
	has, err := w.lake.HasNames(ctx)
	if !has || err != nil {
		return err
	}
	tbl, err := w.lake.load(ctx, tables.Names)
	if err != nil {
		return err
	}
	old := others(tbl, func(s table.Snapshot) bool { return s.TimestampMs >= o.Before.UnixMilli() })
	if tbl, err = w.drop(ctx, tables.Names, tbl, old, o.dry); err != nil {
		return err
	}
	crashpoint.Reach("expire." + string(tables.Names))
	return w.removeOrphans(ctx, tables.Names, tbl, o, out)
}

// DropNames begins the table of names anew, when it cannot be read: its history is lost, and what things are called now comes
// with the next reading of the lists. A table that can be read stays as it is.
func (w *Writer) DropNames(ctx context.Context) (dropped bool, err error) {
	defer fault.Wrap(&err, "begin the names anew")
	if _, err := w.lake.Names(ctx); !errors.Is(err, fault.Corrupt) {
		return false, err
	}
	files, err := w.lake.namesFiles(ctx)
	if err != nil {
		return false, err
	}
	_, err = w.replace(ctx, tables.Names, w.lake.without(files, nil), nil, iceberg.Properties{propCommit: uuid.Must(uuid.NewV7()).String()})
	return err == nil, err
}

// names checks the table of names: its file is there and as long as the catalog says, it can be read, its rows are in order,
// and each thing has one current row, the last.
func (c *checker) names(ctx context.Context) error {
	has, err := c.lake.HasNames(ctx)
	if !has || err != nil {
		return err
	}
	before := len(c.report.Damage)
	files, err := c.lake.namesFiles(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		c.report.Files++
		c.report.Bytes += f.Bytes
		if info, err := f.Store.Stat(ctx, f.At); err != nil || info.Bytes != f.Bytes {
			c.damage("%s: data file %s is missing, or not as long as it should be", tables.Names, f.Path)
		}
	}
	h, err := c.lake.Names(ctx)
	switch {
	case errors.Is(err, fault.Corrupt) && len(c.report.Damage) == before:
		c.damage("%s: %v", tables.Names, err)
	case err != nil && !errors.Is(err, fault.Corrupt):
		return err
	}
	c.report.Rows[tables.Names] = int64(len(h))
	if odd := h.Odd(); odd != "" {
		c.damage("%s: %s", tables.Names, odd)
	}
	c.report.NamesDamaged = len(c.report.Damage) > before
	return nil
}

// sweepNames removes files of names that somebody had begun to write when he was killed.
func (l *Lake) sweepNames(ctx context.Context) error {
	has, err := l.HasNames(ctx)
	if !has || err != nil {
		return err
	}
	if err := l.still(ctx); err != nil {
		return err
	}
	return l.Store().Sweep(ctx, data(tables.Names), func(store.Location) bool { return true })
}
