package rule_test

import (
	"os"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/sandbox/rule"
)

// Whoever copies an example gets a fault.
func TestExamplesOfThePage(t *testing.T) {
	text, err := os.ReadFile("../../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	page, n := string(text), 0
	for {
		_, rest, found := strings.Cut(page, "\n```json\n")
		if !found {
			break
		}
		block, after, _ := strings.Cut(rest, "\n```\n")
		page = after
		rules, err := rule.Decode([]byte(block))
		if err != nil {
			t.Fatalf("%s: %v", block, err)
		}
		n += len(rules)
		if _, err := newSet().AddAll(rules); err != nil {
			t.Errorf("%s: %v", block, err)
		}
	}
	for _, word := range append(rule.JobFaults(), "token", "submit", "status", "results", "delete", "availability", "jobs", "query", "details", "organization", "me", "channels", "subscriptions", "any", "answer", "delay", "firstByte", "drip", "cut", "corrupt", "close", "expireToken", "unreadable", "report-status") {
		if !strings.Contains(string(text), "`"+word+"`") {
			t.Errorf("the page does not tell of %s", word)
		}
	}
	if n < 15 {
		t.Errorf("the page has %d examples", n)
	}
}
