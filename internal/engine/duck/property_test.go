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

func FuzzPropertyValue(f *testing.F) {
	for _, text := range propertyTexts {
		f.Add(text)
	}
	db := openDB(f)
	f.Fuzz(func(t *testing.T, text string) {
		// What SQL does not read is said beside dialect.Number and dialect.Instant.
		if !utf8.ValidString(text) || strings.ContainsAny(text, "xX") || farOffset(text) {
			return
		}
		sameValue(t, db, text)
	})
}

// farOffset says whether a text may end with an offset of 15 hours and more.
func farOffset(text string) bool {
	i := strings.LastIndexAny(text, "+-")
	return i > len("2006-01-02") && len(text) > i+2 && (text[i+1] > '1' || text[i+1] == '1' && text[i+2] > '4')
}
