package ui

import (
	"bytes"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
)

func TestMissingDaysAreNoted(t *testing.T) {
	var out, errs bytes.Buffer
	s := &Streams{Out: &out, Err: &errs}
	if s.Missing(nil); errs.Len() != 0 {
		t.Errorf("nothing is missing: %s", &errs)
	}
	day := func(text string) conversation.Day {
		d, err := conversation.ParseDay(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	one := func(text string) conversation.Days { return conversation.Days{First: day(text), End: day(text) + 1} }
	s.Missing([]conversation.Days{one("2026-11-03"), one("2026-11-05"), one("2026-11-06")})
	want := "Of these days nothing ever came into the data: 2026-11-03, 2026-11-05..2026-11-06. The answer leaves them out.\n"
	if errs.String() != want || out.Len() != 0 {
		t.Errorf("got %q and %q, want %q", &errs, &out, want)
	}
}
