package lake

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// Commits that are made as a run makes them, again until they are in, come in once each: with connections that are cut anywhere, and with a
// Postgres that ends at once in the middle of them.
func TestCommitsThroughCutsAndRestarts(t *testing.T) {
	unraced.Test(t)
	if elsewhere != nil {
		t.Skip("it needs the server itself")
	}
	database := postgres.Database(t)
	way, cut := postgres.Cut(t, database)
	elsewhere = func(dir string) string { return schemaFor(cut, dir) }
	t.Cleanup(func() { elsewhere = nil })
	seed := rand.Uint64()
	t.Log("seed", seed)
	dice := rand.New(rand.NewPCG(seed, 0))
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	// A lease that could not be given back runs out after a time that a test does not wait for.
	free := func() {
		on := elsewhere
		defer func() { elsewhere = on }()
		elsewhere = func(dir string) string { return schemaFor(database, dir) }
		runOut(t, dir)
	}
	var want []string
	added := int64(0)
	for n := range 12 {
		v := record(fmt.Sprintf("c%02d", n), day1.AddDate(0, 0, n%3), "x")
		want = append(want, string(v.JSON))
		restarted := make(chan struct{})
		if n%6 == 5 {
			go func() {
				defer close(restarted)
				postgres.Restart(t)
			}()
		} else {
			close(restarted)
			way.After(2000 + dice.IntN(40_000))
		}
		added += untilIn(t, l, func() { <-restarted; free() }, Commit{ID: fmt.Sprint("commit", n), Run: "run", At: day1, Days: []conversation.Day{conversation.DayOf(day1) + conversation.Day(n)}, Records: all(v)})
		<-restarted
	}
	way.After(0)
	elsewhere = func(dir string) string { return schemaFor(database, dir) }
	now := mustOpen(t, dir)
	s := snapshot(t, now)
	if got := contentsOf(t, s); !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("got %d conversations, want %d:\n%s", len(got), len(want), strings.Join(got, "\n"))
	}
	if err := errors.Join(s.Verify(t.Context()), s.Close()); err != nil {
		t.Error(err)
	}
	whole, err := now.WholeDays(t.Context())
	if err != nil || whole != len(want) || added != int64(len(want)) {
		t.Errorf("%d whole days, %d added, %v", whole, added, err)
	}
	if r := mustCheck(t, now); r.Unsettled != 0 {
		t.Errorf("left %+v", r)
	}
	t.Log("cuts", way.Cuts())
}

// untilIn makes a commit until it is in, and has what hinders it be gone between. It gives how many conversations it added.
func untilIn(t *testing.T, l *Lake, ready func(), c Commit) int64 {
	t.Helper()
	for range 50 {
		out, err := commitOnce(t, l, c)
		if err == nil {
			return out.Added
		}
		if !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.InDoubt) && !errors.Is(err, fault.Conflict) {
			t.Errorf("%s: %v", c.ID, err)
		}
		ready()
	}
	t.Fatal("it does not come in")
	return 0
}

// commitOnce makes a commit, unless it is in already.
func commitOnce(t *testing.T, l *Lake, c Commit) (out Outcome, err error) {
	t.Helper()
	w, err := l.WriterWithin(t.Context(), 0)
	if err != nil {
		return out, err
	}
	defer func() { _ = w.Close() }() // where it cannot be given back it runs out
	if out, found, err := l.Landed(t.Context(), c.ID); found || err != nil {
		return out, err
	}
	return w.Commit(t.Context(), c)
}
