package jobscmd

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// A job whose entry is damaged is told as that, and can be removed by its owner.
func TestADamagedEntryOfAJob(t *testing.T) {
	lake := simulated(t)
	id := strings.TrimSpace(must(t, slices.Concat([]string{"submit", "--wait", "--poll", "5ms..50ms", "--lake", lake}, days)...))
	db, err := state.Open(t.Context(), filepath.Join(lake, "server", "control.db"))
	if err == nil {
		_, err = db.Exec(t.Context(), `UPDATE jobs SET available = available + 1048576`)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"status", id}, {"wait", id}, {"results", id}, {"list"}} {
		if _, _, err := run(t, "", append(args, "--lake", lake)...); fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), id) {
			t.Errorf("%s ends with %d: %v", args[0], fault.ExitCode(err), err)
		}
	}
	if _, _, err := run(t, "", "cancel", "--lake", lake, id, "--dry-run"); fault.ExitCode(err) != 8 {
		t.Errorf("a dry run ends with %v", err)
	}
	if out := must(t, "cancel", "--lake", lake, id); !strings.Contains(out, "whose entry was damaged, was removed") {
		t.Errorf("cancel says %q", out)
	}
	if _, _, err := run(t, "", "status", "--lake", lake, id); fault.ExitCode(err) != 5 {
		t.Errorf("it is still there: %v", err)
	}
}
