package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/extract"
	"github.com/parley-hq/parley/test/unraced"
)

// Rows are extracted into a lake of their own, and come out of it as they came from the server.
func TestRowsAreExtracted(t *testing.T) {
	unraced.Test(t)
	url, conversations := week(t)
	dir := t.TempDir()
	body, lake := filepath.Join(dir, "body.json"), filepath.Join(dir, "rows")
	if err := os.WriteFile(body, []byte(`{"select":["interaction.id","conversation.id","timestamp","interaction.type","attributes.custom.*","metrics.handledtime.ms"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	from := []string{"--rows", body, "--base-url", url, "--poll", "1ms..10ms"}
	extracting := append([]string{"extract", "--from", "2026-11-05", "--to", "2026-11-08", "--lake", lake, "--json"}, from...)
	if out := must(t, append(extracting, "--dry-run")...); !strings.Contains(out, `"report":"sha256:`) {
		t.Errorf("a dry run: %s", out)
	}
	var s extract.Summary
	if err := json.Unmarshal([]byte(must(t, extracting...)), &s); err != nil || s.Days != 3 || s.Added != 180 || s.Counted != 3 || len(s.Drift)+len(s.Warnings) > 0 {
		t.Fatalf("%+v, %v", s, err)
	}
	must(t, "lake", "check", "--lake", lake)
	must(t, append([]string{"reconcile", "--lake", lake}, from...)...)
	if out := must(t, "status", "--lake", lake); !strings.Contains(out, "the rows of the report sha256:") || !strings.Contains(out, "180\n") {
		t.Errorf("status: %s", out)
	}

	asked := []string{"rows", "--base-url", url, "--from", "2026-11-05", "--to", "2026-11-08", "--poll", "1ms..10ms", "--select", "interaction.id,conversation.id,timestamp,interaction.type,attributes.custom.*,metrics.handledtime.ms"}
	for _, format := range []string{"ndjson", "csv"} {
		server := strings.Split(must(t, append(asked, "--format", format)...), "\n")
		if got := strings.Split(must(t, "rows", "--lake", lake, "--format", format), "\n"); !same(got, server) || len(got) < 181 {
			t.Errorf("%s: %d lines from the lake, %d from the server", format, len(got), len(server))
		}
	}
	out := filepath.Join(dir, "day.csv.gz")
	must(t, "rows", "--lake", lake, "--from", "2026-11-06", "--to", "2026-11-07", "--out", out)
	if one := must(t, "rows", "--lake", lake, "--from", "2026-11-06", "--to", "2026-11-07", "--times", "epoch-ms", "--select", "timestamp,conversation.id"); strings.Count(one, "\n") < 60 || !strings.HasPrefix(one, `{"timestamp":17939`) {
		t.Errorf("a day: %.200s", one)
	}
	if info, err := os.Stat(out); err != nil || info.Size() == 0 {
		t.Errorf("a file: %v", err)
	}

	for says, args := range map[string][]string{
		"give it by --rows":                    {"extract", "--lake", lake, "--base-url", url},
		"--rows would bring others":            append([]string{"extract", "--lake", conversations}, from...),
		"has conversations and no rows":        {"rows", "--lake", conversations},
		"--base-url is for a server":           {"rows", "--lake", lake, "--base-url", url},
		"import them into a lake of their own": {"import", "--lake", lake, body},
		"--tail is about conversations":        append([]string{"extract", "--lake", lake, "--tail"}, from...),
		"the body has limit":                   {"extract", "--lake", lake, "--base-url", url, "--rows", written(t, `{"select":[],"limit":1}`)},
		"there is nothing to reconcile":        {"reconcile", "--lake", lake, "--base-url", url, "--rows", written(t, `{"select":["interaction.type"],"filter":{"type":"field","path":"interaction.type","operator":"eq","value":"voice"}}`)},
		"--times soon is not known":            {"rows", "--lake", lake, "--times", "soon"},
	} {
		if code, _, stderr := parley(t, args...); code != 2 || !strings.Contains(stderr, says) {
			t.Errorf("%q: exit code %d, %s; want %s", args, code, stderr, says)
		}
	}
}

// same says whether two lists have the same lines; the server gives the media of a conversation in another order.
func same(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// written gives the path of a file.
func written(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Whoever asks a lake of rows for conversations is told what to do instead, and what is about tables, days and files goes on.
func TestALakeOfRowsHasNoConversations(t *testing.T) {
	unraced.Test(t)
	url, conversations := week(t)
	lake := filepath.Join(t.TempDir(), "rows")
	must(t, "extract", "--rows", written(t, `{"select":["interaction.type"]}`), "--base-url", url, "--poll", "1ms..10ms", "--from", "2026-11-07", "--to", "2026-11-08", "--lake", lake)
	const id = "5c5b7a2e-6d0f-4e0b-9d5d-3f4f0a6b7c11"
	for _, args := range [][]string{
		{"serve", "--addr", "127.0.0.1:0", "--lake", lake},
		{"serve", "--addr", "127.0.0.1:0", "--lake", "acme=" + conversations, "--lake", "beta=" + lake, "--state", t.TempDir()},
		{"query", "--lake", lake, "--from", "2026-11-07"},
		{"report", "--lake", lake, "--from", "2026-11-07"},
		{"get", id, "--lake", lake},
		{"get", id, "--lake", lake, "--record"},
		{"compare", id, "--lake", lake, "--base-url", url},
		{"export", "--lake", lake, "--from", "2026-11-07", "--to", "2026-11-08"},
		{"export", "--lake", lake, "--to", "postgres://nobody@127.0.0.1:1/none"},
	} {
		if code, out, stderr := parley(t, args...); code != 2 || !strings.Contains(stderr, "parley rows --lake writes the rows") || out != "" {
			t.Errorf("%q: exit code %d, %s%s", args, code, out, stderr)
		}
	}
	if out := must(t, "sql", "--lake", lake, "SELECT count(*) FROM conversations"); strings.TrimSpace(out) == "0" {
		t.Errorf("sql: %s", out)
	}
	for _, args := range [][]string{
		{"status"}, {"changes"}, {"schema"}, {"lake", "check"}, {"lake", "rejected"}, {"lake", "maintain"}, {"quarantine", "list"}, {"quarantine", "retry"},
	} {
		must(t, append(args, "--lake", lake)...)
	}
}
