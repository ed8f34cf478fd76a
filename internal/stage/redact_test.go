package stage

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// What is redacted is in no file, whether it came as a record or as something else; the record's sum is that of its text.
func TestWhatIsStagedIsRedacted(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	s.Redact = func(text []byte) ([]byte, error) {
		if !bytes.HasPrefix(text, []byte("{")) {
			return nil, errors.New("no object")
		}
		return bytes.ReplaceAll(text, []byte("secret"), []byte("*")), nil
	}
	if holds, err := Holds(t.Context(), l.Control()); holds || err != nil {
		t.Errorf("an empty stage: %v, %v", holds, err)
	}
	given := version("a", noon1, "secret", 1)
	err := s.Put(t.Context(), Portion{Records: []conversation.Version{given}, With: func(*state.Tx, Counts) error { return nil },
		Rejected: []Rejected{{Reason: "x", Text: []byte(`{"a":"secret"}`)}, {Reason: "y", Text: []byte(`"secret"`)}}})
	if err != nil {
		t.Fatal(err)
	}
	if holds, err := Holds(t.Context(), l.Control()); !holds || err != nil {
		t.Errorf("with a record: %v, %v", holds, err)
	}
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	for v, err := range batch.Stream(t.Context()) {
		if err != nil || bytes.Contains(v.JSON, []byte("secret")) || v.Hash != sha256.Sum256(v.JSON) || v.ID != "a" {
			t.Errorf("got %s, %v", v.JSON, err)
		}
	}
	var texts [][]byte
	for r, err := range AllRejected(t.Context(), l.Control()) {
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, bytes.Clone(r.Text))
	}
	got := string(bytes.Join(texts, nil))
	if got != `{"a":"*"}{"withheld":true,"bytes":8}` && got != `{"withheld":true,"bytes":8}{"a":"*"}` {
		t.Errorf("set aside: %s", got)
	}
	if !bytes.Contains(given.JSON, []byte("secret")) {
		t.Error("the record of the caller has changed")
	}
}

// A record that cannot be redacted is set aside, of its day, and nothing of it is kept: an error would end each run that meets
// it, for ever.
func TestARecordThatCannotBeRedactedIsSetAside(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	s.Redact = func([]byte) ([]byte, error) { return nil, errors.New("too large by now") }
	var got Counts
	err := s.Put(t.Context(), Portion{Records: []conversation.Version{version("a", noon1, "secret", 1)}, With: func(_ *state.Tx, c Counts) error {
		got = c
		return nil
	}})
	if err != nil || got.Staged != 0 || got.Rejected != 1 {
		t.Errorf("%v, %+v", err, got)
	}
	for r, err := range AllRejected(t.Context(), l.Control()) {
		if err != nil || r.Reason != "too large by now" || bytes.Contains(r.Text, []byte("secret")) {
			t.Errorf("%+v, %v", r, err)
		}
	}
	days, err := RejectedDays(t.Context(), l.Control())
	if want := (RejectedDay{"run", conversation.DayOf(noon1).String()}); err != nil || len(days) != 1 || days[want] != 1 {
		t.Errorf("%v, %v", days, err)
	}
	if holds, err := Holds(t.Context(), l.Control()); !holds || err != nil {
		t.Errorf("what was set aside counts as none: %v", err)
	}
}
