package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/test/unraced"
)

// A conversation is extracted, asked for by a job, exported, set aside, forgotten, and imported again: it stands in no file
// of the lake's folder, that of the server within it too.
func TestForgetErasesForGood(t *testing.T) {
	unraced.Test(t)
	dir := t.TempDir()
	lake, file := filepath.Join(dir, "lake"), filepath.Join(dir, "all.ndjson")
	must(t, "generate", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03", "--per-day", "30", "--seed", "7")
	must(t, "export", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03", "-o", file)
	job := strings.TrimSpace(must(t, "jobs", "submit", "--lake", lake, "--from", "2026-11-01", "--to", "2026-11-03", "--wait"))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	var record struct {
		ConversationID string `json:"conversationId"`
	}
	if err := json.Unmarshal(line, &record); err != nil {
		t.Fatal(err)
	}
	id := record.ConversationID
	odd := filepath.Join(dir, "odd.ndjson")
	if err := os.WriteFile(odd, []byte(`{"conversationId":"`+id+`"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := parley(t, "import", "--lake", lake, "--source", "simulation", odd); code != 3 {
		t.Fatalf("exit code %d, %s", code, stderr)
	}
	if files := raw(t, lake, id); len(files) == 0 {
		t.Fatal("the test does not see what it looks for")
	}
	must(t, "lake", "tag", "kept", "--lake", lake)
	if out := must(t, "lake", "forget", "--lake", lake, "--conversation", id, "--dry-run"); !strings.Contains(out, "conversations to erase          1\n") || !strings.Contains(out, "tags that must go (say --tags)  kept\n") {
		t.Errorf("dry run: %s", out)
	}
	if out := must(t, "lake", "forget", "--lake", lake, "--conversation", "misspelled", "--dry-run"); !strings.Contains(out, "not in the lake, and kept out  1\n") {
		t.Errorf("an id of nothing: %s", out)
	}
	if code, _, stderr := parley(t, "lake", "forget", "--lake", lake, "--conversation", id); code != 7 || !strings.Contains(stderr, "say --tags") {
		t.Errorf("with a tag: exit code %d, %s", code, stderr)
	}
	leftOfACluster(t, lake, line)
	out := must(t, "lake", "forget", "--lake", lake, "--conversation", id, "--tags", "--json")
	var done struct {
		Conversations int      `json:"conversations"`
		Rejected      int      `json:"rejected_removed"`
		Removed       int      `json:"jobs_removed"`
		Hashes        []string `json:"hashes"`
		Days          []string `json:"days"`
		Tags          []string `json:"tags"`
		Left          int      `json:"cluster_tables_left"`
		Report        string   `json:"report"`
	}
	if err := json.Unmarshal([]byte(out), &done); err != nil {
		t.Fatal(err)
	}
	if done.Conversations != 1 || done.Rejected != 1 || done.Removed != 1 || len(done.Hashes) != 1 || len(done.Days) != 1 || len(done.Tags) != 1 || done.Left != 1 || strings.Contains(out, id) {
		t.Errorf("got %s", out)
	}
	if _, err := os.Stat(done.Report); err != nil {
		t.Error(err)
	}
	if code, _, _ := parley(t, "jobs", "results", "--lake", lake, job); code != 5 {
		t.Errorf("the job's results: exit code %d", code)
	}
	if again := must(t, "import", "--lake", lake, "--source", "simulation", file); !strings.Contains(again, "erased on request, left out (parley lake forget)  1\n") {
		t.Errorf("imported again: %s", again)
	}
	if files := raw(t, lake, id); len(files) > 0 {
		t.Errorf("it stands in %v", files)
	}
	if n := must(t, "sql", "--lake", lake, "SELECT count(*) FROM conversations WHERE conversation_id = '"+id+"'", "--json"); strings.Contains(n, "1") {
		t.Errorf("in the tables: %s", n)
	}
	must(t, "lake", "check", "--lake", lake)
}

// raw lists the files below a folder in whose bytes a text stands.
func raw(t *testing.T, dir, text string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// leftOfACluster leaves records in a table that a cluster wrote for a server that was killed.
func leftOfACluster(t *testing.T, dir string, records []byte) {
	t.Helper()
	l, err := lake.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	annex := l.Annex()
	left, err := annex.Locks.Lock(t.Context(), annex.At.Join("uses", "question_left"), store.LockOptions{Anyone: true})
	if err != nil {
		t.Fatal(err)
	}
	w, err := annex.Store.Create(t.Context(), annex.At.Join("tables", "question_left", "data", "some.parquet"), store.New)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Write(records); err == nil {
		err = w.Commit()
	}
	if err := errors.Join(err, left.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
}
