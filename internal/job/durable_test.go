package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// again makes another manager over the folder and database of m, as another process has one.
func again(t *testing.T, m *Manager) *Manager {
	t.Helper()
	return newManager(t, m.cfg.Views[org], func(c *Config) {
		c.Home, c.DB, c.Limits = m.cfg.Home, openDB(t, filepath.Dir(m.dir())), m.cfg.Limits
	})
}

func TestWhatAKilledProcessWasDoingIsDoneAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &fakeViews{records: someRecords(30)}, func(c *Config) { c.Limits.Running = 1 })
		done := submit(t, m, 0)
		run(t, m, take(t, m))
		_, _, cursor := read(t, m, done, "", 10)
		running, waiting := submit(t, m, 0), submit(t, m, 0)
		take(t, m) // and no more is done to it: the process is killed
		if err := os.WriteFile(partPath(m, running), []byte("torn"), 0o600); err != nil {
			t.Fatal(err)
		}
		// Killed between the file and the state, the file is whole and nobody knows of it.
		if err := os.WriteFile(resultsPath(m, waiting), []byte("of an earlier life"), 0o600); err != nil {
			t.Fatal(err)
		}

		next := again(t, m)
		wantState(t, next, running, Pending)
		defer start(t, next)()
		synctest.Wait()
		for _, id := range []ID{done, running, waiting} {
			wantState(t, next, id, Fulfilled)
		}
		if _, got, _ := read(t, next, done, cursor, 100); len(got) != 20 {
			t.Errorf("a cursor from before: got %d records, want the other 20", len(got))
		}
		if names := list(t, next); len(names) != 3 {
			t.Errorf("files: got %v, want three results", names)
		}
	})
}

// pass lets time pass, and what happens in it come to its end.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestAnotherProcessStandsByAndTakesOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3), gate: make(chan struct{})}
		first := newManager(t, views, nil)
		first.look = time.Second
		second := again(t, first)
		stop := start(t, first)
		synctest.Wait()
		defer start(t, second)()
		id, other := submit(t, second, 0), submit(t, second, 0)
		pass(2 * time.Second)
		wantState(t, second, id, Pending)
		if runs, err := second.Runs(t.Context()); !runs || err != nil {
			t.Errorf("runs: got %v, %v", runs, err)
		}
		if views.open != 2 {
			t.Errorf("views open: got %d, want those of the first process", views.open)
		}
		// Deleted here, it ends there.
		if err := second.Delete(t.Context(), me, other); err != nil {
			t.Fatal(err)
		}
		pass(2 * time.Second)
		if views.open != 1 {
			t.Errorf("views open after the deletion: got %d, want 1", views.open)
		}
		stop()
		close(views.gate)
		pass(2 * lockEvery)
		wantState(t, second, id, Fulfilled)
		wantState(t, second, other, Cancelled)
	})
}

func TestTurnsAreFairBetweenClients(t *testing.T) {
	m := newManager(t, &fakeViews{}, func(c *Config) { c.Views["org-2"] = &fakeViews{} })
	greedy, modest := me, Owner{Organization: org, Client: "client-2"}
	stranger := Owner{Organization: "org-2", Client: me.Client} // the same id elsewhere is another client
	for range 20 {
		submitAs(t, m, greedy, 0)
	}
	submitAs(t, m, modest, 0)
	submitAs(t, m, modest, 0)
	submitAs(t, m, stranger, 0)
	var turns []string
	for range 7 {
		e := take(t, m)
		turns = append(turns, e.owner.Organization+" "+e.owner.Client)
		m.fail(t.Context(), e, fault.New(fault.Unavailable, "over"))
	}
	want := "org-1 client-1, org-1 client-2, org-2 client-1, org-1 client-1, org-1 client-2, org-1 client-1, org-1 client-1"
	if got := strings.Join(turns, ", "); got != want {
		t.Errorf("turns:\n got %s\nwant %s", got, want)
	}
}

