package runs

import (
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

func TestRunsAreKept(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := In(db)
	if list, err := s.List(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("before the first: %v, %v", list, err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	noon := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	day := conversation.DayOf(noon)
	put := func(r Run) {
		t.Helper()
		if err := s.Put(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	run := Run{ID: "a", Source: "x", First: day - 3, End: day, Begun: noon, Seen: noon, Days: "wr.", Received: 7}
	put(run)
	run.Days, run.Ended, run.Warnings = "www", noon.Add(time.Minute), []string{"one"}
	put(run)
	list, err := s.List(t.Context())
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], run) {
		t.Fatalf("got %+v, %v, want %+v", list, err, run)
	}
	if n := list[0].Count(Whole); n != 3 {
		t.Errorf("%d days are whole", n)
	}
	for n := range Most + 3 {
		put(Run{ID: "n" + strconv.Itoa(n), Begun: noon.Add(time.Duration(n+1) * time.Hour)})
	}
	if list, err = s.List(t.Context()); err != nil || len(list) != Most || list[0].ID != "n"+strconv.Itoa(Most+2) || list[Most-1].ID != "n3" {
		t.Errorf("%d runs are kept, %v", len(list), err)
	}
}
