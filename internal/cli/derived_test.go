package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parley-hq/parley/test/unraced"
)

// Each question of docs/derived.md has an answer over a simulated lake, with rows.
func TestQuestionsOfTheDerivedTables(t *testing.T) {
	unraced.Test(t)
	page, err := os.ReadFile("../../docs/derived.md")
	if err != nil {
		t.Fatal(err)
	}
	questions := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllSubmatch(page, -1)
	if len(questions) < 7 {
		t.Fatalf("there are %d questions", len(questions))
	}
	dir := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", dir, "--from", "2026-11-02", "--to", "2026-11-04", "--per-day", "1500", "--steady")
	for _, q := range questions {
		out, notes := asked(t, dir, string(q[1]))
		if rows := strings.Count(out, "\n"); rows == 0 || notes != "" {
			t.Errorf("%s\nhas %d rows, and the notes %q", q[1], rows, notes)
		}
	}
}

// asked asks a lake in SQL, and gives the answer and what was noted.
func asked(t *testing.T, dir, statement string) (out, note string) {
	t.Helper()
	code, out, note := parley(t, "sql", "--lake", dir, statement)
	if code != 0 {
		t.Fatalf("%s: %s", statement, note)
	}
	return out, note
}

// Rules are remembered, forgotten, and refused when they have a mistake, which changes nothing.
func TestLakeDerive(t *testing.T) {
	unraced.Test(t)
	dir, file := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "rules.yaml")
	must(t, "generate", "--lake", dir, "--from", "2026-11-02", "--to", "2026-11-04", "--per-day", "50", "--steady")
	give := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const reasoned = "SELECT count(*) FROM summaries WHERE reason_values IS NOT NULL"
	give("reasons:\n  - label: Choice\n    attributed: Menu\n")
	if code, _, err := parley(t, "lake", "derive", "--lake", dir, "--rules", file); code == 0 || !strings.Contains(err, ":3:") {
		t.Errorf("a typo: %d, %s", code, err)
	}
	if out := must(t, "lake", "derive", "--lake", dir); !strings.Contains(out, "days derived   0") {
		t.Errorf("after it: %q", out)
	}
	name, _ := asked(t, dir, "SELECT key FROM attributes GROUP BY key ORDER BY count(*) DESC, key LIMIT 1")
	give("reasons:\n  - label: Choice\n    attribute: \"" + strings.TrimSpace(name) + "\"\n")
	if out := must(t, "lake", "derive", "--lake", dir, "--rules", file, "--dry-run"); !strings.Contains(out, "would be derived  2") {
		t.Errorf("dry: %q", out)
	}
	if out := must(t, "lake", "derive", "--lake", dir, "--rules", file, "--from", "2026-11-03", "--json"); !strings.Contains(out, `{"days":1,`) {
		t.Errorf("one day: %q", out)
	}
	some, note := asked(t, dir, reasoned)
	if some == "0\n" || !strings.Contains(note, "Of 2 days in the lake, summaries and legs lack 1") {
		t.Errorf("%s rows have a reason, with the note %q", some, note)
	}
	if out := must(t, "status", "--lake", dir); !strings.Contains(out, "to be derived anew") {
		t.Errorf("status: %q", out)
	}
	must(t, "lake", "derive", "--lake", dir)
	if all, note := asked(t, dir, reasoned); all == some || note != "" {
		t.Errorf("%s rows have a reason, with the note %q", all, note)
	}
	must(t, "lake", "derive", "--lake", dir, "--rules", "none")
	if none, _ := asked(t, dir, reasoned); none != "0\n" {
		t.Errorf("%s rows have a reason still", none)
	}
	if out := must(t, "lake", "check", "--lake", dir); strings.Contains(out, "derived anew") {
		t.Errorf("check: %q", out)
	}
	for want, args := range map[string][]string{
		"--to is not after": {"--from", "2026-11-03", "--to", "2026-11-03"}, "--from": {"--from", "x"},
	} {
		if code, _, err := parley(t, append([]string{"lake", "derive", "--lake", dir}, args...)...); code == 0 || !strings.Contains(err, want) {
			t.Errorf("%v: %s", args, err)
		}
	}
}
