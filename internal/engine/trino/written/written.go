// Package written has a cluster write what is too much to sort in memory: into a table of its own, on all nodes side by side, as files
// each of which is in order. They are merged while they are read, and the table is dropped.
//
// The tables lie in the annex of the lake, each in a folder of its name, and in a catalog to which the cluster may write: never that of the
// lakes. Whoever uses a table holds the lock of its name. A name whose lock nobody holds is left over, of a process that was killed or
// a cluster that went away; Sweep removes what it finds of such names.
package written

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"io/fs"
	"iter"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/wait"
)

// Cluster runs statements.
type Cluster interface {
	answers.Source

	// Do runs a statement that gives no rows.
	Do(ctx context.Context, statement sqltext.Text) error
}

// Tables are those that a cluster writes for the questions over one lake. Safe for concurrent use.
type Tables struct {
	cluster Cluster
	annex   lake.Annex
	schema  string // with its catalog, quoted
}

// In makes Tables in a schema of a catalog, which is made when it is needed. Their files are in the annex.
func In(cluster Cluster, annex lake.Annex, catalog, schema string) *Tables {
	return &Tables{cluster, annex, quoted(catalog) + "." + quoted(schema)}
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Records yields the records that a search finds, in its order.
func (t *Tables) Records(ctx context.Context, s sqltext.Search) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		if err := t.Sweep(ctx); err != nil {
			yield(conversation.Record{}, err)
			return
		}
		made, err := t.begin(ctx)
		if err != nil {
			yield(conversation.Record{}, err)
			return
		}
		crashpoint.Reach("written.begun")
		// What cannot be removed now stays under its name for Sweep; the answer is right all the same.
		defer func() { _ = made.end(ctx) }()
		files, err := made.write(ctx, s)
		if err != nil {
			yield(conversation.Record{}, err)
			return
		}
		crashpoint.Reach("written.made")
		merge(ctx, files, s.Sorting())(yield)
		crashpoint.Reach("written.merged")
	}
}

// ending is how long is tried at most to remove a table. The next Sweep tries anew.
const ending = 30 * time.Second

// table is one of them, which this process uses.
type table struct {
	of   *Tables
	name string
	use  store.Lock
}

// Locations in an annex, by the name of a table.
func usesIn(annex lake.Annex) store.Location                { return annex.At.Join("uses") }
func filesIn(annex lake.Annex, table string) store.Location { return annex.At.Join("tables", table) }

func (t table) files() store.Location { return filesIn(t.of.annex, t.name) }

// begin takes a new name.
func (t *Tables) begin(ctx context.Context) (table, error) {
	name := "question_" + strings.ToLower(rand.Text())
	use, err := t.annex.Locks.Lock(ctx, usesIn(t.annex).Join(name), store.LockOptions{Anyone: true})
	return table{t, name, use}, err
}

// retries has the cluster do again what a lost node has done, and not the whole. Such statements are slower: what goes between
// nodes is written down.
var retries = sql.Named("X-Trino-Session", "retry_policy=TASK") //nolint:gochecknoglobals // a constant

// write has the cluster write what a search finds, and gives the files.
func (t table) write(ctx context.Context, s sqltext.Search) ([]datafile.File, error) {
	if s.Empty() {
		return nil, ctx.Err()
	}
	if err := t.of.cluster.Do(ctx, sqltext.Of("CREATE SCHEMA IF NOT EXISTS "+t.of.schema)); err != nil {
		return nil, err
	}
	var rows int64
	if err := answers.One(ctx, t.of.cluster, t.statement(s), &rows); err != nil {
		return nil, err
	}
	files, left, err := t.list(ctx, rows)
	if err == nil && left != 0 {
		err = fault.New(fault.Corrupt, "the Trino cluster wrote %d rows more than its files have", left)
	}
	return files, err
}

// statement makes the table.
func (t table) statement(s sqltext.Search) sqltext.Text {
	sorted := make([]string, 0, 2)
	for _, term := range s.Sorting().Terms() {
		sorted = append(sorted, sqltext.Quote(term))
	}
	made := sqltext.Concat("CREATE TABLE "+t.full("")+" WITH (format = 'PARQUET', location = "+sqltext.Quote(t.url())+
		", sorted_by = ARRAY["+strings.Join(sorted, ", ")+"]) AS ", s.Unsorted())
	made.Args = append(made.Args, retries)
	return made
}

// full is the table, or what the cluster knows of it, with its schema.
func (t table) full(of string) string { return t.of.schema + "." + quoted(t.name+of) }

func (t table) url() string { return t.of.annex.URL(t.files()) }

