package lake

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/test/unraced"
)

// writers counts those of some addresses of a lake at which it can be written.
func writers(t *testing.T, all ...Address) (n int) {
	t.Helper()
	for _, a := range all {
		l, err := OpenAt(t.Context(), a)
		if err != nil {
			continue
		}
		w, err := l.Writer(t.Context())
		if err == nil {
			n, err = n+1, w.Close()
		}
		if err := errors.Join(unlessTold(err), l.Close()); err != nil {
			t.Error(err)
		}
	}
	return n
}

func unlessTold(err error) error {
	if errors.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// stoppedControl stops a move of a control database when it reaches a step.
func stoppedControl(t *testing.T, step string, from, to Address) {
	t.Helper()
	crashpoint.Watch(func(name string) {
		if name == step {
			panic(step)
		}
	})
	defer crashpoint.Watch(nil)
	err := broken(func() error {
		_, err := MoveControl(t.Context(), from, to, ControlOptions{Owners: Tables()})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), step) {
		t.Errorf("the move was to stop at %s: %v", step, err)
	}
}

// A control database goes to a Postgres and back, whoever kills the move at any step and runs it again: there is one at most that may be
// written at each of them. What the lake holds stays, and whoever has the old one open is told.
func TestMovesOfControlDatabases(t *testing.T) {
	unraced.Test(t)
	if inBuckets() || elsewhere != nil {
		t.Skip("it moves between a folder and a Postgres by itself: the run over folders has it")
	}
	l := newLake(t)
	rewritten(t, l, 0, 3)
	want := everyRow(t, l)
	local := l.where
	remote := local.InControl(schemaFor(postgres.Database(t), l.dir))
	for _, m := range []struct{ from, to Address }{{local, remote}, {remote, local}, {local, remote}} {
		had, err := OpenAt(t.Context(), m.from)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []string{"control.copied", "control.retired", "control.arrived"} {
			stoppedControl(t, step, m.from, m.to)
			if step == "control.copied" {
				commit(t, had, Commit{Records: all(record(step+time.Now().String(), day1, "late"))}) // copied anew
				want = everyRow(t, had)
			}
			if n := writers(t, m.from, m.to); n > 1 || n == 0 && step == "control.copied" {
				t.Errorf("stopped at %s, the lake can be written by %d control databases", step, n)
			}
		}
		out, err := MoveControl(t.Context(), m.from, m.to, ControlOptions{Owners: Tables()})
		if err != nil {
			t.Fatalf("%+v: %v", out, err)
		}
		if out, err := MoveControl(t.Context(), m.from, m.to, ControlOptions{Owners: Tables()}); err != nil {
			t.Errorf("once more: %+v, %v", out, err)
		}
		if writers(t, m.from) != 0 || writers(t, m.to) != 1 {
			t.Error("it is not the new one that can be written")
		}
		refusesAll(t, had, m.from, m.to)
		moved, err := OpenAt(t.Context(), m.to)
		if err != nil {
			t.Fatal(err)
		}
		if got := everyRow(t, moved); !slices.Equal(got, want) {
			t.Errorf("there are %d rows, want %d", len(got), len(want))
		}
		mustCheck(t, moved)
		commit(t, moved, Commit{Records: all(record("after"+time.Now().String(), day1, "goes on"))})
		want = everyRow(t, moved)
		if err := errors.Join(moved.Close(), had.Close()); err != nil {
			t.Error(err)
		}
	}
}

// refusesAll looks whether a lake that was opened before its control database was moved is written by no way, and whoever opens it now is told
// where to go.
func refusesAll(t *testing.T, had *Lake, from, to Address) {
	t.Helper()
	if _, err := had.Writer(t.Context()); !errors.Is(err, fault.Conflict) {
		t.Errorf("a writer that had it open: %v", err)
	}
	if _, err := had.Turn(t.Context(), "extract", "%s", 0); !errors.Is(err, fault.Conflict) {
		t.Errorf("an extraction that had it open: %v", err)
	}
	if _, err := had.db.Exec(t.Context(), `INSERT INTO id_whole VALUES ('x')`); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is not written any more") {
		t.Errorf("a statement of who had it open: %v", err)
	}
	_, err := OpenAt(t.Context(), from)
	if !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), state.Shown(to.Control)) || !strings.Contains(err.Error(), to.wayTo(state.Shown(to.Control))) {
		t.Errorf("who opens it now: %v", err)
	}
}

// A control database does not take the place of another lake's, nor goes where it is, nor while somebody writes; a dry run writes nothing.
func TestWhereAControlDatabaseDoesNotGo(t *testing.T) {
	if inBuckets() || elsewhere != nil {
		t.Skip("it moves between a folder and a Postgres by itself: the run over folders has it")
	}
	one, two := newLake(t), newLake(t)
	database := postgres.Database(t)
	to := one.where.InControl(schemaFor(database, "one"))
	o := ControlOptions{Owners: Tables()}
	turn, err := one.Turn(t.Context(), "export-nightly", "%s", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := MoveControl(t.Context(), one.where, to, o); !errors.Is(err, fault.Conflict) {
		t.Errorf("beside an export: %v", err)
	}
	if err := turn.Close(); err != nil {
		t.Fatal(err)
	}
	dry, err := MoveControl(t.Context(), one.where, one.where.InControl(schemaFor(database, "dry")), ControlOptions{Owners: Tables(), DryRun: true})
	if err != nil || dry.Tables == 0 {
		t.Errorf("a dry run: %+v, %v", dry, err)
	}
	if _, err := state.Open(t.Context(), schemaFor(database, "dry")); !errors.Is(err, fault.NotFound) {
		t.Errorf("a dry run made a schema: %v", err)
	}
	if _, err := MoveControl(t.Context(), one.where, to, ControlOptions{}); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "newer") {
		t.Errorf("tables of an owner that is not known: %v", err)
	}
	if _, err := MoveControl(t.Context(), one.where, to, o); err != nil {
		t.Fatal(err)
	}
	if _, err := MoveControl(t.Context(), two.where, two.where.InControl(to.Control), o); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "schema") {
		t.Errorf("in place of another: %v", err)
	}
	if got, err := MoveControl(t.Context(), to, to, o); err != nil || !got.Already {
		t.Errorf("where it is: %+v, %v", got, err)
	}
	if _, err := os.Stat(filepath.Join(one.dir, asideName)); err != nil {
		t.Error(err)
	}
	commit(t, two, Commit{Records: all(record("c", day1, "x"))})
}
