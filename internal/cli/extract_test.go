package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/test/unraced"
)

// A dry run refuses what the run refuses: another source, a lake that somebody writes to, a folder of something else.
func TestADryRunRefusesWhatTheRunRefuses(t *testing.T) {
	unraced.Test(t)
	url, dir := week(t)
	elsewhere := broken(t, text("{}")) // a server that does not tell whose it is, at another base URL
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "something"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	both := func(what string, code int, args ...string) {
		t.Helper()
		args = append([]string{"extract", "--from", "2026-11-05", "--to", "2026-11-08", "--poll", "1ms..10ms"}, args...)
		got, _, says := parley(t, args...)
		dry, _, saysDry := parley(t, append(args, "--dry-run")...)
		if got != code || dry != code || says != saysDry {
			t.Errorf("%s: the run ends with %d, %q; the dry run with %d, %q; want %d", what, got, says, dry, saysDry, code)
		}
	}
	both("a folder of something else", 2, "--lake", full, "--base-url", url)
	both("not what --source says", 2, "--lake", dir, "--base-url", url, "--source", "http://127.0.0.1:1")
	both("days of --again that were not asked for", 2, "--lake", dir, "--base-url", url, "--again", "2026-11-08")
	both("another source", 2, "--lake", dir, "--base-url", elsewhere)
	l, err := lake.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	both("a lake that is written to", 7, "--lake", dir, "--base-url", url)
}

// What is not complete yet comes by the query, which has no attributes, and with --attributes it has those of the live objects.
func TestTheTailWithAttributes(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	url, dir := background(t, "sandbox", "--days", "3", "--per-day", "60"), t.TempDir()
	// Two days back: until the night is over, not even yesterday is complete.
	tail := func(name string, flags ...string) (s extract.Summary, text string) {
		lake := filepath.Join(dir, name)
		args := []string{"extract", "--from", time.Now().UTC().AddDate(0, 0, -2).Format(time.DateOnly), "--lake", lake, "--base-url", url, "--poll", "1ms..10ms", "--tail", "--json"}
		code, out, stderr := parley(t, append(args, flags...)...)
		if err := json.Unmarshal([]byte(out), &s); err != nil || code != 0 && !strings.Contains(stderr, "not available") && !strings.Contains(stderr, "were not extracted") {
			t.Fatalf("exit code %d, %s%s: %v", code, out, stderr, err)
		}
		file := filepath.Join(dir, name+".ndjson")
		must(t, "export", "--lake", lake, "--from", s.Tail.From[:10], "--to", (s.End + 2).String(), "--format", "ndjson", "-o", file)
		return s, strings.Join(records(t, file), "\n")
	}
	without, plain := tail("without")
	with, complete := tail("with", "--attributes")
	if without.Tail.Records == 0 || without.Tail.Asked != 0 || strings.Contains(plain, `"attributes":{"`) {
		t.Errorf("without: %+v", without.Tail)
	}
	if with.Tail.Asked < without.Tail.Records || !strings.Contains(complete, `"attributes":{"`) || len(with.Warnings) != 0 {
		t.Errorf("with: %+v, %q", with.Tail, with.Warnings)
	}
	if code, _, stderr := parley(t, "extract", "--lake", dir, "--attributes"); code != 2 || !strings.Contains(stderr, "--tail") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
