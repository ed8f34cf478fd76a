package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
)

// postgres measures how fast a lake is copied into a Postgres of its own, and every day of it written anew there, against
// psql's COPY of the same rows from files that Postgres wrote, into tables with the same indexes.
func (b *bench) postgres() (err error) {
	server, err := postgrestest.Start()
	if err != nil || server == nil {
		return errors.Join(err, noPostgres(server))
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	perDay := 5_000
	if b.quick {
		perDay = 1_000
	}
	lake := filepath.Join(b.dir, "postgres")
	if err := b.generated(lake, perDay); err != nil {
		return err
	}
	url, err := server.Make(b.ctx)
	if err != nil {
		return err
	}
	first, rows, err := b.copied(lake, url)
	if err != nil {
		return err
	}
	again, rewritten, err := b.copied(lake, url, "--again")
	if err != nil {
		return err
	}
	peer, err := b.psql(url)
	if err != nil {
		return err
	}
	theirs := "psql COPY " + rate(rows, peer)
	b.add("copy a lake into Postgres", rate(rows, first), theirs, times(peer.Seconds(), first.Seconds()))
	b.add("write every conversation there anew (goal 20,000 /s)", rate(rewritten, again), theirs, times(peer.Seconds(), again.Seconds()))
	return nil
}

func noPostgres(server *postgrestest.Server) error {
	if server != nil {
		return nil
	}
	return errors.New("no Postgres is installed; tools/setup postgres installs it")
}

func (b *bench) generated(dir string, perDay int) error {
	out, err := exec.CommandContext(b.ctx, b.parley, "generate", "--lake", dir, "--from", "2026-11-02", "--to", "2026-11-06", "--per-day", strconv.Itoa(perDay)).CombinedOutput()
	if err != nil {
		return fmt.Errorf("generate: %w: %s", err, out)
	}
	return nil
}

// copied exports a lake, and gives how long that took and how many rows it wrote.
func (b *bench) copied(lake, url string, flags ...string) (time.Duration, int64, error) {
	cmd := exec.CommandContext(b.ctx, b.parley, append([]string{"export", "--lake", lake, "--to", url, "--json"}, flags...)...)
	cmd.Stderr = os.Stderr
	begun := time.Now()
	text, err := cmd.Output()
	took := time.Since(begun)
	var out struct {
		Rows int64 `json:"rows"`
	}
	if err == nil {
		err = json.Unmarshal(text, &out)
	}
	return took, out.Rows, err
}

// psql writes the tables into files, and copies them from there into tables of their own. Only the latter is timed.
func (b *bench) psql(url string) (took time.Duration, err error) {
	if err := b.run(url, "CREATE SCHEMA peer"); err != nil {
		return 0, err
	}
	for _, t := range tables.All() {
		file := filepath.Join(b.dir, string(t)+".copy")
		if err := b.run(url, fmt.Sprintf("CREATE TABLE peer.%s (LIKE parley.%s INCLUDING ALL)", t, t), fmt.Sprintf(`\copy parley.%s TO '%s'`, t, file)); err != nil {
			return 0, err
		}
		begun := time.Now()
		if err := b.run(url, fmt.Sprintf(`\copy peer.%s FROM '%s'`, t, file)); err != nil {
			return 0, err
		}
		took += time.Since(begun)
	}
	return took, nil
}

func (b *bench) run(url string, statements ...string) error {
	for _, s := range statements {
		if out, err := exec.CommandContext(b.ctx, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", s, url).CombinedOutput(); err != nil {
			return fmt.Errorf("psql: %w: %s", err, out)
		}
	}
	return nil
}
