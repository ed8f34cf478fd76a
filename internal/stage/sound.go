package stage

import (
	"context"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// errUnsound is what is entered of staged files and contradicts itself. Some bit of the control database is not what was
// written, and nobody can tell which.
var errUnsound = errors.New("its entries contradict one another")

// sound looks whether every record of some chunks is either entered as living or as dead: a record that is neither, or
// both, would be lost or come twice, and one of a chunk that is not entered is lost. It gives the lines that are dead.
func (s *Stage) sound(ctx context.Context, chunks []chunk) (dead map[int]map[int]bool, err error) {
	var strays bool
	err = s.db.Row(ctx, `SELECT EXISTS (SELECT chunk FROM stage_records WHERE run_id = ?1 UNION ALL SELECT chunk FROM stage_dead WHERE run_id = ?1
		EXCEPT SELECT chunk FROM stage_chunks WHERE run_id = ?1)`, s.run).Scan(&strays)
	if err != nil {
		return nil, err
	}
	if strays {
		return nil, unsound()
	}
	dead = map[int]map[int]bool{}
	for _, c := range chunks {
		var living int
		if err := s.db.Row(ctx, `SELECT count(*) FROM stage_records WHERE run_id = ? AND chunk = ?`, s.run, c.n).Scan(&living); err != nil {
			return nil, err
		}
		if dead[c.n], err = s.dead(ctx, c.n); err != nil {
			return nil, err
		}
		both := false
		if len(dead[c.n]) > 0 {
			// Not a join: no index has the lines, and of many dead lines it would compare each with each.
			err = s.db.Row(ctx, `SELECT EXISTS (SELECT line FROM stage_dead WHERE run_id = ?1 AND chunk = ?2 INTERSECT
				SELECT line FROM stage_records WHERE run_id = ?1 AND chunk = ?2)`, s.run, c.n).Scan(&both)
		}
		if err != nil {
			return nil, err
		}
		if both || living+len(dead[c.n]) != c.size {
			return nil, unsound()
		}
	}
	return dead, nil
}

func unsound() error {
	return fault.Because(fault.Corrupt, errors.Join(ErrDamaged, errUnsound), "what the control database says of staged files is damaged")
}

// Sound says whether what is entered of staged files can be relied on. If not, all of it is to be forgotten: see Reset.
func (s *Stage) Sound(ctx context.Context) (bool, error) {
	chunks, err := s.chunks(ctx, EveryDay)
	if err == nil {
		_, err = s.sound(ctx, chunks)
	}
	if errors.Is(err, errUnsound) {
		return false, nil
	}
	return err == nil, err
}

// Reset forgets all that is staged; with is done in the same transaction, and must see to it that it comes again.
func (s *Stage) Reset(ctx context.Context, with func(*state.Tx) error) error {
	there, err := s.listed(ctx)
	if err != nil {
		return err
	}
	if err := s.db.Tx(ctx, func(tx *state.Tx) error { return errors.Join(s.forgetAll(ctx, tx), with(tx)) }); err != nil {
		return err
	}
	return s.remove(ctx, there)
}

func (s *Stage) forgetAll(ctx context.Context, tx *state.Tx) error {
	for _, table := range []string{"stage_chunks", "stage_records", "stage_dead"} {
		if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE run_id = ?`, s.run); err != nil {
			return err
		}
	}
	return nil
}
