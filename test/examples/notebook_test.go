package examples_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/test/program"
)

// The notebook's cells run in order over a lake, and count what Parley's own SQL counts.
func TestNotebook(t *testing.T) {
	interpreter := filepath.Join("..", "..", ".cache", "engines", "bin", "python3")
	needed(t, interpreter)
	lake := generated(t)
	cmd := exec.CommandContext(t.Context(), interpreter, "-B", "notebook.py", filepath.Join("..", "..", "examples", "notebook", "lake.ipynb"), "days", "queues", "hours")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "PARLEY_LAKE=" + lake}
	out, err := cmd.Output()
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("%v\n%s", err, exited.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	decoder := json.NewDecoder(strings.NewReader(lines[len(lines)-1]))
	decoder.UseNumber()
	var got map[string][][]any
	if err := decoder.Decode(&got); err != nil {
		t.Fatal(err)
	}
	for relation, statement := range map[string]string{
		"days": "SELECT conversation_start::date::text, media_type, count(*) FROM conversations GROUP BY ALL ORDER BY ALL",
		"queues": `SELECT queue_id, coalesce(sum(value) FILTER (name = 'nOffered'), 0)::bigint AS offered, count(*) FILTER (name = 'tAnswered'),
			count(*) FILTER (name = 'tAbandon') FROM metrics WHERE queue_id IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1`,
		"hours": "SELECT hour(emit_date AT TIME ZONE 'UTC'), sum(value)::bigint FROM metrics WHERE name = 'nOffered' GROUP BY 1 ORDER BY 1",
	} {
		want, err := exec.CommandContext(t.Context(), program.Path(t), "sql", "--lake", lake, statement).Output()
		if err != nil || len(want) == 0 {
			t.Fatalf("%s: %d bytes, %v", statement, len(want), err)
		}
		if have := tabbed(got[relation], strings.Count(strings.SplitN(string(want), "\n", 2)[0], "\t")+1); have != string(want) {
			t.Errorf("%s:\n%swant:\n%s", relation, have, want)
		}
	}
}

// tabbed writes the first cells of rows as parley sql writes them.
func tabbed(rows [][]any, columns int) string {
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row[:columns] {
			if i > 0 {
				b.WriteByte('\t')
			}
			fmt.Fprint(&b, cell)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
