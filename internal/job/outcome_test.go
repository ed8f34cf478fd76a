package job

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
)

func TestWhichStatesAreDone(t *testing.T) {
	for state, want := range map[State]bool{Queued: false, Pending: false, Fulfilled: true, Failed: true, Cancelled: true, Expired: true} {
		if got := state.Done(); got != want {
			t.Errorf("%s: got %v, want %v", state, got, want)
		}
	}
}

func TestResultsAreForTheirOwnerAlone(t *testing.T) {
	m, id := fulfilled(t, someRecords(3), 0)
	for path, want := range map[string]os.FileMode{resultsPath(m, id): 0o600, m.dir(): 0o700 | os.ModeDir} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

// shut is Views whose date is known and which cannot be opened for now.
type shut struct {
	*fakeViews
	is atomic.Bool
}

func (s *shut) Settled(ctx context.Context) (engine.Engine, error) {
	if s.is.Load() {
		return nil, fault.New(fault.Corrupt, "secret of the lake")
	}
	return s.fakeViews.Settled(ctx)
}

func TestAJobWaitsWhileItsViewCannotBeOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &shut{fakeViews: &fakeViews{records: someRecords(3)}}
		views.is.Store(true)
		m := newManager(t, views, nil)
		defer start(t, m)()
		id := submit(t, m, 0)
		pass(2 * pauseFor)
		wantState(t, m, id, Queued)
		views.is.Store(false)
		pass(pauseFor)
		wantState(t, m, id, Fulfilled)
	})
}

