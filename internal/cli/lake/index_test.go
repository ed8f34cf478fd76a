package lake

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

func TestIndex(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	versions(t, dir, 2)
	run := func(args ...string) (string, string, error) {
		var out, log bytes.Buffer
		cmd := New(&ui.Streams{Out: &out, Err: &log}, "dev")
		cmd.SetArgs(append(args, "--lake", dir))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), log.String(), err
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"index", "--dry-run", "--again", "--json"}, `{"files_covered":1,"runs":1,"entries":1,"bytes":4128,"files_read":1,"conversations_read":1,"dry_run":true}`},
		{[]string{"index", "--dry-run"}, "Nothing was changed. The index is now, and would read:\n  ids to read              0 of 0 data files\n"},
		{[]string{"index"}, "ids read                 0 of 0 data files\n"},
		{[]string{"index", "--again"}, "ids read                 1 of 1 data file\n  data files in the index  1\n  index                    1 id in 1 file, 4.1 kB\n"},
		{[]string{"check"}, "ids in the index       1\n"},
	} {
		if out, _, err := run(c.args...); err != nil || !strings.Contains(out, c.want) {
			t.Errorf("%v: got %q, %v, want %q in it", c.args, out, err, c.want)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "ids")); err != nil {
		t.Fatal(err)
	}
	if out, _, err := run("check"); err != nil || !strings.Contains(out, "files of the index of ids that are missing or damaged (harmless; the next commit makes them anew)  1\n") {
		t.Errorf("without its files: got %q, %v", out, err)
	}
	if out, _, err := run("index", "--dry-run"); err != nil || !strings.Contains(out, "ids to read                     1 of 1 data file\n") ||
		!strings.Contains(out, "data files in the index         0\n") || !strings.HasSuffix(out, "index files missing or damaged  1\n") {
		t.Errorf("a dry run without its files: got %q, %v", out, err)
	}
	if out, log, err := run("index"); err != nil || !strings.Contains(out, "1 of 1 data file") || !strings.Contains(log, "a file of the index of ids is missing or damaged") {
		t.Errorf("without its files: got %q, %q, %v", out, log, err)
	}
	l, err := lake.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := run("index"); !errors.Is(err, fault.Conflict) {
		t.Errorf("beside a writer: %v", err)
	}
	if _, _, err := run("index", "--dry-run"); err != nil {
		t.Errorf("a dry run beside a writer: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// An index that lacks ids is damage, and mending the lake makes it anew.
func TestMendOfAnIndex(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	versions(t, dir, 1)
	l, err := lake.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Control().Exec(t.Context(), `DELETE FROM id_runs`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want string }{
		{"mend --dry-run --json", `"damage":["the index of ids lacks 1 conversations`},
		{"mend --json", `{"days":null,"mended":0,"damage":[],"dry_run":false,"index":true}`},
		{"mend --json", `{"days":null,"mended":0,"damage":[],"dry_run":false}`},
	} {
		var out bytes.Buffer
		cmd := New(&ui.Streams{Out: &out}, "dev")
		cmd.SetArgs(append(strings.Fields(c.args), "--lake", dir))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); err != nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: got %q, %v, want %q in it", c.args, out.String(), err, c.want)
		}
	}
}
