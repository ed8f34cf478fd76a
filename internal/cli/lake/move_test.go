package lake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
)

func TestMove(t *testing.T) {
	home := t.TempDir()
	from, to := filepath.Join(home, "from"), filepath.Join(home, "to")
	versions(t, from, 2)
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		cmd := New(&ui.Streams{Out: &out}, "dev")
		cmd.SetArgs(append([]string{"move", "--lake", to}, args...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(out.String()), " ")
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"--dry-run"}, []string{"Nothing was written.", "from " + from, "to " + to, "snapshots 13", "metadata files to write 3"}},
		{nil, []string{"from " + from, "to " + to, "snapshots 13", "metadata files written 3", "old metadata files removed "}},
		{nil, []string{"where its tables say that it is: " + to}},
	} {
		out := run(c.args...)
		for _, want := range c.want {
			if !strings.Contains(out, want) {
				t.Errorf("move %v: got %q, want %q in it", c.args, out, want)
			}
		}
	}
	if err := os.Rename(to, from); err != nil {
		t.Fatal(err)
	}
	from, to = to, from
	var got map[string]any
	if err := json.Unmarshal([]byte(run("--json")), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"from": from, "to": to, "snapshots": 13.0, "files_written": got["files_written"], "files_removed": got["files_removed"], "dry_run": false}
	if fmt.Sprint(got) != fmt.Sprint(want) || got["files_written"] == 0.0 || got["files_removed"] == 0.0 {
		t.Errorf("got %v, want %v", got, want)
	}
}
