package state

import (
	"context"
	"errors"
)

// Mark is on a control database that is not to be used: another one has taken its place, or it is not whole yet.
type Mark struct {
	Lake     string // id of the lake whose control database it is
	Place    string // where the lake's control database is now, or comes from, as Shown gives it
	Arriving bool   // what comes from there is not whole yet
}

const marks = `CREATE TABLE IF NOT EXISTS parley_moved (
	one      {integer} PRIMARY KEY CHECK (one = 1),
	lake     {text} NOT NULL,
	place    {text} NOT NULL,
	arriving {boolean} NOT NULL
)`

// Mark gives the mark of the database, if it has one.
func (a asking) Mark(ctx context.Context) (m Mark, marked bool, err error) {
	if there, err := a.Has(ctx, "parley_moved"); err != nil || !there {
		return m, false, err
	}
	err = a.Row(ctx, `SELECT lake, place, arriving FROM parley_moved`).Scan(&m.Lake, &m.Place, &m.Arriving)
	if errors.Is(err, ErrNoRow) {
		return m, false, nil
	}
	return m, err == nil, err
}

// SetMark marks the database, in place of another mark.
func (tx *Tx) SetMark(ctx context.Context, m Mark) error {
	if err := tx.spell(ctx, marks); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO parley_moved VALUES (1, ?, ?, ?)
		ON CONFLICT (one) DO UPDATE SET lake = excluded.lake, place = excluded.place, arriving = excluded.arriving`, m.Lake, m.Place, m.Arriving)
	return err
}

// ClearMark removes the mark.
func (tx *Tx) ClearMark(ctx context.Context) error {
	if err := tx.spell(ctx, marks); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM parley_moved`)
	return err
}

// Retire marks the database as one that another has taken the place of, and has it refuse every change from then on, by whichever
// version of the program and whoever has it open already.
func (tx *Tx) Retire(ctx context.Context, m Mark) error {
	if err := tx.SetMark(ctx, m); err != nil {
		return err
	}
	return tx.dialect.Guard(ctx, tx.tx, "the control database was moved to "+m.Place+" and is not written any more")
}

// Reopen has a database that was retired take changes again. Its mark stays.
func (db *DB) Reopen(ctx context.Context) error { return db.dialect.Unguard(ctx, db.handle) }
