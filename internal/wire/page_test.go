package wire

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// read reads a page of a kind and gives its records too.
func read(kind Kind, text string) (records []string, p Page, err error) {
	p, err = Limits{}.ReadPage(strings.NewReader(text), kind, func(raw []byte) error {
		records = append(records, string(raw))
		return nil
	})
	return records, p, err
}

func TestPages(t *testing.T) {
	date := time.Date(2026, 11, 8, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		kind    Kind
		text    string
		records []string
		want    Page
	}{
		{Results, `{"conversations":[{"a":1},2],"cursor":"+/=","dataAvailabilityDate":"2026-11-08T00:00:00Z"}`, []string{`{"a":1}`, "2"}, Page{"+/=", date, 0, nil, 2}},
		{Found, `{"conversations":[]}`, nil, Page{}},
		{Counted, `{"conversations":[1],"totalHits":7}`, []string{"1"}, Page{TotalHits: 7, Records: 1}},
		{Results, `{"dataAvailabilityDate":"2026-11-08T00:00:00.000Z"}`, nil, Page{DataAvailabilityDate: date}},
		{Results, `{"cursor":"c"}`, nil, Page{Cursor: "c"}},
		{Results, `{"conversations":null,"cursor":null,"dataAvailabilityDate":"2026-11-08"}`, nil, Page{DataAvailabilityDate: date}},
		{Results, ` {"new":{"cursor":"x","deep":[[{}],"}"]},"conversations":[1],"new":2,"totalHits":null} `, []string{"1"}, Page{Records: 1}},
		{Results, `{"conversations":[1],"cursor":""}`, []string{"1"}, Page{Records: 1}},
		{Found, `{"totalHits":0}`, nil, Page{}},
		{Found, `{"totalHits":7,"aggregations":[{"count": 1}]}`, nil, Page{TotalHits: 7, Aggregations: []byte(`[{"count": 1}]`)}},
		{Found, `{"conversations":[1]}`, []string{"1"}, Page{Records: 1}},
	} {
		records, p, err := read(c.kind, c.text)
		same := p.Cursor == c.want.Cursor && p.DataAvailabilityDate.Equal(c.want.DataAvailabilityDate) && p.TotalHits == c.want.TotalHits &&
			bytes.Equal(p.Aggregations, c.want.Aggregations) && p.Records == c.want.Records
		if err != nil || !slices.Equal(records, c.records) || !same {
			t.Errorf("%s: got %q, %+v, %v", c.text, records, p, err)
		}
	}
}

