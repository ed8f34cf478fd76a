package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/private/privatetest"
	"github.com/parley-hq/parley/test/unraced"
)

// everyReadingCommand gives the arguments of each command that reads a lake, with what its answer has in it.
func everyReadingCommand(lake string) map[string][]string {
	return map[string][]string{
		"40\n":              {"sql", "--lake", lake, "SELECT count(*) FROM conversations"},
		"2026-11-02":        {"query", "--lake", lake, "--from", "2026-11-02", "--to", "2026-11-03"},
		`"conversationId":`: {"export", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02"},
		"The lake is whole": {"lake", "check", "--lake", lake},
		"":                  {"lake", "rejected", "--lake", lake},
		`"conversations":`:  {"lake", "check", "--lake", lake, "--json"},
	}
}

// answerCommands is the child of a test: a user who may only read, and runs command lines.
func answerCommands(t *testing.T) bool {
	t.Helper()
	if _, child := privatetest.Child(); !child {
		return false
	}
	privatetest.Answer(func(line string) string {
		var args []string
		if err := json.Unmarshal([]byte(line), &args); err != nil {
			return err.Error()
		}
		if args[0] == "served" {
			resp, err := http.Get(background(t, append([]string{"serve"}, args[1:]...)...) + "/readyz")
			if err != nil {
				return err.Error()
			}
			defer resp.Body.Close()
			return resp.Status
		}
		code, stdout, stderr := parley(t, args...)
		text, err := json.Marshal([]any{code, stdout, stderr})
		if err != nil {
			return err.Error()
		}
		return string(text)
	})
	return true
}

// askOther runs a command line as the other user.
func askOther(t *testing.T, other *privatetest.Other, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	line, err := json.Marshal(args)
	if err != nil {
		t.Fatal(err)
	}
	answer := other.Ask(t, string(line))
	var got struct {
		code           int
		stdout, stderr string
	}
	fields := []any{&got.code, &got.stdout, &got.stderr}
	if err := json.Unmarshal([]byte(answer), &fields); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return got.code, got.stdout, got.stderr
}

// Another user, who may only read a lake, does with it all that only reads: where it is, and where it was moved to.
func TestEveryReadingCommandOfAnotherUser(t *testing.T) {
	unraced.Test(t)
	if answerCommands(t) {
		return
	}
	home := privatetest.Reachable(t)
	made := filepath.Join(home, "lake")
	must(t, "generate", "--lake", made, "--from", "2026-11-01", "--to", "2026-11-03", "--per-day", "20", "--steady", "--seed", "1")
	privatetest.Share(t, home)
	state := filepath.Join(privatetest.Reachable(t), "state")
	if err := os.Mkdir(state, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(state, 0o777); err != nil {
		t.Fatal(err)
	}
	records := filepath.Join(home, "records.ndjson")
	if err := os.WriteFile(records, []byte(`{"conversationId":"x","conversationStart":"2026-11-01T00:00:00Z"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	other := privatetest.Start(t, home)
	for _, lake := range []string{made, filepath.Join(home, "moved")} {
		if lake != made {
			if err := os.Rename(made, lake); err != nil {
				t.Fatal(err)
			}
		}
		for want, args := range everyReadingCommand(lake) {
			if code, stdout, stderr := askOther(t, other, args...); code != 0 || !strings.Contains(stdout, want) {
				t.Errorf("%v: exit code %d, %.300s, %s", args, code, stdout, stderr)
			}
		}
		line, err := json.Marshal([]string{"served", "--lake", lake, "--state", filepath.Join(state, filepath.Base(lake))})
		if err != nil {
			t.Fatal(err)
		}
		if got := other.Ask(t, string(line)); got != "200 OK" {
			t.Errorf("serve: %s", got)
		}
		for _, c := range []struct {
			code int
			want string
			args []string
		}{
			{4, "may only be read", []string{"lake", "expire", "--lake", lake}},
			{4, "may only be read", []string{"import", "--lake", lake, "--source", "simulation", records}},
			{4, "may only be read", []string{"generate", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-06", "--per-day", "5", "--steady"}},
			{4, "may only be read", []string{"lake", "move", "--lake", lake}},
			{4, "--state", []string{"serve", "--lake", lake, "--addr", "127.0.0.1:0"}},
			{4, "cannot be written", []string{"export", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-02", "-o", filepath.Join(home, "x.ndjson")}},
			{4, "give another by --lake", []string{"import", "--lake", filepath.Join(home, "new"), records}},
		} {
			if code, _, stderr := askOther(t, other, c.args...); code != c.code || !strings.Contains(stderr, c.want) {
				t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
			}
		}
	}
	moved := filepath.Join(home, "moved")
	if code, _, stderr := parley(t, "import", "--lake", moved, "--source", "simulation", records); code != 7 || !strings.Contains(stderr, fmt.Sprintf("parley lake move --lake %s", moved)) {
		t.Errorf("writing to a moved lake: exit code %d, %s", code, stderr)
	}
	must(t, "lake", "move", "--lake", moved) // the advice
	must(t, "lake", "expire", "--lake", moved)
}

// What a command would do can be asked by who may only read: a dry run writes nothing, and says what that user may not.
func TestDryRunsOfAnotherUser(t *testing.T) {
	unraced.Test(t)
	if answerCommands(t) {
		return
	}
	credentials(t)
	home := privatetest.Reachable(t)
	lake := filepath.Join(home, "lake")
	url := background(t, "sandbox", "--days", "5", "--per-day", "20", "--seed", "7", "--now", "2026-11-08T12:00:00Z", "--rate-limit", "100000")
	for _, end := range []string{"2026-11-06", "2026-11-07"} {
		must(t, "extract", "--from", "2026-11-05", "--to", end, "--lake", lake, "--base-url", url, "--poll", "1ms..10ms")
	}
	privatetest.Share(t, home)
	other := privatetest.Start(t, home)
	for _, c := range []struct {
		args         []string
		stdout, says string
	}{
		{[]string{"extract", "--from", "2026-11-05", "--to", "2026-11-08", "--base-url", url}, "leave alone", "this user cannot extract into the lake: "},
		{[]string{"lake", "expire", "--older-than", "0s"}, "snapshots to expire  1\n", ""},
		{[]string{"lake", "index"}, "0 of 0 data files", ""},
		{[]string{"lake", "mend"}, "days written again", ""},
	} {
		args := slices.Concat(c.args, []string{"--lake", lake, "--dry-run"})
		code, stdout, stderr := askOther(t, other, args...)
		if mine := must(t, args...); code != 0 || stdout != mine || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.says) || (stderr == "") != (c.says == "") {
			t.Errorf("%v: exit code %d, %s%s; the owner is told %s", args, code, stdout, stderr, mine)
		}
	}
}
