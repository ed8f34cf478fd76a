package duck

import (
	lru "container/list"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
)

// maxHits bounds the conversations that a hit set keeps. A query that selects more is searched anew by each call.
const maxHits = 1_000_000

// What a hit set takes at most, as DuckDB counted it for sets of 10 to 100,000 hits: columns grow by the block, so that
// small sets take more a hit than large ones.
const (
	setBytes = 256 << 10
	hitBytes = 220
)

// hitSet is what a query with filters selects, found once and kept as a table in memory, so that counting, aggregating
// and every page are one search. The first fields are guarded by turn, and do not change once it was found.
type hitSet struct {
	turn        chan struct{} // whoever searches holds it
	found       bool
	table       string // empty: there are more than maxHits
	n           int64
	first, last time.Time // starts of the earliest and the latest; zero if there are none

	key   sqltext.Key
	users int          // guarded by cache.mu
	kept  *lru.Element // guarded by cache.mu; nil before it was found, and once others have taken its place
}

// as is the set as statements know it.
func (h *hitSet) as() *sqltext.Found {
	return &sqltext.Found{Table: h.table, First: h.first, Last: h.last}
}

// bytes is what the set takes, at most.
func (h *hitSet) bytes() int64 {
	if h.table == "" {
		return setBytes
	}
	return setBytes + h.n*hitBytes
}

// cache keeps hit sets for all engines over one DuckDB: those used last, up to a number of bytes. A set is known by its
// statement, and a statement names the data files that it searches. Files never change and their names are never given
// again, so a set holds in every snapshot that has these files, and in no other lake; what a commit replaces is asked
// for by another statement. Who uses a set has a snapshot that keeps the files. Sets whose place others take live until
// their last user has finished. Safe for concurrent use.
type cache struct {
	db    *DB
	limit int64

	mu    sync.Mutex
	sets  map[sqltext.Key]*hitSet // kept, or being searched for
	used  lru.List                // those kept, the one used last in front
	bytes int64                   // that those kept take
}

func newCache(db *DB, limit int64) *cache {
	return &cache{db: db, limit: limit, sets: map[sqltext.Key]*hitSet{}}
}

// lend finds the hits of a search, or has them already, and lends them to use. Before anything is searched, ready is called.
func (c *cache) lend(ctx context.Context, s sqltext.Search, ready func(context.Context) error, use func(*hitSet) error) (err error) {
	statement := s.Hits(sqltext.HitColumns)
	if err := ready(ctx); err != nil {
		return err
	}
	h := c.hold(statement.Key())
	defer func() { err = errors.Join(err, c.release(ctx, h)) }()
	if err := c.fill(ctx, h, statement); err != nil {
		return err
	}
	return use(h)
}

// hold gives the set of a statement, in which nothing may have been found yet.
func (c *cache) hold(key sqltext.Key) *hitSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.sets[key]
	if h == nil {
		h = &hitSet{turn: make(chan struct{}, 1), key: key}
		c.sets[key] = h
	}
	if h.kept != nil {
		c.used.MoveToFront(h.kept)
	}
	h.users++
	return h
}

// fill searches, unless it has been done: equal questions asked at once are searched once. When whoever searches fails
// or is cancelled, the next one searches in its place.
func (c *cache) fill(ctx context.Context, h *hitSet, statement sqltext.Text) error {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if h.found {
		return ctx.Err()
	}
	if err := c.db.find(ctx, statement, h); err != nil {
		return err
	}
	h.found = true
	return c.keep(ctx, h)
}

// keep puts a set that was found in front, and out of the cache what has no room any more.
func (c *cache) keep(ctx context.Context, h *hitSet) error {
	c.mu.Lock()
	h.kept = c.used.PushFront(h)
	c.bytes += h.bytes()
	c.mu.Unlock()
	return c.shrink(ctx, c.limit)
}

// shrink puts out of the cache what was not used for the longest time, until the rest takes no more than some bytes.
func (c *cache) shrink(ctx context.Context, limit int64) (err error) {
	c.mu.Lock()
	var unused []*hitSet
	for c.bytes > limit {
		old := c.used.Remove(c.used.Back()).(*hitSet)
		old.kept = nil
		c.bytes -= old.bytes()
		delete(c.sets, old.key)
		if old.users == 0 {
			unused = append(unused, old)
		}
	}
	c.mu.Unlock()
	for _, old := range unused {
		err = errors.Join(err, c.db.drop(ctx, old.table))
	}
	return err
}

// release gives a set back. Of one that is not kept the last user drops the table.
func (c *cache) release(ctx context.Context, h *hitSet) error {
	c.mu.Lock()
	h.users--
	over := h.users == 0 && h.kept == nil
	if over && c.sets[h.key] == h { // nothing was found
		delete(c.sets, h.key)
	}
	c.mu.Unlock()
	if !over {
		return nil
	}
	return c.db.drop(ctx, h.table)
}

// find searches, and keeps what it finds in a table.
func (d *DB) find(ctx context.Context, statement sqltext.Text, h *hitSet) error {
	table := fmt.Sprintf("hits_%d", d.tables.Add(1))
	create := sqltext.Concat("CREATE TABLE "+table+" AS ", statement, " LIMIT ?", sqltext.Of("", maxHits+1))
	if err := d.exec(ctx, create, func() { _ = d.drop(ctx, table) }); err != nil {
		return err
	}
	var n int64
	var first, last sql.NullTime
	if err := answers.One(ctx, d, sqltext.Of("SELECT count(*), min(conversation_start), max(conversation_start) FROM "+table), &n, &first, &last); err != nil {
		return errors.Join(err, d.drop(ctx, table))
	}
	if n > maxHits {
		return d.drop(ctx, table)
	}
	h.table, h.n, h.first, h.last = table, n, first.Time.UTC(), last.Time.UTC()
	return nil
}

// drop drops the table of a set, if it has one. Whoever comes last must not leave it because the request has ended.
func (d *DB) drop(ctx context.Context, table string) error {
	if table == "" {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	_, err := d.db.ExecContext(ctx, "DROP TABLE "+table)
	return asFault(ctx, err)
}
