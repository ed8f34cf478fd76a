package rules_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/account/rules"
	"github.com/parley-hq/parley/internal/fault"
)

func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRulesAreRead(t *testing.T) {
	got, err := rules.Read(written(t, `
reasons:
  - label: Menu choice
    attribute: Menu_Selection
    values: {"1": sales, "2": claims}
  - {label: Order placed, outcome: 3f0c}
`))
	want := []account.ReasonRule{{Label: "Menu choice", Attribute: "Menu_Selection", Values: map[string]string{"1": "sales", "2": "claims"}}, {Label: "Order placed", Outcome: "3f0c"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// Whoever mistypes is told where, and what to write.
func TestMistakesInRules(t *testing.T) {
	for text, want := range map[string]string{
		"reasons:\n  - {label: Menu, attributes: x}\n":                           `2:19: unknown field "attributes"`,
		"reason:\n  - {label: Menu, attribute: x}\n":                             `1:1: unknown field "reason"`,
		"reasons:\n  - {label: Menu}\n":                                          "reasons[0]: give attribute",
		"reasons:\n  - {label: Menu, attribute: x, outcome: y}\n":                "reasons[0]: give attribute",
		"reasons:\n  - {attribute: x}\n":                                         "reasons[0]: label",
		"reasons:\n  - {label: a, attribute: x}\n  - {label: b, attribute: x}\n": "reasons[1]: an earlier rule",
		"":                              "reasons: name one",
		"reasons: [\n":                  "rules.yaml:",
		"a: &a 1\nreasons: *a\n":        "no aliases",
		"reasons: []\n---\nreasons: []": "one document",
		"reasons:\n" + strings.Repeat("  - {label: a, attribute: x}\n", 1001): "more than 1000",
		"reasons: " + strings.Repeat("[", 100):                                "brackets",
		strings.Repeat("#", 300<<10):                                          "larger than",
	} {
		_, err := rules.Read(written(t, text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: got %v, want %q", text, err, want)
		}
	}
	if _, err := rules.Read(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, fault.NotFound) {
		t.Errorf("got %v", err)
	}
}
