package lake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/wire"
)

func TestAges(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"7d": 7 * 24 * time.Hour, "36h": 36 * time.Hour, "0d": 0, "0s": 0, "90m": 90 * time.Minute, "106751d": 106751 * 24 * time.Hour,
		"-1d": -1, "-1h": -1, "-0d": -1, "d": -1, "": -1, "7": -1, "1.5d": -1, "106752d": -1, "99999999999999999999d": -1, "week": -1,
	} {
		got, err := parseAge("--older-than", text)
		switch {
		case want < 0 && !errors.Is(err, fault.Invalid):
			t.Errorf("%q: got %v, %v, want a refusal", text, got, err)
		case want >= 0 && (err != nil || got != want):
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
}

// versions commits a conversation several times, each time with another text.
func versions(t *testing.T, dir string, n int) {
	t.Helper()
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for i := range n {
		r, err := wire.Record(fmt.Appendf(nil, `{"conversationId":"a","conversationStart":"2026-11-01T00:00:00Z","externalTag":"%d"}`, i))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(int64(i), 0).UTC()
		one := slices.Values([]conversation.Version{{Record: r, Run: "run", At: at}})
		_, err = w.Commit(t.Context(), lake.Commit{Run: "run", At: at, Records: func(yield func(conversation.Version, error) bool) {
			one(func(v conversation.Version) bool { return yield(v, nil) })
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestExpire(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	versions(t, dir, 3)
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		cmd := New(&ui.Streams{Out: &out}, "dev")
		cmd.SetArgs(append([]string{"expire", "--lake", dir}, args...))
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		return out.String(), err
	}
	if _, err := run("--older-than", "-1h"); !errors.Is(err, fault.Invalid) {
		t.Errorf("a negative age: %v", err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"snapshots expired 0", "snapshots kept 3"}},
		{[]string{"--older-than", "0s", "--dry-run"}, []string{"Nothing was removed.", "snapshots to expire 2", "snapshots kept 1", "files to remove"}},
		{[]string{"--older-than", "0s"}, []string{"snapshots expired 2", "snapshots kept 1", "files removed"}},
	} {
		out, err := run(c.args...)
		for _, want := range c.want {
			if err != nil || !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
				t.Errorf("expire %v: got %q, %v, want %q in it", c.args, out, err, want)
			}
		}
	}
	out, err := run("--older-than", "0s", "--json")
	var got map[string]any
	if bad := json.Unmarshal([]byte(out), &got); err != nil || bad != nil {
		t.Fatalf("got %q, %v, %v", out, err, bad)
	}
	want := map[string]any{"snapshots": 0.0, "pinned": 0.0, "kept": 1.0, "files": 0.0, "bytes": 0.0, "dry_run": false}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
