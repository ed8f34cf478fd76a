package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/lake"
)

// A dry run refuses what the run refuses: another source, a lake that somebody writes to, a folder of something else.
func TestADryRunRefusesWhatTheRunRefuses(t *testing.T) {
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
