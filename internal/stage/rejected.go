package stage

import (
	"context"
	"crypto/sha256"
	"iter"

	"github.com/parley-hq/parley/internal/state"
)

// Rejected is a value that came where a record was expected and that cannot be kept as one. Nothing is thrown away:
// it stays in the control database with the reason.
type Rejected struct {
	Run    RunID  // set by Put; one of several, if they all set it aside
	Day    string // among whose conversations it came, as conversation.Day writes it; empty where nobody knows. For Put
	Runs   int    // how many did; set by AllRejected
	Reason string // without content
	Text   []byte // as received
}

// reject sets values aside.
func (s *Stage) reject(ctx context.Context, tx *state.Tx, rejected []Rejected, counts *Counts) error {
	for _, r := range rejected {
		hash := sha256.Sum256(r.Text)
		n, err := tx.Exec(ctx, `INSERT INTO rejected (run_id, hash, reason, text) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			s.run, hash[:], r.Reason, r.Text)
		if err == nil && r.Day != "" {
			_, err = tx.Exec(ctx, `INSERT INTO rejected_days VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, s.run, hash[:], r.Day)
		}
		if err != nil {
			return err
		}
		if n == 1 {
			counts.Rejected++
		} else {
			counts.Duplicates++
		}
	}
	return nil
}

// AllRejected yields every value that was set aside, once, however many runs came upon it. A Text is good until the next
// one is asked for. It only reads; where nothing was ever staged there is none.
func AllRejected(ctx context.Context, db *state.DB) iter.Seq2[Rejected, error] {
	return func(yield func(Rejected, error) bool) {
		if err := eachRejected(ctx, db, func(r Rejected) bool { return yield(r, nil) }); err != nil {
			yield(Rejected{}, err)
		}
	}
}

// eachRejected fails only while it has more to give: whoever has stopped is not called again.
func eachRejected(ctx context.Context, db *state.DB, yield func(Rejected) bool) error {
	if there, err := db.Has(ctx, "rejected"); err != nil || !there {
		return err
	}
	// The keys are sorted before the texts are looked up, which may be large. LEFT keeps SQLite from looking at the texts first.
	for row, err := range db.Rows(ctx, `SELECT k.run, k.runs, r.reason, r.text
		FROM (SELECT min(run_id) AS run, count(*) AS runs, hash FROM rejected GROUP BY hash ORDER BY 1, hash) AS k
		LEFT JOIN rejected r ON r.run_id = k.run AND r.hash = k.hash`) {
		if err != nil {
			return err
		}
		var r Rejected
		var text state.RawBytes // a copy of a hundred megabytes would be one too many
		if err := row.Scan(&r.Run, &r.Runs, &r.Reason, &text); err != nil {
			return err
		}
		if r.Text = text; !yield(r) {
			return nil
		}
	}
	return nil
}

// RejectedDay is a day of a run.
type RejectedDay struct {
	Run RunID
	Day string // as conversation.Day writes it
}

// RejectedDays counts the values that are set aside by the days among whose conversations they came, as far as that is
// known. It only reads.
func RejectedDays(ctx context.Context, db *state.DB) (map[RejectedDay]int64, error) {
	if version, err := db.Version(ctx, schema); err != nil || version < len(schema.Steps) {
		return nil, err
	}
	out := map[RejectedDay]int64{}
	for row, err := range db.Rows(ctx, `SELECT run_id, day, count(*) FROM rejected_days GROUP BY run_id, day`) {
		var at RejectedDay
		var n int64
		if err == nil {
			err = row.Scan(&at.Run, &at.Day, &n)
		}
		if err != nil {
			return nil, err
		}
		out[at] = n
	}
	return out, nil
}

// Sum tells a value that was set aside from all others.
type Sum [sha256.Size]byte

// RejectedSums lists the values that were set aside, each once.
func RejectedSums(ctx context.Context, db *state.DB) ([]Sum, error) {
	if there, err := db.Has(ctx, "rejected"); err != nil || !there {
		return nil, err
	}
	return state.All(db.Rows(ctx, `SELECT hash FROM rejected GROUP BY hash ORDER BY min(run_id), hash`), func(r state.Row) (sum Sum, err error) {
		var hash []byte
		err = r.Scan(&hash)
		copy(sum[:], hash)
		return sum, err
	})
}

// RejectedBy gives a value that was set aside. Its run is the one that did so last.
func RejectedBy(ctx context.Context, db *state.DB, sum Sum) (r Rejected, err error) {
	err = db.Row(ctx, `SELECT run_id, reason, text FROM rejected WHERE hash = ? ORDER BY run_id DESC LIMIT 1`, sum[:]).Scan(&r.Run, &r.Reason, &r.Text)
	return r, err
}

// TakenIn forgets values that were set aside and have come in since.
func TakenIn(ctx context.Context, db *state.DB, sums []Sum) error {
	return db.Tx(ctx, func(tx *state.Tx) error {
		for _, sum := range sums {
			if _, err := dropRejected(ctx, tx, sum); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropRejected removes a value that was set aside, of every run, and gives of how many.
func dropRejected(ctx context.Context, tx *state.Tx, sum Sum) (runs int64, err error) {
	if _, err := tx.Exec(ctx, `DELETE FROM rejected_days WHERE hash = ?`, sum[:]); err != nil {
		return 0, err
	}
	return tx.Exec(ctx, `DELETE FROM rejected WHERE hash = ?`, sum[:])
}
