package extract

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/test/unraced"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

// sharedRig is a rig whose lake has its control database in a Postgres, and the address of the lake.
func sharedRig(t *testing.T) (*rig, lake.Address) {
	t.Helper()
	r := newRig(t, 2, platformtest.Config{Records: spread(2, 8)})
	a, err := lake.InFolder(filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	control, err := state.InSchema(server.Database(t), "lake")
	if err != nil {
		t.Fatal(err)
	}
	a = a.InControl(control)
	l, err := lake.CreateAt(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	r.lake, r.cfg.Lake, r.cfg.Control = l, l, l.Control()
	return r, a
}

// takeOver has the leases of a lake run out, as they do while their holder sleeps, and extracts from another machine, until pages have
// come (0: to the end).
func (r *rig) takeOver(a lake.Address, pages int) {
	r.t.Helper()
	if _, err := r.lake.Control().Exec(r.t.Context(), `UPDATE leases SET expires = since - interval '1 hour' WHERE expires > '-infinity'`); err != nil {
		r.t.Fatal(err)
	}
	l, err := lake.OpenAt(r.t.Context(), a)
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	ctx, stop := context.WithCancel(r.t.Context())
	defer stop()
	cfg := r.cfg
	cfg.Lake, cfg.Control = l, l.Control()
	cut := &cutPlatform{Platform: cfg.Platform, pass: pages - 1, cut: func() error { stop(); return nil }}
	if pages > 0 {
		cfg.Platform = cut
	}
	if _, err := New(cfg).Run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		r.t.Errorf("the other one: %v", err)
	}
}

// An extraction that sleeps at any point and wakes after another has taken it up changes nothing any more and is told so, be the other one
// through or in the middle of it. What comes of it is the truth.
func TestAnExtractionThatSleptChangesNothing(t *testing.T) {
	unraced.Test(t)
	for name, requests := range map[string]int{"through": 0, "in the middle": 7} {
		t.Run(name, func(t *testing.T) {
			var points []string
			t.Run("never", func(t *testing.T) { points = extractedAsleep(t, "never", requests) })
			if len(points) < 6 || !slices.Contains(points, "stage.written") || !slices.Contains(points, "load.committed") {
				t.Fatalf("only these points were reached: %v", points)
			}
			for _, at := range points {
				t.Run(at, func(t *testing.T) { extractedAsleep(t, at, requests) })
			}
		})
	}
}

// extractedAsleep has an extraction sleep when it first reaches a point, while another goes on with so many requests, and looks at what
// comes of it. It gives the points that were reached.
func extractedAsleep(t *testing.T, at string, requests int) (points []string) {
	t.Helper()
	r, a := sharedRig(t)
	var mu sync.Mutex
	slept := false
	crashpoint.Watch(func(name string) {
		mu.Lock()
		now := name == at && !slept
		slept = slept || now
		owner, _, _ := strings.Cut(name, ".") // the lake has a test like this of its own
		if slices.Contains([]string{"extract", "stage", "load"}, owner) && !slices.Contains(points, name) {
			points = append(points, name)
		}
		mu.Unlock()
		if now {
			r.takeOver(a, requests)
		}
	})
	_, err := New(r.cfg).Run(t.Context())
	crashpoint.Watch(nil)
	if slept != errors.Is(err, fault.Conflict) {
		t.Error(err)
	}
	r.takeOver(a, 0)
	if _, damage := lake.Check(t.Context(), r.lake, nil); damage != nil {
		t.Error(damage)
	}
	r.wantRecords(spread(2, 8))
	r.wantNothingStaged()
	return points
}

// wantNothingStaged looks whether all that was staged has gone, its files too.
func (r *rig) wantNothingStaged() {
	r.t.Helper()
	for _, table := range []string{"stage_chunks", "stage_records", "stage_dead", "extract_parts"} {
		var n int
		if err := r.lake.Control().Row(r.t.Context(), `SELECT count(*) FROM `+table).Scan(&n); err != nil || n > 0 {
			r.t.Errorf("%d rows in %s, %v", n, table, err)
		}
	}
	err := filepath.WalkDir(filepath.Join(r.lake.String(), "staging"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			r.t.Errorf("%s is left", filepath.Base(path))
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.t.Error(err)
	}
}
