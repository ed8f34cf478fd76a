package stage

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// gathered gives what a batch streams, having compared it with the heads.
func gathered(t *testing.T, b *Batch) (out []conversation.Version) {
	t.Helper()
	heads := 0
	for _, err := range b.Heads(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		heads++
	}
	for v, err := range b.Stream(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	if heads != len(out) {
		t.Errorf("%d heads, and %d records", heads, len(out))
	}
	return out
}

// While a batch is committed more is staged: of the same days, of the same conversations. The batch stays what it is, and
// what came meanwhile stays when it is forgotten, by this process or by the one after a crash.
func TestABatchStaysWhatItIs(t *testing.T) {
	end := day1 + 1
	old, other := version("a", noon1, "old", 0), version("b", noon1, "", 0)
	renewed, late := version("a", noon1, "new", 1), version("c", noon1.Add(time.Hour), "", 1)
	for name, forget := range map[string]func(*Stage, *Batch, int) (*Batch, error){
		"this process":  func(_ *Stage, b *Batch, _ int) (*Batch, error) { return b, nil },
		"after a crash": func(s *Stage, _ *Batch, last int) (*Batch, error) { return s.Committed(t.Context(), end, last) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openStage(t, newLake(t), "run")
			put(t, s, old, other)
			batch, err := s.Before(t.Context(), end)
			if err != nil {
				t.Fatal(err)
			}
			put(t, s, renewed, late)
			want(t, gathered(t, batch), old, other)
			if n, err := s.Count(t.Context(), end); err != nil || n != 4 {
				t.Errorf("%d are staged, %v", n, err)
			}
			forgotten, err := forget(s, batch, batch.Last())
			if err != nil {
				t.Fatal(err)
			}
			if err := forgotten.Done(t.Context(), func(*state.Tx) error { return nil }); err != nil {
				t.Fatal(err)
			}
			want(t, before(t, s, end), renewed, late)
		})
	}
}
