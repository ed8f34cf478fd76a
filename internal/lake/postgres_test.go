package lake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/test/unraced"
)

var postgres *postgrestest.Server

// controlVariable has the address of a Postgres in which the lakes of a process have their control databases.
const controlVariable = "PARLEY_TEST_CONTROL"

// onTheOther says whether this process runs tests of lakes whose control databases are in a Postgres.
func onTheOther() bool {
	at := os.Getenv(controlVariable)
	if at != "" {
		elsewhere = func(dir string) string { return schemaFor(at, dir) }
	}
	return at != ""
}

// schemaFor is the schema of the lake in a folder, the same in every process.
func schemaFor(at, dir string) string {
	sum := sha256.Sum256([]byte(dir))
	out, err := state.InSchema(at, "lake_"+hex.EncodeToString(sum[:8]))
	if err != nil {
		panic(err)
	}
	return out
}

// inPostgres has the lakes of a test that are opened from now on have their control databases in a Postgres.
func inPostgres(t *testing.T) {
	t.Helper()
	database := postgres.Database(t)
	elsewhere = func(dir string) string { return schemaFor(database, dir) }
	t.Cleanup(func() { elsewhere = nil })
}

// runOut has the leases of a lake run out, as they do some time after their holders were killed, or while those sleep. Locks of a folder
// end with their holders.
func runOut(t *testing.T, dir string) {
	t.Helper()
	if elsewhere == nil {
		return
	}
	db, err := state.Open(t.Context(), elsewhere(dir))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(t.Context(), `UPDATE leases SET expires = since - interval '1 hour' WHERE expires > '-infinity'`); err != nil {
		t.Fatal(err)
	}
}

// TestOnPostgres runs the tests of how commits come in, what becomes of those that were cut short, and what readers see meanwhile, with the
// control databases of the lakes in a Postgres.
func TestOnPostgres(t *testing.T) {
	unraced.Test(t)
	if elsewhere != nil {
		t.Skip("it is what runs here")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", onPostgres, "-test.skip", "^TestOnPostgres$")
	cmd.Env = append(os.Environ(), controlVariable+"="+postgres.Database(t))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

const onPostgres = "^(TestCommitProtocol|TestStepOfTheProtocol)$"

// BenchmarkSmallCommit is a commit of one conversation, which is what it takes whatever it brings. With PARLEY_TEST_CONTROL it is one to
// a control database in a Postgres.
func BenchmarkSmallCommit(b *testing.B) {
	l, err := Create(b.Context(), filepath.Join(b.TempDir(), "lake"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	w, err := l.Writer(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	n := 0
	for b.Loop() {
		n++
		if _, err := w.Commit(b.Context(), Commit{Run: "run", At: day1, Records: all(record(fmt.Sprint("c", n), day1.AddDate(0, 0, n), "x"))}); err != nil {
			b.Fatal(err)
		}
	}
}