func TestAClientWithRunningJobsWaitsForOneThatHasNone(t *testing.T) {
	m := newManager(t, &fakeViews{}, nil)
	for range 3 {
		submit(t, m, 0)
	}
	take(t, m)
	modest := Owner{Organization: org, Client: "client-2"}
	submitAs(t, m, modest, 0)
	if e := take(t, m); e.owner != modest {
		t.Errorf("turn: got %v, want that of the client that has none running", e.owner)
	}
}

func TestLimitsOfJobs(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		key    string
		value  int
	}{
		"open":       {Limits{Open: 2, PerMinute: 100}, limitOpen, 2},
		"queued":     {Limits{Queued: 2, PerMinute: 100}, limitQueued, 2},
		"per minute": {Limits{PerMinute: 2}, limitPerMinute, 2},
	} {
		t.Run(name, func(t *testing.T) {
			m := newManager(t, &fakeViews{}, func(cfg *Config) { cfg.Limits = c.limits })
			submit(t, m, 0)
			submit(t, m, 0)
			_, err := m.Submit(t.Context(), me, body(0))
			wantLimit(t, err, c.key, c.value)
			if f, _ := errors.AsType[*fault.Error](err); name != "per minute" && f.RetryAfter != 10*time.Second {
				t.Errorf("retry after %v, want 10 s", f.RetryAfter)
			}
			if _, err := m.Submit(t.Context(), me, []byte(`{}`)); !errors.Is(err, fault.Invalid) {
				t.Errorf("a body that is wrong: got %v, want fault.Invalid before any limit", err)
			}
		})
	}
}

func wantLimit(t *testing.T, err error, key string, value int) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Kind != fault.Throttled || f.Limit == nil || f.Limit.Key != key || f.Limit.Value != value || f.RetryAfter <= 0 ||
		!strings.HasPrefix(f.Message, fmt.Sprintf("Rate limit exceeded the maximum. Retry the request in [%d] seconds. ", limit.Usage{Reset: f.RetryAfter}.Seconds())) {
		t.Errorf("got %+v, want limit %s of %d", err, key, value)
	}
}

func TestAJobThatFindsTooMuchFails(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(100)}, func(c *Config) { c.Limits.Bytes = 1000 })
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	got := wantState(t, m, id, Failed)
	if want := "over the limit absolute.request.bytes.max of 1000 bytes"; !strings.Contains(got.ErrorMessage, want) {
		t.Errorf("errorMessage: got %q, want %q in it", got.ErrorMessage, want)
	}
	if names := list(t, m); len(names) != 0 {
		t.Errorf("files left: %v", names)
	}
	small := submit(t, m, 5)
	run(t, m, take(t, m))
	wantState(t, m, small, Fulfilled)
}

func TestTheRoomOfAClientIsBounded(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(100)}, func(c *Config) { c.Limits = Limits{Stored: 10} })
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	_, err := m.Submit(t.Context(), me, body(0))
	wantLimit(t, err, limitStored, 10)
	if f, _ := errors.AsType[*fault.Error](err); f.RetryAfter < 7*24*time.Hour {
		t.Errorf("retry after %v, want when the results expire", f.RetryAfter)
	}
	submitAs(t, m, Owner{Organization: org, Client: "client-2"}, 0)
	if err := m.Delete(t.Context(), me, id); err != nil {
		t.Fatal(err)
	}
	submit(t, m, 0)
}

// Limits at their bounds: the last byte that is taken, and the first that is not.
func TestLimitsOfBytesAtTheirBounds(t *testing.T) {
	records := someRecords(3)
	bytes := int64(len(strings.Join(records, "")))
	for most, want := range map[int64]State{bytes: Fulfilled, bytes - 1: Failed} {
		m := newManager(t, &fakeViews{records: records}, func(c *Config) { c.Limits.Bytes = most })
		id := submit(t, m, 0)
		run(t, m, take(t, m))
		wantState(t, m, id, want)
	}
	m := newManager(t, &fakeViews{records: records}, nil)
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	stored := m.find1(t, id).size.Stored
	m.cfg.Limits.Stored = stored
	_, err := m.Submit(t.Context(), me, body(0))
	wantLimit(t, err, limitStored, int(stored)) // all the room is taken
	m.cfg.Limits.Stored = stored + 1
	submit(t, m, 0)
}

