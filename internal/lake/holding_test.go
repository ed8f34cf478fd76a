package lake

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// Who looks for ids reads the files of their days; what the index does not know any more is read as well.
func TestFilesThatHoldIDs(t *testing.T) {
	l := newLake(t)
	var versions []conversation.Version
	id := func(n int) conversation.ID { return conversation.ID(fmt.Sprintf("c%d", n)) }
	for n := range fewFiles + 2 {
		versions = append(versions, record(string(id(n)), day1.AddDate(0, 0, n), ""))
	}
	commit(t, l, Commit{Records: all(versions...)})
	whole := len(snapshot(t, l).Files(tables.Conversations))
	for name, c := range map[string]struct {
		ids   []conversation.ID
		files int
	}{
		"one": {[]conversation.ID{id(3)}, 1}, "two": {[]conversation.ID{id(9), id(0)}, 2}, "the same twice": {[]conversation.ID{id(1), id(1)}, 1},
		"nobody's": {[]conversation.ID{"nobody's"}, 0}, "none": {nil, 0},
	} {
		files, err := snapshot(t, l).Holding(t.Context(), c.ids)
		if err != nil || len(files) != c.files {
			t.Errorf("%s: %d files, %v", name, len(files), err)
		}
		for _, f := range files {
			if !holds(versions, c.ids, f.Day) {
				t.Errorf("%s: the file of %s holds none of them", name, f.Day)
			}
		}
	}
	for _, run := range runsIn(t, l) {
		if err := os.Remove(pathOf(l, runAt(run))); err != nil {
			t.Fatal(err)
		}
	}
	if files, err := snapshot(t, l).Holding(t.Context(), []conversation.ID{id(3)}); err != nil || len(files) != whole {
		t.Errorf("without an index: %d files of %d, %v", len(files), whole, err)
	}
}

// holds says whether any of some ids lies in a day.
func holds(versions []conversation.Version, ids []conversation.ID, day conversation.Day) bool {
	for _, v := range versions {
		for _, id := range ids {
			if v.ID == id && v.Day() == day {
				return true
			}
		}
	}
	return false
}

// The index of a lake of few files is not asked: reading them is as quick.
func TestFewFilesAreAllRead(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(oneDay), ""))})
	if files, err := snapshot(t, l).Holding(t.Context(), []conversation.ID{"a"}); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v", len(files), err)
	}
}

// heldIn opens the newest snapshot for some ids, and lists the days of its files.
func heldIn(t *testing.T, l *Lake, wanted ...conversation.ID) (days []conversation.Day) {
	t.Helper()
	fresh, err := Open(t.Context(), l.dir) // what is open knows what it has listed
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.Close()
	s, err := fresh.SnapshotHolding(t.Context(), wanted)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, f := range s.Files(tables.Conversations) {
		days = append(days, f.Day)
	}
	if n := len(s.Files(tables.Segments)); n != 0 {
		t.Errorf("got %d files of segments", n)
	}
	if now := snapshot(t, l); s.ID != now.ID {
		t.Errorf("got snapshot %d, want %d", s.ID, now.ID)
	}
	return days
}

// Of a lake whose every file is covered, a snapshot for some ids has the files of their days, whatever has become of the lake since.
func TestSnapshotHolding(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	day := func(n int) conversation.Day { return conversation.DayOf(day1) + conversation.Day(n) }
	if got := heldIn(t, l, "a"); len(got) != 0 {
		t.Errorf("of the empty lake: %v", got)
	}
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(oneDay), ""))})
	for n := range manifestsMost { // so that a maintenance has something to do
		commit(t, l, Commit{Records: all(record("c", day1.Add(2*oneDay), strconv.Itoa(n)), record(fmt.Sprintf("of %d", n), day1.AddDate(0, 1, n), ""))})
	}
	check := func(when string) {
		t.Helper()
		for id, want := range map[conversation.ID][]conversation.Day{"a": {day(0)}, "b": {day(1)}, "c": {day(2)}, "nobody's": nil} {
			if got := heldIn(t, l, id); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %v, want %v", when, id, got, want)
			}
		}
		if got := heldIn(t, l, "c", "a"); !slices.Equal(got, []conversation.Day{day(0), day(2)}) {
			t.Errorf("%s, two: %v", when, got)
		}
	}
	check("after commits")
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if done, err := w.Maintain(t.Context(), MaintainOptions{At: day1}); err != nil || done.Manifests == 0 {
		t.Fatal(done, err)
	}
	check("after a maintenance")
	if _, err := w.Index(t.Context(), IndexOptions{Again: true}); err != nil {
		t.Fatal(err)
	}
	check("after the index was made again")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// What is known of the index holds of one commit alone: after another, all files are there.
func TestSnapshotHoldingWithoutAnIndex(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(oneDay), ""))})
	forgotten := func(statement string) {
		t.Helper()
		if _, err := l.db.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if got := heldIn(t, l, "a"); len(got) != 2 {
			t.Errorf("after %s: %v", statement, got)
		}
	}
	forgotten(`UPDATE id_whole SET commit_id = 'another'`)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Maintain(t.Context(), MaintainOptions{At: day1}); err != nil {
		t.Fatal(err)
	}
	if got := heldIn(t, l, "a"); len(got) != 2 {
		t.Errorf("a maintenance knows more than the commit before it: %v", got)
	}
	forgotten(`DELETE FROM id_whole`)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	commit(t, l, Commit{Records: all(record("c", day1, ""))})
	if got := heldIn(t, l, "a"); len(got) != 1 {
		t.Errorf("after the next commit: %v", got)
	}
	for _, run := range runsIn(t, l) {
		if err := os.Remove(pathOf(l, runAt(run))); err != nil {
			t.Fatal(err)
		}
	}
	if got := heldIn(t, l, "a"); len(got) != 2 {
		t.Errorf("without its runs: %v", got)
	}
}
