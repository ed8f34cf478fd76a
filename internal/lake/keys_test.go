package lake

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// withMember is a record that has one member more.
func withMember(id string, start time.Time, note, member string) conversation.Version {
	v := record(id, start, note)
	r, err := wire.Record([]byte(strings.Replace(string(v.JSON), "{", "{"+member+",", 1)))
	if err != nil {
		panic(err)
	}
	v.Record = r
	return v
}

func keysOf(t *testing.T, l *Lake, unknown bool) (out []string) {
	t.Helper()
	all, err := l.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.Known() == unknown || !unknown && !strings.HasPrefix(k.Path, "conversation") {
			continue
		}
		out = append(out, fmt.Sprintf("%s %s %d %v..%v %s by %s", k.Path, k.Type, k.Count, k.First, k.Last, k.Example, k.Run))
	}
	return out
}

func TestKeysOfRecordsAreKept(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	day2 := day1.Add(24 * time.Hour)
	commit(t, l, Commit{Records: all(record("a", day2, "x"), record("b", day2, "x"))})
	want := []string{
		"conversationEnd string 2 2026-11-02..2026-11-02  by run", "conversationId string 2 2026-11-02..2026-11-02  by run",
		"conversationStart string 2 2026-11-02..2026-11-02  by run",
	}
	if got := keysOf(t, l, false); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	// What is there already is not counted again, whether it comes or its day is written again.
	later := withMember("c", day1, "x", `"new":{"a":1}`)
	commit(t, l, Commit{Records: all(record("a", day2, "x"), withMember("d", day2, "x", `"new":{}`), later)})
	commit(t, l, Commit{Again: []conversation.Day{conversation.DayOf(day2)}})
	for i := range want {
		want[i] = strings.Replace(want[i], " 2 2026-11-02", " 4 2026-11-01", 1)
	}
	if got := keysOf(t, l, false); !slices.Equal(got, want) {
		t.Errorf("later: got %q", got)
	}
	want = []string{"new object 2 2026-11-01..2026-11-02 c by run", "unknown number 4 2026-11-01..2026-11-02 a by run"}
	if got := keysOf(t, l, true); !slices.Equal(got, want) {
		t.Errorf("unknown: got %q", got)
	}
	drift, err := l.Drift(t.Context(), "run")
	if other, failed := l.Drift(t.Context(), "other"); err != nil || failed != nil || len(drift) != 2 || len(other) != 0 {
		t.Errorf("drift of the run %v, of another %v, %v, %v", drift, other, err, failed)
	}
}

func TestAStrictCommitRefusesWhatNobodyKnows(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))}) // has a member that nobody knows
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	strict := func(v conversation.Version) error {
		_, err := w.Commit(t.Context(), Commit{Run: "strict", At: v.At, Records: all(v), Strict: true})
		return err
	}
	if err := strict(record("b", day1, "x")); err != nil {
		t.Errorf("a member that the lake has met: %v", err)
	}
	err = strict(withMember("c", day1, "secret", `"externalTag":["secret"]`))
	if !errors.Is(err, fault.Drifted) || !strings.Contains(err.Error(), "externalTag (array, as in conversation c)") || strings.Contains(err.Error(), "secret") {
		t.Errorf("another type: %v", err)
	}
	if got := mustCheck(t, l); got.Conversations != 2 || got.Unsettled != 0 || got.Unreferenced != 0 {
		t.Errorf("after the refusal: %+v", got)
	}
	if got := keysOf(t, l, true); len(got) != 1 {
		t.Errorf("what was refused is counted: %q", got)
	}
}

// A commit that is found to be in, by a writer that did not make it, has its keys counted then, and once.
func TestKeysOfACommitThatWasInterrupted(t *testing.T) {
	l := newLake(t)
	sqlOf(t, l, `CREATE TRIGGER unsettled BEFORE DELETE ON commits BEGIN SELECT RAISE(ABORT, 'refused'); END`)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v := record("a", day1, "x")
	if _, err := w.Commit(t.Context(), Commit{Run: "run", At: v.At, Records: all(v)}); err == nil {
		t.Fatal("the commit was settled")
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := keysOf(t, l, true); len(got) != 0 {
		t.Errorf("before it is settled: %q", got)
	}
	sqlOf(t, l, `DROP TRIGGER unsettled`)
	for range 2 {
		again, err := l.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Close(); err != nil {
			t.Fatal(err)
		}
		if got, want := keysOf(t, l, true), []string{"unknown number 1 2026-11-01..2026-11-01 a by run"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestKeysAreBounded(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	for part := range 12 {
		var members []string
		for i := range 900 {
			members = append(members, fmt.Sprintf(`"k%d_%d":1`, part, i))
		}
		commit(t, l, Commit{Records: all(withMember(fmt.Sprint("c", part), day1.Add(time.Duration(part)*24*time.Hour), "x", strings.Join(members, ",")))})
	}
	got, err := l.Keys(t.Context())
	if err != nil || len(got) > mostKeys+50 || got[0].Path != wire.Others || got[0].Count < 700 {
		t.Errorf("%d keys, the first %+v, %v", len(got), got[0], err)
	}
}

// A lake of a version that did not count keys has none, and counts from the next commit on.
func TestKeysOfALakeOfAnEarlierVersion(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	strip(t, l)
	if got, err := l.Keys(t.Context()); len(got) != 0 || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	now, err := Open(t.Context(), l.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	commit(t, now, Commit{Records: all(record("b", day1, "x"))})
	if got, want := keysOf(t, now, true), []string{"unknown number 1 2026-11-01..2026-11-01 b by run"}; !slices.Equal(got, want) {
		t.Errorf("later: got %q, want %q", got, want)
	}
}
