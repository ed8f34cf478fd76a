package wire

import (
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// nested makes a value of so many lists and objects in one another; the rest is what else a value can have.
func nested(depth int) string {
	var text strings.Builder
	for n := range depth {
		if n%2 == 0 {
			text.WriteString(`[1.5e3,"]}\"\\",`)
		} else {
			text.WriteString(`{"[":null,"x":`)
		}
	}
	text.WriteString("true")
	for n := depth - 1; n >= 0; n-- {
		text.WriteString([]string{",7]", "}"}[n%2])
	}
	return text.String()
}

// A value that is nested deeper than the decoder goes is one value among others, wherever it stands and however the text
// is cut into pieces.
func TestDeepValues(t *testing.T) {
	unraced.Test(t)
	const a, b = `{"conversationId":"a"}`, `{"conversationId":"b"}`
	for _, depth := range []int{maxDepth - 3, maxDepth - 2, maxDepth - 1, maxDepth, 2 * maxDepth} {
		deep := nested(depth)
		want := []string{a, deep, `{"x":` + deep + `}`, b}
		inList := "[" + strings.Join(want, " ,\n") + "]"
		for name, text := range map[string]string{
			"one after the other": strings.Join(slices.Concat([]string{a}, want[2:3], []string{b}), "\n"),
			"a list":              inList,
			"a page":              `{"cursor":"c","conversations":` + inList + `,"dataAvailabilityDate":"2026-11-08"}`,
			"a list of pages":     `[{"conversations":` + inList + `}]`,
		} {
			expected := want
			if name == "one after the other" {
				expected = slices.Delete(slices.Clone(want), 1, 2) // a list there is one of values
			}
			for how, r := range map[string]io.Reader{"whole": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text)), "ends": iotest.DataErrReader(strings.NewReader(text))} {
				var got []string
				err := Values(r, func(raw []byte) error { got = append(got, string(raw)); return nil })
				if err != nil || !slices.Equal(got, expected) {
					t.Errorf("%d deep, %s, %s: %d values, %v", depth, name, how, len(got), err)
				}
			}
			if name == "a page" {
				got, p, err := read(Results, text)
				if err != nil || !slices.Equal(got, want) || p.Cursor != "c" || p.Records != 4 || p.DataAvailabilityDate.IsZero() {
					t.Errorf("%d deep, a page of results: %d records, %+v, %v", depth, len(got), p, err)
				}
			}
		}
	}
}

// Only records may be as deep as they like: a page that is nested too deep elsewhere is none, whatever it has.
func TestAPageThatIsTooDeepIsNone(t *testing.T) {
	deep := nested(maxDepth + 1)
	for _, text := range []string{
		`{"conversations":[1],"cursor":"c","new":` + deep + `}`,
		`{"new":` + deep + `,"conversations":[1]}`,
		`{"conversations":[1],"totalHits":1,"aggregations":` + deep + `}`,
		`{"conversations":[1],"cursor":` + deep + `}`,
	} {
		_, _, err := read(Found, text)
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "nested more than 10000 deep at byte ") {
			t.Errorf("%.30s: %v", text, err)
		}
		err = Values(strings.NewReader(text), func([]byte) error { return nil })
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "a page in the file is nested more than 10000 deep at byte ") {
			t.Errorf("%.30s, in a file: %v", text, err)
		}
	}
	theirs := errors.New("theirs")
	if err := Values(strings.NewReader(`{"conversations":[`+deep+`]}`), func([]byte) error { return theirs }); err != theirs { //nolint:errorlint // the error itself
		t.Errorf("an error of the caller's: %v", err)
	}
}

// Wherever a text with a deep value is cut, it is seen, and where it is wrong is told by its own bytes.
func TestDamageBehindDeepValues(t *testing.T) {
	unraced.Test(t)
	deep := nested(maxDepth + 1)
	page := `{"conversations":[` + deep + `,1],"cursor":"c"}`
	for cut := 0; cut < len(page); cut += 1 + len(page)/100 {
		if _, _, err := read(Results, page[:cut]); !errors.Is(err, fault.Corrupt) {
			t.Errorf("cut after %d bytes: %v", cut, err)
		}
	}
	for _, text := range []string{`{"conversations":[` + deep + `,?`, `{"conversations":[` + deep + `,` + deep + `,?`} {
		_, _, err := read(Results, text)
		if at := len(text) - 1; err == nil || err.Error() != "the body is not JSON at byte "+jsontext.Int(int64(at)).String() {
			t.Errorf("got %v, want byte %d", err, at)
		}
	}
	// The limit is of the whole page, and of each value of a file, deep ones included.
	_, err := Limits{Page: int64(len(page) - 1)}.ReadPage(strings.NewReader(page), Results, func([]byte) error { return nil })
	if !errors.Is(err, ErrLimit) {
		t.Errorf("a page that is a byte too large: %v", err)
	}
	if _, err := (Limits{Page: int64(len(page))}).ReadPage(strings.NewReader(page), Results, func([]byte) error { return nil }); err != nil {
		t.Errorf("a page of just the largest size: %v", err)
	}
}

// What is read beyond a deep value is not copied again and again.
func TestManyDeepValues(t *testing.T) {
	unraced.Test(t)
	deep := strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1)
	const large, many = 8 << 20, 200
	text, n := `["`+strings.Repeat("x", large)+`"`+strings.Repeat(","+deep, many)+`]`, 0
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := Values(strings.NewReader(text), func([]byte) error { n++; return nil })
	runtime.ReadMemStats(&after)
	if err != nil || n != many+1 {
		t.Errorf("%d values, %v", n, err)
	}
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 150 {
		t.Errorf("%d MiB were allocated for a text of %d MiB", got, len(text)>>20)
	}
}

func TestARecordThatIsTooDeep(t *testing.T) {
	for depth, says := range map[int]string{maxDepth - 1: "", maxDepth: "the record is nested more than 10000 deep"} {
		raw := `{"conversationId":"a","conversationStart":"2026-11-01","x":` + nested(depth) + `}`
		_, err := Record([]byte(raw))
		if says == "" && err != nil || says != "" && (!errors.Is(err, fault.Invalid) || err.Error() != says) {
			t.Errorf("%d deep: %v", depth, err)
		}
	}
}

// The scanner of deep values takes what the decoder takes, and nothing else: each text with each byte changed.
func TestNestingIsJSON(t *testing.T) {
	for _, text := range []string{
		`{"a":[1,-2.5e+3,true,false,null,"x\"\\\u00eF\uD800",{},[]],"b" : { "c":[ ] , "d":{}} }`,
		"[[1],\r\n\t[],{}, \"\xff\",0]",
	} {
		for at := range text {
			for _, with := range []string{"", `"`, `\`, "[", "]", "{", "}", ",", ":", "1", "x", " ", "-", "\x01", ",,", "u", "0", "\xff"} {
				changed := text[:at] + with + text[at+1:]
				if changed == "" || changed[0] != '[' && changed[0] != '{' {
					continue // no value that could be too deep
				}
				want := jsontext.Value(changed).IsValid(lenient)
				if got := follows(changed); got != want {
					t.Errorf("%q: got %v, want %v", changed, got, want)
				}
			}
		}
	}
}

func follows(text string) bool {
	var n nesting
	for at := range len(text) {
		if !n.take(text[at]) {
			return false
		}
		if n.depth == 0 && n.place == afterValue {
			return strings.TrimSpace(text[at+1:]) == ""
		}
	}
	return false
}
