package drawing

import (
	"net/url"
	"testing"
)

// A link keeps how somebody looks at a conversation, in few words.
func TestLinksKeepTheView(t *testing.T) {
	for query, want := range map[string]string{
		"open=3,1,3&scale=steps&seg=01.0.2&lane=007&more=0&from=2026-07-14T12:00:00.0004%2B02:00&tab=record&path=/a": "?from=2026-07-14T10%3A00%3A00.000Z&lane=7&open=1%2C3&scale=steps&seg=1.0.2",
		"seg=x&scale=folded&lane=": "?",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if w, err := Read(q); err != nil || w.With() != want {
			t.Errorf("%s: got %s, %v, want %s", query, w.With(), err, want)
		}
	}
}
