package state_test

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// Whoever commits is told what has become of it, wherever the connection is cut: what is told to be in is in, and nothing else.
func TestOutcomeOfACommitThatWasCut(t *testing.T) {
	at := server.Database(t)
	direct := opener(t, at)()
	if err := direct.Migrate(t.Context(), state.Schema{Owner: "test", Steps: []string{`CREATE TABLE x (n {integer} NOT NULL)`}}); err != nil {
		t.Fatal(err)
	}
	way, address := server.Cut(t, at)
	db := opener(t, address)()
	seed := rand.Uint64()
	t.Log("seed", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	told := map[int64]bool{}
	for n := range int64(300) {
		way.After(1 + dice.IntN(2500))
		err := db.Tx(t.Context(), func(tx *state.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO x VALUES (?)`, n)
			return err
		})
		if errors.Is(err, fault.InDoubt) {
			t.Errorf("%d: %v", n, err)
		}
		told[n] = err == nil
	}
	in := map[int64]int{}
	for _, n := range column(t, direct) {
		in[n]++
	}
	for n, yes := range told {
		if got := in[n]; yes && got != 1 || !yes && got != 0 {
			t.Errorf("%d was told to be in: %v; it is in %d times", n, yes, got)
		}
	}
	if way.Cuts() < 20 || len(in) < 20 {
		t.Errorf("of 300 %d are in, after %d cuts", len(in), way.Cuts())
	}
}

func column(t *testing.T, db *state.DB) []int64 {
	t.Helper()
	out, err := state.All(db.Rows(t.Context(), `SELECT n FROM x`), func(r state.Row) (n int64, err error) { return n, r.Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The same, of a Postgres that ends at once and starts again while several write.
func TestOutcomeOfACommitAtARestart(t *testing.T) {
	at := server.Database(t)
	db := opener(t, at)()
	if err := db.Migrate(t.Context(), state.Schema{Owner: "test", Steps: []string{`CREATE TABLE x (n {integer} NOT NULL)`}}); err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		n   int64
		err error
	}
	const writers, each = 4, 150
	outcomes := make(chan outcome, writers*each)
	for w := range int64(writers) {
		go func() {
			for i := range int64(each) {
				_, err := db.Exec(t.Context(), `INSERT INTO x VALUES (?)`, w*each+i)
				outcomes <- outcome{w*each + i, err}
			}
		}()
	}
	told := map[int64]bool{}
	for i := range writers * each {
		o := <-outcomes
		if told[o.n] = o.err == nil; errors.Is(o.err, fault.InDoubt) {
			t.Errorf("%d: %v", o.n, o.err)
		}
		if i%150 == 75 {
			server.Restart(t)
		}
	}
	in := map[int64]int{}
	for _, n := range column(t, opener(t, at)()) {
		in[n]++
	}
	for n, yes := range told {
		if got := in[n]; yes && got != 1 || !yes && got != 0 {
			t.Errorf("%d was told to be in: %v; it is in %d times", n, yes, got)
		}
	}
	if len(in) == 0 {
		t.Error("nothing is in")
	}
}

// A server that was started again has cut every connection of the pool: nobody is told, neither who reads nor who begins to write.
func TestConnectionsThatWereCutAreNoFailure(t *testing.T) {
	at := server.Database(t)
	db := opener(t, at)()
	if err := db.Migrate(t.Context(), state.Schema{Owner: "test", Steps: []string{`CREATE TABLE x (n {integer} NOT NULL)`}}); err != nil {
		t.Fatal(err)
	}
	for n := range int64(3) {
		if _, err := db.Exec(t.Context(), `INSERT INTO x VALUES (?)`, n); err != nil {
			t.Fatal(err)
		}
	}
	for name, ask := range map[string]func() error{
		"row": func() error {
			var n int
			return db.Row(t.Context(), `SELECT count(*) FROM x`).Scan(&n)
		},
		"rows": func() error {
			for _, err := range db.Rows(t.Context(), `SELECT n FROM x`) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		"transaction": func() error {
			return db.Tx(t.Context(), func(tx *state.Tx) error {
				_, err := tx.Exec(t.Context(), `DELETE FROM x WHERE n < 0`)
				return err
			})
		},
	} {
		connected(t, db, 4)
		server.Restart(t)
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// connected has a pool make so many connections.
func connected(t *testing.T, db *state.DB, n int) {
	t.Helper()
	if n == 0 {
		return
	}
	for _, err := range db.Rows(t.Context(), `SELECT n FROM x`) {
		if err != nil {
			t.Fatal(err)
		}
		connected(t, db, n-1)
		return
	}
}
