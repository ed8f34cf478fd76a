package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/postgres/leases"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/s3"
	"github.com/parley-hq/parley/internal/store/s3/s3test"
	"github.com/parley-hq/parley/test/unraced"
)

var (
	postgres *postgrestest.Server
	buckets  *s3test.Server
)

func TestMain(m *testing.M) {
	code := 1
	var err error
	if buckets, err = s3test.Start(); err == nil {
		if postgres, err = postgrestest.Start(); err == nil {
			code = m.Run()
			err = postgres.Stop()
		}
		if buckets != nil {
			err = errors.Join(err, buckets.Stop())
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// cluster is a home and the nodes over it: in a folder, or in a Postgres and a bucket.
type cluster struct {
	t       testing.TB
	at      string // of the control database
	home    func(*state.DB) Home
	records []string
	now     time.Time
	shared  bool
}

// onEach tests on each kind of home.
func onEach(t *testing.T, test func(*cluster)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) {
		test(newFolder(t))
	})
	t.Run("shared", func(t *testing.T) { test(newShared(t)) })
}

var noon = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// newFolder gives one over a folder.
func newFolder(t testing.TB) *cluster {
	t.Helper()
	dir := t.TempDir()
	home := InFolder(filepath.Join(dir, "results"))
	return &cluster{t: t, at: filepath.Join(dir, "control.db"), home: func(*state.DB) Home { return home }, records: someRecords(40), now: noon}
}

// newShared gives a cluster over a Postgres and a bucket.
func newShared(t testing.TB) *cluster {
	t.Helper()
	if buckets == nil {
		t.Skip("no S3 server is installed; tools/setup s3 installs it")
	}
	bucket, err := s3.Open(t.Context(), s3.Config{Endpoint: buckets.URL, Bucket: buckets.Bucket(t), Prefix: "lake"})
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, at: postgres.Database(t), records: someRecords(40), now: noon, shared: true}
	c.home = func(db *state.DB) Home {
		locks, err := leases.Open(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return InLakes("a Postgres", locks, these(map[string]Place{org: {bucket, "server/results", "lake-1"}}))
	}
	return c
}

// these are places by organization.
func these(places map[string]Place) Places {
	return func(_ context.Context, organization string) (Place, error) {
		if p, ok := places[organization]; ok {
			return p, nil
		}
		return Place{}, fault.New(fault.Unavailable, "no lake")
	}
}

// ofLake is a home whose organization has another lake at the same place.
func (h Home) ofLake(t testing.TB, lake string) Home {
	t.Helper()
	p, err := h.At(t.Context(), org)
	if err != nil {
		t.Fatal(err)
	}
	p.Lake = lake
	h.At = these(map[string]Place{org: p})
	return h
}

func (c *cluster) open() *state.DB {
	c.t.Helper()
	db, err := state.Open(c.t.Context(), c.at)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		if err := db.Close(); err != nil {
			c.t.Error(err)
		}
	})
	return db
}

