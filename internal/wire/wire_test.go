package wire

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

func collect(t *testing.T, text string) ([]string, error) {
	t.Helper()
	var got []string
	err := Values(strings.NewReader(text), func(raw []byte) error {
		got = append(got, string(raw))
		return nil
	})
	return got, err
}

func TestValuesReadsEveryUsualForm(t *testing.T) {
	a, b := `{"conversationId":"a","n":1.50}`, `{"conversationId":"b","x":null}`
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"single":       {a, []string{a}},
		"pretty":       {"{\n  \"conversationId\": \"a\",\n  \"n\": 1.50\n}\n", []string{a}},
		"ndjson":       {a + "\n" + b + "\n", []string{a, b}},
		"concatenated": {a + b, []string{a, b}},
		"array":        {"[" + a + ", " + b + "]", []string{a, b}},
		"page":         {`{"cursor":"x","conversations":[` + a + "," + b + `],"dataAvailabilityDate":"2026-11-08T00:00:00Z"}`, []string{a, b}},
		"pages":        {`{"conversations":[` + a + "]}\n" + `{"conversations":[` + b + `]}`, []string{a, b}},
		"mixture":      {`[` + a + "]\n" + b + `[][` + b + `,{"conversations":[` + a + `]}]` + a, []string{a, b, b, a, a}},
	} {
		got, err := collect(t, c.text)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestBrokenBodiesAreCorrupt(t *testing.T) {
	for _, text := range []string{
		`{"conversations":[{"conversationId":"a"}`, `{"conversations":[{"conversationId":"a"},`, `{"conversations":`, ``, `nonsense`,
		`{"conversations":{}}`, `[]`, `{"conversations":[]} {}`, `{"cursor":1}`, `{"cursor":"x"`,
	} {
		_, err := ReadPage(strings.NewReader(text), func([]byte) error { return nil })
		if !errors.Is(err, fault.Corrupt) {
			t.Errorf("%q: got %v, want fault.Corrupt", text, err)
		}
	}
}

func TestRecordNeedsIDAndStart(t *testing.T) {
	for text, field := range map[string]string{
		`{"conversationStart":"2026-11-01T00:00:00Z"}`:                       "conversationId",
		`{"conversationId":"a"}`:                                             "conversationStart",
		`{"conversationId":"a","conversationStart":null}`:                    "conversationStart",
		`{"conversationId":{},"conversationStart":"2026-11-01T00:00:00Z"}`:   "conversationId",
		`{"conversationId":"a","conversationStart":"yesterday"}`:             "conversationStart",
		`{"conversationId":"a","conversationStart":"0001-01-01T00:00:00Z"}`:  "conversationStart",
		"{\"conversationId\":\"\xff\",\"conversationStart\":\"2026-11-01\"}": "",
		`[1]`: "",
	} {
		_, err := Record([]byte(text))
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != field {
			t.Errorf("%s: got %v", text, err)
		}
		if !strings.Contains(text, field) && !strings.Contains(err.Error(), "has no "+field) {
			t.Errorf("%s: got %v", text, err)
		}
	}
	r, err := Record([]byte(`{"conversationId":"a","conversationStart":"2024-03-04T10:00:00.12Z","conversationEnd":"oops"}`))
	if err != nil || r.ID != "a" || !r.End.IsZero() || r.Start.Nanosecond() != 120e6 {
		t.Errorf("got %v, %v", r, err)
	}
}

func TestStripAttributes(t *testing.T) {
	for in, want := range map[string]string{
		`{"participants":[{"purpose":"acd","attributes":{"a":"}"}}]}`:                       `{"participants":[{"purpose":"acd"}]}`,
		`{"participants":[{"attributes":{"a":"b"},"purpose":"acd"}]}`:                       `{"participants":[{"purpose":"acd"}]}`,
		`{"participants":[{"attributes":{"a":"b"}}]}`:                                       `{"participants":[{}]}`,
		`{"participants":[{"attributes":{},"attributes":{},"x":1}]}`:                        `{"participants":[{"x":1}]}`,
		`{"participants":[{"x":1,"attributes":{},"y":2},{"attributes":{}}],"z":1.0}`:        `{"participants":[{"x":1,"y":2},{}],"z":1.0}`,
		`{"attributes":{"kept":"1"},"participants":[{"sessions":[{"attributes":"kept"}]}]}`: `{"attributes":{"kept":"1"},"participants":[{"sessions":[{"attributes":"kept"}]}]}`,
		`{"participants":[{"purpose":"acd","\u0061ttributes":{"card":"4111"}}]}`:            `{"participants":[{"purpose":"acd"}]}`,
		`{"participants":"attributes"}`:                                                     `{"participants":"attributes"}`,
	} {
		for how, strip := range map[string]func([]byte) []byte{"either way": StripAttributes, "slowly": stripSlowly, "quickly": func(raw []byte) []byte {
			out, ok := stripQuickly(raw)
			if !ok {
				t.Errorf("%s cannot be stripped quickly", raw)
			}
			return out
		}} {
			if got := string(strip([]byte(in))); got != want {
				t.Errorf("strip %s %s\n got %s\nwant %s", how, in, got, want)
			}
		}
	}
}

func canonical(t *testing.T, b []byte) string {
	t.Helper()
	v := jsontext.Value(append([]byte(nil), b...))
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

func FuzzStripAttributes(f *testing.F) {
	f.Add([]byte(`{"participants":[{"x":1,"attributes":{"a":"b"},"y":2},{"attributes":{}}],"z":1.0}`))
	f.Add([]byte(`{"x":[0,-1.5e3,true,null],"participants":[{"attributes":{"\u0061":"\ud83d\ude00\\"}},7,{}],"participants":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, ok := stripQuickly(raw); ok && string(got) != string(stripSlowly(raw)) {
			t.Errorf("strip %s: quickly %s, slowly %s", raw, got, stripSlowly(raw))
		}
		v := jsontext.Value(raw)
		if !v.IsValid() || v.Compact() != nil {
			return
		}
		var want any
		if json.Unmarshal(v, &want) != nil {
			return
		}
		if c, ok := want.(map[string]any); ok {
			if ps, ok := c["participants"].([]any); ok {
				for _, p := range ps {
					if p, ok := p.(map[string]any); ok {
						delete(p, "attributes")
					}
				}
			}
		}
		wantText, err := json.Marshal(want, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		if got := canonical(t, StripAttributes(v)); got != canonical(t, wantText) {
			t.Errorf("strip %s: got %s, want %s", v, got, wantText)
		}
	})
}

func FuzzValues(f *testing.F) {
	f.Add([]byte(`{"conversations":[{"conversationId":"a","conversationStart":"2026-11-01"}],"cursor":"x"}`))
	f.Add([]byte(`[{"conversationId":"a"}]{"conversationId":"b"}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		_ = Values(strings.NewReader(string(raw)), func(v []byte) error {
			if !jsontext.Value(v).IsValid(lenient) {
				t.Errorf("handed on a value that is no JSON: %q", v)
			}
			if r, err := Record(v); err == nil && (r.ID == "" || r.Start.IsZero()) {
				t.Errorf("took a record without id or start: %q", v)
			}
			return nil
		})
	})
}

// A name is the same however it is spelled: what is too long in attributes that are spelled with escapes is cut too.
func TestCutAttributesWithEscapedNames(t *testing.T) {
	long := strings.Repeat("A", 2*conversation.MaxAttributeLength)
	plain := string(CutAttributes([]byte(`{"participants":[{"attributes":{"card":"` + long + `"}}]}`)))
	escaped := string(CutAttributes([]byte(`{"participants":[{"\u0061ttributes":{"card":"` + long + `"}}]}`)))
	if want := strings.Replace(plain, "attributes", `\u0061ttributes`, 1); escaped != want || len(plain) >= len(long) {
		t.Errorf("%d bytes, want %d", len(escaped), len(want))
	}
}
