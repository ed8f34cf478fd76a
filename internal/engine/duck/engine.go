package duck

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// Engine answers over one snapshot of a lake.
type Engine struct {
	db       *DB
	snapshot *lake.Snapshot
	cache    *cache
}

var _ engine.Engine = (*Engine)(nil)

// New makes an engine over a snapshot.
func New(db *DB, snapshot *lake.Snapshot) *Engine { return &Engine{db, snapshot, newCache()} }

// Close gives back the memory of what was found last; a snapshot holds no files open.
func (e *Engine) Close() error { return e.cache.close() }

// Count counts the selected conversations.
func (e *Engine) Count(ctx context.Context, q query.Query) (n int64, err error) {
	s := newSearch(e.snapshot, q)
	if s.empty() {
		return 0, nil
	}
	if !filtered(q) {
		return e.count(ctx, concat("SELECT count(*) ", s.rows(lake.Conversations)))
	}
	err = e.cache.lend(ctx, e.db, s, func(h *hitSet) error {
		if n = h.n; h.table == "" {
			n, err = e.count(ctx, s.hits("count(*)"))
		}
		return err
	})
	return n, err
}

func (e *Engine) count(ctx context.Context, statement fragment) (n int64, err error) {
	err = e.db.db.QueryRowContext(ctx, statement.text, statement.args...).Scan(&n)
	return n, asFault(ctx, err)
}

// Records yields the selected records.
func (e *Engine) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		if err := e.records(ctx, q, limit, offset, new(Spent), func(r conversation.Record) bool { return yield(r, nil) }); err != nil {
			yield(conversation.Record{}, err)
		}
	}
}

func (e *Engine) records(ctx context.Context, q query.Query, limit, offset int, spent *Spent, yield func(conversation.Record) bool) error {
	s := newSearch(e.snapshot, q)
	if s.empty() {
		return nil
	}
	files := s.files[lake.Conversations]
	if !filtered(q) {
		return e.each(ctx, files, concat(places, s.rows(lake.Conversations), part(q, limit, offset)), spent, yield)
	}
	begin := time.Now()
	return e.cache.lend(ctx, e.db, s, func(h *hitSet) error {
		spent.Finding += time.Since(begin)
		return e.each(ctx, files, concat(places, "FROM ", h.source(s), part(q, limit, offset)), spent, yield)
	})
}

// places is where a record lies.
const places = "SELECT file_index, file_row_number "

// part is the order, and which part of the answer is asked for.
func part(q query.Query, limit, offset int) fragment {
	p := sqlText(" ORDER BY " + order(q))
	if limit > 0 {
		p = concat(p, sqlText(" LIMIT ?", limit))
	}
	if offset > 0 {
		p = concat(p, sqlText(" OFFSET ?", offset))
	}
	return p
}

// ByID yields the records with these ids.
func (e *Engine) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		files := e.snapshot.Files(lake.Conversations)
		if len(ids) == 0 || len(files) == 0 {
			return
		}
		args := make([]any, len(ids))
		for i, id := range ids {
			args[i] = string(id)
		}
		statement := concat(places, "FROM ", readParquet(files, ", file_row_number = true"), " WHERE conversation_id IN (", values(args),
			") ORDER BY conversation_start, conversation_id")
		if err := e.each(ctx, files, statement, new(Spent), func(r conversation.Record) bool { return yield(r, nil) }); err != nil {
			yield(conversation.Record{}, err)
		}
	}
}

// hit is where a record lies.
type hit struct {
	file int
	row  int64
}

// batchHits is how many records are read at a time: in the order of the files, to be given in the order asked for.
const batchHits = 256

// each finds the places that a statement gives in these files and reads their records, batch by batch.
func (e *Engine) each(ctx context.Context, files []lake.File, statement fragment, spent *Spent, yield func(conversation.Record) bool) (err error) {
	begin := time.Now()
	rows, err := e.db.db.QueryContext(ctx, statement.text, statement.args...)
	spent.Finding += time.Since(begin)
	if err != nil {
		return asFault(ctx, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	r := newReader(files)
	defer func() { err = errors.Join(err, r.close()) }()
	for {
		hits, err := nextHits(rows)
		if err != nil || len(hits) == 0 {
			return asFault(ctx, err)
		}
		begin := time.Now()
		texts, err := r.read(ctx, hits)
		spent.Reading += time.Since(begin)
		if err != nil {
			return err
		}
		for _, text := range texts {
			record, err := wire.Record(text)
			if err != nil || !yield(record) {
				return err
			}
		}
	}
}
