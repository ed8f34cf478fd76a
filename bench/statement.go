package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the peer
)

// openDuckDB starts a DuckDB of our own, with as many threads as Go has.
func (b *bench) openDuckDB() (*sql.DB, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	for _, s := range []string{
		"SET TimeZone = 'UTC'", fmt.Sprintf("SET GLOBAL threads = %d", runtime.GOMAXPROCS(0)),
		"SET GLOBAL autoinstall_known_extensions = false", fmt.Sprintf("SET GLOBAL temp_directory = '%s'", filepath.Join(b.dir, "spilled")),
	} {
		if _, err := db.ExecContext(context.WithoutCancel(b.ctx), s); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// inDuckDB does SQL statements in a process of their own, for their memory to be measured alone.
func (b *bench) inDuckDB(statements string) (r ran, err error) {
	program, err := os.Executable()
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(b.ctx, program, statementCommand, b.dir)
	cmd.Stdin, cmd.Stderr = strings.NewReader(statements), os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return r, err
	}
	var did stated
	err = json.Unmarshal(text, &did)
	return ran{spent{did.Wall, did.CPU}, did.Peak}, err
}

// statementCommand is the first argument of a process that does statements; the second is a folder for its spills.
const statementCommand = "statement"

// stated is what statements took.
type stated struct {
	Wall time.Duration `json:"wall"`
	CPU  time.Duration `json:"cpu"`
	Peak float64       `json:"peak"` // MiB
}

// statement does the SQL statements that it reads in a DuckDB of this process.
func statement(ctx context.Context, dir string, in io.Reader, out io.Writer) (err error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	db, err := (&bench{ctx: ctx, dir: dir}).openDuckDB()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	took, err := self().spends(func() error {
		_, err := db.ExecContext(ctx, string(bytes.TrimSpace(text)))
		return err
	})
	if err != nil {
		return err
	}
	peak, err := self().memory("VmHWM")
	return errors.Join(err, json.NewEncoder(out).Encode(stated{took.wall, took.cpu, peak}))
}
