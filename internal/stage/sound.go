package stage

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// errUnsound is what is entered of staged files and contradicts itself. Some bit of the control database is not what was
// written, and nobody can tell which.
var errUnsound = errors.New("its entries contradict one another")

// sound looks whether every record of every chunk is either entered as living or as dead: a record that is neither, or
// both, would be lost or come twice.
func (s *Stage) sound(ctx context.Context) error {
	chunks, err := s.chunks(ctx, EveryDay)
	if err != nil {
		return err
	}
	entered, err := s.entered(ctx)
	if err != nil {
		return err
	}
	for _, c := range chunks {
		if entered[c.n] != c.size {
			return unsound()
		}
		delete(entered, c.n)
	}
	var both bool
	// Not a join: no index has the lines, and of a chunk with many dead lines it would compare each with each.
	err = s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT chunk, line FROM stage_dead WHERE run_id = ?1 INTERSECT
		SELECT chunk, line FROM stage_records WHERE run_id = ?1 AND chunk IN (SELECT chunk FROM stage_dead WHERE run_id = ?1))`, s.run).Scan(&both)
	if err != nil {
		return state.Fault(err)
	}
	if both || len(entered) > 0 {
		return unsound()
	}
	return nil
}

func unsound() error {
	return fault.Because(fault.Corrupt, errors.Join(ErrDamaged, errUnsound), "what the control database says of staged files is damaged")
}

// entered counts the lines that are entered of each chunk.
func (s *Stage) entered(ctx context.Context) (_ map[int]int, err error) {
	rows, err := s.db.QueryContext(ctx, `SELECT chunk, count(*) FROM stage_records WHERE run_id = ?1 GROUP BY chunk
		UNION ALL SELECT chunk, count(*) FROM stage_dead WHERE run_id = ?1 GROUP BY chunk`, s.run)
	if err != nil {
		return nil, state.Fault(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := map[int]int{}
	for rows.Next() {
		var chunk, n int
		if err := rows.Scan(&chunk, &n); err != nil {
			return nil, err
		}
		out[chunk] += n
	}
	return out, rows.Err()
}

// Sound says whether what is entered of staged files can be relied on. If not, all of it is to be forgotten: see Reset.
func (s *Stage) Sound(ctx context.Context) (bool, error) {
	err := s.sound(ctx)
	if errors.Is(err, errUnsound) {
		return false, nil
	}
	return err == nil, err
}

// Reset forgets all that is staged; with is done in the same transaction, and must see to it that it comes again.
func (s *Stage) Reset(ctx context.Context, with func(*sql.Tx) error) error {
	err := state.Tx(ctx, s.db, func(tx *sql.Tx) error { return errors.Join(s.forgetAll(ctx, tx), with(tx)) })
	if err != nil {
		return err
	}
	entries, err := os.ReadDir(s.dir)
	for _, e := range entries {
		err = errors.Join(err, os.Remove(filepath.Join(s.dir, e.Name())))
	}
	return err
}

func (s *Stage) forgetAll(ctx context.Context, tx *sql.Tx) error {
	for _, table := range []string{"stage_chunks", "stage_records", "stage_dead"} {
		if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE run_id = ?`, s.run); err != nil {
			return err
		}
	}
	return nil
}
