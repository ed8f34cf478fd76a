package lake

import (
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// Tables are those that the lake has in the control database, for who copies it whole.
func Tables() []state.Schema { return []state.Schema{schema, namesSchema} }

// carrier copies the control database of a lake into another one, between any two dialects. Nobody may write to the lake meanwhile.
type carrier struct {
	from   *Lake
	id     string         // of the lake
	owners []state.Schema // of all who may have tables in it
	done   func(rows int64)
}

// carried is what was copied. Two are equal if what they were made of is.
type carried struct {
	tables  []state.Table
	content []state.Content
	catalog []entry
}

func (c carried) rows() (n int64) {
	for _, t := range c.content {
		n += t.Rows
	}
	return n
}

func (c carried) same(other carried) bool {
	return slices.Equal(c.content, other.content) && slices.Equal(c.catalog, other.catalog)
}

// entry is a table in the catalog.
type entry struct {
	name, kind, location, before string // before is empty if there is none
}

// into copies everything into db, in place of what an earlier run has left there, compares both, and leaves a mark: it is not to be used yet.
func (c carrier) into(ctx context.Context, db *state.DB) (out carried, err error) {
	owners, err := c.from.db.Owned(ctx, c.owners)
	if err != nil {
		return out, err
	}
	for _, s := range owners {
		if err := errors.Join(c.from.db.Migrate(ctx, s), db.Migrate(ctx, s)); err != nil {
			return out, err
		}
		out.tables = append(out.tables, s.Tables()...)
	}
	err = db.Tx(ctx, func(tx *state.Tx) error {
		if err := c.vacate(ctx, tx, db); err != nil {
			return err
		}
		if err := tx.Carry(ctx, c.from.db, out.tables, c.done); err != nil {
			return err
		}
		if err := c.enter(ctx, tx, db); err != nil {
			return err
		}
		if err := c.compare(ctx, tx, db, &out); err != nil {
			return err
		}
		return tx.SetMark(ctx, state.Mark{Lake: c.id, Place: state.Shown(c.from.where.Control), Arriving: true})
	})
	return out, err
}

// vacate removes what an earlier run, or this lake when it was here, has left. Anything else stays, and is fault.Invalid.
func (c carrier) vacate(ctx context.Context, tx *state.Tx, db *state.DB) error {
	m, marked, err := tx.Mark(ctx)
	if err != nil {
		return err
	}
	there, err := catalogued(ctx, tx, db)
	switch {
	case err != nil:
		return err
	case marked && m.Lake != c.id, !marked && len(there) > 0:
		return fault.New(fault.Invalid, "the control database of another lake is there already; give another schema (?schema=NAME)")
	}
	all := []state.Table{}
	for _, s := range c.owners {
		all = append(all, s.Tables()...)
	}
	if err := tx.Empty(ctx, all); err != nil {
		return err
	}
	return uncatalogue(ctx, tx, db)
}

// enter enters the tables of the lake into the catalog, by the namespace that they have there.
func (c carrier) enter(ctx context.Context, tx *state.Tx, db *state.DB) error {
	all, err := catalogued(ctx, c.from.db, c.from.db)
	if err != nil {
		return err
	}
	for _, e := range all {
		_, err := tx.Exec(ctx, `INSERT INTO iceberg_tables (catalog_name, table_namespace, table_name, iceberg_type, metadata_location, previous_metadata_location) VALUES (?, ?, ?, ?, ?, nullif(?, ''))`,
			catalogName, catalogNamespace(db), e.name, e.kind, e.location, e.before)
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, `INSERT INTO iceberg_namespace_properties VALUES (?, ?, 'exists', 'true') ON CONFLICT DO NOTHING`, catalogName, catalogNamespace(db))
	return err
}

// compare reads both sides through.
func (c carrier) compare(ctx context.Context, tx *state.Tx, db *state.DB, out *carried) error {
	want, err := read(ctx, c.from.db, c.from.db, out.tables)
	if err != nil {
		return err
	}
	got, err := read(ctx, tx, db, out.tables)
	if err != nil {
		return err
	}
	if !got.same(want) {
		return fault.New(fault.Corrupt, "what was copied of the control database is not the same as what is there; run again")
	}
	*out = want
	return nil
}

// retire has the old control database refuse every change from now on, unless it is not what was copied any more.
func (c carrier) retire(ctx context.Context, copied carried, place string) error {
	own := c.from.db
	return own.Tx(ctx, func(tx *state.Tx) error {
		now, err := read(ctx, tx, own, copied.tables)
		if err != nil {
			return err
		}
		if !now.same(copied) {
			return fault.New(fault.Conflict, "another program has changed the control database while it was copied; run again")
		}
		if _, shared := own.Shared(); shared { // other programs are not to find old tables in a catalog that all lakes have
			if err := uncatalogue(ctx, tx, own); err != nil {
				return err
			}
		}
		return tx.Retire(ctx, state.Mark{Lake: c.id, Place: place})
	})
}

// asker asks a control database, or asks in a transaction.
type asker interface {
	Contents(ctx context.Context, tables []state.Table) ([]state.Content, error)
	Rows(ctx context.Context, query string, args ...any) iter.Seq2[state.Row, error]
}

// read reads through what is copied. by asks db, or in a transaction of it.
func read(ctx context.Context, by asker, db *state.DB, tables []state.Table) (c carried, err error) {
	c.tables = tables
	if c.content, err = by.Contents(ctx, tables); err != nil {
		return c, err
	}
	c.catalog, err = catalogued(ctx, by, db)
	return c, err
}

// catalogued are the lake's tables in the catalog.
func catalogued(ctx context.Context, by asker, db *state.DB) ([]entry, error) {
	return state.All(by.Rows(ctx, `SELECT table_name, coalesce(iceberg_type, 'TABLE'), metadata_location, coalesce(previous_metadata_location, '') FROM iceberg_tables
		WHERE catalog_name = ? AND table_namespace = ? ORDER BY table_name`, catalogName, catalogNamespace(db)), func(r state.Row) (e entry, err error) {
		return e, r.Scan(&e.name, &e.kind, &e.location, &e.before)
	})
}

func uncatalogue(ctx context.Context, tx *state.Tx, db *state.DB) error {
	if _, err := tx.Exec(ctx, `DELETE FROM iceberg_tables WHERE catalog_name = ? AND table_namespace = ?`, catalogName, catalogNamespace(db)); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM iceberg_namespace_properties WHERE catalog_name = ? AND namespace = ?`, catalogName, catalogNamespace(db))
	return err
}
