package stage

import (
	"maps"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/state"
)

// What is staged of an erased conversation goes, whichever of its versions it is, and does not come back. The rest streams
// as it did.
func TestForgettingStaged(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	put(t, s, version("a", noon1, "old", 1), version("b", noon1, "b", 1), version("gone", noon1, "1", 1))
	put(t, s, version("a", noon1, "new", 2), version("gone", noon1, "2", 2), version("far", noon1.AddDate(0, 0, 1), "call +49301234", 2))
	put(t, s, version("b", noon1, "older", 0))
	err := s.Put(t.Context(), Portion{Rejected: []Rejected{{Reason: "x", Text: []byte(`{"conversationId":"gone"}`)}, {Reason: "x", Text: []byte(`{"conversationId":"b"}`)}},
		With: func(*state.Tx, Counts) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	ids := map[conversation.ID]conversation.Day{}
	for _, r := range []erasure.Request{{Conversation: "gone"}, {Address: "+49301234"}} {
		found, err := Meant(t.Context(), l.Control(), l.Store(), r)
		if err != nil || len(found) != 1 {
			t.Fatalf("%+v: %v, %v", r, found, err)
		}
		maps.Copy(ids, found)
	}
	if err := erasure.Add(t.Context(), l.Control(), ids); err != nil {
		t.Fatal(err)
	}
	list, err := erasure.Load(t.Context(), l.Control())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{3, 0} {
		if n, err := Forget(t.Context(), l.Control(), l.Store(), list); err != nil || n != want {
			t.Errorf("removed %d records, %v, want %d", n, err, want)
		}
	}
	if n, err := ForgetRejected(t.Context(), l.Control(), erasure.Request{Conversation: "gone"}, []string{"gone"}); err != nil || n != 1 {
		t.Errorf("removed %d values, %v", n, err)
	}
	if c := put(t, s, version("gone", noon1, "3", 3), version("c", noon1, "c", 3)); c != (Counts{Staged: 1, Forgotten: 1}) {
		t.Errorf("staged again: %+v", c)
	}
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for v, err := range batch.Stream(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, string(v.JSON))
	}
	want := []conversation.Version{version("a", noon1, "new", 2), version("b", noon1, "b", 1), version("c", noon1, "c", 3)}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i, v := range want {
		if got[i] != string(v.JSON) {
			t.Errorf("got %s, want %s", got[i], v.JSON)
		}
	}
}