func TestAConfinedClientSeesItsOwnKindOfJobsOnly(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	ann := Owner{Organization: org, Client: "client-a", User: "ann"}
	bob := Owner{Organization: org, Client: "client-b", User: "bob"}
	all, anns := submit(t, m, 0), submitAs(t, m, ann, 0)
	for _, c := range []struct {
		who  Owner
		id   ID
		sees bool
	}{{me, all, true}, {me, anns, true}, {ann, anns, true}, {ann, all, false}, {bob, anns, false}, {bob, all, false}} {
		_, err := m.Status(t.Context(), c.who, c.id)
		if (err == nil) != c.sees {
			t.Errorf("%s: got %v, want seen: %v", c.who.Client, err, c.sees)
		}
	}
	if jobs, err := m.List(t.Context(), ann); err != nil || len(jobs) != 1 || jobs[0].ID != anns {
		t.Errorf("list of a confined client: got %v, %v", jobs, err)
	}
	if jobs, err := m.List(t.Context(), me); err != nil || len(jobs) != 2 || jobs[0].ID != anns {
		t.Errorf("list of all: got %v, %v, want the newest first", jobs, err)
	}
}

// askedViews notes the queries that its views are asked.
type askedViews struct {
	*fakeViews

	asked []query.Query
}

type askedView struct {
	engine.Engine

	of *askedViews
}

func (v *askedViews) Settled(ctx context.Context) (engine.Engine, error) {
	view, err := v.fakeViews.Settled(ctx)
	return askedView{view, v}, err
}

func (v askedView) Records(ctx context.Context, q query.Query, limit, offset int) iter.Seq2[conversation.Record, error] {
	v.of.asked = append(v.of.asked, q)
	return v.Engine.Records(ctx, q, limit, offset)
}

// The job of a confined client finds the conversations of its user only, and that of any other client all.
func TestAConfinedClientFindsTheConversationsOfItsUser(t *testing.T) {
	views := &askedViews{fakeViews: &fakeViews{records: someRecords(1)}}
	m := newManager(t, views, nil)
	for _, user := range []string{"", "ann"} {
		submitAs(t, m, Owner{Organization: org, Client: "client-" + user, User: user}, 0)
		run(t, m, take(t, m))
	}
	if len(views.asked) != 2 || len(views.asked[0].Filters) != 0 || !reflect.DeepEqual(views.asked[1], views.asked[0].OnlyOf("ann")) {
		t.Errorf("asked %+v", views.asked)
	}
}

// Missing makes the view one that knows of days without data: the first two that are asked for.
func (v askedView) Missing(iv conversation.Interval) []conversation.Days {
	first := conversation.DayOf(iv.Start)
	return []conversation.Days{{First: first, End: first + 2}}
}

// Whoever pages the results later, through another process too, learns which days the data did not have.
func TestAPageSaysWhichDaysWereMissing(t *testing.T) {
	m := newManager(t, &askedViews{fakeViews: &fakeViews{records: someRecords(1)}}, nil)
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	p, err := again(t, m).Results(t.Context(), me, id, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := conversation.DaysText(p.Missing()); got != "2026-11-01..2026-11-02" {
		t.Errorf("missing: %s", got)
	}
}

func TestACursorExpiresWithItsJob(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	m := newManager(t, &fakeViews{records: someRecords(3)}, func(c *Config) { c.Now = func() time.Time { return now } })
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	_, _, cursor := read(t, m, id, "", 1)
	now = now.AddDate(0, 0, 9)
	_, err := m.Results(t.Context(), me, id, cursor, 1)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Expired || f.Field != "cursor" || fault.HTTPStatus(err) != 400 {
		t.Errorf("with the cursor: got %v, want fault.Expired", err)
	}
	_, err = m.Results(t.Context(), me, id, "", 1)
	wantKind(t, err, fault.NotFound)
}

// A control database without room must not lose the end of a job.
func TestTheEndOfAJobIsEnteredWhenThereIsRoomAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
		execute := func(statement string) {
			if _, err := m.cfg.DB.Exec(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
		}
		execute(`CREATE TRIGGER full BEFORE UPDATE ON jobs WHEN NEW.state = 'FULFILLED' BEGIN SELECT RAISE(ABORT, 'no room'); END`)
		defer start(t, m)()
		id := submit(t, m, 0)
		time.Sleep(time.Minute)
		wantState(t, m, id, Pending)
		execute(`DROP TRIGGER full`)
		time.Sleep(time.Minute)
		wantState(t, m, id, Fulfilled)
	})
}

