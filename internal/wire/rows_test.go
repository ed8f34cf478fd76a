package wire

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// A page of rows says where the next one is, or that there is none. What is no such page is no end of the rows.
func TestPagesOfRows(t *testing.T) {
	for body, want := range map[string]struct {
		rows string
		next string
		bad  bool
	}{
		`{"data":[{"a.b":1},{"a.b":null}],"nextPageToken":"T-_1"}`: {rows: `{"a.b":1}{"a.b":null}`, next: "T-_1"},
		`{"data":[],"nextPageToken":null}`:                         {},
		`{"nextPageToken":null,"data":[{}],"more":1}`:              {rows: `{}`},
		`{"data":[{}]}`:                              {bad: true},
		`{"data":null,"nextPageToken":null}`:         {bad: true},
		`{"nextPageToken":null}`:                     {bad: true},
		`{"conversations":[{}],"cursor":"x"}`:        {bad: true},
		`{"data":[],"data":[],"nextPageToken":null}`: {bad: true},
		`{"data":[{}],"nextPageToken":"T"`:           {bad: true},
		`{"data":[{}],"nextPageToken":7}`:            {bad: true},
		`{"message":"no","status":400}`:              {bad: true},
		`{}`:                                         {bad: true},
	} {
		var rows strings.Builder
		page, err := Limits{}.ReadPage(strings.NewReader(body), Rows, func(row []byte) error {
			rows.Write(row)
			return nil
		})
		if want.bad {
			if !errors.Is(err, fault.Corrupt) {
				t.Errorf("%s: got %v", body, err)
			}
			continue
		}
		if err != nil || rows.String() != want.rows || page.Cursor != want.next {
			t.Errorf("%s: rows %s, next %q, %v", body, rows.String(), page.Cursor, err)
		}
	}
	if _, err := ReadPage(strings.NewReader(`{"data":[{}],"nextPageToken":null}`), func([]byte) error { return nil }); !errors.Is(err, fault.Corrupt) {
		t.Errorf("a page of rows passes for one of a job: %v", err)
	}
}
