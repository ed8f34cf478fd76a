package handed

import (
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

func TestWhatWasHandedOver(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	at := time.Date(2026, 11, 8, 2, 0, 0, 0, time.UTC)
	is := func(step string, want State) {
		t.Helper()
		if got, err := Load(t.Context(), db, "nightly"); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v; want %+v", step, got, err, want)
		}
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	erased := map[conversation.ID]conversation.Day{"b": 1, "a": 0}
	is("before", State{})
	do(Forget(t.Context(), db, erased))
	do(Begin(t.Context(), db, "nightly", "q", []string{"x"}))
	do(Forget(t.Context(), db, erased)) // nothing was handed over yet
	is("begun", State{Question: "q", Writing: []string{"x"}})
	do(Done(t.Context(), db, "nightly", "q", 7, at, nil))
	is("done", State{Question: "q", Snapshot: 7, Done: at, Writing: []string{}})
	do(Begin(t.Context(), db, "other", "q", nil))
	do(Forget(t.Context(), db, erased))
	do(Forget(t.Context(), db, erased))
	is("erased", State{Question: "q", Snapshot: 7, Done: at, Writing: []string{}, Erased: []conversation.ID{"a", "b"}})
	do(Begin(t.Context(), db, "nightly", "q2", []string{"y"}))
	is("begun again", State{Question: "q", Snapshot: 7, Done: at, Writing: []string{"y"}, Erased: []conversation.ID{"a", "b"}})
	do(Forget(t.Context(), db, map[conversation.ID]conversation.Day{"c": 0}))
	do(Done(t.Context(), db, "nightly", "q2", 8, at, []conversation.ID{"a", "b"}))
	is("told", State{Question: "q2", Snapshot: 8, Done: at, Writing: []string{}, Erased: []conversation.ID{"c"}})
}

func TestNames(t *testing.T) {
	for name, fits := range map[string]bool{"nightly": true, "bi.warehouse-2": true, "": false, "../x": false, ".hidden": false, "a b": false} {
		if err := CheckName(name); (err == nil) != fits || err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
