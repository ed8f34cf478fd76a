// Package engines_test holds the lake to what engines that know nothing of Parley read in it. `make engines` installs them and
// requires them; a plain `go test` skips them when they are not installed.
package engines_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/test/program"
)

// within is how long all engines may take, on a loaded machine.
const within = 4 * time.Minute

// python is the interpreter of the environment that `make engines` makes.
func python(t *testing.T) string {
	t.Helper()
	path := filepath.Join("..", "..", ".cache", "engines", "bin", "python3")
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("PARLEY_REQUIRE_ENGINES") == "1" || os.Getenv("CI") == "true" {
		t.Fatalf("%s is missing: run `make engines`", path)
	}
	t.Skip("no engine is installed: run `make engines`")
	return ""
}

// parley runs the program and gives what it printed.
func parley(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), program.Path(t), args...).Output()
	if err != nil {
		t.Fatalf("parley %q: %v", args, err)
	}
	return out
}

// lake makes a lake with two commits, the first of which has a tag, in a folder whose name most programs would encode in a
// location. It was in another one before.
func lake(t *testing.T) string {
	t.Helper()
	before, dir := filepath.Join(t.TempDir(), "näme with blank"), filepath.Join(t.TempDir(), "möved (to) here")
	parley(t, "generate", "--lake", before, "--from", "2026-10-01", "--to", "2026-10-03", "--per-day", "150", "--seed", "7")
	if err := os.Rename(before, dir); err != nil {
		t.Fatal(err)
	}
	parley(t, "lake", "move", "--lake", dir)
	parley(t, "lake", "tag", "before", "--lake", dir)
	// More of a day that is there: its files are replaced, and the old ones stay.
	parley(t, "generate", "--lake", dir, "--from", "2026-10-02", "--to", "2026-10-04", "--per-day", "100", "--seed", "8")
	parley(t, "lake", "maintain", "--lake", dir)
	return dir
}

// unreferenced counts the files that no snapshot of a lake names, after a check of every row.
func unreferenced(t *testing.T, dir string) int {
	t.Helper()
	var report struct {
		Unreferenced *int `json:"unreferenced"`
	}
	if err := json.Unmarshal(parley(t, "lake", "check", "--lake", dir, "--json"), &report); err != nil || report.Unreferenced == nil {
		t.Fatalf("the check counts no files: %v", err)
	}
	return *report.Unreferenced
}

func TestEnginesReadALake(t *testing.T) {
	interpreter := python(t)
	dir := lake(t)
	at := program.Serve(t, "serve", "--lake", dir, "--client-id", "engines-test", "--client-secret", "not-a-secret", "--rate-limit", "100000")
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, "-B", "engines.py")
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PARLEY=" + program.Path(t), "PARLEY_LAKE=" + dir,
		"PARLEY_URL=" + at.URL, "PARLEY_CLIENT_ID=" + at.ClientID, "PARLEY_CLIENT_SECRET=" + at.ClientSecret,
	}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("\n%s", bytes.TrimSpace(out))
	if n := unreferenced(t, dir); n != 0 {
		t.Errorf("%d files were left in the lake by those who may only read it", n)
	}
}
