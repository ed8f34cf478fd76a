package importcmd

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// run runs the command as it is typed.
func run(t *testing.T, args ...string) error {
	t.Helper()
	var out bytes.Buffer
	cmd := New(&ui.Streams{Out: &out, Err: &out})
	cmd.SetArgs(args)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	return cmd.ExecuteContext(t.Context())
}

// What the message about a value that is too large advises, helps.
func TestAHigherLimit(t *testing.T) {
	dir := t.TempDir()
	file, path := filepath.Join(dir, "x.json"), filepath.Join(dir, "lake")
	text := `{"conversationId":"a","conversationStart":"2026-11-01T00:00:00Z","x":"` + strings.Repeat("x", 1<<20) + `"}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dry := range []string{"--dry-run=false", "--dry-run"} {
		err := run(t, "--lake", path, "--max-value-mib", "1", dry, file)
		if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), "the value is larger than 1 MiB; --max-value-mib raises the limit") {
			t.Errorf("%s: %v", dry, err)
		}
		if err := run(t, "--lake", path, "--max-value-mib", "2", dry, file); err != nil {
			t.Errorf("%s, with a higher limit: %v", dry, err)
		}
	}
	if err := run(t, "--lake", path, file); err != nil {
		t.Errorf("with the limit that there is without the flag: %v", err)
	}
	for _, bad := range []string{"0", "-1", "901"} {
		if err := run(t, "--lake", path, "--max-value-mib", bad, file); fault.ExitCode(err) != 2 || !strings.Contains(err.Error(), "--max-value-mib must lie between 1 and 900") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// What is no file of records leaves no lake behind, and a lake that is there is left as it is.
func TestAnImportOfNothingMakesNoLake(t *testing.T) {
	const record = `{"conversationId":"a","conversationStart":"2026-11-01T00:00:00Z"}`
	for name, c := range map[string]struct {
		text string
		exit int
		says string
	}{
		"cut":    {`{"conversationId"`, 8, "the file ends too early"},
		"UTF-16": {"\xff\xfe{\x00}\x00", 2, "UTF-16"},
		"empty":  {"", 2, "there is not one record in "},
	} {
		dir := t.TempDir()
		file, good, path := filepath.Join(dir, "x.json"), filepath.Join(dir, "good.json"), filepath.Join(dir, "lake")
		if err := errors.Join(os.WriteFile(file, []byte(c.text), 0o600), os.WriteFile(good, []byte(record), 0o600)); err != nil {
			t.Fatal(err)
		}
		if err := run(t, "--lake", path, file); fault.ExitCode(err) != c.exit || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a lake was left behind, %v", name, err)
		}
		if err := run(t, "--lake", path, good); err != nil {
			t.Fatal(err)
		}
		if err := run(t, "--lake", path, file); fault.ExitCode(err) != c.exit || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s, into a lake: %v", name, err)
		}
	}
}

// A source that was named is remembered: files and platforms of another one are refused from then on.
func TestTheSourceOfFilesIsRemembered(t *testing.T) {
	for named, other := range map[string]string{"simulation": "0b5a7fd0-0000-4000-8000-00000000000a", "0b5a7fd0-0000-4000-8000-00000000000a": "simulation", "https://api.test/": "https://api.other.test"} {
		dir := t.TempDir()
		file, path := filepath.Join(dir, "x.json"), filepath.Join(dir, "lake")
		if err := os.WriteFile(file, []byte(`{"conversationId":"a","conversationStart":"2026-11-01T00:00:00Z"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := run(t, "--lake", path, "--source", named, file); err != nil {
				t.Errorf("%s: %v", named, err)
			}
		}
		if err := run(t, "--lake", path, "--source", other, file); fault.ExitCode(err) != 2 {
			t.Errorf("%s after %s: %v", other, named, err)
		}
		l, err := lake.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := extract.Takes(t.Context(), l.Control(), extract.Said(other)); fault.ExitCode(err) != 2 {
			t.Errorf("%s after %s: %v", other, named, err)
		}
		if err := errors.Join(extract.Takes(t.Context(), l.Control(), extract.Said(named)), l.Close()); err != nil {
			t.Errorf("%s: %v", named, err)
		}
	}
}

// A simulated lake takes no files, unless somebody says that they are simulated too; the dry run says the same.
func TestASimulatedLakeRefusesFiles(t *testing.T) {
	dir := t.TempDir()
	file, path := filepath.Join(dir, "x.json"), filepath.Join(dir, "lake")
	if err := os.WriteFile(file, []byte(`{"conversationId":"a","conversationStart":"2026-11-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := lake.Create(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(extract.Claim(t.Context(), l.Control(), extract.Simulation()), l.Close()); err != nil {
		t.Fatal(err)
	}
	for _, dry := range []string{"--dry-run", "--dry-run=false"} {
		if err := run(t, "--lake", path, dry, file); fault.ExitCode(err) != 2 || !strings.Contains(err.Error(), "--source simulation") {
			t.Errorf("%s: %v", dry, err)
		}
		if err := run(t, "--lake", path, dry, "--source", "simulation", file); err != nil {
			t.Errorf("%s --source simulation: %v", dry, err)
		}
	}
}
