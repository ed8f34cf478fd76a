package enginetest

import (
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
)

// Versions are records as a lake takes them: in its order, of one run.
func Versions(records []conversation.Record) iter.Seq2[conversation.Version, error] {
	records = slices.Clone(records)
	slices.SortFunc(records, conversation.Compare)
	return func(yield func(conversation.Version, error) bool) {
		for _, r := range records {
			if !yield(conversation.Version{Record: r, Run: "run", At: time.Unix(1, 0)}, nil) {
				return
			}
		}
	}
}

// Commit brings records into a lake, in one commit.
func Commit(t *testing.T, l *lake.Lake, records []conversation.Record) {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.Commit(t.Context(), lake.Commit{Run: "run", At: time.Now(), Records: Versions(records)}); err != nil {
		t.Fatal(err)
	}
}

// Fill brings records into a lake in several commits, so that days are merged.
func Fill(t *testing.T, l *lake.Lake, records []conversation.Record) {
	t.Helper()
	for part := range slices.Chunk(records, len(records)/3+1) {
		Commit(t, l, part)
	}
}