// What is not a page must not be read as the last one.
func TestWhatIsNoPage(t *testing.T) {
	for _, c := range []struct {
		kind       Kind
		text, says string
	}{
		{Results, `{}`, "no conversations, cursor or dataAvailabilityDate"},
		{Results, `{"state":"PENDING"}`, "not a page of results"},
		{Results, `{"message":"it failed","code":"internal.server.error","status":500,"errors":[]}`, "not a page of results"},
		{Results, `{"totalHits":0}`, "not a page of results"},
		{Results, `{"conversations":null,"cursor":"","dataAvailabilityDate":null}`, "not a page of results"},
		{Found, `{}`, "neither conversations nor totalHits"},
		{Found, `{"cursor":"c","dataAvailabilityDate":"2026-11-08","aggregations":[]}`, "neither conversations nor totalHits"},
		{Found, `{"totalHits":null}`, "neither conversations nor totalHits"},
		{Results, `{"conversations":[1],"cursor":"c","cursor":null}`, "has cursor twice"},
		{Results, `{"conversations":[1],"cursor":null,"cursor":"c"}`, "has cursor twice"},
		{Results, `{"conversations":[1],"curso\u0072":"c","cursor":"c"}`, "has cursor twice"},
		{Results, `{"conversations":[]}`, "is not a page of results"},
		{Counted, `{"conversations":[1],"totalHits":0}`, "more conversations than it counts"},
		{Counted, `{"totalHits":0,"status":500}`, "the member status"},
		{Found, `{"totalHits":0,"message":"internal error"}`, "the member message"},
		{Results, `{"conversations":[],"dataAvailabilityDate":"2026-11-08","errors":[]}`, "the member errors"},
		{Results, `{"dataAvailabilityDate":"2026-11-08","code":"internal.server.error"}`, "the member code"},
		{Results, `{"state":"FULFILLED","dataAvailabilityDate":"2026-11-08"}`, "the member state"},
		{Results, `{"jobId":"x","cursor":"c"}`, "the member jobId"},
		{Counted, `{"conversations":[1]}`, "has no totalHits"},
		{Results, `{"conversations":[1],"conversations":[]}`, "has conversations twice"},
		{Results, `{"conversations":[],"dataAvailabilityDate":"2026-11-08","dataAvailabilityDate":"2026-11-08"}`, "has dataAvailabilityDate twice"},
		{Found, `{"totalHits":1,"totalHits":1}`, "has totalHits twice"},
		{Found, `{"totalHits":1,"aggregations":[],"aggregations":[]}`, "has aggregations twice"},
		{Results, `{"conversations":[],"dataAvailabilityDate":"soon"}`, "dataAvailabilityDate is no date"},
		{Results, `{"conversations":[],"dataAvailabilityDate":7}`, "dataAvailabilityDate is not text"},
		{Results, `{"conversations":[],"dataAvailabilityDate":""}`, "dataAvailabilityDate is no date"},
		{Results, `{"conversations":[],"cursor":7}`, "cursor is not text"},
		{Results, `{"conversations":[],"cursor":"\ud800"}`, "cursor is not text"},
		{Results, "{\"conversations\":[],\"cursor\":\"\xff\"}", "cursor is not text"},
		{Results, `{"conversations":[],"cursor":"a\nb"}`, "cursor is not text"},
		{Results, `{"conversations":[],"cursor":"` + strings.Repeat("c", maxCursor-1) + `"}`, "cursor is longer than"},
		{Found, `{"totalHits":"7"}`, "totalHits is no count"},
		{Found, `{"totalHits":-1}`, "totalHits is no count"},
		{Found, `{"totalHits":1.5}`, "totalHits is no count"},
		{Results, `{"conversations":{}}`, "expected [ and found {"},
		{Results, `{"conversations":"none"}`, "expected [ and found string"},
		{Results, `[]`, "expected { and found ["},
		{Results, `{"conversations":[]} {}`, "something follows the page"},
		{Results, `{"conversations":[]}x`, "not JSON"},
		{Results, `{"conversations":[1,]}`, "not JSON"},
		{Results, `{"conversations"}`, "not JSON"},
		{Results, `<html>`, "not JSON"},
		{Results, ``, "ends too early"},
	} {
		_, _, err := read(c.kind, c.text)
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%.60s: got %v, want one that says %s", c.text, err, c.says)
		}
	}
	if _, p, err := read(Results, `{"cursor":"`+strings.Repeat("c", maxCursor-2)+`"}`); err != nil || len(p.Cursor) != maxCursor-2 {
		t.Errorf("a cursor of just the longest length: %v", err)
	}
}

const somePage = `{ "conversations" : [ {"a" : "\"]" } , [1, 2 ] ],"x":{"y":[null]} , "cursor":"c", "dataAvailabilityDate":"2026-11-08T00:00:00Z" } `

// Wherever a page is cut, it is seen; and whatever ends reading is told, not what the decoder makes of it.
func TestPagesThatEndTooEarly(t *testing.T) {
	broken := errors.New("the connection broke")
	for cut := range strings.LastIndexByte(somePage, '}') + 1 {
		for name, ends := range map[string]struct {
			with error
			want error
		}{"end": {io.EOF, fault.Corrupt}, "error": {broken, broken}} {
			r := io.MultiReader(strings.NewReader(somePage[:cut]), iotest.ErrReader(ends.with))
			_, err := Limits{}.ReadPage(r, Results, func([]byte) error { return nil })
			if !errors.Is(err, ends.want) {
				t.Errorf("%s after %d bytes: got %v", name, cut, err)
			}
			_, err = Limits{}.ReadPage(iotest.DataErrReader(io.MultiReader(iotest.OneByteReader(strings.NewReader(somePage[:cut])), iotest.ErrReader(ends.with))), Results, func([]byte) error { return nil })
			if !errors.Is(err, ends.want) {
				t.Errorf("%s with byte %d: got %v", name, cut, err)
			}
			if err := Values(io.MultiReader(strings.NewReader(somePage[:max(cut, 1)]), iotest.ErrReader(ends.with)), func([]byte) error { return nil }); !errors.Is(err, ends.want) {
				t.Errorf("a file, %s after %d bytes: got %v", name, cut, err)
			}
		}
	}
}

