package extract

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// A command that cannot do anything yet makes no lake, and no flag is passed over.
func TestWhatIsRefusedBeforeAnythingIsDone(t *testing.T) {
	t.Setenv("GENESYS_CLIENT_ID", platformtest.ClientID)
	t.Setenv("GENESYS_CLIENT_SECRET", platformtest.ClientSecret)
	for _, c := range []struct {
		of   func(*ui.Streams, string) *cobra.Command
		args []string
		code int
		says string
	}{
		{New, nil, 2, "say by --from which is the first day wanted"},
		{New, []string{"--dry-run"}, 2, "say by --from which is the first day wanted"},
		{New, []string{"--follow"}, 2, "say by --from which is the first day wanted"},
		{New, []string{"--from", "2026-11-01", "--every", "1h"}, 2, "--every goes with --follow"},
		{NewReconcile, nil, 5, "is no lake"},
		{NewReconcile, []string{"--from", "2026-11-01"}, 5, "is no lake"},
	} {
		dir := filepath.Join(t.TempDir(), "lake")
		var out bytes.Buffer
		cmd := c.of(&ui.Streams{Out: &out, Err: &out}, "test")
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(append([]string{"--base-url", "http://127.0.0.1:1", "--lake", dir}, c.args...))
		if err := cmd.ExecuteContext(t.Context()); fault.ExitCode(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %q: %v", cmd.Name(), c.args, err)
		}
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("%s %q has made a lake", cmd.Name(), c.args)
		}
	}
}

// A service waits for upkeep, which a single run refuses to stand beside.
func TestAServiceIsPatient(t *testing.T) {
	for _, c := range []struct {
		follow     bool
		said, want time.Duration
	}{{false, 0, 0}, {false, time.Minute, time.Minute}, {true, 0, patient}, {true, time.Minute, patient}, {true, time.Hour, time.Hour}} {
		var cfg extract.Config
		o := &Options{Follow: c.follow, Wait: c.said, Parallel: 1}
		if err := o.care(&cfg); err != nil || cfg.Wait != c.want {
			t.Errorf("--follow %t --wait %v: waits %v, %v; want %v", c.follow, c.said, cfg.Wait, err, c.want)
		}
	}
}

// Whoever reads the outcome of a run finds a list, though no day is missing.
func TestNoDayIsAList(t *testing.T) {
	if days := missing(extract.Summary{}); days == nil {
		t.Error("null where a list was promised")
	}
}

// What is read again stands below the days that it is of.
func TestAPlanTellsWhichDaysAreReadAgain(t *testing.T) {
	var out bytes.Buffer
	o := &Options{Streams: &ui.Streams{Out: &out}}
	if err := o.printPlan(extract.Plan{Days: []conversation.Day{20758, 20759}, Again: []conversation.Day{20758}}); err != nil || !strings.Contains(out.String(), "2026-11-02\n  of those, read again  2026-11-01\n  leave alone") {
		t.Errorf("%s, %v", &out, err)
	}
}
