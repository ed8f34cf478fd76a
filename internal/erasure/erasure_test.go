package erasure

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

func TestRequestsFindRecords(t *testing.T) {
	const record = `{"conversationId":"c","participants":[{"participantName":"Ann","attributes":{"customer":"4711","note":"ring +49151234 back"},
		"sessions":[{"ani":"tel:+49151234","remote":"sip:+49151234@trunk.example","dnis":"tel:+4930555"}]}],"customer":"0815"}`
	for _, c := range []struct {
		of   Request
		want bool
	}{
		{Request{Key: "customer", Value: "4711"}, true},
		{Request{Key: "customer", Value: "471"}, false},
		{Request{Key: "customer", Value: "0815"}, false}, // no attribute
		{Request{Key: "participantName", Value: "Ann"}, false},
		{Request{Address: "+49151234"}, true},
		{Request{Address: "tel:+4930555"}, true},
		{Request{Address: "+4915123"}, false}, // another number begins so
		{Request{Address: "9151234"}, false},
		{Request{Address: "trunk.example"}, true},
		{Request{Address: "customer"}, false}, // a name
		{Request{Conversation: "c"}, false},
	} {
		if got := c.of.Matches([]byte(record)); got != c.want {
			t.Errorf("%+v: %v, want %v", c.of, got, c.want)
		}
	}
	for _, text := range []string{"", "{", "[1", `{"a":`, `"x`} {
		if (Request{Address: "tel:1"}).Matches([]byte(text)) {
			t.Errorf("%q is meant", text)
		}
	}
}

func TestRequestsFindChanges(t *testing.T) {
	for _, c := range []struct {
		of                  Request
		path, before, after string
		want                bool
	}{
		{Request{Key: "a/b", Value: "1"}, "/participants/0/attributes/a~1b", `"1"`, `"2"`, true},
		{Request{Key: "a/b", Value: "2"}, "/participants/0/attributes/a~1b", `"1"`, `"2"`, true},
		{Request{Key: "a", Value: "1"}, "/participants/0/attributes/b", `"1"`, ``, false},
		{Request{Key: "a", Value: "1"}, "/participants/0/attributes", ``, `{"a":"1"}`, true},
		{Request{Key: "a", Value: "1"}, "/participants/1", ``, `{"attributes":{"a":"1"}}`, true},
		{Request{Key: "a", Value: "1"}, "/a", `"1"`, ``, false},
		{Request{Address: "tel:+491"}, "/participants/0/sessions/0/ani", `"tel:+491"`, `"tel:+492"`, true},
		{Request{Address: "tel:+491"}, "/participants/0/attributes/x", `"tel:+491"`, ``, true},
	} {
		if got := c.of.MatchesChange(c.path, c.before, c.after); got != c.want {
			t.Errorf("%+v of %s: %v, want %v", c.of, c.path, got, c.want)
		}
	}
}

func TestRequestsAreValid(t *testing.T) {
	for _, r := range []Request{{}, {Conversation: "a", Address: "tel:+49"}, {Key: "a"}, {Address: "+49"}} {
		if err := r.Validate(); !errors.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for _, r := range []Request{{Conversation: "a"}, {Key: "a", Value: "b"}, {Address: "+491"}} {
		if err := r.Validate(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestTheListKeepsNoID(t *testing.T) {
	db, err := state.Open(t.Context(), filepath.Join(t.TempDir(), "control.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	empty, err := Load(t.Context(), db)
	if err != nil || empty.Len() != 0 || empty.Has("a") || (*List)(nil).Has("a") {
		t.Fatalf("before: %v, %v", empty, err)
	}
	day, err := conversation.ParseDay("2026-11-01")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := Add(t.Context(), db, map[conversation.ID]conversation.Day{"a": day, "b": 0}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Load(t.Context(), db)
	if err != nil || l.Len() != 2 || !l.Has("a") || !l.Has("b") || l.Has("c") {
		t.Errorf("got %v, %v", l, err)
	}
	if days, err := Days(t.Context(), db); err != nil || len(days) != 1 || days[day] != 1 {
		t.Errorf("got %v, %v", days, err)
	}
}
