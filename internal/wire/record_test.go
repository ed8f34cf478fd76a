package wire

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

func head1(id string) string {
	return `{"conversationId":` + id + `,"conversationStart":"2026-11-01T00:00:00Z"}`
}

// Two ids that cannot be read as text would be read as one, and one of the records be lost as sent twice.
func TestIdsThatAreNoText(t *testing.T) {
	for _, id := range []string{
		`"\ud800"`, `"\ud801"`, `"a\udc00"`, `"\ud800\ud800"`, `"\udc00\ud800"`, "\"\xff\"", `7`, `1e0`, `true`, `{}`, `["a"]`,
		`"a\u0000"`, `"\n"`, `"a\u007f"`, `"\u0085"`, "\"a\x7f\"",
	} {
		_, err := Record([]byte(head1(id)))
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Kind != fault.Invalid || f.Field != "conversationId" && id != "\"\xff\"" {
			t.Errorf("%s: got %v", id, err)
		}
	}
	for id, want := range map[string]string{
		`"\ud83d\ude00"`: "😀", `"\u0041"`: "A", `"\ufffd"`: "\ufffd", `" "`: " ", `"\"\\"`: `"\`, `"` + strings.Repeat("é", 128) + `"`: strings.Repeat("é", 128),
	} {
		if r, err := Record([]byte(head1(id))); err != nil || string(r.ID) != want {
			t.Errorf("%s: got %q, %v", id, r.ID, err)
		}
	}
	if _, err := Record([]byte(head1(`"x` + strings.Repeat("é", 128) + `"`))); err == nil || !strings.Contains(err.Error(), "longer than 256 bytes") {
		t.Errorf("an id of 257 bytes: %v", err)
	}
}

// A record that names two conversations belongs to neither.
func TestRecordsWithTwoIds(t *testing.T) {
	for text, field := range map[string]string{
		`{"conversationId":"a","conversationStart":"2026-11-01","conversationId":"b"}`:                                                        "conversationId",
		`{"conversationId":"a","conversationStart":"2026-11-01","conversationStart":"2026-11-02"}`:                                            "conversationStart",
		`{"conversationId":"a","conversationStart":["2026-11-01"]}`:                                                                           "conversationStart",
		`{"conversationId":"a","conversationStart":"2026-11-01","conversationId":"a","conversationStart":"2026-11-01","conversationId":null}`: "",
	} {
		_, err := Record([]byte(text))
		if f, ok := errors.AsType[*fault.Error](err); ok != (field != "") || ok && f.Field != field {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// An end that cannot be read must not lose the record.
func TestEndsThatCannotBeRead(t *testing.T) {
	for _, end := range []string{`"oops"`, `7`, `{}`, `["2026-11-01"]`, `null`, `"\ud800"`, `true`} {
		r, err := Record([]byte(`{"conversationId":"a","conversationEnd":` + end + `,"conversationStart":"2026-11-01"}`))
		if err != nil || !r.End.IsZero() {
			t.Errorf("%s: got %v, %v", end, r.End, err)
		}
	}
}

// The tables keep microseconds.
func TestTimesAreCutToMicroseconds(t *testing.T) {
	r, err := Record([]byte(`{"conversationEnd":"2026-11-01T00:00:01.999999999Z","conversationId":"a","conversationStart":"2026-11-01T00:00:00.123456789+01:00"}`))
	start, end := time.Date(2026, 10, 31, 23, 0, 0, 123456000, time.UTC), time.Date(2026, 11, 1, 0, 0, 1, 999999000, time.UTC)
	if err != nil || !r.Start.Equal(start) || !r.End.Equal(end) || r.Start.Location() != time.UTC {
		t.Errorf("got %v to %v, %v", r.Start, r.End, err)
	}
	for _, year := range []string{"1969-12-31", "2201-01-01"} {
		if _, err := Record([]byte(`{"conversationId":"a","conversationStart":"` + year + `"}`)); err == nil || !strings.Contains(err.Error(), "lies in the year") {
			t.Errorf("%s: %v", year, err)
		}
	}
	for _, year := range []string{"1970-01-01", "2200-12-31"} {
		if _, err := Record([]byte(`{"conversationId":"a","conversationStart":"` + year + `"}`)); err != nil {
			t.Errorf("%s: %v", year, err)
		}
	}
}
