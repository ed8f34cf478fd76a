package wire

import (
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// endless is a text that goes on for ever after its beginning; it counts what is read of it.
type endless struct {
	begin, rest string
	read        int64
}

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		if at := e.read - int64(len(e.begin)); at < 0 {
			b[i] = e.begin[e.read]
		} else {
			b[i] = e.rest[at%int64(len(e.rest))]
		}
		e.read++
	}
	return len(b), nil
}

// Of a text that never ends no more is read, and so held, than the limit allows, whatever it goes on with.
func TestTextsWithoutEndAreGivenUp(t *testing.T) {
	unraced.Test(t)
	const page = 4 << 20
	limits := Limits{Page: page, Advice: "--more raises it"}
	const record = `{"conversationId":"a","conversationStart":"2026-11-01"},`
	for _, c := range []struct {
		name, begin, rest string
		most              int64
		says              string
	}{
		{"white space before the page", "", " ", maxToken, "white space"},
		{"white space after a name", `{"conversations"`, "\n", maxToken, "white space"},
		{"white space before a record", `{"conversations":[1,`, "\t ", maxToken, "white space"},
		{"white space in a record", `{"conversations":[{"a":`, " ", page, "the page is larger than 4 MiB; --more raises it"},
		{"white space after the page", `{"conversations":[]}`, " ", maxToken, "white space"},
		{"a text in a record", `{"conversations":[{"a":"`, "x", page, "the page is larger than 4 MiB; --more raises it"},
		{"a text in a member nobody knows", `{"new":"`, "x", maxToken, "a text or white space outside the records has more than 1 MiB"},
		{"a text deep in a member nobody knows", `{"new":[[{"a":"`, "x", maxToken, "a text"},
		{"a name", `{"`, "x", maxToken, "a text"},
		{"a name in a member nobody knows", `{"new":{"`, "x", maxToken, "a text"},
		{"a number", `{"new":`, "1", maxToken, "a text"},
		{"a cursor", `{"cursor":"`, "x", maxToken, "a text"},
		{"a date", `{"dataAvailabilityDate":"`, "x", maxToken, "a text"},
		{"a count", `{"totalHits":`, "1", maxToken, "a text"},
		{"aggregations", `{"aggregations":[`, "1,", page, "the page is larger"},
		{"records", `{"conversations":[`, record, page, "the page is larger"},
		{"a member nobody knows", `{"new":[`, `"x",`, page, "the page is larger"},
		{"a hollow", `{"conversations":[`, "[", page, "the page is larger"},
		{"a hollow in a member nobody knows", `{"new":`, "[", 1 << 16, "nested more than 10000 deep"},
		{"no JSON in a hollow", `{"conversations":[` + strings.Repeat("[", 20_000), ",", 1 << 17, "not JSON at byte 20018"},
	} {
		e := &endless{begin: c.begin, rest: c.rest}
		_, err := limits.ReadPage(e, Results, func([]byte) error { return nil })
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), c.says) || errors.Is(err, ErrLimit) != (!strings.Contains(c.says, "not JSON") && !strings.Contains(c.says, "nested")) {
			t.Errorf("%s: %v", c.name, err)
		}
		if e.read > c.most+int64(len(c.begin))+maxToken/16 {
			t.Errorf("%s: %d bytes were read", c.name, e.read)
		}
	}
	for name, c := range map[string]struct {
		begin, rest string
		most        int64
		says        string
	}{
		"white space": {"", " ", maxToken, "white space"},
		"a text":      {`"`, "x", page, "the value is larger than 4 MiB; --more raises it"},
		"a record":    {"[1,", "{\"a\":[1,", page, "the value is larger"},
		"in a list":   {"[1,\"", "x", page, "the value is larger"},
		"in a page":   {`{"conversations":[1,`, "2,", page, "the value is larger"},
		"of a list":   {"[", " ", maxToken, "white space"},
	} {
		e := &endless{begin: c.begin, rest: c.rest}
		err := limits.Values(e, func([]byte) error { return nil })
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), c.says) || e.read > c.most+maxToken/16 {
			t.Errorf("a file, %s: %v after %d bytes", name, err, e.read)
		}
	}
}

