package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/test/unraced"
)

func TestAJobGoesThroughItsStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3), gate: make(chan struct{})}
		m := newManager(t, views, nil)
		submitted := time.Now()
		id := submit(t, m, 0)
		if got, want := wantState(t, m, id, Queued), (Status{State: Queued, SubmissionDate: submitted}); !got.equal(want) {
			t.Errorf("queued: got %+v, want %+v", got, want)
		}
		defer start(t, m)()
		synctest.Wait()
		wantState(t, m, id, Pending)
		_, err := m.Results(t.Context(), me, id, "", 10)
		wantKind(t, err, fault.NotFound)

		time.Sleep(36 * time.Second)
		close(views.gate)
		synctest.Wait()
		want := Status{
			State: Fulfilled, SubmissionDate: submitted, CompletionDate: submitted.Add(36 * time.Second),
			ExpirationDate: time.Date(2000, 1, 9, 0, 0, 0, 0, time.UTC),
		}
		if got := wantState(t, m, id, Fulfilled); !got.equal(want) {
			t.Errorf("fulfilled: got %+v, want %+v", got, want)
		}
		if views.opened != 1 || views.open != 0 {
			t.Errorf("views: opened %d, left open %d, want 1 and 0", views.opened, views.open)
		}
	})
}

func (s Status) equal(o Status) bool {
	return s.State == o.State && s.ErrorMessage == o.ErrorMessage && s.SubmissionDate.Equal(o.SubmissionDate) &&
		s.CompletionDate.Equal(o.CompletionDate) && s.ExpirationDate.Equal(o.ExpirationDate)
}

func TestExpirationIsAMidnight(t *testing.T) {
	day := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for in, want := range map[time.Time]time.Time{
		day: day, day.Add(1): day.AddDate(0, 0, 1), day.Add(-1): day, day.Add(23 * time.Hour): day.AddDate(0, 0, 1),
	} {
		if got := midnight(in); !got.Equal(want) {
			t.Errorf("midnight of %v: got %v, want %v", in, got, want)
		}
	}
}

func TestResultsExpireByTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &fakeViews{records: someRecords(3)}, func(c *Config) { c.Keep = time.Hour })
		defer start(t, m)()
		time.Sleep(30 * time.Second) // the sweeper comes on the minute, half a minute after the expiration
		now := time.Now().Add(-30 * time.Second)
		id := submit(t, m, 0)
		synctest.Wait()
		expires := wantState(t, m, id, Fulfilled).ExpirationDate
		if want := now.AddDate(0, 0, 1).UTC(); !expires.Equal(want) {
			t.Fatalf("expirationDate: got %v, want %v", expires, want)
		}
		page, err := m.Results(t.Context(), me, id, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		defer page.Close()

		time.Sleep(time.Until(expires) - 1)
		wantState(t, m, id, Fulfilled)
		time.Sleep(time.Nanosecond)
		wantState(t, m, id, Expired)
		_, err = m.Results(t.Context(), me, id, "", 10)
		wantKind(t, err, fault.NotFound)
		wantKind(t, err, fault.Expired)

		time.Sleep(time.Minute)
		synctest.Wait()
		if names := list(t, m); len(names) != 0 {
			t.Errorf("files left after the expiration: %v", names)
		}
		if got := stream(t, page); !strings.Contains(got, `"c-0002"`) {
			t.Errorf("a page that was open before the expiration: got %s", got)
		}
		if got := wantState(t, m, id, Expired); !got.ExpirationDate.Equal(expires) {
			t.Errorf("expirationDate of an expired job: got %v", got.ExpirationDate)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		_, err = m.Status(t.Context(), me, id)
		wantKind(t, err, fault.NotFound)
	})
}

