// Package duck answers questions over the lake with DuckDB, which runs inside the process.
//
// A question is answered in two steps. DuckDB finds the hits among the typed columns, which never touches the records'
// text: for each the number of its file and its row. Then the records are read by row, a stretch at a time and in the
// order of the files, through the page index. One statement for both would make DuckDB hold all the text at once
// (measurements.md section 5).
//
// The statements are those of package sqltext; here is what in them is DuckDB's own, and what runs them. What a query with
// filters selects is kept as a table in memory for as long as there is room: counting, aggregating and every page share one
// search, whichever request asks (decision 0041).
package duck

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/private"
)

// DB is DuckDB in the process. Safe for concurrent use.
type DB struct {
	db     *sql.DB
	spill  string       // the folder of what does not fit into memory, to be removed; empty if it is the caller's
	tables atomic.Int64 // hit sets made so far, which are named by it
	hits   *cache
	// To read the footer of a busy day takes as long as a few of its records.
	footers *datafile.Footers
	watch   watch
}

// Config bounds what DuckDB takes.
type Config struct {
	Threads   int // 0 leaves it to DuckDB: one a core
	MemoryMiB int // 0 means 1,024. Text that is read out of it comes on top
	HitsMiB   int // 0 means 256, less than 0 nothing. Part of the memory: what questions have found, kept for whoever asks the same
}

// hits is the bound on what is kept of questions, in bytes.
func (c Config) hits() int64 { return int64(max(0, cmp.Or(c.HitsMiB, 256))) << 20 }

// settings are made once for the whole database. Nothing is ever fetched from the network.
func (c Config) settings() []string {
	memory := cmp.Or(c.MemoryMiB, 1024)
	s := []string{
		"SET TimeZone = 'UTC'", "SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false",
		fmt.Sprintf("SET memory_limit = '%dMiB'", memory), "SET preserve_insertion_order = true",
		// To open the files of a month anew takes longer than to search them: footers are kept until a file changes, or
		// until they have no room in the memory limit.
		"SET parquet_metadata_cache = true",
	}
	if c.Threads > 0 {
		s = append(s, fmt.Sprintf("SET threads = %d", c.Threads))
	}
	return s
}

// Open starts a DuckDB without a file of its own.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	// DuckDB by itself would write to the folder that we were started in, for everybody to read.
	spill, err := private.Temp("duckdb")
	if err != nil {
		return nil, err
	}
	d, err := openIn(ctx, cfg, spill)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(spill))
	}
	d.spill = spill
	return d, nil
}

// openIn starts a DuckDB that spills to a folder of the caller's.
func openIn(ctx context.Context, cfg Config, spill string) (*DB, error) {
	connector, err := duckdb.NewConnector("", func(conn driver.ExecerContext) error {
		for _, s := range append(cfg.settings(), "SET temp_directory = "+sqltext.Quote(spill)) {
			if _, err := conn.ExecContext(context.WithoutCancel(ctx), s, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("start duckdb: %w", err)
	}
	d := &DB{db: sql.OpenDB(connector), footers: datafile.NewFooters()}
	d.hits = newCache(d, cfg.hits())
	return d, nil
}

// Fit is fault.Unavailable while DuckDB has too much to do that cannot be stopped.
func (d *DB) Fit() error { return d.watch.fit() }

// Close stops DuckDB.
func (d *DB) Close() error { return errors.Join(d.db.Close(), os.RemoveAll(d.spill)) }

// Views are those of a lake: the live one and the settled one are both its newest snapshot.
type Views struct {
	DB   *DB
	Lake *lake.Lake
}

// Live opens the newest snapshot.
func (v Views) Live(ctx context.Context) (engine.Engine, error) { return v.Settled(ctx) }

// Settled opens the newest snapshot. It is fault.Unavailable while DuckDB has too much to do that cannot be stopped.
func (v Views) Settled(ctx context.Context) (engine.Engine, error) {
	if err := v.DB.Fit(); err != nil {
		return nil, err
	}
	snapshot, err := v.Lake.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return New(v.DB, snapshot), nil
}

// Available is the end of the days that the lake has whole.
func (v Views) Available(ctx context.Context) (time.Time, error) { return v.Lake.Available(ctx) }

// asFault gives DuckDB's failures their kind; their text may quote data and stays in the chain.
func asFault(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	if failed := damagedFile(err); failed != nil {
		return failed
	}
	var duck *duckdb.Error
	if errors.As(err, &duck) && duck.Type == duckdb.ErrorTypeOutOfMemory {
		return fault.Because(fault.Unavailable, err, "the question needs more memory than there is; ask for less at once")
	}
	return fmt.Errorf("duckdb: %w", err)
}
