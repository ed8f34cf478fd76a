package duck_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/query"
)

// sameValue wants DuckDB to read a number and an instant in a text exactly where Go does.
func sameValue(t *testing.T, db *duck.DB, text string) {
	t.Helper()
	number, err := duck.ReadNumber(t.Context(), db, text)
	if err != nil {
		t.Fatal(err)
	}
	if want := readText(query.Number, text); !same(number, want) {
		t.Errorf("%q: DuckDB reads the number %v, Go %v", text, shownPointer(number), want)
	}
	instant, err := duck.ReadInstant(t.Context(), db, text)
	if err != nil {
		t.Fatal(err)
	}
	if want := readText(query.Instant, text); !same(instant, want) {
		t.Errorf("%q: DuckDB reads the instant %v, Go %v", text, shownPointer(instant), want)
	}
}

// same says whether both are nothing or the same number; what is no number satisfies no range, and so is nothing.
func same(got *float64, want any) bool {
	if v, ok := want.(float64); ok && v == v {
		return got != nil && *got == v
	}
	return got == nil
}

func shownPointer(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func TestPropertyValuesAreReadAsGoDoes(t *testing.T) {
	db := openDB(t)
	for _, text := range propertyTexts {
		sameValue(t, db, text)
	}
}

func TestOffsetsAreReadAsGoDoes(t *testing.T) {
	db := openDB(t)
	for _, sign := range []string{"+", "-"} {
		for _, hours := range []string{"0", "00", "14", "15", "23", "24", "25", "99"} {
			for _, minutes := range []string{"", "00", ":00", "30", "59", ":59", "60", ":60", "61", "99"} {
				sameValue(t, db, "2026-03-01T12:00:00"+sign+hours+minutes)
				sameValue(t, db, "0000-01-01T0:00"+sign+hours+minutes)
			}
		}
	}
}

func FuzzPropertyValue(f *testing.F) {
	for _, text := range propertyTexts {
		f.Add(text)
	}
	db := openDB(f)
	f.Fuzz(func(t *testing.T, text string) {
		// What SQL does not read is said beside dialect.Number.
		if !utf8.ValidString(text) || strings.ContainsAny(text, "xX") {
			return
		}
		sameValue(t, db, text)
	})
}
