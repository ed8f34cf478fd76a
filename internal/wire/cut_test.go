package wire

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
)

func TestAttributesAreCutToWhatThePlatformSends(t *testing.T) {
	long, cut := strings.Repeat("ü", 1500), strings.Repeat("ü", 1024)
	quoted, quotedCut := strings.Repeat(`\"`, 1500), strings.Repeat(`\"`, 1024)
	for name, c := range map[string]struct{ in, want string }{
		"value":          {`{"participants":[{"attributes":{"a":"` + long + `","b":"x"},"n":1.0}]}`, `{"participants":[{"attributes":{"a":"` + cut + `","b":"x"},"n":1.0}]}`},
		"key":            {`{"participants":[{},{"attributes":{"` + long + `":"x"}}],"z":1}`, `{"participants":[{},{"attributes":{"` + cut + `":"x"}}],"z":1}`},
		"escaped":        {`{"participants":[{"attributes":{"a":"` + quoted + `"}}]}`, `{"participants":[{"attributes":{"a":"` + quotedCut + `"}}]}`},
		"several":        {`{"participants":[{"attributes":{"a":"` + long + `","b":"` + long + `"}},{"attributes":{"c":"` + long + `"}}]}`, `{"participants":[{"attributes":{"a":"` + cut + `","b":"` + cut + `"}},{"attributes":{"c":"` + cut + `"}}]}`},
		"just as long":   {`{"participants":[{"attributes":{"a":"` + cut + `"}}]}`, ""},
		"elsewhere":      {`{"note":"` + long + `","participants":[{"name":"` + long + `","attributes":{"a":"x"},"sessions":[{"attributes":{"a":"` + long + `"}}]}]}`, ""},
		"no object":      {`{"participants":[{"attributes":["` + long + `"]}]}`, ""},
		"number":         {`{"participants":[{"attributes":{"a":` + strings.Repeat("1", 2000) + `}}]}`, ""},
		"no list":        {`{"participants":{"attributes":{"a":"` + long + `"}}}`, ""},
		"not quite JSON": {`{"participants":[{"attributes":{"a":"` + long, ""},
		"not UTF-8":      {`{"participants":[{"attributes":{"a":"` + long + "\xff" + `"}}]}`, ""},
		"short":          {`{"participants":[{"attributes":{"a":"b"}}]}`, ""},
	} {
		if c.want == "" {
			c.want = c.in
		}
		if got := string(CutAttributes([]byte(c.in))); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}

// A text of exactly 1,024 characters stays as it is, and one of 1,025 loses its last, wherever in the record they stand.
func TestTheLongestAttributeThatIsNotCut(t *testing.T) {
	const longest = conversation.MaxAttributeLength
	for _, of := range []string{"x", "é", "😀", `\n`, `\u00e9`} {
		for pad := range 40 {
			for n := longest - 2; n <= longest+2; n++ {
				record := func(n int) string {
					return `{"a":"` + strings.Repeat("p", pad) + `","participants":[{"attributes":{"k":"` + strings.Repeat(of, n) + `"}}]}`
				}
				if got := string(CutAttributes([]byte(record(n)))); len(got) != len(record(min(n, longest))) && of != `\u00e9` {
					t.Fatalf("%d times %s behind %d: got %d bytes", n, of, pad, len(got))
				} else if (got == record(n)) != (n <= longest) {
					t.Fatalf("%d times %s behind %d: changed is %v", n, of, pad, got != record(n))
				}
			}
		}
	}
}

// Whatever the text, afterwards no attribute is too long, and what was not is as it was.
func FuzzCutAttributes(f *testing.F) {
	f.Add("key", "v", uint16(1100), 3)
	f.Add("\"\\", "ü", uint16(600), 1024)
	f.Add("", "😀", uint16(1025), 0)
	f.Fuzz(func(t *testing.T, key, value string, times uint16, pad int) {
		key, value = repeated(key, times), repeated(value, times) // short inputs are quick to find
		in := conversation.Conversation{ConversationID: "c", Participants: []conversation.Participant{
			{ParticipantName: strings.Repeat("p", max(0, pad)%3000), Attributes: map[string]string{key: value, "other": "x"}},
		}}
		raw, err := json.Marshal(&in)
		if err != nil {
			t.Skip("no UTF-8")
		}
		var out conversation.Conversation
		if err := json.Unmarshal(CutAttributes(raw), &out); err != nil {
			t.Fatal(err)
		}
		got := out.Participants[0].Attributes
		if got[first(key)] != first(value) && key != "other" || out.Participants[0].ParticipantName != in.Participants[0].ParticipantName {
			t.Errorf("got %d and %d characters", len(got), len(out.Participants[0].ParticipantName))
		}
	})
}

func repeated(s string, times uint16) string { return strings.Repeat(s, int(times)%2000) }

func first(s string) string {
	r := []rune(s)
	return string(r[:min(len(r), conversation.MaxAttributeLength)])
}

// The search for long texts must not look behind the end of a record, whatever its length.
func TestRecordsAboutAsLongAsAnAttribute(t *testing.T) {
	for n := conversation.MaxAttributeLength - 3; n <= conversation.MaxAttributeLength+3; n++ {
		for _, record := range []string{`{"a":"%s"}`, `{"attributes":"%s"}`, `%s`} {
			raw := slices.Clip(fmt.Appendf(nil, record, strings.Repeat("x", n-len(record)+len("%s"))))
			if got := CutAttributes(raw); len(raw) != n || string(got) != string(raw) {
				t.Errorf("%d bytes: got %s", n, got)
			}
		}
	}
}

// Text that ends too early, or goes on as no record does, comes back as it went in: half of it may not be changed.
func TestNoRecordIsLeftAsItIs(t *testing.T) {
	record := `{"participants":[{"a":1,"attributes":{"k":"` + strings.Repeat("x", 1100) + `","` + strings.Repeat("y", 1100) + `":"v"},"b":2}],"z":1.0}`
	for name, change := range map[string]func([]byte) []byte{"strip": StripAttributes, "cut": CutAttributes} {
		if got := change([]byte(record)); len(got) >= len(record) {
			t.Errorf("%s: nothing has changed", name)
		}
		for i := range record {
			for _, text := range []string{record[:i], record[:i] + "?" + record[i+1:]} {
				if json.Unmarshal([]byte(text), new(any)) == nil {
					continue // within a text, every letter is as good as another
				}
				if got := string(change([]byte(text))); got != text {
					t.Fatalf("%s: %.40q at byte %d became %d bytes of %d", name, text[max(0, i-20):], i, len(got), len(text))
				}
			}
		}
	}
}
