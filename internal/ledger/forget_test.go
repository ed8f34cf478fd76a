package ledger

import (
	"errors"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/state"
)

func TestForget(t *testing.T) {
	l, _ := open(t)
	for _, id := range []conversation.ID{"a", "b", "gone"} {
		for _, day := range []conversation.Day{first, first + 1} {
			if err := l.Keep(t.Context(), time.Unix(0, 0), day, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, want := range []int64{2, 0} {
		if n, err := l.Forget(t.Context(), func(id conversation.ID) bool { return id == "gone" }); err != nil || n != want {
			t.Errorf("removed %d, %v, want %d", n, err, want)
		}
	}
	if n, err := l.Forget(t.Context(), func(conversation.ID) bool { return true }); err != nil || n != 4 {
		t.Errorf("left %d, %v", n, err)
	}
}

// An erased conversation is no difference: the platform counts it still.
func TestWhatIsErasedIsNotMissing(t *testing.T) {
	l, db := open(t)
	err := db.Tx(t.Context(), func(tx *state.Tx) error {
		return Read(t.Context(), tx, "run", morning, morning, map[conversation.Day]int64{first: 10})
	})
	if err := errors.Join(err, l.Count(t.Context(), first, 10, morning)); err != nil {
		t.Fatal(err)
	}
	judged := func() Day {
		t.Helper()
		entries, err := l.Entries(t.Context(), first, first+1)
		if err != nil {
			t.Fatal(err)
		}
		return Rules{Tolerance: 0.05, Available: morning}.Judge(first, Held{Whole: true, Records: 9}, entries[first])
	}
	if d := judged(); d.Verdict != Gap || *d.Delta != 1 {
		t.Errorf("one is missing: %+v", d)
	}
	if err := erasure.Add(t.Context(), db, map[conversation.ID]conversation.Day{"gone": first}); err != nil {
		t.Fatal(err)
	}
	if d := judged(); d.Verdict == Gap || *d.Delta != 0 || d.Erased != 1 {
		t.Errorf("one was erased: %+v", d)
	}
}
