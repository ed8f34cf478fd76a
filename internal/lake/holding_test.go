package lake

import (
	"fmt"
	"os"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/tables"
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

// A snapshot of records has the files of conversations that any snapshot has, and no others.
func TestSnapshotOfRecords(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(oneDay), ""))})
	s, err := l.SnapshotOfRecords(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	whole := snapshot(t, l)
	if got, want := s.Files(tables.Conversations), whole.Files(tables.Conversations); s.ID != whole.ID || len(got) != len(want) || got[0].Path != want[0].Path {
		t.Errorf("got %d files of snapshot %d, want %d of %d", len(got), s.ID, len(want), whole.ID)
	}
	if n := len(s.Files(tables.Segments)); n != 0 {
		t.Errorf("got %d files of segments", n)
	}
}
