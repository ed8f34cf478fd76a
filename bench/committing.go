package main

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // the peer

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/ingest"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/wire"
)

// committing measures how fast a file of records becomes tables: by a commit to a lake, and by DuckDB's own COPY.
func (b *bench) committing() error {
	days, perDay := 7, 5_000
	if b.quick {
		perDay = 1_000
	}
	records := int64(days * perDay)
	path, size, err := b.export(days, perDay)
	if err != nil {
		return err
	}
	ours, oursBytes, err := b.commit(path, records)
	if err != nil {
		return err
	}
	theirs, theirsBytes, err := b.copy(path, records)
	if err != nil {
		return err
	}
	b.add(thousands(records)+" records of a file into tables",
		rate(records, ours)+", "+megabytes(size, ours), "DuckDB COPY "+rate(records, theirs)+", "+megabytes(size, theirs),
		times(theirs.Seconds(), ours.Seconds()))
	b.add(fmt.Sprintf("  size of the files, for %d MB of JSON", size/1e6), fmt.Sprintf("%d MB", oursBytes/1e6),
		fmt.Sprintf("DuckDB COPY %d MB", theirsBytes/1e6), times(float64(theirsBytes), float64(oursBytes)))
	return nil
}

// commit reads the file into a lake, in one commit.
func (b *bench) commit(path string, want int64) (took time.Duration, size int64, err error) {
	dir := filepath.Join(b.dir, "committed")
	l, err := lake.Create(b.ctx, dir)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	w, err := l.Writer(b.ctx)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	begun := time.Now()
	out, err := w.Commit(b.ctx, lake.Commit{Run: "bench", At: begun, Records: versions(b.ctx, path, begun)})
	took = time.Since(begun)
	if err := same(out.Added, want, err); err != nil {
		return 0, 0, err
	}
	size, err = dataBytes(dir)
	return took, size, err
}

// versions reads the records of a file.
func versions(ctx context.Context, path string, at time.Time) iter.Seq2[conversation.Version, error] {
	stopped := errors.New("stopped")
	return func(yield func(conversation.Version, error) bool) {
		err := ingest.Values(ctx, ingest.File{Path: path}, wire.Limits{}, func(raw []byte) error {
			r, err := wire.Record(raw)
			if err == nil && !yield(conversation.Version{Record: r, Run: "bench", At: at}, nil) {
				err = stopped
			}
			return err
		})
		if err != nil && !errors.Is(err, stopped) {
			yield(conversation.Version{}, err)
		}
	}
}

// dataBytes adds up the Parquet files below a folder.
func dataBytes(dir string) (n int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".parquet" {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

//go:embed copy.sql
var copySQL string

// copy has DuckDB read the file and write the tables.
func (b *bench) copy(path string, want int64) (took time.Duration, size int64, err error) {
	dir := filepath.Join(b.dir, "copied")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, 0, err
	}
	db, err := b.openDuckDB()
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	begun := time.Now()
	for statement := range strings.SplitSeq(strings.NewReplacer("$FILE", path, "$DIR", dir).Replace(copySQL), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := db.ExecContext(b.ctx, statement); err != nil {
			return 0, 0, err
		}
	}
	took = time.Since(begun)
	var n int64
	err = db.QueryRowContext(b.ctx, fmt.Sprintf("SELECT count(*) FROM read_parquet('%s/conversations/*/*.parquet')", dir)).Scan(&n)
	if err := same(n, want, err); err != nil {
		return 0, 0, err
	}
	size, err = dataBytes(dir)
	return took, size, err
}

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
