package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/wire"
)

// committing measures how fast a file of records becomes tables: by parley import and by DuckDB's own COPY, each in a
// process of its own, in turn; and by a commit alone.
func (b *bench) committing() error {
	f, err := b.week()
	if err != nil {
		return err
	}
	var ours, theirs []copied
	for range b.rounds() {
		one, err := b.importFile(f)
		if err != nil {
			return fmt.Errorf("import: %w", err)
		}
		other, err := b.copy(f)
		if err != nil {
			return fmt.Errorf("copy: %w", err)
		}
		ours, theirs = append(ours, one), append(theirs, other)
	}
	alone, err := b.commit(f)
	if err != nil {
		return err
	}
	b.tabulateCommits(f, middle(ours), middle(theirs), alone)
	return nil
}

func (b *bench) tabulateCommits(f file, ours, theirs copied, alone time.Duration) {
	b.add(fmt.Sprintf("import %s records of a file", thousands(f.records)), f.speed(ours.wall),
		"DuckDB COPY "+f.speed(theirs.wall)+"; goal 1.5x", times(theirs.wall.Seconds(), ours.wall.Seconds()))
	b.add("  its processor time", f.each(ours.cpu), "DuckDB COPY "+f.each(theirs.cpu)+"; goal 150 us", times(theirs.cpu.Seconds(), ours.cpu.Seconds()))
	b.add("  its peak memory", mebibytes(ours.peak), fmt.Sprintf("DuckDB COPY %s; goal %d MiB", mebibytes(theirs.peak), memoryGoal), times(theirs.peak, ours.peak))
	b.add(fmt.Sprintf("  size of the files, for %d MB of JSON", f.size/1e6), fmt.Sprintf("%d MB", ours.size/1e6),
		fmt.Sprintf("DuckDB COPY %d MB", theirs.size/1e6), times(float64(theirs.size), float64(ours.size)))
	b.add("  one commit of them, nothing staged", f.speed(alone), "DuckDB COPY "+seconds(theirs.wall), times(theirs.wall.Seconds(), alone.Seconds()))
}

// importFile imports the file into a lake that is not there yet.
func (b *bench) importFile(f file) (c copied, err error) {
	err = b.fresh(func(dir string) (err error) {
		var text []byte
		if text, c.ran, err = finish(exec.CommandContext(b.ctx, b.parley, "import", "--lake", dir, "--json", f.path)); err != nil {
			return err
		}
		if _, err := added(text, f.records); err != nil {
			return err
		}
		c.size, err = dataBytes(dir)
		return err
	})
	return c, err
}

// commit reads the file into a lake, in one commit.
func (b *bench) commit(f file) (took time.Duration, err error) {
	l, err := lake.Create(b.ctx, filepath.Join(b.dir, "committed"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	w, err := l.Writer(b.ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	begun := time.Now()
	out, err := w.Commit(b.ctx, lake.Commit{Run: "bench", At: begun, Records: versions(b.ctx, f.path, begun)})
	took = time.Since(begun)
	return took, same(out.Added, f.records, err)
}

// versions reads the records of a file.
func versions(ctx context.Context, path string, at time.Time) iter.Seq2[conversation.Version, error] {
	stopped := errors.New("stopped")
	return func(yield func(conversation.Version, error) bool) {
		err := recordfile.Values(ctx, recordfile.File{Path: path}, wire.Limits{}, func(raw []byte) error {
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
func (b *bench) copy(f file) (c copied, err error) {
	err = b.fresh(func(dir string) (err error) {
		if c.ran, err = b.inDuckDB(strings.NewReplacer("$FILE", f.path, "$DIR", dir).Replace(copySQL)); err != nil {
			return err
		}
		n, err := b.countCopied(dir)
		if err := same(n, f.records, err); err != nil {
			return err
		}
		c.size, err = dataBytes(dir)
		return err
	})
	return c, err
}

func (b *bench) countCopied(dir string) (n int64, err error) {
	db, err := b.openDuckDB()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRowContext(b.ctx, fmt.Sprintf("SELECT count(*) FROM read_parquet('%s/conversations/*/*.parquet')", dir)).Scan(&n)
	return n, err
}
