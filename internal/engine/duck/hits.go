package duck

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/query"
)

// maxHits bounds the conversations that a hit set keeps: about 100 bytes each. A query that selects more is searched
// anew by each call.
const maxHits = 1_000_000

// hitColumns are what a hit set keeps of a conversation: its id, where its record lies, and what it is ordered by.
const hitColumns = "conversation_id, conversation_start, conversation_end, first_segment_start, last_segment_end, file_index, file_row_number"

// hitSet is what a query with filters selects, found once and kept as a table in memory, so that counting, paging and
// aggregating do not search three times.
type hitSet struct {
	key         string
	table       string // empty: there are more than maxHits
	n           int64
	first, last time.Time // starts of the earliest and the latest; zero if there are none
	users       int       // guarded by cache.mu; the cache itself is one
	drop        func() error
}

// source is the relation with the hit columns.
func (h *hitSet) source(s search) fragment {
	if h.table == "" {
		return concat("(", s.hits(hitColumns), ")")
	}
	return sqlText(h.table)
}

// cache keeps the last hit set of an engine. Sets that are still in use when another takes their place, or when the
// engine is closed, live until their last user has finished. Safe for concurrent use.
type cache struct {
	turn chan struct{} // whoever searches holds it: equal questions asked at once are searched once
	mu   sync.Mutex
	last *hitSet
}

func newCache() *cache { return &cache{turn: make(chan struct{}, 1)} }

// lend finds the hits of a search, or has them already, and lends them to use.
func (c *cache) lend(ctx context.Context, d *DB, s search, use func(*hitSet) error) error {
	h, err := c.take(ctx, d, s)
	if err != nil {
		return err
	}
	return errors.Join(use(h), c.release(h))
}

func (c *cache) take(ctx context.Context, d *DB, s search) (*hitSet, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	statement := s.hits(hitColumns)
	key := statement.key()
	if h := c.cached(key); h != nil {
		return h, ctx.Err()
	}
	h, err := d.find(ctx, statement)
	if err != nil {
		return nil, err
	}
	h.key, h.users = key, 2 // the caller and the cache
	c.mu.Lock()
	old := c.last
	c.last = h
	c.mu.Unlock()
	if err := c.release(old); err != nil {
		return nil, errors.Join(err, c.release(h))
	}
	return h, nil
}

func (c *cache) cached(key string) *hitSet {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil || c.last.key != key {
		return nil
	}
	c.last.users++
	return c.last
}

// release gives a set back; its last user drops the table.
func (c *cache) release(h *hitSet) error {
	if h == nil {
		return nil
	}
	c.mu.Lock()
	h.users--
	unused := h.users == 0
	c.mu.Unlock()
	if !unused || h.table == "" {
		return nil
	}
	return h.drop()
}

// close forgets the last set.
func (c *cache) close() error {
	c.mu.Lock()
	h := c.last
	c.last = nil
	c.mu.Unlock()
	return c.release(h)
}

// find searches, and keeps what it finds in a table.
func (d *DB) find(ctx context.Context, statement fragment) (_ *hitSet, err error) {
	h := &hitSet{table: fmt.Sprintf("hits_%d", d.tables.Add(1))}
	h.drop = func() error { // whoever comes last must not leave the table because the request has ended
		_, err := d.db.ExecContext(context.WithoutCancel(ctx), "DROP TABLE "+h.table)
		return asFault(context.WithoutCancel(ctx), err)
	}
	create := concat("CREATE TABLE "+h.table+" AS ", statement, " LIMIT ?", sqlText("", maxHits+1))
	if err := d.exec(ctx, create, func() { _ = h.drop() }); err != nil {
		return nil, err
	}
	var first, last sql.NullTime
	if err := d.row(ctx, sqlText("SELECT count(*), min(conversation_start), max(conversation_start) FROM "+h.table), &h.n, &first, &last); err != nil {
		return nil, errors.Join(err, h.drop())
	}
	h.first, h.last = first.Time.UTC(), last.Time.UTC()
	if h.n > maxHits {
		err = h.drop()
		h.table = ""
	}
	return h, err
}

// filtered says whether a query needs a search: one without filters is answered from conversations alone.
func filtered(q query.Query) bool { return len(q.Filters) > 0 }
