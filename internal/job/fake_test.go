package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

const org = "org-1"

// me is the owner of most jobs.
var me = Owner{Organization: org, Client: "client-1"}

// fakeViews are those of a lake with the given records. They keep the manners of engines: a view is fixed when it is
// opened, honours limit and cancellation, and must be closed.
type fakeViews struct {
	mu          sync.Mutex
	records     []string
	gate        chan struct{} // if set, each record waits for a token
	err         error         // if set, comes after the last record
	panics      bool          // if set, so does a panic
	unavailable error         // if set, comes instead of the date
	stuck       atomic.Bool   // opening waits for the end of its context
	closing     error         // if set, closing a view fails
	large       int           // questions for so many records need a cluster, which is away
	asked       int           // how often the date was asked for
	opened      int
	open        int
	most        int // views open at a time, at most
}

func (v *fakeViews) Live(context.Context) (engine.Engine, error) { return nil, errors.ErrUnsupported }

func (v *fakeViews) Settled(context.Context) (engine.Engine, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.opened++
	v.open++
	v.most = max(v.most, v.open)
	return &fakeView{of: v, records: v.records}, nil
}

func (v *fakeViews) Available(ctx context.Context) (time.Time, error) {
	if v.stuck.Load() {
		<-ctx.Done()
		return time.Time{}, ctx.Err()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked++
	return time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC), v.unavailable
}

// mend lets the data be opened again.
func (v *fakeViews) mend() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.unavailable, v.large = nil, 0
}

func (v *fakeViews) needsCluster(limit int) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.large > 0 && limit == v.large
}

func (v *fakeViews) set(records []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.records = records
}

type fakeView struct {
	engine.Engine
	of      *fakeViews
	records []string
}

func (v *fakeView) Records(ctx context.Context, _ query.Query, limit, _ int) iter.Seq2[conversation.Record, error] {
	return func(yield func(conversation.Record, error) bool) {
		if v.of.needsCluster(limit) {
			yield(conversation.Record{}, engine.ErrAway)
			return
		}
		for i, text := range v.records {
			if limit > 0 && i == limit {
				return
			}
			if err := v.wait(ctx); err != nil {
				yield(conversation.Record{}, err)
				return
			}
			if !yield(conversation.Record{JSON: []byte(text)}, nil) {
				return
			}
		}
		if v.of.panics {
			panic("secret of the engine")
		}
		if v.of.err != nil {
			yield(conversation.Record{}, v.of.err)
		}
	}
}

func (v *fakeView) wait(ctx context.Context) error {
	if v.of.gate == nil {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-v.of.gate:
		return nil
	}
}

func (v *fakeView) Close() error {
	v.of.mu.Lock()
	defer v.of.mu.Unlock()
	v.of.open--
	return v.of.closing
}

// someRecords makes n records that differ in length and hold what a careless cut would trip over.
func someRecords(n int) []string {
	out := make([]string, n)
	for i := range out {
		text, err := jsontext.AppendQuote(nil, strings.Repeat("},{\"]\n\",\"cursor\":\"x", i%4))
		if err != nil {
			panic(err)
		}
		out[i] = fmt.Sprintf(`{"conversationId":"c-%04d","n":1.50,"text":%s}`, i, text)
	}
	return out
}

// newManager makes a manager over views in a folder of its own; change may be nil.
func newManager(t testing.TB, views engine.Views, change func(*Config)) *Manager {
	t.Helper()
	dir := t.TempDir()
	c := Config{
		DB: openDB(t, dir), Home: InFolder(filepath.Join(dir, "results")), Views: map[string]engine.Views{org: views}, Now: time.Now,
		Limits: Limits{PerMinute: 10_000, Open: 1000},
	}
	if change != nil {
		change(&c)
	}
	m, err := New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	m.look = time.Hour // nothing comes from other processes, and time passes quickly here
	return m
}

func openDB(t testing.TB, dir string) *state.DB {
	t.Helper()
	db, err := state.Open(t.Context(), filepath.Join(dir, "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// dir is the folder of its results.
func (m *Manager) dir() string { return m.cfg.Home.Name }

// stored is the results of everybody in a store.
func stored(s store.Store) files {
	return files{func(context.Context, string) (Place, error) { return Place{Store: s}, nil }, nil}
}

// first is the first slot.
func (m *Manager) first() slot { return slot{jobs: m.jobs} }

// resultsAt is where the results of a job are.
func resultsAt(m *Manager, id ID) store.Location {
	return store.Location(filepath.Base(resultsPath(m, id)))
}

// start runs the manager; the function that it gives stops it and waits for its end.
func start(t *testing.T, m *Manager) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func submit(t testing.TB, m *Manager, limit int) ID {
	t.Helper()
	return submitAs(t, m, me, limit)
}

func submitAs(t testing.TB, m *Manager, o Owner, limit int) ID {
	t.Helper()
	id, err := m.Submit(t.Context(), o, body(limit))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// body is a request for a number of records, 0 for all.
func body(limit int) []byte {
	text := `{"interval":"2026-11-01T00:00:00Z/2026-11-02T00:00:00Z"`
	if limit > 0 {
		text += fmt.Sprintf(`,"limit":%d`, limit)
	}
	return []byte(text + "}")
}

// run answers a job.
func run(t testing.TB, m *Manager, e entry) {
	t.Helper()
	m.run(t.Context(), e)
}

// take moves the job whose turn it is to Pending.
func take(t testing.TB, m *Manager) entry {
	t.Helper()
	e, ok, err := m.jobs.take(t.Context(), 0, m.turns())
	if !ok || err != nil {
		t.Fatalf("no job is queued: %v", err)
	}
	return e
}

func wantState(t *testing.T, m *Manager, id ID, want State) Status {
	t.Helper()
	got, err := m.Status(t.Context(), me, id)
	if err != nil || got.State != want {
		t.Fatalf("state: got %s, %v, want %s", got.State, err, want)
	}
	return got
}

func wantKind(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want a fault of kind %q", err, kind)
	}
}
