package lake

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
)

func TestRederivePrints(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	versions(t, dir, 1)
	for _, dry := range []bool{false, true} {
		var out bytes.Buffer
		o := &RederiveOptions{Options: &Options{Streams: &ui.Streams{Out: &out, Err: &out}, Lake: dir}, DryRun: dry, Now: time.Now}
		if err := Rederive(t.Context(), o); err != nil || !strings.Contains(out.String(), "Nothing to do") {
			t.Errorf("dry run %v: %v, %s", dry, err, &out)
		}
		out.Reset()
		o.JSON = true
		var got map[string]any
		if err := Rederive(t.Context(), o); err != nil || json.Unmarshal(out.Bytes(), &got) != nil || got["dry_run"] != dry || got["days_written"] != 0.0 {
			t.Errorf("dry run %v: %v, %s", dry, err, &out)
		}
		out.Reset()
		o.JSON = false
		if err := o.print(lake.Report{Underived: []conversation.Day{20758}}, 1); err != nil || !strings.Contains(out.String(), "1 day") || !strings.Contains(out.String(), "  2026-11-01\n") {
			t.Errorf("dry run %v: %v, %s", dry, err, &out)
		}
	}
	o := &RederiveOptions{Options: &Options{Streams: &ui.Streams{Out: new(bytes.Buffer), Err: new(bytes.Buffer)}, Lake: t.TempDir()}, Now: time.Now}
	if err := Rederive(t.Context(), o); !errors.Is(err, fault.NotFound) {
		t.Errorf("without a lake: %v", err)
	}
}