// resultsPath and partPath are where the results of a job are, and where an earlier version wrote them.
func resultsPath(m *Manager, id ID) string {
	e, ok, err := m.jobs.get(context.Background(), id)
	if err != nil {
		panic(err)
	}
	if ok && e.status.State == Queued {
		e.attempt++ // by whom it is answered next
	}
	return filepath.Join(m.dir(), named{id, e.attempt}.file())
}

func partPath(m *Manager, id ID) string { return filepath.Join(m.dir(), string(id)+partSuffix) }

func list(t *testing.T, m *Manager) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(m.dir(), "*[st]")) // results and parts
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestDeleteCancelsThenRemoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(3), gate: make(chan struct{})}
		m := newManager(t, views, func(c *Config) { c.Limits.Running = 1 })
		defer start(t, m)()
		running := submit(t, m, 0)
		synctest.Wait()
		waiting, last := submit(t, m, 0), submit(t, m, 0)
		for _, id := range []ID{waiting, running} { // the other way round, the second could have begun
			if err := m.Delete(t.Context(), me, id); err != nil {
				t.Fatal(err)
			}
			wantState(t, m, id, Cancelled)
		}
		close(views.gate)
		synctest.Wait()
		wantState(t, m, running, Cancelled)
		wantState(t, m, last, Fulfilled)
		if names := list(t, m); len(names) != 1 || views.open != 0 || views.opened != 2 {
			t.Errorf("files %v, views open %d, opened %d; want the last job's only", names, views.open, views.opened)
		}
		for _, id := range []ID{running, last} {
			if err := m.Delete(t.Context(), me, id); err != nil {
				t.Fatal(err)
			}
			_, err := m.Status(t.Context(), me, id)
			wantKind(t, err, fault.NotFound)
			wantKind(t, m.Delete(t.Context(), me, id), fault.NotFound)
		}
		if names := list(t, m); len(names) != 0 {
			t.Errorf("files left: %v", names)
		}
	})
}

// A job that is deleted twice while its worker is in the middle is gone, and so is what the worker then finishes.
func TestAWorkerThatFinishesADeletedJobLeavesNothing(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	id := submit(t, m, 0)
	e := take(t, m)
	for range 2 {
		if err := m.Delete(t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.answer(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	m.fulfil(t.Context(), e)
	if names := list(t, m); len(names) != 0 {
		t.Errorf("files left: %v", names)
	}
}

// A job that is deleted between a worker's taking it and its being stoppable is not run.
func TestAJobDeletedAsAWorkerTakesItIsNotRun(t *testing.T) {
	views := &fakeViews{records: someRecords(3)}
	m := newManager(t, views, nil)
	id := submit(t, m, 0)
	e := take(t, m)
	if err := m.Delete(t.Context(), me, id); err != nil {
		t.Fatal(err)
	}
	run(t, m, e)
	wantState(t, m, id, Cancelled)
	if views.opened != 0 {
		t.Errorf("views opened: %d, want none", views.opened)
	}
}

func TestAnotherOrganizationSeesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
		defer start(t, m)()
		id := submit(t, m, 0)
		synctest.Wait()
		other := Owner{Organization: "org-2", Client: me.Client}
		_, err := m.Status(t.Context(), other, id)
		wantKind(t, err, fault.NotFound)
		_, err = m.Results(t.Context(), other, id, "", 10)
		wantKind(t, err, fault.NotFound)
		wantKind(t, m.Delete(t.Context(), other, id), fault.NotFound)
		wantState(t, m, id, Fulfilled)
	})
}