// node is another process over the home.
func (c *cluster) node() *Manager {
	c.t.Helper()
	db := c.open()
	m, err := New(c.t.Context(), Config{
		DB: db, Home: c.home(db), Views: map[string]engine.Views{org: &fakeViews{records: c.records}},
		Now: func() time.Time { return c.now }, Limits: Limits{PerMinute: 10_000, Open: 1000},
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return m
}

// slot is the first slot that is free, taken over by a node.
func (c *cluster) slot(m *Manager) slot {
	c.t.Helper()
	s, err := m.takeFree(c.t.Context())
	if err == nil {
		err = m.takeOver(c.t.Context(), s)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// lose has a runner lose its slot: it sleeps, and does not know. In a folder only who ends loses its lock.
func (c *cluster) lose(m *Manager, s slot) {
	c.t.Helper()
	if !c.shared {
		if err := s.lock.Close(); err != nil {
			c.t.Fatal(err)
		}
		return
	}
	if _, err := m.cfg.DB.Exec(c.t.Context(), `UPDATE leases SET expires = since - interval '1 hour' WHERE name = ? AND expires > '-infinity'`, string(lockOf(s.number))); err != nil {
		c.t.Fatal(err)
	}
}

// takes begins the next job in a slot.
func (c *cluster) takes(m *Manager, s slot) entry {
	c.t.Helper()
	e, ok, err := s.jobs.take(c.t.Context(), s.number, m.turns())
	if !ok || err != nil {
		c.t.Fatalf("no job is taken: %v", err)
	}
	return e
}

func placeOf(t testing.TB, m *Manager, organization string) Place {
	t.Helper()
	p, err := m.place(t.Context(), organization)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// files are the names of all results.
func (c *cluster) files(m *Manager) (names []string) {
	c.t.Helper()
	places := []Place{m.cfg.Home.All}
	if m.cfg.Home.All.Store == nil {
		places = nil
		for _, name := range m.mine {
			places = append(places, placeOf(c.t, m, name.(string)))
		}
	}
	for _, p := range places {
		for info, err := range p.List(c.t.Context(), p.Under) {
			if err != nil {
				c.t.Fatal(err)
			}
			if strings.HasSuffix(string(info.At), resultsSuffix) {
				names = append(names, info.At.Name())
			}
		}
	}
	slices.Sort(names)
	return names
}

// A name of an organization goes to another lake when none of its jobs is left. Who still has the old one neither takes jobs nor answers any.
func TestAnOrganizationComesToAnotherLake(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	a, home := c.node(), c.home
	c.home = func(db *state.DB) Home {
		return home(db).ofLake(t, "lake-2")
	}
	other := func() (*Manager, error) {
		db := c.open()
		return New(t.Context(), Config{DB: db, Home: c.home(db), Views: map[string]engine.Views{org: &fakeViews{}}, Now: func() time.Time { return c.now }})
	}
	id := submit(t, a, 0)
	if _, err := other(); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "none of these jobs is left") {
		t.Errorf("beside a job: %v", err)
	}
	for range 2 { // it is cancelled, and removed
		if err := a.Delete(t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
	}
	b, err := other()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Submit(t.Context(), me, body(0)); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "another lake here by now") {
		t.Errorf("a job for the old lake: %v", err)
	}
	id = submit(t, b, 0)
	s := c.slot(a)
	if _, ok, err := s.jobs.take(t.Context(), s.number, a.turns()); ok || !errors.Is(err, fault.Conflict) {
		t.Errorf("it is taken for the old lake: %v, %v", ok, err)
	}
	wantState(t, b, id, Queued)
	c.takes(b, c.slot(b))
}

// Whoever is asked to stop ends without an error, and complains of nothing: not that it could not look, nor that it could not count.
func TestStoppingIsNothingToComplainOf(t *testing.T) {
	unraced.Test(t)
	onEach(t, func(c *cluster) {
		var log strings.Builder
		m := c.node()
		m.cfg.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		id := submit(t, m, 0)
		s := c.slot(m)
		_, end := m.running.begin(t.Context(), c.takes(m, s).named())
		defer end()
		log.Reset()
		ctx, stop := context.WithCancel(t.Context())
		stop()
		m.sweep(ctx)
		m.watch(ctx)
		m.tell(ctx)
		m.rescue(ctx, s)
		m.work(ctx, s)
		if err := m.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
		if log.Len() > 0 {
			t.Errorf("it says %s", log.String())
		}
		wantState(t, m, id, Pending)
	})
}

// What a process was answering that is no more is answered by another, and all see the results.
func TestAnotherNodeAnswersWhatAKilledOneLeft(t *testing.T) {
	unraced.Test(t)
	onEach(t, func(c *cluster) {
		a, b := c.node(), c.node()
		id := submit(t, a, 0)
		s := c.slot(a)
		left := c.takes(a, s)
		wantState(t, b, id, Pending)
		if runs, err := b.Runs(t.Context()); !runs || err != nil {
			t.Errorf("runs: got %v, %v", runs, err)
		}
		c.lose(a, s)
		if runs, err := b.Runs(t.Context()); runs || err != nil {
			t.Errorf("runs, when it is gone: got %v, %v", runs, err)
		}
		next := c.slot(b)
		wantState(t, a, id, Queued)
		again := c.takes(b, next)
		if again.id != id || again.attempt <= left.attempt {
			t.Errorf("attempt %d of %s comes after attempt %d of %s", again.attempt, again.id, left.attempt, left.id)
		}
		run(t, b, again)
		text, records, cursor := read(t, b, id, "", 7)
		other, _, same := read(t, a, id, "", 7)
		if len(records) != 7 || text != other || cursor != same {
			t.Errorf("a page is another one elsewhere:\n%s\n%s", text, other)
		}
		if _, rest, _ := read(t, a, id, cursor, 100); len(rest) != 33 {
			t.Errorf("with the cursor of the other: %d records", len(rest))
		}
	})
}

// A runner that slept and wakes changes nothing of what its successor does, at any point of its own work.
func TestAWokenRunnerHarmsNobody(t *testing.T) {
	unraced.Test(t)
	onEach(t, func(c *cluster) {
		for name, woken := range map[string]func(m *Manager, e entry){
			"finishes": func(m *Manager, e entry) { m.fulfil(t.Context(), e) },
			"fails":    func(m *Manager, e entry) { m.fail(t.Context(), e, errors.New("broken")) },
			"gives back": func(m *Manager, e entry) {
				m.giveBack(t.Context(), e)
			},
			"tells": func(m *Manager, e entry) {
				if err := m.jobs.progress(t.Context(), e.named(), 0.75); err != nil {
					t.Error(err)
				}
			},
			"writes": func(m *Manager, e entry) {
				m.cfg.Views[org] = &fakeViews{records: []string{`{"of":"another time"}`}}
				if err := m.answer(t.Context(), &e); err != nil {
					t.Error(err)
				}
				m.fulfil(t.Context(), e)
			},
		} {
			for _, done := range []bool{false, true} {
				a, b := c.node(), c.node()
				id := submit(t, a, 3)
				slept := c.slot(a)
				mine := c.takes(a, slept)
				if err := a.answer(t.Context(), &mine); err != nil {
					t.Fatal(err)
				}
				c.lose(a, slept)
				next := c.slot(b)
				theirs := c.takes(b, next)
				if err := b.answer(t.Context(), &theirs); err != nil {
					t.Fatal(err)
				}
				if done {
					b.fulfil(t.Context(), theirs)
				}
				woken(a, mine)
				if e := b.find1(t, id); e.attempt != theirs.attempt || e.progress != 0 || (e.status.State == Fulfilled) != done || (e.status.State == Pending) == done {
					t.Errorf("%s, done: %v: the job is %s at attempt %d", name, done, e.status.State, e.attempt)
				}
				if !done {
					b.fulfil(t.Context(), theirs)
				}
				if _, records, _ := read(t, a, id, "", 10); !slices.Equal(records, c.records[:3]) {
					t.Errorf("%s, done: %v: got %v", name, done, records)
				}
				if err := b.Delete(t.Context(), me, id); err != nil {
					t.Error(err)
				}
				c.now = c.now.Add(2 * listingOfNodes)
				if err := b.clear(t.Context()); err != nil {
					t.Error(err)
				}
				if left := c.files(b); len(left) > 0 {
					t.Errorf("%s, done: %v: left %v", name, done, left)
				}
				if err := next.lock.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// A runner that lost its slot takes no job in it: nobody would look after that as long as the slot has another runner.
func TestARunnerThatLostItsSlotTakesNothing(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	a, b := c.node(), c.node()
	slept := c.slot(a)
	c.lose(a, slept)
	next := c.slot(b)
	id := submit(t, a, 0)
	if _, ok, err := slept.jobs.take(t.Context(), slept.number, a.turns()); ok || !errors.Is(err, fault.Conflict) {
		t.Errorf("took a job: %v, %v", ok, err)
	}
	if err := a.takeOver(t.Context(), slept); !slept.lost(err) {
		t.Errorf("took over: %v", err)
	}
	ctx, done := slept.context(t.Context())
	defer done()
	<-ctx.Done() // what it is at ends
	if e := c.takes(b, next); e.id != id {
		t.Errorf("took %s", e.id)
	}
}

// A runner that loses its slot while it answers ends what it answers, and goes on in another slot.
func TestARunnerThatLosesItsSlotGoesOnInAnother(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	a, b := c.node(), c.node()
	gate := make(chan struct{})
	views := &fakeViews{records: c.records, gate: gate}
	a.cfg.Views[org] = views
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	id := submit(t, a, 2)
	gate <- struct{}{} // it is being answered
	c.lose(a, slot{})
	next := c.slot(b) // which queues it again
	gate2 := c.takes(b, next)
	if gate2.id != id {
		t.Fatalf("took %s", gate2.id)
	}
	if err := a.cfg.Home.Locks.(*leases.Locks).Renew(t.Context()); err != nil { // as the heartbeat does
		t.Fatal(err)
	}
	other := submit(t, a, 1)
	gate <- struct{}{} // of the other job: what it answered before has ended
	waitFor(t, b, other, Fulfilled)
	run(t, b, gate2)
	wantState(t, a, id, Fulfilled)
	if e := a.find1(t, other); e.attempt != 1 {
		t.Errorf("the other job was begun %d times", e.attempt)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// waitFor waits until a job is in a state.
func waitFor(t *testing.T, m *Manager, id ID, want State) {
	t.Helper()
	for {
		if got, err := m.Status(t.Context(), me, id); err != nil || got.State == want {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}

// All nodes answer at once, and look after one another.
func TestNodesAnswerAtOnceAndRescueOneAnother(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	nodes, slots := make([]*Manager, 3), make([]slot, 3)
	for i := range nodes {
		nodes[i] = c.node()
		slots[i] = c.slot(nodes[i])
		if slots[i].number != i {
			t.Errorf("node %d is in slot %d", i, slots[i].number)
		}
		submit(t, nodes[0], 0)
	}
	jobs := make([]entry, 3)
	for i := range nodes {
		jobs[i] = c.takes(nodes[i], slots[i])
	}
	rescue := func() {
		t.Helper()
		for range nodes {
			if err := nodes[0].rescueNext(t.Context(), slots[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	rescue()
	for _, e := range jobs {
		wantState(t, nodes[0], e.id, Pending)
	}
	c.lose(nodes[2], slots[2])
	rescue()
	wantState(t, nodes[0], jobs[0].id, Pending)
	wantState(t, nodes[0], jobs[1].id, Pending)
	wantState(t, nodes[0], jobs[2].id, Queued)
	// A runner that is killed each time is not begun for ever, whoever it is.
	for n := 2; n <= maxStarts; n++ {
		s := c.slot(nodes[2])
		c.takes(nodes[2], s)
		c.lose(nodes[2], s)
		rescue()
	}
	wantState(t, nodes[0], jobs[2].id, Failed)
}

// A job that is deleted at one node ends at the other that answers it.
func TestWhatIsDeletedElsewhereEnds(t *testing.T) {
	unraced.Test(t)
	onEach(t, func(c *cluster) {
		a, b := c.node(), c.node()
		id := submit(t, a, 0)
		e := c.takes(a, c.slot(a))
		answering, end := a.running.begin(t.Context(), e.named())
		defer end()
		a.watch(t.Context())
		if answering.Err() != nil {
			t.Error("it ended before")
		}
		if err := b.Delete(t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
		a.watch(t.Context())
		if answering.Err() == nil {
			t.Error("it goes on")
		}
	})
}

// How far a report is, is told by every node.
func TestProgressIsToldElsewhere(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	a, b := c.node(), c.node()
	id := submitReport(t, a)
	e := c.takes(a, c.slot(a))
	_, end := a.running.begin(t.Context(), e.named())
	defer end()
	a.running.progress(id, 0.25)
	a.tell(t.Context())
	if r, err := b.Report(t.Context(), me, id); err != nil || r.Progress != 0.25 {
		t.Errorf("got %+v, %v", r, err)
	}
}

// Two lakes must not have one name: a runner would answer from the wrong one.
func TestAnOrganizationHasOneLake(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	m := c.node()
	submit(t, m, 0)
	wrong := m.cfg
	wrong.Meter = nil
	wrong.Home = wrong.Home.ofLake(t, "lake-2")
	_, err := New(t.Context(), wrong)
	wantKind(t, err, fault.Conflict)
	if !strings.Contains(err.Error(), "--lake NAME=") {
		t.Errorf("what to do is not said: %v", err)
	}
	c.node()
}

// Results of an organization whose lake is elsewhere cannot be read, and are not taken for none.
func TestResultsOfAnotherLake(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	m := c.node()
	id := submit(t, m, 0)
	run(t, m, c.takes(m, c.slot(m)))
	elsewhere := m.cfg
	elsewhere.Meter, elsewhere.Home.At = nil, these(nil)
	other, err := New(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	wantState(t, other, id, Fulfilled)
	_, err = other.Results(t.Context(), me, id, "", 10)
	wantKind(t, err, fault.Unavailable)
}

// A lake that comes later is taken in when it is there: its jobs wait, and nothing else does.
func TestALakeThatComesLater(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	home := c.home
	var there bool
	c.home = func(db *state.DB) Home {
		h := home(db)
		now := h.At
		h.At = func(ctx context.Context, organization string) (Place, error) {
			if !there {
				return Place{}, fault.New(fault.Unavailable, "it is not there yet")
			}
			return now(ctx, organization)
		}
		return h
	}
	m := c.node()
	id := submit(t, m, 0)
	s := c.slot(m)
	if err := m.clear(t.Context()); err != nil {
		t.Errorf("clear: %v", err)
	}
	run(t, m, c.takes(m, s))
	wantState(t, m, id, Queued)
	if _, ok, err := s.jobs.take(t.Context(), s.number, m.turns()); ok || err != nil {
		t.Errorf("it is taken at once again: %v, %v", ok, err)
	}
	there = true
	m.resting = newResting()
	run(t, m, c.takes(m, s))
	wantState(t, m, id, Fulfilled)
	if lake, err := m.jobs.lakeOf(t.Context(), m.cfg.DB, org); lake != "lake-1" || err != nil {
		t.Errorf("bound to %q, %v", lake, err)
	}
}

// Files of no job are looked for by one node at a time, and not by all.
func TestResultsAreListedNowAndThen(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	a, b := c.node(), c.node()
	orphan := func() {
		t.Helper()
		if _, err := a.files.write(t.Context(), entry{id: newID(), owner: me, attempt: 1}, textsOfAll(c.records), 1<<30); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		by    *Manager
		after time.Duration
		left  int
	}{{a, 0, 0}, {b, 0, 1}, {a, listingOfNodes - 1, 2}, {b, 1, 0}, {a, 0, 1}} {
		orphan()
		c.now = c.now.Add(step.after)
		step.by.sweep(t.Context())
		if got := c.files(a); len(got) != step.left {
			t.Errorf("after %v: %d files, want %d", step.after, len(got), step.left)
		}
	}
}

func textsOfAll(records []string) func(func([]byte, error) bool) {
	return textsOf(func(yield func(conversation.Record, error) bool) {
		for _, r := range records {
			if !yield(conversation.Record{JSON: []byte(r)}, nil) {
				return
			}
		}
	})
}

// What is expired goes at its time, without a listing.
func TestExpiredResultsGoAtOnce(t *testing.T) {
	unraced.Test(t)
	onEach(t, func(c *cluster) {
		a, b := c.node(), c.node()
		submit(t, a, 0)
		run(t, a, c.takes(a, c.slot(a)))
		if err := a.clear(t.Context()); err != nil || len(c.files(a)) != 1 {
			t.Fatalf("files: %v, %v", c.files(a), err)
		}
		c.now = c.now.Add(a.cfg.Keep + 24*time.Hour)
		b.cfg.Home.Listing = 1000 * time.Hour
		b.sweep(t.Context())
		if left := c.files(a); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	})
}

// Forgotten is what is done of the organizations that a lake is of, with the results, and nothing else.
func TestForgetsOfOneLakeAlone(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	home := c.home
	var second Place
	c.home = func(db *state.DB) Home {
		h := home(db)
		first, err := h.At(t.Context(), org)
		if err != nil {
			t.Fatal(err)
		}
		second = Place{first.Store, "elsewhere", "lake-2"}
		h.At = these(map[string]Place{org: first, "org-2": second})
		return h
	}
	m := c.node()
	m.cfg.Views["org-2"] = m.cfg.Views[org]
	m.mine = append(m.mine, "org-2")
	other := Owner{Organization: "org-2", Client: "c"}
	gone, stays := submit(t, m, 0), submitAs(t, m, other, 0)
	s := c.slot(m)
	run(t, m, c.takes(m, s))
	run(t, m, c.takes(m, s))
	waits := submit(t, m, 0)
	n, err := ForgetOf(t.Context(), m.cfg.DB, "lake-1", placeOf(t, m, org))
	if n != 1 || err != nil {
		t.Errorf("forgotten: %d, %v", n, err)
	}
	_, err = m.Status(t.Context(), me, gone)
	wantKind(t, err, fault.NotFound)
	wantState(t, m, waits, Queued)
	if p, err := m.Results(t.Context(), other, stays, "", 10); err != nil {
		t.Error(err)
	} else if err := p.Close(); err != nil {
		t.Error(err)
	}
	if left := c.files(m); len(left) != 1 {
		t.Errorf("left: %v", left)
	}
	// Of one lake's own servers all are forgotten.
	if n, err := Forget(t.Context(), m.cfg.DB, second); n != 1 || err != nil || len(c.files(m)) > 0 {
		t.Errorf("all: %d, %v", n, err)
	}
}

// An end whose outcome could not be told is found to be in, and its results stay.
func TestAnEndThatIsInAlreadyIsEntered(t *testing.T) {
	unraced.Test(t)
	onEach(t, func(c *cluster) {
		m := c.node()
		id := submit(t, m, 0)
		e := c.takes(m, c.slot(m))
		if err := m.answer(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
		m.expires(&e)
		for range 2 {
			if ok, err := m.jobs.finish(t.Context(), e); !ok || err != nil {
				t.Errorf("got %v, %v", ok, err)
			}
		}
		wantState(t, m, id, Fulfilled)
	})
}

// requests counts what a page in a bucket costs.
func TestAPageInABucketCostsFewRequests(t *testing.T) {
	unraced.Test(t)
	c := newShared(t)
	c.records = nil
	for i := range 5 * blockRecords {
		c.records = append(c.records, fmt.Sprintf(`{"conversationId":"c-%04d","text":%q}`, i, strings.Repeat(fmt.Sprint(i*7919), 40)))
	}
	m := c.node()
	id := submit(t, m, 0)
	run(t, m, c.takes(m, c.slot(m)))
	place := placeOf(t, m, org)
	counted := &counts{Store: place.Store}
	place.Store = counted
	m.cfg.Home.At = these(map[string]Place{org: place})
	for cursor, page := "", 0; ; page++ {
		counted.n = 0
		_, _, next := read(t, m, id, cursor, 100)
		if most := map[bool]int{true: 4, false: 3}[page == 0]; counted.n > most {
			t.Errorf("page %d took %d reads, want %d at most", page, counted.n, most)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
}

// counts counts what objects are asked for: to be opened, and for ranges.
type counts struct {
	store.Store

	n int
}

func (c *counts) Open(ctx context.Context, at store.Location) (store.Object, error) {
	c.n++
	o, err := c.Store.Open(ctx, at)
	return countedObject{o, c}, err
}

type countedObject struct {
	store.Object

	c *counts
}

func (o countedObject) ReadAt(p []byte, off int64) (int, error) {
	o.c.n++
	return o.Object.ReadAt(p, off)
}