// A decoder that stands at what must not stand there says so, but what ended reading is why it stands there.
func TestReadingEndsWhereTheTextIsWrong(t *testing.T) {
	broken := errors.New("the connection broke")
	_, err := ReadPage(io.MultiReader(strings.NewReader(`{"new",`), iotest.ErrReader(broken)), func([]byte) error { return nil })
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// An error of whoever takes the records is theirs, and ends reading.
func TestErrorsOfTheCallerAreGivenBack(t *testing.T) {
	for _, theirs := range []error{errors.New("theirs"), io.EOF, io.ErrUnexpectedEOF, fault.Full} {
		calls := 0
		refuse := func([]byte) error { calls++; return theirs }
		_, err := ReadPage(strings.NewReader(somePage), refuse)
		values := Values(strings.NewReader(somePage), refuse)
		if err != theirs || values != theirs || calls != 2 { //nolint:errorlint // the error itself
			t.Errorf("got %v and %v after %d calls, want %v", err, values, calls, theirs)
		}
	}
}

// White space goes, everything else stays, wherever it stands and however the text is cut into pieces.
func TestAnIndentedPage(t *testing.T) {
	records := []string{
		`{"conversationId":"a","n":1.50e+2,"x":[],"y":{},"t":"  two  spaces \\\" \t ","u":"\\"}`,
		`{"b":[1,[2,{"c":null}]],"conversationId":" b "}`,
		`"a text, which is no record"`, `-0.0`,
	}
	page := jsontext.Value(`{"conversations":[` + strings.Join(records, ",") + `],"cursor":"c"}`)
	for _, indent := range []string{" ", "\t", "                    "} {
		text := bytes.Clone(page)
		if err := (*jsontext.Value)(&text).Indent(jsontext.WithIndent("\t"), jsontext.WithIndentPrefix(strings.Repeat("\t", len(indent)))); err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"+indent))
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader(text), "byte by byte": iotest.OneByteReader(bytes.NewReader(text))} {
			var got []string
			p, err := ReadPage(r, func(raw []byte) error {
				got = append(got, string(raw))
				return nil
			})
			if err != nil || !slices.Equal(got, records) || p.Cursor != "c" {
				t.Errorf("%s: got %q, %+v, %v", name, got, p, err)
			}
		}
		got, err := collect(t, string(text))
		if err != nil || !slices.Equal(got, records) {
			t.Errorf("in a file: got %q, %v", got, err)
		}
	}
}

// The bytes are the callee's: what is read later must not change them.
func TestRecordsAreKept(t *testing.T) {
	var got [][]byte
	_, err := ReadPage(iotest.HalfReader(strings.NewReader(`{"conversations":[`+strings.Repeat(`{"a":"`+strings.Repeat("x", 3000)+`"},`, 50)+`1]}`)), func(raw []byte) error {
		got = append(got, raw)
		return nil
	})
	if err != nil || len(got) != 51 {
		t.Fatalf("got %d, %v", len(got), err)
	}
	for _, raw := range got[:50] {
		if string(raw) != `{"a":"`+strings.Repeat("x", 3000)+`"}` {
			t.Fatal("a record changed after it was handed on")
		}
	}
}

func FuzzCompact(f *testing.F) {
	f.Add([]byte(` { "a" : [ 1 , "\" \\" , { } ] } `))
	f.Add([]byte(`"\\\\\" "`))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := jsontext.Value(bytes.Clone(text))
		if want.Compact(lenient) != nil {
			return
		}
		if got := compact(text); !bytes.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	})
}

// Whatever is taken for a page is one by a plain reading too, with the same records.
func FuzzReadPage(f *testing.F) {
	f.Add([]byte(somePage))
	f.Add([]byte(`{"conversations":[{"a":1}],"cursor":"c","cursor":null}`))
	f.Add([]byte(`{"message":"x","code":"y"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		records, p, err := read(Results, string(text))
		if err != nil {
			if !errors.Is(err, fault.Corrupt) {
				t.Errorf("%q: %v is of no kind", text, err)
			}
			return
		}
		var plain struct {
			Conversations []jsontext.Value `json:"conversations"`
			Cursor        *string          `json:"cursor"`
			Date          *string          `json:"dataAvailabilityDate"`
		}
		if err := json.Unmarshal(text, &plain, lenient); err != nil {
			t.Fatalf("%q was taken for a page: %v", text, err)
		}
		if plain.Conversations == nil && plain.Cursor == nil && plain.Date == nil || len(records) != len(plain.Conversations) || plain.Cursor != nil && *plain.Cursor != p.Cursor {
			t.Errorf("%q was taken for a page of %d records with the cursor %q", text, len(records), p.Cursor)
		}
		for i, v := range plain.Conversations {
			if v.Compact(lenient) != nil || string(v) != records[i] {
				t.Errorf("%q: record %d is %q", text, i, records[i])
			}
		}
	})
}

func TestAPageThatIsHandedOnVerbatim(t *testing.T) {
	const page = `{"conversations":[{"a": 1},{"b":2}],"totalHits":2}`
	for verbatim, want := range map[bool]string{false: `{"a":1}{"b":2}`, true: `{"a": 1}{"b":2}`} {
		var raws [][]byte
		_, err := Limits{Verbatim: verbatim}.ReadPage(strings.NewReader(page), Found, func(raw []byte) error {
			raws = append(raws, raw)
			return nil
		})
		if got := string(bytes.Join(raws, nil)); err != nil || got != want {
			t.Errorf("verbatim: %v; got %s, %v", verbatim, got, err)
		}
	}
}