func TestFailuresSayWhatTheAskerMayKnow(t *testing.T) {
	for name, c := range map[string]struct {
		views *fakeViews
		want  string
	}{
		"internal":  {&fakeViews{err: errors.New("secret of the engine")}, "internal error"},
		"corrupt":   {&fakeViews{err: fault.New(fault.Corrupt, "secret of the lake")}, "internal error"},
		"panic":     {&fakeViews{panics: true}, "internal error"},
		"full":      {&fakeViews{err: fmt.Errorf("secret: %w", fault.Full)}, "no room left"},
		"disk full": {&fakeViews{err: &os.PathError{Op: "write", Path: "/secret", Err: syscall.ENOSPC}}, "no room left"},
		"told":      {&fakeViews{err: fault.New(fault.Unavailable, "The lake is being moved")}, "The lake is being moved"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c.views.records = someRecords(700)
				m := newManager(t, c.views, nil)
				defer start(t, m)()
				id := submit(t, m, 0)
				synctest.Wait()
				got := wantState(t, m, id, Failed)
				if !strings.Contains(got.ErrorMessage, c.want) || strings.Contains(got.ErrorMessage, "secret") || got.CompletionDate.IsZero() {
					t.Errorf("got %+v, want a message with %q", got, c.want)
				}
				_, err := m.Results(t.Context(), me, id, "", 10)
				wantKind(t, err, fault.NotFound)
				if names := list(t, m); len(names) != 0 {
					t.Errorf("files left: %v", names)
				}
			})
		})
	}
}

// fullDisk takes the first bytes of a file and then has no room.
type fullDisk struct {
	folder.OS

	room int
}

func (d fullDisk) Create(path string) (folder.File, error) {
	f, err := d.OS.Create(path)
	return &fullFile{f, d.room}, err
}

type fullFile struct {
	folder.File

	room int
}

func (f *fullFile) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, &os.PathError{Op: "write", Path: "part", Err: syscall.ENOSPC}
	}
	return f.File.Write(b)
}

func (f *fullFile) Sync() error {
	if f.room == 0 {
		return &os.PathError{Op: "sync", Path: "part", Err: syscall.EIO}
	}
	return f.File.Sync()
}

func TestAFullDiskLeavesNothingHalfWritten(t *testing.T) {
	unraced.Test(t)
	records := someRecords(1000)
	whole := newManager(t, &fakeViews{records: records}, nil)
	id := submit(t, whole, 0)
	e := take(t, whole)
	if err := whole.answer(t.Context(), &e); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(resultsPath(whole, id))
	if err != nil {
		t.Fatal(err)
	}
	for room := 0; room <= int(info.Size()); room += max(1, int(info.Size())/50) {
		m := newManager(t, &fakeViews{records: records}, nil)
		m.files = stored(folder.On(m.dir(), fullDisk{room: room}))
		if err := m.answer(t.Context(), &e); err == nil {
			t.Errorf("room for %d of %d bytes: no error", room, info.Size())
		}
		if names := list(t, m); len(names) != 0 {
			t.Errorf("room for %d of %d bytes: files left: %v", room, info.Size(), names)
		}
	}
}

func TestAStoppedServiceTakesItsJobsUpAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(5), gate: make(chan struct{})}
		m := newManager(t, views, func(c *Config) { c.Limits.Running = 1 })
		first, second := submit(t, m, 0), submit(t, m, 0)
		stop := start(t, m)
		views.gate <- struct{}{}
		synctest.Wait()
		wantState(t, m, first, Pending)
		stop()
		wantState(t, m, first, Queued)
		if names := list(t, m); len(names) != 0 {
			t.Errorf("files left: %v", names)
		}

		defer start(t, m)()
		synctest.Wait()
		wantState(t, m, first, Pending)
		wantState(t, m, second, Queued)
		close(views.gate)
		synctest.Wait()
		wantState(t, m, first, Fulfilled)
		wantState(t, m, second, Fulfilled)
	})
}

func TestTooManyWaitingJobsAreRefused(t *testing.T) {
	m := newManager(t, &fakeViews{}, func(c *Config) { c.Limits.Queued = 2 })
	first := submit(t, m, 0)
	submit(t, m, 0)
	_, err := m.Submit(t.Context(), me, body(0))
	wantKind(t, err, fault.Throttled)
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Limit == nil || f.Limit.Value != 2 {
		t.Errorf("got %v, want the limit named", err)
	}
	if err := m.Delete(t.Context(), me, first); err != nil {
		t.Fatal(err)
	}
	submit(t, m, 0) // a cancelled job makes room at once
}

func TestNoMoreWorkersThanAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &fakeViews{records: someRecords(1), gate: make(chan struct{})}
		m := newManager(t, views, func(c *Config) { c.Limits.Running = 3 })
		defer start(t, m)()
		var ids []ID
		for range 10 {
			ids = append(ids, submit(t, m, 0))
		}
		synctest.Wait()
		for i, id := range ids {
			wantState(t, m, id, []State{Pending, Queued}[min(i/3, 1)])
		}
		close(views.gate)
		synctest.Wait()
		for _, id := range ids {
			wantState(t, m, id, Fulfilled)
		}
		if views.most != 3 {
			t.Errorf("views open at a time: got %d, want 3", views.most)
		}
	})
}

// Many callers submit, ask, read and delete while the service is started and stopped; every job comes to an end.
func TestManyCallersWhileTheServiceStartsAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &fakeViews{records: someRecords(300)}, func(c *Config) { c.Limits.Queued = 1000 })
		var callers sync.WaitGroup
		for caller := range 10 {
			callers.Go(func() {
				for i := range 10 {
					id, err := m.Submit(t.Context(), me, body(0))
					if err != nil {
						t.Error(err)
						return
					}
					if (caller+i)%2 == 0 {
						if err := m.Delete(t.Context(), me, id); err != nil {
							t.Error(err)
						}
					}
					if page, err := m.Results(t.Context(), me, id, "", 100); err == nil {
						if err := errors.Join(page.Stream(new(strings.Builder)), page.Close()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		for range 50 {
			start(t, m)()
		}
		callers.Wait()
		defer start(t, m)()
		synctest.Wait()
		jobs, err := m.List(t.Context(), me)
		if err != nil || len(jobs) != 100 {
			t.Errorf("jobs: got %d, %v, want 100", len(jobs), err)
		}
		for _, j := range jobs {
			if j.Status.State != Fulfilled && j.Status.State != Cancelled {
				t.Errorf("job %s is left %s", j.ID, j.Status.State)
			}
		}
		for _, name := range list(t, m) {
			n, _, ours := Place{}.namedBy(store.Location(filepath.Base(name)))
			if e, ok, err := m.jobs.get(t.Context(), n.id); !ours || !ok || err != nil || e.status.State != Fulfilled || e.attempt != n.attempt {
				t.Errorf("file %s belongs to no fulfilled job", filepath.Base(name))
			}
		}
	})
}

func TestLeftoversOfAnEarlierProcessAreCleared(t *testing.T) {
	m := newManager(t, &fakeViews{}, nil)
	old := filepath.Join(m.dir(), string(newID()))
	mine := filepath.Join(m.dir(), "notes.results")
	for _, path := range []string{old + resultsSuffix, old + partSuffix, mine} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Run(ctx); err != nil {
		t.Fatal(err)
	}
	if names := list(t, m); len(names) != 1 || names[0] != mine {
		t.Errorf("got %v, want only the file that is not ours", names)
	}
}

func TestConfigIsChecked(t *testing.T) {
	good := func() Config {
		dir := t.TempDir()
		return Config{DB: openDB(t, dir), Home: InFolder(dir), Now: time.Now}
	}
	for name, spoil := range map[string]func(*Config){
		"no database": func(c *Config) { c.DB = nil }, "no folder": func(c *Config) { c.Home = Home{} }, "no clock": func(c *Config) { c.Now = nil },
		"negative": func(c *Config) { c.Keep = -1 }, "negative limit": func(c *Config) { c.Limits.Open = -1 },
	} {
		c := good()
		spoil(&c)
		if _, err := New(t.Context(), c); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := New(t.Context(), good()); err != nil {
		t.Error(err)
	}
}
