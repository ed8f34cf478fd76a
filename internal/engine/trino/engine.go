package trino

import (
	"context"
	"database/sql"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/engine/trino/written"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// Engine answers over one snapshot of a lake.
type Engine struct {
	cluster  *Cluster
	snapshot *lake.Snapshot
	dialect  dialect
	once     once
	tables   *written.Tables // that the cluster may write; nil: none
}

var (
	_ engine.Gapped    = (*Engine)(nil)
	_ engine.Explainer = (*Engine)(nil)
	_ engine.Tabular   = (*Engine)(nil)
	_ engine.Summing   = (*Engine)(nil)
)

// once is how much is asked for by one statement, where an order is asked for: the cluster has it in memory to sort it.
type once struct {
	bytes int64 // of data files with the records that are asked for
	rows  int   // conversations of which rows are asked for
}

// New makes an engine over a snapshot of a lake, which is the engine's from then on.
func New(c *Cluster, l *lake.Lake, snapshot *lake.Snapshot) *Engine {
	d := dialect{schema: identifier(c.catalog) + "." + identifier(l.Namespace()), of: snapshot.Of}
	return &Engine{cluster: c, snapshot: snapshot, dialect: d, once: once{bytes: 256 << 20, rows: 250_000}, tables: c.Tables(l)}
}

// Close closes the snapshot.
func (e *Engine) Close() error { return e.snapshot.Close() }

// Missing gives the days of an interval that never came into the lake.
func (e *Engine) Missing(iv conversation.Interval) []conversation.Days { return e.snapshot.Missing(iv) }

func (e *Engine) search(q query.Query) sqltext.Search {
	return sqltext.NewSearch(e.dialect, e.snapshot, q)
}

// Count counts the selected conversations.
func (e *Engine) Count(ctx context.Context, q query.Query) (n int64, err error) {
	s := e.search(q)
	if s.Empty() {
		return 0, ctx.Err()
	}
	statement := s.All()
	if sqltext.Filtered(q) {
		statement = s.Hits("count(*)")
	}
	err = answers.One(ctx, e.cluster, statement, &n)
	return n, err
}

// Records yields the selected records. Where all of them are asked for, the cluster writes them down, if it may. Else it sorts them a few
// days at a time, if they are asked for by their start.
func (e *Engine) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	s := e.search(q)
	if e.tables != nil && offset == 0 && (limit == 0 || limit > e.once.rows) {
		return first(limit, e.tables.Records(ctx, s))
	}
	if limit != 0 || offset != 0 || q.OrderBy != query.ByConversationStart {
		return e.ask(ctx, s.Records(limit, offset))
	}
	return func(yield func(conversation.Record, error) bool) {
		for _, part := range e.parts(s) {
			for r, err := range e.ask(ctx, s.Within(part, "").Records(0, 0)) {
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

// first yields the first records, so many; all of them, if limit is 0.
func first(limit int, records iter.Seq2[conversation.Record, error]) iter.Seq2[conversation.Record, error] {
	if limit == 0 {
		return records
	}
	return func(yield func(conversation.Record, error) bool) {
		n := 0
		for r, err := range records {
			if n++; !yield(r, err) || n == limit {
				return
			}
		}
	}
}

// parts are the days of a search, in the order that it asks for, as many at a time as one statement may ask for.
func (e *Engine) parts(s sqltext.Search) (parts []sqltext.Part) {
	var bytes int64
	for _, f := range s.Files(tables.Conversations) {
		if last := len(parts) - 1; last >= 0 && (bytes+f.Bytes <= e.once.bytes || f.Day.Start().Before(parts[last].To)) {
			parts[last].To = f.Day.End()
			bytes += f.Bytes
			continue
		}
		parts = append(parts, sqltext.Part{From: f.Day.Start(), To: f.Day.End(), Whole: true})
		bytes = f.Bytes
	}
	if s.Descending() {
		slices.Reverse(parts)
	}
	return parts
}

// ask yields the records that a statement gives.
func (e *Engine) ask(ctx context.Context, statement sqltext.Text) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		rows, err := e.cluster.Ask(ctx, statement)
		if err != nil {
			yield(conversation.Record{}, err)
			return
		}
		defer func() { _ = rows.Close() }() // what was not read is not missed
		for rows.Next() {
			r, err := record(rows)
			if !yield(r, e.cluster.Failed(ctx, err)) || err != nil {
				return
			}
		}
		if err := e.cluster.Failed(ctx, rows.Err()); err != nil {
			yield(conversation.Record{}, err)
		}
	}
}

// record reads a row of sqltext.Search.Records.
func record(rows *sql.Rows) (r conversation.Record, err error) {
	var id, text string
	var start time.Time
	var end sql.NullTime
	if err := rows.Scan(&id, &start, &end, &text); err != nil {
		return r, err
	}
	r = conversation.Record{ID: conversation.ID(id), Start: start.UTC(), JSON: []byte(text)}
	if end.Valid {
		r.End = end.Time.UTC()
	}
	return r, nil
}

// ByID yields the records with these ids.
func (e *Engine) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		files, err := e.snapshot.Holding(ctx, ids)
		if err != nil {
			yield(conversation.Record{}, err)
			return
		}
		if len(ids) > 0 && len(files) > 0 {
			e.ask(ctx, sqltext.RecordsOf(e.dialect, files, ids))(yield)
		}
	}
}

