package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/test/unraced"
)

// one is the first line of the answer to a statement.
func one(t *testing.T, lake, statement string) string {
	t.Helper()
	cell, _, _ := strings.Cut(must(t, "sql", "--lake", lake, statement), "\n")
	return cell
}

// An extraction brings names, and every command that shows ids shows them: of the lake, of a server over it, of the platform.
func TestNamesEverywhere(t *testing.T) {
	unraced.Test(t)
	url, lake := week(t)
	archive := background(t, "serve", "--lake", lake)
	id := one(t, lake, "SELECT conversation_id FROM conversations WHERE first_wrap_up_code IS NOT NULL AND first_queue_id IS NOT NULL ORDER BY 1")
	agent := one(t, lake, "SELECT u.name FROM conversations c JOIN users u ON u.id = c.first_user_id WHERE conversation_id = '"+id+"'")
	code := one(t, lake, "SELECT w.name FROM conversations c JOIN wrap_up_codes w ON w.id = c.first_wrap_up_code WHERE conversation_id = '"+id+"'")
	queue := one(t, lake, "SELECT q.name FROM conversations c JOIN queues q ON q.id = c.first_queue_id WHERE conversation_id = '"+id+"'")
	if agent == "" || code == "" || queue == "" {
		t.Fatalf("no names: %q, %q, %q", agent, code, queue)
	}
	for _, from := range [][]string{{"--lake", lake}, {"--base-url", url}, {"--base-url", archive}} {
		if out := must(t, append([]string{"get", id}, from...)...); !strings.Contains(out, agent) || !strings.Contains(out, code) {
			t.Errorf("get %v lacks %q or %q:\n%s", from, agent, code, out)
		}
		var told struct {
			Names map[string]map[string]string `json:"namesToday"`
		}
		if err := json.Unmarshal([]byte(must(t, append([]string{"get", id, "--json"}, from...)...)), &told); err != nil || len(told.Names["user"]) == 0 || len(told.Names["wrapUpCode"]) == 0 {
			t.Errorf("get --json %v: %v, %v", from, told, err)
		}
		days := append([]string{"--from", "2026-11-05", "--to", "2026-11-08"}, from...)
		found := false
		for _, l := range figuresOf(t, append([]string{"--by", "queue"}, days...)...) {
			found = found || l["queueName"] == queue && l["queueId"] != ""
		}
		if !found {
			t.Errorf("report %v has no %q", from, queue)
		}
		all, some := figuresOf(t, append([]string{"--by", "agent"}, days...)...), figuresOf(t, append([]string{"--by", "agent", "--queue", strings.ToUpper(queue)}, days...)...)
		if len(some) == 0 || sumOf(t, some, "answered") >= sumOf(t, all, "answered") {
			t.Errorf("report --queue by name %v: %d lines of %d", from, len(some), len(all))
		}
		if out := must(t, append([]string{"report", "--by", "wrap-up", "--json"}, days...)...); !strings.Contains(out, `"wrapUpCodeName":"`+code+`"`) {
			t.Errorf("report by wrap-up %v lacks %q", from, code)
		}
	}
	days := []string{"query", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-08"}
	if out := must(t, days...); !strings.Contains(out, agent) {
		t.Errorf("query does not show %q", agent)
	}
	if out := must(t, append(days, "--user", agent)...); !strings.Contains(out, id) {
		t.Errorf("query does not find %q", agent)
	}
	if out := must(t, "query", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-08", "--ndjson"); strings.Contains(out, `"`+agent+`"`) {
		t.Error("records do not stay as they are")
	}
	if out := must(t, "lake", "names", "--lake", lake, "--kind", "queue", queue); !strings.Contains(out, queue) || strings.Count(out, "\n") != 1 {
		t.Errorf("lake names: %q", out)
	}
	if code, _, stderr := parley(t, "lake", "names", "--lake", lake, "nobody is called so"); code != 5 || !strings.Contains(stderr, "--refresh") {
		t.Errorf("an unknown name: %d, %s", code, stderr)
	}
	must(t, "lake", "check", "--lake", lake)
}

// Names come again when they are wanted, and into a lake that had none.
func TestNamesAreRefreshed(t *testing.T) {
	url, lake := week(t)
	other := t.TempDir() + "/other"
	bring := []string{"extract", "--from", "2026-11-05", "--to", "2026-11-06", "--base-url", url, "--poll", "1ms..10ms", "--json"}
	var s extract.Summary
	if err := json.Unmarshal([]byte(must(t, append(bring, "--lake", other, "--names", "never")...)), &s); err != nil || s.Names != nil {
		t.Errorf("names came: %+v, %v", s.Names, err)
	}
	if out := must(t, "lake", "names", "--lake", other); out != "" {
		t.Errorf("names without a list: %s", out)
	}
	if out := must(t, "sql", "--lake", other, "SELECT count(*) FROM users"); out != "0\n" {
		t.Errorf("users of a lake without names: %s", out)
	}
	if out := must(t, "lake", "names", "--lake", other, "--refresh", "--base-url", url, "--json"); !strings.Contains(out, `"queue":`) || !strings.Contains(out, `"gone":0`) {
		t.Errorf("a refresh: %s", out)
	}
	if a, b := must(t, "lake", "names", "--lake", lake, "--kind", "queue"), must(t, "lake", "names", "--lake", other, "--kind", "queue"); strings.Count(a, "\n") != strings.Count(b, "\n") || a == "" {
		t.Errorf("got %s and %s", a, b)
	}
	s = extract.Summary{}
	if err := json.Unmarshal([]byte(must(t, append(bring, "--lake", other, "--names", "24h")...)), &s); err != nil || s.Names != nil {
		t.Errorf("names that were read just now came again: %+v, %v", s.Names, err)
	}
	if err := json.Unmarshal([]byte(must(t, append(bring, "--lake", other)...)), &s); err != nil || s.Names == nil || s.Names.Any() || s.Names.Listed["queue"] == 0 {
		t.Errorf("names of the next run: %+v, %v", s.Names, err)
	}
	for wrong, args := range map[string][]string{
		"--names soon":      append(bring, "--lake", other, "--names", "soon"),
		"--kind planet":     {"lake", "names", "--lake", other, "--kind", "planet"},
		"goes with --refre": {"lake", "names", "--lake", other, "--base-url", url},
		"reads all lists":   {"lake", "names", "--lake", other, "--refresh", "--history"},
	} {
		if code, _, stderr := parley(t, args...); code != 2 || !strings.Contains(stderr, wrong) {
			t.Errorf("%v: %d, %s", args, code, stderr)
		}
	}
}
