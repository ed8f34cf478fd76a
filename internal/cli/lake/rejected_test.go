package lake

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// withRejected makes a lake in which these texts were set aside.
func withRejected(t *testing.T, texts ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	s, err := stage.Open(t.Context(), l.Control(), l.Store(), "run-1")
	if err != nil {
		t.Fatal(err)
	}
	portion := stage.Portion{With: func(*state.Tx, stage.Counts) error { return nil }}
	for _, text := range texts {
		portion.Rejected = append(portion.Rejected, stage.Rejected{Reason: `it is "odd"`, Text: []byte(text)})
	}
	if err := s.Put(t.Context(), portion); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// What was set aside is printed as it came, a line of JSON each; characters that would steer a terminal are escaped.
func TestRejectedIsPrinted(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1.50,"b":"é <&> 😀 \u001b"}`:       `{"a":1.50,"b":"é <&> 😀 \u001b"}`,
		"\"a\x7fb\u0085c\u202ed\u2028e\"":       `"a\u007fb\u0085c\u202ed\u2028e"`,
		"\"\U000e0001x\"":                       `"\udb40\udc01x"`,
		"\"\xffa\x9b\xc3\"":                     `"\ufffda\ufffd\ufffd"`,
		"\"\ufffd\"":                            "\"\ufffd\"",
		`7`:                                     `7`,
		"no \"JSON\"\x1b":                       `"no \"JSON\"\u001b"`,
		`"` + strings.Repeat("x", 3<<20) + `é"`: `"` + strings.Repeat("x", 3<<20) + `é"`,
	} {
		var out bytes.Buffer
		if err := Rejected(t.Context(), &Options{Streams: &ui.Streams{Out: &out}, Lake: withRejected(t, text)}); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != `{"reason":"it is \"odd\"","run":"run-1","runs":1,"value":`+want+"}\n" || !json.Valid(out.Bytes()) {
			t.Errorf("%.60q: got %.200s", text, got)
		}
	}
	var out bytes.Buffer
	if err := Rejected(t.Context(), &Options{Streams: &ui.Streams{Out: &out}, Lake: withRejected(t, "1", "2", "3")}); err != nil || strings.Count(out.String(), "\n") != 3 {
		t.Errorf("of three: %s, %v", &out, err)
	}
}
