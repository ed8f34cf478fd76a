package trino_test

import (
	"math"
	"strconv"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/trino"
)

// Trino reads instants in texts as the rest of the program does.
func TestInstants(t *testing.T) {
	c := open(t)
	texts := []string{
		"2026-02-28T01:02:03.456Z", "2026-02-28T01:02:03.456789123Z", "2026-02-28T01:02:03", "2026-02-28T01:02", "2026-02-28T01:02+05:30", "2026-02-28", "2026-02-30",
		"2026-02-28T1:02:03Z", "2026-02-28T24:00:00Z", "2026-02-28T23:59:59-0330", "2026-02-28T00:00:00+24:00", "2026-02-28T00:00:00-23:60", "1965-01-01T00:00:00.000001Z",
		"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "soon", "", " 2026-02-28", "2026-02-28T01:02:03.456z", "2026-02-28 01:02:03",
	}
	got, err := trino.ReadInstants(t.Context(), c, texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		want := math.NaN()
		if at, err := conversation.ParseTime(text); err == nil && !at.IsZero() {
			want = float64(at.UnixMicro()) / 1000
		}
		if !same(got[i], want) {
			t.Errorf("%q is %v, want %v", text, got[i], want)
		}
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// So it does numbers. Hexadecimal ones are not read.
func TestNumbers(t *testing.T) {
	c := open(t)
	texts := []string{
		"5", "-3", "+7", "007", "1_000", "1__0", "_1", "2.50", ".5", "5.", "1e3", "1E-3", "1e400", "-1e400", "Inf", "-inf", "+Infinity", "infinitely", "NaN", "five", "5x", " 5", "5 ", "", "1d", "9007199254740993",
	}
	got, err := trino.ReadNumbers(t.Context(), c, texts)
	if err != nil {
		t.Fatal(err)
	}
	for i, text := range texts {
		want, err := strconv.ParseFloat(text, 64)
		if err != nil {
			want = math.NaN()
		}
		if !same(got[i], want) {
			t.Errorf("%q is %v, want %v", text, got[i], want)
		}
	}
}
