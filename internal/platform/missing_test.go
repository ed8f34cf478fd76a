package platform

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func TestMissingDays(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "[]",
		"2026-11-03":                             "[2026-11-03]",
		"2026-11-05..2026-11-07, 2026-11-03":     "[2026-11-03 2026-11-05 2026-11-06 2026-11-07]",
		"2026-11-05..2026-11-05,2026-11-05":      "[2026-11-05]",
		"2026-10-31..2026-11-01,":                "[2026-10-31 2026-11-01]",
		"yesterday":                              "no list",
		"2026-11-07..2026-11-05":                 "no list",
		"2026-11-05..":                           "no list",
		"2026-11-05..soon":                       "no list",
		"0001-01-01..9999-12-31":                 "no list", // and not three million days
		"2026-11-05/2026-11-07":                  "no list",
		"2026-11-05, 2026-11-31":                 "no list",
		"1970-01-01,2200-12-31":                  "[1970-01-01 2200-12-31]",
		"1969-12-31":                             "no list",
		"2201-01-01":                             "no list",
		"2026-11-05..2026-11-06..2026-11-07":     "no list",
		"2026-11-05T00:00:00Z..2026-11-06T00:00": "no list",
	} {
		days, err := missingDays(http.Header{missingHeader: {text}})
		got := fmt.Sprint(days)
		if errors.Is(err, fault.Corrupt) {
			got = "no list"
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	days, err := missingDays(http.Header{missingHeader: {"2026-11-03", "2026-11-01"}})
	if fmt.Sprint(days) != "[2026-11-01 2026-11-03]" || err != nil {
		t.Errorf("two headers: %v, %v", days, err)
	}
}