func TestAJobWaitsWhileItsDataCannotBeOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3), unavailable: fault.New(fault.Corrupt, "secret of the lake")}
		m := newManager(t, views, nil)
		defer start(t, m)()
		id := submit(t, m, 0)
		pass(time.Hour)
		wantState(t, m, id, Queued)
		views.mend()
		pass(pauseFor)
		wantState(t, m, id, Fulfilled)
	})
}

// While the data of one organization is away, the jobs of others are answered, by however few runners.
func TestDataThatIsAwayDelaysNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := &fakeViews{records: someRecords(3), unavailable: fault.New(fault.Unavailable, "the bucket is away")}
		here := &fakeViews{records: someRecords(3)}
		m := newManager(t, here, func(c *Config) {
			c.Limits.Running = 1
			c.Views["org-2"] = away
		})
		var waits []ID
		for range 5 {
			waits = append(waits, submitAs(t, m, Owner{Organization: "org-2", Client: "c"}, 0))
		}
		defer start(t, m)()
		synctest.Wait()
		id := submit(t, m, 0)
		synctest.Wait()
		wantState(t, m, id, Fulfilled)
		if away.asked > 1 {
			t.Errorf("the data that is away was asked for %d times at once", away.asked)
		}
		away.mend()
		pass(pauseFor + lookEvery)
		for _, id := range waits {
			if s, err := m.Status(t.Context(), Owner{Organization: "org-2", Client: "c"}, id); err != nil || s.State != Fulfilled {
				t.Errorf("got %v, %v", s, err)
			}
		}
	})
}

// A job that needs the cluster, which is away, does not keep back the others of its client.
func TestAJobForAClusterThatIsAwayDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3), large: 2}
		m := newManager(t, views, func(c *Config) { c.Limits.Running = 1 })
		defer start(t, m)()
		large, small := submit(t, m, 2), submit(t, m, 1)
		synctest.Wait()
		wantState(t, m, large, Queued)
		wantState(t, m, small, Fulfilled)
		views.mend()
		pass(pauseFor + lookEvery)
		wantState(t, m, large, Fulfilled)
	})
}

// However many jobs wait for it, what is named in a look for the next one is bounded.
func TestManyJobsForAClusterThatIsAwayRestTogether(t *testing.T) {
	r := newResting()
	now := time.Now()
	until := now.Add(time.Minute)
	for n := range mostResting + 1 {
		if first := r.job(ID(strconv.Itoa(n)), org, now, until); first != (n == 0) {
			t.Errorf("job %d: first is %v", n, first)
		}
	}
	turns := r.turns([]any{org, "org-2"}, now)
	if len(turns.except) != mostResting || len(turns.of) != 1 || turns.of[0] != "org-2" {
		t.Errorf("got %d jobs, and %v", len(turns.except), turns.of)
	}
	if turns = r.turns([]any{org}, until); len(turns.except) != 0 || len(turns.of) != 1 {
		t.Errorf("afterwards: %d jobs, and %v", len(turns.except), turns.of)
	}
}

func TestAJobWaitsForARunnerThatHasItsData(t *testing.T) {
	m := newManager(t, &fakeViews{}, nil)
	submitAs(t, m, Owner{Organization: "org-2", Client: "c"}, 0)
	mine := submit(t, m, 0)
	if e := take(t, m); e.id != mine {
		t.Errorf("turn: got a job of %s, of which there is no data", e.owner.Organization)
	}
	if _, ok, err := m.jobs.take(t.Context(), 0, m.turns()); ok || err != nil {
		t.Errorf("took another one: %v, %v", ok, err)
	}
}

