package lake

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/iceberg-go/table"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/test/unraced"
)

// The id that both writers give their commit, as a run does that is taken up again elsewhere.
const twice = "twice"

// sleeping has a writer do something and sleep when it first reaches a point, until another has taken its lease and done meanwhile. It
// gives the points that were reached up to there.
func sleeping(t *testing.T, l *Lake, at string, do func(*Writer) error, meanwhile func()) (points []string, err error) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slept := false
	crashpoint.Watch(func(name string) {
		if slept {
			return
		}
		if !slices.Contains(points, name) {
			points = append(points, name)
		}
		if name == at {
			slept = true
			runOut(t, l.dir)
			meanwhile()
		}
	})
	err = do(w)
	crashpoint.Watch(nil)
	if closing := w.Close(); closing != nil {
		t.Error(closing)
	}
	return points, err
}

// allOf is what is in the control database of a lake.
func allOf(t *testing.T, l *Lake) carried {
	t.Helper()
	var all []state.Table
	for _, s := range Tables() {
		all = append(all, s.Tables()...)
	}
	c, err := read(t.Context(), l.db, l.db, all)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A writer that sleeps at any point, and wakes after another has taken its place and committed, changes nothing any more, removes nothing
// that is needed, and is told. What it had committed before is in, once.
func TestAWriterThatSleptChangesNothing(t *testing.T) {
	unraced.Test(t)
	later := later()
	for name, do := range map[string]func(*Writer) error{
		"commit": func(w *Writer) error {
			_, err := w.Commit(t.Context(), Commit{ID: twice, Run: "a", At: day1, Days: []conversation.Day{conversation.DayOf(day1) + 3},
				Records: all(record("a", day1, "sleeper"), record("c", day1.AddDate(0, 0, 1), "sleeper"))})
			return err
		},
		"maintain": func(w *Writer) error {
			_, err := w.Maintain(t.Context(), MaintainOptions{Run: "a", At: day1, Expire: ExpireOptions{Before: later}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if elsewhere == nil {
				inPostgres(t)
			}
			points := sleptAt(t, "never", do)
			if len(points) < 8 {
				t.Errorf("only these points were reached: %v", points)
			}
			for _, at := range points {
				sleptAt(t, at, do)
			}
		})
	}
}

// sleptAt has a writer sleep at a point, and looks at what came of it. It gives the points that were reached.
func sleptAt(t *testing.T, at string, do func(*Writer) error) []string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for i := range 2 {
		commit(t, l, Commit{Records: all(record("c", day1, fmt.Sprint(i)), record("d", day1.AddDate(0, 0, 1), fmt.Sprint(i)))})
	}
	var want carried // in the control database when the sleeper wakes
	before := false  // whether the sleeper's commit was in when the other one took over
	points, err := sleeping(t, l, at, do, func() {
		other := mustOpen(t, dir)
		w, err := other.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id := twice
		if _, before, err = other.Landed(t.Context(), twice); err != nil {
			t.Fatal(err)
		}
		if before {
			id = "other"
		}
		c := Commit{ID: id, Run: "b", At: day1, Days: []conversation.Day{conversation.DayOf(day1) + 5},
			Records: all(record("b", day1, "other"), record("e", day1.AddDate(0, 0, 2), "other"))}
		if _, err := w.Commit(t.Context(), c); err != nil {
			t.Errorf("at %s: %v", at, err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		want = allOf(t, other)
	})
	if !slices.Contains(points, at) {
		if err != nil {
			t.Fatal(err)
		}
		return points
	}
	if !errors.Is(err, fault.Conflict) && (err != nil || !strings.HasPrefix(at, "expire.")) {
		t.Errorf("at %s: %v", at, err)
	}
	now := mustOpen(t, dir)
	if err != nil && !allOf(t, now).same(want) {
		t.Errorf("at %s: the sleeper has changed the control database", at)
	}
	s := snapshot(t, now)
	texts := strings.Join(contentsOf(t, s), "\n")
	if err := errors.Join(s.Verify(t.Context()), s.Close()); err != nil {
		t.Errorf("at %s: %v", at, err)
	}
	if !strings.Contains(texts, `"conversationId":"b"`) || !strings.Contains(texts, `"conversationId":"e"`) {
		t.Errorf("at %s: what the other has committed is gone", at)
	}
	if in := strings.Contains(texts, "sleeper"); in != before {
		t.Errorf("at %s: the sleeper's commit is in: %v; when it slept: %v", at, in, before)
	}
	whole, err := now.Days(t.Context(), conversation.DayOf(day1), conversation.DayOf(day1)+10)
	if err != nil || !whole[conversation.DayOf(day1)+5] || whole[conversation.DayOf(day1)+3] != before {
		t.Errorf("at %s: whole days %v, %v; the sleeper's commit was in: %v", at, whole, err, before)
	}
	mustCheck(t, now)
	w, err := now.Writer(t.Context()) // what was left is settled and removed
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if r := mustCheck(t, now); r.Unsettled != 0 {
		t.Errorf("at %s: left %+v", at, r)
	}
	return points
}

// A snapshot on whose pin an expiry slept, and which somebody has begun to read since, does not expire.
func TestAnExpiryThatSleptOnItsPinsDropsNothing(t *testing.T) {
	if elsewhere == nil {
		inPostgres(t)
	}
	l := newLake(t)
	for i := range 3 {
		commit(t, l, Commit{Records: all(record("c", day1, fmt.Sprint(i)))})
	}
	head, err := l.load(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	old := others(head, func(table.Snapshot) bool { return false })
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	free, err := w.lake.seize(t.Context(), old, false)
	if err != nil || !slices.Equal(free.ids, old) {
		t.Fatal(free, err)
	}
	if _, err := w.lake.db.Exec(t.Context(), `UPDATE leases SET expires = since - interval '1 hour' WHERE name LIKE 'pins/%' AND expires > '-infinity'`); err != nil {
		t.Fatal(err)
	}
	pin, err := mustOpen(t, l.dir).pin(t.Context(), SnapshotID(old[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer pin.Close()
	if _, err := w.with(free).drop(t.Context(), tables.Conversations, head, free.ids, false); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	if head, err = l.load(t.Context(), tables.Conversations); err != nil || head.SnapshotByID(old[0]) == nil {
		t.Errorf("what is read has expired; %v", err)
	}
	if err := free.release(); err != nil {
		t.Error(err)
	}
}

// A reader that slept on its pin while the snapshot expired is told so: it gets neither a part of the records nor a lake that is damaged.
func TestAReaderThatSleptOnItsPin(t *testing.T) {
	if elsewhere == nil {
		inPostgres(t)
	}
	l := newLake(t)
	rewritten(t, l, 0, 2)
	s := snapshot(t, l)
	rewritten(t, l, 2, 2)
	if _, err := l.db.Exec(t.Context(), `UPDATE leases SET expires = since - interval '1 hour' WHERE name LIKE 'pins/%' AND expires > '-infinity'`); err != nil {
		t.Fatal(err)
	}
	if err := s.Verify(t.Context()); err != nil {
		t.Errorf("while its files are there: %v", err)
	}
	if out := expire(t, mustOpen(t, l.dir), ExpireOptions{Before: later()}); out.Pinned != 0 || out.Files == 0 {
		t.Fatalf("got %+v", out)
	}
	if err := s.Verify(t.Context()); !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "ask again") {
		t.Errorf("got %v", err)
	}
	if err := readAll(t.Context(), s); err == nil {
		t.Error("it reads what is not there")
	}
	if now := snapshot(t, l); len(contentsOf(t, now)) != 2 {
		t.Error("the newest snapshot is not whole")
	}
	mustCheck(t, l)
}
