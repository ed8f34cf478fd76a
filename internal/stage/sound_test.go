package stage

import (
	"errors"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/test/unraced"
)

// Entries that contradict one another, as a flipped bit leaves them, are seen before a record of the stage is given away:
// a record that is neither living nor dead would be lost without a word.
func TestEntriesThatContradictOneAnother(t *testing.T) {
	unraced.Test(t)
	for name, damage := range map[string]string{
		"a chunk of another number":     `UPDATE stage_chunks SET chunk = chunk + 64 WHERE chunk = 2`,
		"a chunk of another run":        `UPDATE stage_chunks SET run_id = 'ruN' WHERE chunk = 2`,
		"a chunk of fewer records":      `UPDATE stage_chunks SET records = records - 1 WHERE chunk = 1`,
		"a chunk that begins later":     `UPDATE stage_chunks SET first = first + 1 WHERE chunk = 1`,
		"a chunk that ends later":       `UPDATE stage_chunks SET last = last + 1 WHERE chunk = 1`,
		"a chunk of another day":        `UPDATE stage_chunks SET day = '2026-11-30' WHERE chunk = 1`,
		"a chunk of no day":             `UPDATE stage_chunks SET day = '2026-11,30' WHERE chunk = 1`,
		"a record of another run":       `UPDATE stage_records SET run_id = 'ruN' WHERE id = 'b'`,
		"a record of another chunk":     `UPDATE stage_records SET chunk = 7 WHERE id = 'b'`,
		"a record in another's chunk":   `UPDATE stage_records SET chunk = 2 WHERE id = 'b'`,
		"a record too few":              `DELETE FROM stage_records WHERE id = 'b'`,
		"a living one that is dead too": `INSERT INTO stage_dead VALUES ('run', 1, 1)`,
		"another one dead":              `UPDATE stage_dead SET line = line + 1`,
		"a dead one of another chunk":   `UPDATE stage_dead SET chunk = 9`,
	} {
		l := newLake(t)
		s := openStage(t, l, "run")
		put(t, s, version("a", noon1, "", 0), version("b", noon1, "", 0), version("c", noon1, "", 0))
		put(t, s, version("a", noon1, "later", 1), version("d", noon1, "", 0))
		if ok, err := s.Sound(t.Context()); !ok || err != nil {
			t.Fatalf("%s: before it: %v, %v", name, ok, err)
		}
		if _, err := s.db.Exec(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		batch, err := s.Before(t.Context(), EveryDay)
		if err == nil {
			for _, err = range batch.Stream(t.Context()) {
				if err != nil {
					break
				}
			}
		}
		if !errors.Is(err, fault.Corrupt) || !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v", name, err)
		}
		s = openStage(t, l, "run") // as the next process does
		if err := s.Reset(t.Context(), func(*state.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if left := fileNames(t, s); len(left) > 0 {
			t.Errorf("%s: left %q", name, left)
		}
		put(t, s, version("a", noon1, "", 0))
		want(t, before(t, s, EveryDay), version("a", noon1, "", 0))
	}
}
