package wire

import (
	"errors"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// What is a page in a file is taken apart, also one from which the platform left the list out; everything else is a
// value, so that nothing is passed over.
func TestPagesAndValuesInFiles(t *testing.T) {
	const a = `{"conversationId":"a"}`
	for text, want := range map[string][]string{
		`{"conversations":[` + a + `],"new":1}`:                                          {a},
		`[{"cursor":"c","conversations":[1,2]},{"conversations":[` + a + `]}]`:           {"1", "2", a},
		`{"conversations":[1],"conversations":[2]}`:                                      {"1", "2"},
		"[\"\" , \"\\\\\" ,\n \"a b\" , \"\\\"\"\t, {\"\" : \" \" , \"k\" : [ 1 , 2 ]}]": {`""`, `"\\"`, `"a b"`, `"\""`, `{"":" ","k":[1,2]}`},
		`{"totalHits":0}`: nil,
		`{"dataAvailabilityDate":"2026-11-08","cursor":"c"}`: nil,
		`{"aggregations":[],"totalHits":3}`:                  nil,
		`{"conversations":null,"totalHits":0}`:               nil,
		`{"conversations":null}`:                             {`{"conversations":null}`},
		`{"totalHits":0,"message":"x"}`:                      {`{"totalHits":0,"message":"x"}`},
		`{"conversations":{},"results":[]}`:                  {`{"conversations":{},"results":[]}`},
		`{"conversations":[1],"conversationId":null}`:        {`{"conversations":[1],"conversationId":null}`},
		`{"conversationId":"a","totalHits":0}`:               {`{"conversationId":"a","totalHits":0}`},
		`{}`:                                                 {`{}`}, `"conversations"`: {`"conversations"`}, `[]`: nil, `[[1]]`: {`[1]`},
	} {
		got, err := collect(t, text)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
	for _, text := range []string{`{"totalHits":0`, `{"conversations":[1,`, `[{"totalHits":0},`, `[1,,2]`, `{"a"}`, `tru`} {
		if _, err := collect(t, text); !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: %v", text, err)
		}
	}
	theirs := errors.New("theirs")
	for _, text := range []string{`1`, `[1]`, `{"conversations":[1]}`, `[{"conversations":[1]}]`} {
		calls := 0
		err := Values(&endless{begin: text, rest: " " + text}, func([]byte) error { calls++; return theirs })
		if !errors.Is(err, theirs) || calls != 1 {
			t.Errorf("%s: %v after %d calls", text, err, calls)
		}
	}
}