func TestTheBodyIsForgottenWhenTheJobIsDone(t *testing.T) {
	m := newManager(t, &fakeViews{}, nil)
	for range 2 {
		submit(t, m, 0)
	}
	run(t, m, take(t, m))
	e := take(t, m)
	if err := m.Delete(t.Context(), me, e.id); err != nil {
		t.Fatal(err)
	}
	var bodies int
	if err := m.cfg.DB.Row(t.Context(), `SELECT count(body) FROM jobs`).Scan(&bodies); err != nil || bodies != 0 {
		t.Errorf("bodies kept: %d, %v, want none", bodies, err)
	}
}

var _ engine.Views = (*fakeViews)(nil)

func TestCountsForTheMeter(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	m := newManager(t, &fakeViews{records: someRecords(30)}, func(c *Config) { c.Now = func() time.Time { return now } })
	submit(t, m, 0)
	run(t, m, take(t, m))
	submit(t, m, 0)
	now = now.Add(time.Minute)
	got, err := m.count(context.WithoutCancel(t.Context()))
	if err != nil || got.Age != time.Minute || got.Stored == 0 || got.States["QUEUED"] != 1 || got.States["FULFILLED"] != 1 || got.States["FAILED"] != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// What could not be removed at its time is removed by a later sweep, and what is being written is left alone.
func TestSweepsClearWhatIsLeft(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	done, running := submit(t, m, 0), submit(t, m, 0)
	run(t, m, take(t, m))
	e := take(t, m)
	_, end := m.running.begin(t.Context(), e.named())
	left := newID()
	for _, path := range []string{partPath(m, running), resultsPath(m, left), partPath(m, left)} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	m.sweep(t.Context())
	want := map[string]bool{resultsPath(m, done): true, partPath(m, running): true}
	for _, name := range list(t, m) {
		if !want[name] {
			t.Errorf("left: %s", filepath.Base(name))
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("removed, though in use: %v", want)
	}
	end()
}

func TestAFailureAfterTheFileLeavesNoFile(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3), closing: errors.New("secret of the view")}, nil)
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	wantState(t, m, id, Failed)
	if names := list(t, m); len(names) != 0 {
		t.Errorf("files left: %v", names)
	}
}

// Deleting a job whose data is being opened must not make the next one wait as if the data could not be opened.
func TestAJobDeletedWhileItsDataIsOpenedDelaysNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3)}
		views.stuck.Store(true)
		m := newManager(t, views, func(c *Config) { c.Limits.Running = 1 })
		defer start(t, m)()
		first := submit(t, m, 0)
		synctest.Wait()
		wantState(t, m, first, Pending)
		views.stuck.Store(false)
		if err := m.Delete(t.Context(), me, first); err != nil {
			t.Fatal(err)
		}
		second := submit(t, m, 0)
		synctest.Wait()
		wantState(t, m, first, Cancelled)
		wantState(t, m, second, Fulfilled)
	})
}

// What a killed process was writing goes, that of jobs too that have been answered since; what is being written stays.
func TestSweepsClearWhatWasBegun(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	done, running := submit(t, m, 0), submit(t, m, 0)
	run(t, m, take(t, m))
	_, end := m.running.begin(t.Context(), take(t, m).named())
	defer end()
	for _, at := range []store.Location{resultsAt(m, done), resultsAt(m, newID()), resultsAt(m, running), "not ours"} {
		w, err := m.cfg.Home.All.Create(t.Context(), at, store.Replace)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("torn")); err != nil {
			t.Fatal(err)
		}
	}
	m.sweep(t.Context())
	entries, err := os.ReadDir(m.dir())
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		if of, yes := folder.Temporary(e.Name()); yes {
			left = append(left, of)
		}
	}
	slices.Sort(left)
	want := []string{string(resultsAt(m, running)), "not ours"}
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left: %q, want %q", left, want)
	}
	if _, got, _ := read(t, m, done, "", 10); len(got) != 3 {
		t.Errorf("read %d results", len(got))
	}
}
