package duck

import (
	"context"
	"errors"
	"iter"
	"strings"

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
}

var _ engine.Engine = (*Engine)(nil)

// New makes an engine over a snapshot.
func New(db *DB, snapshot *lake.Snapshot) *Engine { return &Engine{db, snapshot} }

// Close has nothing to give back: a snapshot holds no files open.
func (e *Engine) Close() error { return nil }

// Count counts the selected conversations.
func (e *Engine) Count(ctx context.Context, q query.Query) (n int64, err error) {
	files := e.files(q)
	if len(files) == 0 {
		return 0, nil
	}
	where, args := condition(q)
	err = e.db.db.QueryRowContext(ctx, "SELECT count(*) FROM "+readParquet(files, "")+" WHERE "+where, args...).Scan(&n)
	return n, asFault(ctx, err)
}

// Records yields the selected records.
func (e *Engine) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	files := e.files(q)
	where, args := condition(q)
	statement := " WHERE " + where + " ORDER BY " + order(q)
	if limit > 0 {
		statement += " LIMIT ?"
		args = append(args, limit)
	}
	if offset > 0 {
		statement += " OFFSET ?"
		args = append(args, offset)
	}
	return e.fetch(ctx, files, statement, args)
}

// ByID yields the records with these ids.
func (e *Engine) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	if len(ids) == 0 {
		return func(func(conversation.Record, error) bool) {}
	}
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	statement := " WHERE conversation_id IN (?" + strings.Repeat(", ?", len(ids)-1) + ") ORDER BY conversation_start, conversation_id"
	return e.fetch(ctx, e.snapshot.Files(lake.Conversations), statement, args)
}

// files are those in which a selected conversation can lie.
func (e *Engine) files(q query.Query) []lake.File {
	return e.snapshot.Touched(q.Starts(), q.Interval.Start)
}

// condition is query.Matches in SQL.
func condition(q query.Query) (string, []any) {
	starts := q.Starts()
	where := "conversation_start < ? AND (conversation_end IS NULL OR conversation_end > ? OR conversation_start >= ?)"
	args := []any{starts.End, q.Interval.Start, q.Interval.Start}
	if !starts.Start.IsZero() {
		where += " AND conversation_start >= ?"
		args = append(args, starts.Start)
	}
	return where, args
}

// order is what query says of Order and OrderBy: what has no end yet ends last.
func order(q query.Query) string {
	by := map[query.OrderBy]string{
		query.ByConversationStart: "conversation_start",
		query.ByConversationEnd:   "coalesce(conversation_end, 'infinity'::TIMESTAMPTZ)",
		query.BySegmentStart:      "coalesce(first_segment_start, 'infinity'::TIMESTAMPTZ)",
		query.BySegmentEnd:        "coalesce(last_segment_end, 'infinity'::TIMESTAMPTZ)",
	}[q.OrderBy]
	if q.Order == query.Descending {
		return by + " DESC, conversation_id"
	}
	return by + ", conversation_id"
}

// hit is where a record lies.
type hit struct {
	file int
	row  int64
}

// batchHits is how many records are read at a time: in the order of the files, to be given in the order asked for.
const batchHits = 256

// fetch finds the hits of a statement and reads their records, batch by batch.
func (e *Engine) fetch(ctx context.Context, files []lake.File, statement string, args []any) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		if len(files) == 0 {
			return
		}
		if err := e.each(ctx, files, statement, args, func(r conversation.Record) bool { return yield(r, nil) }); err != nil {
			yield(conversation.Record{}, err)
		}
	}
}

func (e *Engine) each(ctx context.Context, files []lake.File, statement string, args []any, yield func(conversation.Record) bool) (err error) {
	rows, err := e.db.db.QueryContext(ctx, "SELECT file_index, file_row_number FROM "+readParquet(files, ", file_row_number = true")+statement, args...)
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
		texts, err := r.read(ctx, hits)
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