// The log tells failures that somebody must look at from those that the query itself is the reason for.
func TestHowLoudlyAFailureIsLogged(t *testing.T) {
	for level, failure := range map[string]error{"WARN": fault.New(fault.Unavailable, "The lake is being moved"), "ERROR": errors.New("secret of the engine")} {
		var log bytes.Buffer
		m := newManager(t, &fakeViews{err: failure}, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		submit(t, m, 0)
		run(t, m, take(t, m))
		if !strings.Contains(log.String(), "level="+level+` msg="job failed"`) {
			t.Errorf("want %s, got %s", level, log.String())
		}
	}
}

// Before the folder is synced, a crash could take the name away; before the file is, the name could have no content.
func TestResultsAreNamedOnceTheyLastAndThenTheNameDoes(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	id := submit(t, m, 0)
	var steps []string
	note := func(step string) {
		name := "unnamed"
		if _, err := os.Stat(resultsPath(m, id)); err == nil {
			name = "named"
		}
		steps = append(steps, step+" "+name)
	}
	m.files = stored(folder.On(m.dir(), foldertest.Steps{Before: func(op, _ string) error {
		switch op {
		case "sync":
			note("file synced")
		case "syncdir":
			note("folder synced")
		}
		return nil
	}}))
	run(t, m, take(t, m))
	wantState(t, m, id, Fulfilled)
	if got, want := strings.Join(steps, ", "), "file synced unnamed, folder synced named"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFileThatCannotBeNamedFailsItsJob(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	id := submit(t, m, 0)
	if err := os.MkdirAll(filepath.Join(resultsPath(m, id), "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, m, take(t, m))
	wantState(t, m, id, Failed)
}

func TestAFolderThatCannotBeSyncedFailsItsJob(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(3)}, nil)
	m.files = stored(folder.On(m.dir(), foldertest.Steps{Before: func(op, _ string) error {
		if op == "syncdir" {
			return errors.New("the disk is gone")
		}
		return nil
	}}))
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	wantState(t, m, id, Failed)
	if names := list(t, m); len(names) != 0 {
		t.Errorf("files left: %v", names)
	}
}

func TestServedRecordsAreCounted(t *testing.T) {
	counts := meter.New()
	m := newManager(t, &fakeViews{records: someRecords(2*blockRecords + 5)}, func(c *Config) { c.Meter = counts })
	id := submit(t, m, 0)
	run(t, m, take(t, m))
	_, _, cursor := read(t, m, id, "", 3)
	read(t, m, id, cursor, blockRecords)
	families, err := counts.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, one := range f.GetMetric() {
			if label := one.GetLabel(); f.GetName() == "parley_records_total" && label[0].GetValue() == "served" && one.GetCounter().GetValue() != 3+blockRecords {
				t.Errorf("served: got %v, want %d", one.GetCounter().GetValue(), 3+blockRecords)
			}
		}
	}
}

func TestAFolderOfResultsThatCannotBeMade(t *testing.T) {
	m := newManager(t, &fakeViews{}, nil)
	c := m.cfg
	dir := filepath.Join(m.dir(), string(lockOf(0)), "within")
	c.Home = InFolder(dir)
	if err := os.WriteFile(filepath.Dir(dir), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := New(t.Context(), c)
	if !errors.Is(err, fault.Invalid) || !strings.HasPrefix(err.Error(), "the folder of results "+dir+" cannot be made: ") {
		t.Errorf("got %v", err)
	}
}

func TestNoLimitMayBeNegative(t *testing.T) {
	for name, l := range map[string]Limits{
		"running": {Running: -1}, "open": {Open: -1}, "queued": {Queued: -1}, "per minute": {PerMinute: -1}, "bytes": {Bytes: -1}, "stored": {Stored: -1},
	} {
		if !l.negative() {
			t.Errorf("%s: passed", name)
		}
	}
	if (Limits{}).negative() {
		t.Error("none is given, and one is refused")
	}
	if got, want := (Limits{}).withDefaults(), (Limits{Running: 2, Open: 50, Queued: 1000, PerMinute: 60, Bytes: 1e12}); got != want {
		t.Errorf("defaults: got %+v, want %+v", got, want)
	}
}

// An index that is whole and says too much must not bring the process down.
func TestABlockThatIsNotInTheIndexIsDamage(t *testing.T) {
	r := &results{index: &index{records: 5, blocks: []block{{first: 0}}}}
	for _, i := range []int{-1, 1} {
		_, _, _, _, err := r.span(i)
		wantKind(t, err, fault.Corrupt)
	}
	if _, last, _, _, err := r.span(0); err != nil || last != 5 {
		t.Errorf("the only block ends with record %d, %v, want 5", last, err)
	}
}

// The owner of the data is told what outsiders are not: the file that is damaged. What may say anything is for the log
// alone, and where the status says it all there is no more.
func TestTheOwnerIsToldWhyAJobFailed(t *testing.T) {
	damaged := fault.Because(fault.Corrupt, errors.New("no magic bytes"), "a file of the lake cannot be read")
	for name, c := range map[string]struct {
		views *fakeViews
		kind  error
		says  string
	}{
		"damaged":    {&fakeViews{err: damaged}, fault.Corrupt, "a file of the lake cannot be read: no magic bytes"},
		"of a right": {&fakeViews{err: &os.PathError{Op: "open", Path: "f", Err: os.ErrPermission}}, os.ErrPermission, "open f: permission denied"},
		"too much":   {&fakeViews{err: fault.New(fault.TooLarge, "too much")}, nil, ""},
		"unexpected": {&fakeViews{err: errors.New("of no kind")}, nil, ""},
		"a panic":    {&fakeViews{panics: true}, nil, ""},
	} {
		m := newManager(t, c.views, nil)
		id := submit(t, m, 0)
		run(t, m, take(t, m))
		wantState(t, m, id, Failed)
		why, err := m.Why(t.Context(), me, id)
		switch {
		case err != nil || (why == nil) != (c.kind == nil):
			t.Errorf("%s: got %v, %v", name, why, err)
		case why != nil && (!errors.Is(why, c.kind) || !strings.HasSuffix(why.Message, c.says)):
			t.Errorf("%s: got %v: %s", name, why.Kind, why.Message)
		}
		if _, err := m.Why(t.Context(), Owner{Organization: "other"}, id); !errors.Is(err, fault.NotFound) {
			t.Errorf("%s: another organization is told %v", name, err)
		}
	}
}
