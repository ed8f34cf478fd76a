package lake

import (
	"bytes"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

// commands runs "parley lake" on a lake.
func commands(t *testing.T, dir string) func(args ...string) (string, error) {
	t.Helper()
	return func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := New(&ui.Streams{Out: &out, Err: &out}, "dev")
		cmd.SetArgs(append(args, "--lake", dir))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
}

func TestMaintainAndTag(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	versions(t, dir, 3)
	run := commands(t, dir)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"tag", "--list"}, "The lake has no tags.\n"},
		{[]string{"tag", "third"}, "third  2"},
		{[]string{"maintain", "--older-than", "0s", "--grace", "0s", "--dry-run"}, "Nothing was changed. It would do this:\n  small files merged   2 into 1\n"},
		{[]string{"maintain", "--older-than", "0s", "--grace", "0s", "--json"}, `{"files_merged":2,"merged_into":1,"manifests_merged":0,"days_written_anew":0,"snapshots":2,"pinned":0,"kept":2,`},
		{[]string{"tag", "--list", "--json"}, `[{"name":"third","snapshot":`},
		{[]string{"tag", "--remove", "third"}, "The lake has no tags.\n"},
		{[]string{"maintain", "--older-than", "0s", "--grace", "0s"}, "snapshots expired   1\n"},
		{[]string{"check"}, "The lake is whole"},
	} {
		if out, err := run(c.args...); err != nil || !strings.Contains(out, c.want) {
			t.Errorf("%v: got %q, %v, want %q in it", c.args, out, err, c.want)
		}
	}
	for want, args := range map[string][]string{
		"give one of these":    {"tag"},
		"--grace \"x\" is not": {"maintain", "--grace", "x"},
		"there is no tag x":    {"tag", "--remove", "x"},
	} {
		if _, err := run(args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
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
	defer w.Close()
	for _, args := range [][]string{{"maintain", "--wait", "10ms"}, {"tag", "x"}} {
		if _, err := run(args...); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is writing to the lake") {
			t.Errorf("%v beside a writer: %v", args, err)
		}
	}
}