// Facets answers aggregations, one statement each.
func (e *Engine) Facets(ctx context.Context, q query.Query, aggregations []query.Aggregation) ([]query.Facet, error) {
	var found *sqltext.Found
	if sqltext.Filtered(q) {
		found = &sqltext.Found{}
	}
	return answers.Facets(ctx, e.cluster, aggregations, e.search(q), found)
}

// Sums implements engine.Summing.
func (e *Engine) Sums(ctx context.Context, s query.Sums, most int) ([]query.Sum, bool, error) {
	search := e.search(s.Query())
	if search.Empty() {
		return nil, false, ctx.Err()
	}
	return answers.Sums(ctx, e.cluster, search, s, most)
}

// Rows implements engine.Tabular.
func (e *Engine) Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	s := e.search(q)
	return answers.Rows(ctx, e.cluster, answers.Parts(ctx, e.cluster, s, e.once.rows), func(p sqltext.Part) answers.Asked {
		statement, attributed := s.Within(p, "").Rows(sel)
		return answers.Asked{Statement: statement, Selection: sel, Attributed: attributed}
	})
}

// AttributeKeys implements engine.Tabular.
func (e *Engine) AttributeKeys(ctx context.Context, q query.Query, most int) (keys []string, err error) {
	s := e.search(q)
	if s.Empty() {
		return nil, ctx.Err()
	}
	err = answers.Texts(ctx, e.cluster, s.Within(sqltext.AllParts, "").Keys(most), func(key string) { keys = append(keys, key) })
	return keys, err
}

// Explain implements engine.Explainer.
func (e *Engine) Explain(ctx context.Context, q query.Query, limit, offset int) (x engine.Explanation, err error) {
	s := e.search(q).Named()
	x.Statement = s.Hits("conversation_id").SQL
	for _, t := range s.Reads() {
		x.Tables = append(x.Tables, answers.Chosen(t, s.Files(t), len(e.snapshot.Files(t))))
	}
	begin := time.Now()
	if x.Hits, err = e.Count(ctx, q); err != nil {
		return engine.Explanation{}, err
	}
	x.Spent.Finding = time.Since(begin)
	begin = time.Now()
	for _, failed := range e.Records(ctx, q, limit, offset) {
		if failed != nil {
			return engine.Explanation{}, errors.Join(err, failed)
		}
		x.Records++
	}
	x.Spent.Reading = time.Since(begin)
	return x, nil
}
