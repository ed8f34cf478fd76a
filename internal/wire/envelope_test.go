package wire

import (
	"testing"
	"time"
)

func TestEnvelopes(t *testing.T) {
	rows := [][]byte{[]byte(`{"a":1}`), []byte(`{"a":1.50,"b":"\u00e9"}`)}
	at := time.Date(2026, 11, 1, 9, 15, 32, 100_000_000, time.FixedZone("", 3600))
	text, err := Envelope(`a"b`, at, rows)
	if want := `{"conversationId":"a\"b","conversationStart":"2026-11-01T08:15:32.100Z","rows":[{"a":1},{"a":1.50,"b":"\u00e9"}]}`; err != nil || string(text) != want {
		t.Fatalf("got %s, %v", text, err)
	}
	r, err := Record(text)
	if err != nil || r.ID != `a"b` || !r.Start.Equal(at) {
		t.Errorf("as a record: %+v, %v", r, err)
	}
	got, is := RowsOf(text)
	if !is || len(got) != 2 || string(got[0]) != string(rows[0]) || string(got[1]) != string(rows[1]) {
		t.Errorf("its rows: %q, %v", got, is)
	}
	keys := NewKeys()
	keys.Decode(r)
	for _, s := range keys.Sights() {
		if !s.Known() {
			t.Errorf("%s of an envelope is not known", s.Path)
		}
	}
	for _, other := range []string{``, `[]`, `{}`, `{"rows":{}}`, `{"rows":[1}`, `{"participants":[]}`} {
		if got, is := RowsOf([]byte(other)); is {
			t.Errorf("%s is an envelope of %q", other, got)
		}
	}
	if _, err := Envelope("\xff", at, rows); err == nil {
		t.Error("an id that is no text is written")
	}
}
