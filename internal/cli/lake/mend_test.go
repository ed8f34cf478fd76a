package lake

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/wire"
)

func TestMend(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r, err := wire.Record([]byte(`{"conversationId":"a","conversationStart":"2026-11-01T00:00:00Z","participants":[{"attributes":{"k":"v"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	one := slices.Values([]conversation.Version{{Record: r, Run: "run", At: time.Unix(1, 0)}})
	_, err = w.Commit(t.Context(), lake.Commit{Run: "run", At: time.Unix(1, 0), Records: func(yield func(conversation.Version, error) bool) {
		one(func(v conversation.Version) bool { return yield(v, nil) })
	}})
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	remove := func(table tables.Table) {
		t.Helper()
		s, err := l.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.Remove(s.Files(table)[0].Path), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := New(&ui.Streams{Out: &out, Err: &out}, "dev")
		cmd.SetArgs(append(args, "--lake", dir))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return strings.Join(strings.Fields(out.String()), " "), err
	}
	remove(tables.Attributes)
	for _, c := range []struct {
		args []string
		want string
		exit int
	}{
		{[]string{"check"}, "DAMAGE attributes: data file", 8},
		{[]string{"mend", "--dry-run"}, "These days would be written again: 2026-11-01 days with findings 1 days written again 0 findings that are left 1", 0},
		{[]string{"mend"}, "days with findings 1 days written again 1 findings that are left 0", 0},
		{[]string{"check"}, "The lake is whole", 0},
		{[]string{"mend", "--json"}, `{"days":null,"mended":0,"damage":[],"dry_run":false}`, 0},
	} {
		if out, err := run(c.args...); !strings.Contains(out, c.want) || fault.ExitCode(err) != c.exit {
			t.Errorf("%v: got %q, %v, want %q in it", c.args, out, err, c.want)
		}
	}
	remove(tables.Conversations)
	if out, err := run("mend"); !strings.Contains(out, "days written again 0 findings that are left 1") || fault.ExitCode(err) != 8 {
		t.Errorf("without the records: got %q, %v", out, err)
	}
}
