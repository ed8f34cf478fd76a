package ledger

import (
	"path/filepath"
	"reflect"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// The rules of the last extraction are those by which days are judged; before there was one, the usual ones.
func TestRulesAreRemembered(t *testing.T) {
	l, _ := open(t)
	usual := Rules{Policy: DefaultPolicy(), Tolerance: DefaultTolerance}
	wants := func(want Rules) {
		t.Helper()
		if got, err := l.Rules(t.Context()); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
	wants(usual)
	if err := l.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(usual)
	if _, err := l.Saw(t.Context(), first, morning, morning); err != nil {
		t.Fatal(err)
	}
	wants(usual)
	for _, r := range []Rules{{Policy: Policy{1, 30}, Tolerance: 0.001}, {Policy: Policy{}}, {Policy: Policy{2}, Tolerance: 1}} {
		if err := l.Follow(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		wants(r)
	}
}

// A lake that may only be read, and in which nobody has extracted, has the usual rules.
func TestRulesOfALakeWithoutALedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	db, err := state.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := In(state.OpenToRead(path, fault.ReadOnly)).Rules(t.Context()); err != nil || got.Tolerance != DefaultTolerance {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTolerances(t *testing.T) {
	for _, text := range []string{"off", "5%", "0.1%", "12.5%", "100%"} {
		share, err := ParseTolerance(text)
		if got := FormatTolerance(share); err != nil || got != text {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}