func TestLimitsAreMetExactly(t *testing.T) {
	const text = `{"conversations":["x"]}`
	for _, pad := range []int{0, 1, 100, 100_000} {
		page := `{"conversations":["` + strings.Repeat("x", pad) + `"]}`
		for _, extra := range []int{-1, 0, 1} {
			limits := Limits{Page: int64(len(page) + extra)}
			_, err := limits.ReadPage(strings.NewReader(page), Results, func([]byte) error { return nil })
			if (extra < 0) != errors.Is(err, ErrLimit) || (extra >= 0) != (err == nil) {
				t.Errorf("a page of %d bytes, %d allowed: %v", len(page), limits.Page, err)
			}
			if pad < 100_000 {
				continue // a few bytes are read ahead of any value
			}
			limits.Page -= int64(len(`{"conversations":[]}`))
			err = limits.Values(strings.NewReader(`["`+strings.Repeat("x", pad)+`"]`), func([]byte) error { return nil })
			if (extra < 0) != errors.Is(err, ErrLimit) || (extra >= 0) != (err == nil) {
				t.Errorf("a value of %d bytes, %d allowed: %v", pad+2, limits.Page, err)
			}
		}
	}
	if err := (Limits{Page: 10}).Values(strings.NewReader(strings.Repeat("[1,2,3] 44 ", 1000)), func([]byte) error { return nil }); err != nil {
		t.Errorf("a long file of short values: %v", err)
	}
	if _, err := (Limits{Page: math.MaxInt64}).ReadPage(strings.NewReader(somePage), Results, func([]byte) error { return nil }); err != nil {
		t.Errorf("a page without a limit: %v", err)
	}
	if got := (Limits{}).withDefaults().Page; got != 134_217_728 { // 128 MiB, as the README says
		t.Errorf("the default is %d", got)
	}
	_, err := Limits{Page: 22}.ReadPage(strings.NewReader(text), Results, func([]byte) error { return nil })
	if err == nil || err.Error() != "the page is larger than 22 bytes" {
		t.Errorf("got %v", err)
	}
}

// What is read ahead of a token is no part of it.
func TestReadingAheadIsNotOverTheLimit(t *testing.T) {
	page := `{"conversations":["` + strings.Repeat("x", 8<<20) + `"],"new":[` + strings.Repeat(`"`+strings.Repeat("y", 1000)+`",`, 9000) + `1],"cursor":"c"}`
	p, err := ReadPage(strings.NewReader(page), func([]byte) error { return nil })
	if err != nil || p.Cursor != "c" {
		t.Errorf("got %+v, %v", p, err)
	}
}

// A record that is too large is no reason to stop: it is a value like others that are no records.
func TestRecordsThatAreTooLarge(t *testing.T) {
	unraced.Test(t)
	const head, tail = `{"conversationId":"a","conversationStart":"2026-11-01","x":"`, `"}`
	whole := head + strings.Repeat("x", conversation.MaxRecordBytes-len(head)-len(tail)) + tail
	if r, err := Record([]byte(whole)); err != nil || r.ID != "a" {
		t.Errorf("one of just the largest size: %v", err)
	}
	_, err := Record([]byte(whole[:len(whole)-2] + "y" + tail))
	if !errors.Is(err, fault.Invalid) || err.Error() != "the record is larger than 64 MiB" {
		t.Errorf("one byte more: %v", err)
	}
	n := 0
	err = Values(io.MultiReader(strings.NewReader("[1,"), strings.NewReader(whole), strings.NewReader("  ]")), func(raw []byte) error {
		n += len(raw)
		return nil
	})
	if err != nil || n != len(whole)+1 {
		t.Errorf("read from a file: %d bytes, %v", n, err)
	}
}
