package lake

import (
	"testing"

	"github.com/google/uuid"
)

func TestALakeKeepsItsID(t *testing.T) {
	l, other := newLake(t), newLake(t)
	id := func(l *Lake) string {
		t.Helper()
		id, err := l.ID(t.Context())
		if err != nil || uuid.Validate(id) != nil {
			t.Fatalf("got %q, %v", id, err)
		}
		return id
	}
	before := id(l)
	rewritten(t, l, 0, 2)
	again, err := Open(t.Context(), l.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if got := id(again); got != before {
		t.Errorf("after a commit and opened anew: got %s, want %s", got, before)
	}
	if id(other) == before {
		t.Error("two lakes have one id")
	}
}
