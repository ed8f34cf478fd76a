package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/test/unraced"
)

// What rules meet is in no file of the lake from the first page on, and reading again changes nothing.
func TestExtractRedacted(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	dir := t.TempDir()
	lake, rules, plain := filepath.Join(dir, "lake"), filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "plain")
	text := "rules:\n  - {addresses: all, do: hash}\n  - {names: all, do: drop}\n  - {attributes: \"*\", do: mask}\n"
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	url := background(t, "sandbox", "--days", "5", "--per-day", "20", "--seed", "7", "--now", "2026-11-08T12:00:00Z", "--rate-limit", "100000")
	args := []string{"extract", "--from", "2026-11-05", "--to", "2026-11-06", "--lake", lake, "--base-url", url, "--poll", "1ms..10ms"}
	redacted := slices.Concat(args, []string{"--redact", rules})
	if code, _, stderr := parley(t, redacted...); code != 2 || !strings.Contains(stderr, "PARLEY_REDACT_KEY") {
		t.Fatalf("without a key: exit code %d, %s", code, stderr)
	}
	t.Setenv("PARLEY_REDACT_KEY", "0123456789abcdef")
	must(t, redacted...)
	must(t, "lake", "check", "--lake", lake)
	out := filepath.Join(dir, "out.ndjson")
	must(t, "export", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-06", "-o", out)
	records, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Count(string(records), `"ani":"`)
	if hashed := strings.Count(string(records), `"ani":"hmac:`); all == 0 || hashed != all || strings.Contains(string(records), `"participantName"`) {
		t.Errorf("%d of %d addresses are hashed, or names are left", hashed, all)
	}
	must(t, slices.Concat(redacted, []string{"--again", "2026-11-05"})...)
	if n := must(t, "sql", "--lake", lake, "SELECT count(*) AS n FROM changes", "--json"); !strings.Contains(n, `"n":0`) {
		t.Errorf("reading again has changed records: %s", n)
	}
	var record struct {
		ID string `json:"conversationId"`
	}
	line, _, _ := bytes.Cut(records, []byte("\n"))
	if err := json.Unmarshal(line, &record); err != nil {
		t.Fatal(err)
	}
	must(t, "lake", "forget", "--lake", lake, "--conversation", record.ID)
	if again := must(t, slices.Concat(redacted, []string{"--again", "2026-11-05", "--json"})...); !strings.Contains(again, `"forgotten":1`) || len(raw(t, lake, record.ID)) > 0 {
		t.Errorf("a day with an erased conversation, read again: %s", again)
	}
	must(t, "lake", "check", "--lake", lake)
	file := filepath.Join(dir, "all.ndjson")
	must(t, "generate", "--lake", plain, "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "5", "--steady")
	must(t, "export", "--lake", plain, "--from", "2026-11-01", "--to", "2026-11-02", "-o", file)
	for _, c := range []struct {
		want string
		args []string
	}{
		{"are redacted", args},
		{"are redacted", []string{"import", "--lake", lake, "--source", "simulation", file}},
		{"are not redacted", []string{"import", "--lake", plain, "--source", "simulation", "--redact", rules, file}},
	} {
		if code, _, stderr := parley(t, c.args...); code != 7 || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
	must(t, "import", "--lake", plain, "--source", "simulation", "--redact", rules, "--redact-otherwise", file)
}