// list gives the files of a table that has so many rows, and how many of those are in none. There may be others in its folder, of nodes
// that were lost.
func (t table) list(ctx context.Context, rows int64) (files []datafile.File, left int64, err error) {
	listed, err := t.of.cluster.Ask(ctx, sqltext.Of("SELECT file_path, record_count, file_size_in_bytes FROM "+t.full("$files")))
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, listed.Close()) }()
	seen := map[string]bool{}
	for listed.Next() {
		f := datafile.File{Store: t.of.annex.Store}
		if err := listed.Scan(&f.Path, &f.Rows, &f.Bytes); err != nil {
			return nil, 0, t.of.cluster.Failed(ctx, err)
		}
		if f.At, err = t.within(f.Path); err != nil {
			return nil, 0, err
		}
		if f.Rows == 0 {
			continue
		}
		// A list that does not end is noticed here, too.
		if rows -= f.Rows; rows < 0 || f.Rows < 0 || seen[f.Path] {
			return nil, 0, fault.New(fault.Corrupt, "the Trino cluster says of %s that it has %d rows, which are not in the table, or names it twice", f.Path, f.Rows)
		}
		seen[f.Path] = true
		files = append(files, f)
	}
	return files, rows, t.of.cluster.Failed(ctx, listed.Err())
}

// within is where a file of the table is. One that is not in the table's folder is none: it would be of the lake, or of another question.
func (t table) within(url string) (store.Location, error) {
	name, is := strings.CutPrefix(url, t.url()+"/")
	if !is || !fs.ValidPath(name) {
		return "", fault.New(fault.Corrupt, "the Trino cluster wrote %s, and not below %s", url, t.url())
	}
	return t.files().Join(name), nil
}

// end removes the table, and forgets its name when nothing can be left of it.
func (t table) end(ctx context.Context) error {
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), ending)
	defer done()
	if err := t.remove(ctx); err != nil {
		return errors.Join(err, t.use.Close())
	}
	return t.use.Forget()
}

// remove removes a table and its files. Nodes that still write to it are waited for: a statement that was given up ends on each by itself.
func (t table) remove(ctx context.Context) error {
	if err := t.quiet(ctx); err != nil {
		return err
	}
	if err := t.of.cluster.Do(ctx, sqltext.Of("DROP TABLE IF EXISTS "+t.full(""))); err != nil {
		return err
	}
	crashpoint.Reach("written.dropped")
	err := t.of.annex.Store.Clear(ctx, t.files())
	crashpoint.Reach("written.cleared")
	return err
}

// lookEvery is how often the cluster is asked whether its nodes have ended.
const lookEvery = 100 * time.Millisecond

// quiet has the cluster give up statements about the table that still run, and waits until no node works on one: of a process that was
// killed the cluster would wait for minutes before it does so by itself, and one that has not begun yet would make the table anew.
func (t table) quiet(ctx context.Context) error {
	const about = " WHERE strpos(query, ?) > 0 AND strpos(query, 'system.runtime') = 0 AND "
	running := sqltext.Of("SELECT query_id FROM system.runtime.queries"+about+"state NOT IN ('FINISHED', 'FAILED')", t.name)
	tasks := sqltext.Of("SELECT count(*) FROM system.runtime.tasks JOIN system.runtime.queries USING (query_id)"+about+
		"tasks.state NOT IN ('FINISHED', 'CANCELED', 'ABORTED', 'FAILED')", t.name)
	for {
		var queries []string
		if err := answers.Texts(ctx, t.of.cluster, running, func(id string) { queries = append(queries, id) }); err != nil {
			return err
		}
		for _, id := range queries {
			_ = t.of.cluster.Do(ctx, sqltext.Of("CALL system.runtime.kill_query("+sqltext.Quote(id)+", 'nobody wants it any more')")) // it may have ended meanwhile
		}
		var working int
		if err := answers.One(ctx, t.of.cluster, tasks, &working); err != nil || working+len(queries) == 0 {
			return err
		}
		if err := wait.For(ctx, lookEvery); err != nil {
			return err
		}
	}
}

// Sweep removes what is left over of tables that nobody uses, and forgets their names.
func (t *Tables) Sweep(ctx context.Context) error {
	return unused(ctx, t.annex, func(at store.Location, use store.Lock) error {
		return table{t, at.Name(), use}.end(ctx)
	})
}

// unused calls do for every name that nobody uses, with its lock, which do gives back.
func unused(ctx context.Context, annex lake.Annex, do func(at store.Location, use store.Lock) error) (err error) {
	var names []store.Location
	for at, listing := range annex.Locks.Locked(ctx, usesIn(annex)) {
		if listing != nil {
			return listing
		}
		names = append(names, at)
	}
	for _, at := range names {
		use, locking := annex.Locks.Lock(ctx, at, store.LockOptions{Anyone: true, Existing: true})
		switch {
		case errors.As(locking, new(*store.Held)), errors.Is(locking, fault.NotFound): // somebody uses it, or sweeps too
		case locking != nil:
			err = errors.Join(err, locking)
		default:
			err = errors.Join(err, do(at, use))
		}
	}
	return err
}

// Erase removes the files of tables that nobody uses, without the cluster, because records are in them, and counts those tables. Their
// names stay for Sweep: it has the cluster drop the tables, and waits for nodes that still write to them.
func Erase(ctx context.Context, annex lake.Annex) (left int, err error) {
	err = unused(ctx, annex, func(at store.Location, use store.Lock) error {
		left++
		return errors.Join(annex.Store.Clear(ctx, filesIn(annex, at.Name())), use.Close())
	})
	return left, err
}
