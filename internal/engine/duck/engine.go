package duck

import (
	"context"
	"errors"
	"iter"
	"maps"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/answers"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// Engine answers over one snapshot of a lake.
type Engine struct {
	db       *DB
	snapshot *lake.Snapshot
	days     *days // those whose files were looked at; nil if none are
	atOnce   atOnce
	changes  *changes // rows and records are of these alone; nil: of all
	near     *nearby
}

var (
	_ engine.Engine    = (*Engine)(nil)
	_ engine.Gapped    = (*Engine)(nil)
	_ engine.Explainer = (*Engine)(nil)
)

// New makes an engine over a snapshot, which is the engine's from then on.
func New(db *DB, snapshot *lake.Snapshot) *Engine {
	return &Engine{db: db, snapshot: snapshot, atOnce: atOnceByDefault(), near: &nearby{}}
}

// NewCareful makes an engine that looks whether the files of the days that a question touches are there and sound,
// before it is answered, and names one that is not: for the owner of the lake. A file of another day stops no question.
func NewCareful(db *DB, snapshot *lake.Snapshot) *Engine {
	e := New(db, snapshot)
	e.days = &days{sound: map[conversation.Day]bool{}}
	return e
}

// Close closes the snapshot. What was found stays with DB, for whoever asks the same.
func (e *Engine) Close() error {
	e.near.close()
	return e.snapshot.Close()
}

// Missing gives the days of an interval that never came into the lake.
func (e *Engine) Missing(iv conversation.Interval) []conversation.Days { return e.snapshot.Missing(iv) }

// search chooses the files for a query.
func (e *Engine) search(ctx context.Context, q query.Query) (sqltext.Search, error) {
	s := sqltext.NewSearch(e.near.dialect(), e.files(), q)
	if e.days == nil {
		return s, nil
	}
	return s, e.days.verify(ctx, e.snapshot, s.Files(tables.Conversations))
}

// days are those whose files, of every table, were found to be there and sound. Safe for concurrent use.
type days struct {
	mu    sync.Mutex
	sound map[conversation.Day]bool
}

// verify looks at the files of the days of these files, unless it has before: a command asks for the same days twice.
func (d *days) verify(ctx context.Context, s *lake.Snapshot, files []datafile.File) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	asked := map[conversation.Day]bool{}
	for _, f := range files {
		if !d.sound[f.Day] {
			asked[f.Day] = true
		}
	}
	if len(asked) == 0 {
		return nil
	}
	if err := s.VerifyDays(ctx, asked); err != nil {
		return err
	}
	maps.Copy(d.sound, asked)
	return nil
}

// Count counts the selected conversations.
func (e *Engine) Count(ctx context.Context, q query.Query) (n int64, err error) {
	s, err := e.search(ctx, q)
	if err != nil || s.Empty() {
		return 0, err
	}
	if e.changes != nil {
		return e.count(ctx, s.Within(sqltext.AllParts, e.only()).Count())
	}
	if !sqltext.Filtered(q) {
		return e.count(ctx, s.All())
	}
	err = e.lend(ctx, s, func(h *hitSet) error {
		if n = h.n; h.table == "" {
			n, err = e.count(ctx, s.Hits("count(*)"))
		}
		return err
	})
	return n, err
}

func (e *Engine) count(ctx context.Context, statement sqltext.Text) (n int64, err error) {
	err = answers.One(ctx, e, statement, &n)
	return n, err
}

// Records yields the selected records.
func (e *Engine) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	return stream(func(yield func(conversation.Record) bool) error {
		return e.records(ctx, q, limit, offset, new(engine.Spent), yield)
	})
}

// stream yields the records that fetch produces, and then its error. A reader that stopped early gets no error: yield
// must not be called again.
func stream(fetch func(yield func(conversation.Record) bool) error) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		stopped := false
		err := fetch(func(r conversation.Record) bool {
			stopped = !yield(r, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(conversation.Record{}, err)
		}
	}
}

func (e *Engine) records(ctx context.Context, q query.Query, limit, offset int, spent *engine.Spent, yield func(conversation.Record) bool) error {
	s, err := e.search(ctx, q)
	if err != nil || s.Empty() {
		return err
	}
	files := s.Files(tables.Conversations)
	if e.changes != nil {
		return e.each(ctx, files, s.Within(sqltext.AllParts, e.only()).Places(), 0, spent, yield)
	}
	if !sqltext.Filtered(q) {
		return e.each(ctx, files, s.Places(nil, limit, offset), limit, spent, yield)
	}
	begin := time.Now()
	return e.lend(ctx, s, func(h *hitSet) error {
		spent.Finding += time.Since(begin)
		return e.each(ctx, files, s.Places(h.as(), limit, offset), limit, spent, yield)
	})
}

// ByID yields the records with these ids.
func (e *Engine) ByID(ctx context.Context, ids []conversation.ID) iter.Seq2[conversation.Record, error] {
	return stream(func(yield func(conversation.Record) bool) error {
		files, err := e.snapshot.Holding(ctx, ids)
		if err != nil || len(ids) == 0 || len(files) == 0 {
			return err
		}
		return e.each(ctx, files, sqltext.PlacesOf(e.near.dialect(), files, ids), len(ids), new(engine.Spent), yield)
	})
}

// each finds the places that a statement gives in these files, at most limit if it is not 0, and yields their records.
func (e *Engine) each(ctx context.Context, in []datafile.File, statement sqltext.Text, limit int, spent *engine.Spent, yield func(conversation.Record) bool) (err error) {
	begin := time.Now()
	rows, err := e.Ask(ctx, statement)
	spent.Finding += time.Since(begin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	begin = time.Now()
	for hits, err := range readAhead(ctx, files{in, e.db.footers}, stretches(ctx, rows, firstSize(limit))) {
		spent.Reading += time.Since(begin)
		if !yieldRead(hits, yield) {
			return nil
		}
		if err != nil {
			return err
		}
		begin = time.Now()
	}
	return nil
}

// yieldRead yields the records of hits up to the first that was not read, and says whether more are wanted.
func yieldRead(hits []hit, yield func(conversation.Record) bool) bool {
	for _, h := range hits {
		if h.record.JSON == nil {
			break
		}
		if !yield(h.record) {
			return false
		}
	}
	return true
}
