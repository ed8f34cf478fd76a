package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/test/unraced"
)

// busyLake is a lake with all that a control database keeps: days that are whole, a run that was cut short with what it has staged, values that
// were set aside, a change, an erasure, names, and an export that was handed over.
func busyLake(t *testing.T) (url, lake, id string, resume []string) {
	t.Helper()
	url, lake = week(t)
	extract := []string{"extract", "--lake", lake, "--base-url", url, "--poll", "1ms..2ms", "--retries", "1", "--retry-wait", "1ms", "--page-size", "5", "--commit-records", "1000"}
	lines := strings.Split(must(t, "export", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-08"), "\n")
	ids := make([]string, 2)
	for i := range ids {
		var record struct {
			ID string `json:"conversationId"`
		}
		if err := json.Unmarshal([]byte(lines[i]), &record); err != nil {
			t.Fatal(err)
		}
		ids[i] = record.ID
	}
	odd := filepath.Join(t.TempDir(), "odd.ndjson")
	write(t, odd, `{"conversationId":"`+ids[1]+`"}`+"\n")
	if code, _, stderr := parley(t, "import", "--lake", lake, odd); code != 3 {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	must(t, "lake", "names", "--lake", lake, "--refresh", "--base-url", url)
	since(t, []string{"export", "--lake", lake}, filepath.Join(t.TempDir(), "first.csv"))
	must(t, "lake", "forget", "--lake", lake, "--conversation", ids[0])
	late := filepath.Join(t.TempDir(), "late.ndjson")
	write(t, late, strings.TrimSuffix(lines[1], "}")+`,"changedLate":1}`+"\n")
	must(t, "import", "--lake", lake, late)
	resume = slices.Concat(extract, []string{"--again", "2026-11-06"})
	must(t, "sandbox", "faults", "add", "--base-url", url, "--route", "results", "--nth", "8", "--status", "503")
	if code, _, stderr := parley(t, resume...); code != 6 {
		t.Fatalf("the run was to be cut short: exit code %d, %s", code, stderr)
	}
	must(t, "sandbox", "faults", "clear", "--base-url", url)
	if pages, err := filepath.Glob(filepath.Join(lake, "staging", "*", "*")); err != nil || len(pages) == 0 {
		t.Fatal("nothing is staged", err)
	}
	return url, lake, ids[1], resume
}

// lakeAnswers is what every command says of a lake.
func lakeAnswers(t *testing.T, lake, id string) (out []string) {
	t.Helper()
	for _, args := range [][]string{
		{"get", id}, {"query", "--from", "2026-11-05", "--to", "2026-11-08"}, {"lake", "check", "--json"}, {"status"}, {"changes"}, {"lake", "names"}, {"lake", "rejected"},
		{"sql", "SELECT count(*), min(conversation_start), max(record_hash) FROM conversations"}, {"lake", "names", "--kind", "queue"},
		{"export", "--since-last", "nightly", "--select", "conversationId,recordHash", "--format", "csv", "--dry-run"},
		{"lake", "mend", "--dry-run"}, {"lake", "index", "--dry-run"},
	} {
		code, stdout, _ := parley(t, append(args, "--lake", lake)...)
		if code != 0 && code != 3 || stdout == "" {
			t.Errorf("%v: exit code %d, %q", args, code, stdout)
		}
		out = append(out, strings.Join(args, " ")+"\n"+stdout)
	}
	return out
}

// Every command answers the same after the control database was moved to a Postgres, and after it was moved back. An extraction that was cut
// short goes on with the pages that it has not had yet, and submits no job.
func TestEveryCommandAfterAMoveOfTheControlDatabase(t *testing.T) {
	unraced.Test(t)
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	url, lake, id, resume := busyLake(t)
	want := lakeAnswers(t, lake, id)
	compare := func(when string) {
		t.Helper()
		for i, got := range lakeAnswers(t, lake, id) {
			if got != want[i] {
				t.Errorf("%s, got\n%s\nwant\n%s", when, got, want[i])
			}
		}
	}
	address := server.Database(t)
	if out := must(t, "lake", "move", "--lake", lake, "--to-state", address, "--dry-run"); !strings.Contains(out, "Nothing was written") {
		t.Errorf("dry run: %s", out)
	}
	compare("after a dry run")
	if out := must(t, "lake", "move", "--lake", lake, "--to-state", address); !strings.Contains(out, "control.db.moved") || !strings.Contains(out, "what you gave by --to-state") {
		t.Errorf("moved: %s", out)
	}
	if code, _, stderr := parley(t, "query", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-06"); code != 7 || !strings.Contains(stderr, "--state or PARLEY_STATE") {
		t.Errorf("without --state: exit code %d, %s", code, stderr)
	}
	t.Setenv("PARLEY_STATE", address)
	compare("in a Postgres")
	if out := must(t, "lake", "move", "--lake", lake, "--to-state", lake, "--json"); !strings.Contains(out, `"rows":`) || strings.Contains(out, "old_file") {
		t.Errorf("moved back: %s", out)
	}
	compare("back in the folder")
	must(t, "lake", "move", "--lake", lake, "--to-state", address)
	must(t, "sandbox", "faults", "add", "--base-url", url, "--route", "submit", "--status", "400")
	must(t, resume...)
	if pages, err := filepath.Glob(filepath.Join(lake, "staging", "*", "*")); err != nil || len(pages) > 0 {
		t.Error("something is still staged", pages, err)
	}
	must(t, "lake", "check", "--lake", lake)
	if text, err := os.ReadFile(filepath.Join(lake, "lake.json")); err != nil || bytes.Contains(text, []byte("moved_to")) {
		t.Errorf("%s, %v", text, err)
	}
	if schemas(t, address) != 2 || !slices.Contains(strings.Fields(must(t, "lake", "move", "--lake", lake, "--to-state", address)), "already.") {
		t.Error("it is not known where it is")
	}
}
