package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// parley runs a command line.
func parley(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, &ui.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
	return code, out.String(), errs.String()
}

// must runs a command line that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := parley(t, args...)
	if code != 0 {
		t.Fatalf("parley %s: exit code %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout
}

// background runs a server until the test ends, and gives its base URL.
func background(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan int)
	go func() {
		code := Run(ctx, append(args, "--json", "--addr", "127.0.0.1:0", "--client-id", "id", "--client-secret", "secret"), &ui.Streams{Out: w, Err: io.Discard})
		_ = w.Close()
		done <- code
	}()
	t.Cleanup(func() {
		stop()
		if code := <-done; code != 0 {
			t.Errorf("%s ended with exit code %d", args[0], code)
		}
	})
	line, err := bufio.NewReader(r).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready.URL
}

func credentials(t *testing.T) {
	t.Helper()
	t.Setenv("GENESYS_CLIENT_ID", "id")
	t.Setenv("GENESYS_CLIENT_SECRET", "secret")
	t.Setenv("GENESYS_ENVIRONMENT", "")
}

// Records with everything in them that the simulation does not make: unknown members, numbers and texts in every spelling.
func TestOddRecordsComeBackByteForByte(t *testing.T) {
	unraced.Test(t)
	samples := filepath.Join("testdata", "records")
	credentials(t)
	lake, file := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "all.ndjson.gz")
	url := background(t, "sandbox", "--load", samples, "--rate-limit", "1000000")
	must(t, "extract", "--from", "2016-01-01", "--to", "2026-01-01", "--lake", lake, "--base-url", url, "--poll", "1ms..10ms")
	must(t, "lake", "check", "--lake", lake)
	must(t, "export", "--lake", lake, "--from", "2016-01-01", "--to", "2026-01-01", "--format", "ndjson", "-o", file)
	want, got := records(t, samples), records(t, file)
	if len(want) != 11 {
		t.Fatalf("%d records found, want 11", len(want))
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("%d records went in and %d came out, or they differ", len(want), len(got))
	}
}

// records reads the records of files, compact.
func records(t *testing.T, path string) []string {
	t.Helper()
	files, err := recordfile.Find([]string{path})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		err := recordfile.Values(t.Context(), f, wire.Limits{}, func(raw []byte) error {
			if _, err := wire.Record(raw); err == nil {
				out = append(out, string(raw))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// week extracts a few simulated days into a new lake.
func week(t *testing.T) (url, lake string) {
	t.Helper()
	credentials(t)
	url = background(t, "sandbox", "--days", "5", "--per-day", "60", "--steady", "--seed", "7", "--now", "2026-11-08T12:00:00Z", "--rate-limit", "100000")
	lake = filepath.Join(t.TempDir(), "lake")
	must(t, "extract", "--from", "2026-11-05", "--to", "2026-11-08", "--lake", lake, "--base-url", url, "--poll", "1ms..10ms")
	return url, lake
}

func TestEveryCommandOverOneLake(t *testing.T) {
	url, lake := week(t)
	var again struct {
		Added int64 `json:"added"`
		Jobs  int64 `json:"jobs"`
		Whole int   `json:"days_already_whole"`
	}
	out := must(t, "extract", "--from", "2026-11-05", "--to", "2026-11-08", "--lake", lake, "--base-url", url, "--poll", "1ms..10ms", "--json")
	if err := json.Unmarshal([]byte(out), &again); err != nil || again.Added != 0 || again.Jobs != 0 || again.Whole != 3 {
		t.Errorf("extract again: %s, %v", out, err)
	}
	if out := must(t, "extract", "--from", "2026-11-05", "--to", "2026-11-10", "--lake", lake, "--base-url", url, "--dry-run"); !strings.Contains(out, "2 days, 2026-11-08 to 2026-11-09") {
		t.Errorf("dry run: %s", out)
	}
	if code, _, stderr := parley(t, "extract", "--from", "2026-11-05", "--to", "2026-11-10", "--lake", lake, "--base-url", url, "--poll", "1ms..10ms"); code != 3 || !strings.Contains(stderr, "2026-11-08") {
		t.Errorf("days that are not available: exit code %d, %s", code, stderr)
	}
	if out := must(t, "extract", "--again", "2026-11-06..2026-11-07", "--lake", lake, "--base-url", url, "--poll", "1ms..10ms", "--json"); !strings.Contains(out, `"days_read_again":2`) ||
		!strings.Contains(out, `"unchanged":120`) || !strings.Contains(out, `"days_missing":[]`) {
		t.Errorf("extract --again: %s", out)
	}
	if out := must(t, "sql", "--lake", lake, "SELECT count(*), count(DISTINCT conversation_id) FROM conversations"); out != "180\t180\n" {
		t.Errorf("sql: %q", out)
	}
	if out := must(t, "sql", "--lake", lake, "--csv", `SELECT 1 AS "a,b", NULL AS n, '' AS empty, 'x"y' AS q, [1, 2] AS list, count(*) AS many FROM conversations`); out != "\"a,b\",n,empty,q,list,many\r\n1,,\"\",\"x\"\"y\",\"[1,2]\",180\r\n" {
		t.Errorf("as CSV: %q", out)
	}
	if out := must(t, "sql", "--lake", lake, "--json", "SELECT count(*) AS n, min(conversation_start)::DATE AS day FROM segments s JOIN conversations USING (conversation_id, conversation_start)"); !strings.Contains(out, `"n":`) || !strings.Contains(out, "2026-11-05") {
		t.Errorf("sql --json: %q", out)
	}
	file := filepath.Join(t.TempDir(), "out.ndjson.zst")
	must(t, "export", "--lake", lake, "--from", "2026-11-06", "--to", "2026-11-08", "-o", file)
	second := filepath.Join(t.TempDir(), "second")
	must(t, "import", "--lake", second, file)
	must(t, "lake", "check", "--lake", second)
	if out := must(t, "export", "--lake", second, "--from", "2026-11-01", "--to", "2026-12-01"); strings.Count(out, "\n") != 120 {
		t.Errorf("exported, imported and exported: %d lines", strings.Count(out, "\n"))
	}
}

func TestServedLakeAnswersAsThePlatform(t *testing.T) {
	url, lake := week(t)
	served := background(t, "serve", "--lake", lake, "--rate-limit", "100000")
	// A lake extracted from the served lake is the same lake.
	second := filepath.Join(t.TempDir(), "second")
	must(t, "extract", "--from", "2026-11-05", "--to", "2026-11-08", "--lake", second, "--base-url", served, "--poll", "1ms..10ms", "--page-size", "17")
	export := func(dir string) string {
		return must(t, "export", "--lake", dir, "--from", "2026-11-05", "--to", "2026-11-08")
	}
	if a, b := export(lake), export(second); a != b || a == "" {
		t.Error("a lake extracted from a served lake differs from it")
	}
	// The same query gives the same page, from memory and from the lake.
	const body = `{"interval":"2026-11-06T00:00:00Z/2026-11-07T00:00:00Z","order":"desc","orderBy":"conversationStart","paging":{"pageSize":100,"pageNumber":1}}`
	if a, b := query(t, url, body), query(t, served, body); a != b || !strings.Contains(a, `"totalHits":60`) {
		t.Errorf("the pages differ: %d and %d bytes", len(a), len(b))
	}
}

func query(t *testing.T, url, body string) string {
	t.Helper()
	post := func(path, kind, auth, body string) string {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Authorization", auth)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v, %s", path, resp.Status, err, text)
		}
		return string(text)
	}
	var token struct {
		Access string `json:"access_token"`
	}
	login := post("/oauth/token", "application/x-www-form-urlencoded", "Basic aWQ6c2VjcmV0", "grant_type=client_credentials")
	if err := json.Unmarshal([]byte(login), &token); err != nil {
		t.Fatal(err)
	}
	return post("/api/v2/analytics/conversations/details/query", "application/json", "Bearer "+token.Access, body)
}

// broken is a platform that logs in and then answers every page in one way.
func broken(t *testing.T, page func(http.ResponseWriter)) string {
	t.Helper()
	mux := http.NewServeMux()
	reply := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
	}
	const jobs = "/api/v2/analytics/conversations/details/jobs"
	mux.HandleFunc("POST /oauth/token", reply(`{"access_token":"t","token_type":"bearer","expires_in":100}`))
	mux.HandleFunc("GET "+jobs+"/availability", reply(`{"dataAvailabilityDate":"2026-11-09T00:00:00.000Z"}`))
	mux.HandleFunc("POST "+jobs, reply(`{"jobId":"j"}`))
	mux.HandleFunc("GET "+jobs+"/j", reply(`{"state":"FULFILLED"}`))
	mux.HandleFunc("GET "+jobs+"/j/results", func(w http.ResponseWriter, _ *http.Request) { page(w) })
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func text(s string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { _, _ = io.WriteString(w, s) }
}

func TestBadInputEndsInOneLineAndAWholeLake(t *testing.T) {
	credentials(t)
	const good = `{"conversationId":"a","conversationStart":"2026-11-05T10:00:00.000Z"}`
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client","description":"authentication failed"}`)
	}))
	defer refusing.Close()
	for name, test := range map[string]struct {
		url  string
		code int
		says string
	}{
		"wrong secret":     {refusing.URL, 4, "check client id, client secret and environment"},
		"unreachable host": {"http://127.0.0.1:1", 6, "127.0.0.1:1 cannot be reached"},
		"cut body":         {broken(t, text(`{"conversations":[`+good+`,{"conv`)), 8, "ends too early"},
		"invalid JSON":     {broken(t, text(`<html>`)), 8, "not JSON"},
		"no id":            {broken(t, text(`{"conversations":[{"conversationStart":"2026-11-05T10:00:00.000Z"},`+good+`]}`)), 3, "some records could not be kept"},
		"no start":         {broken(t, text(`{"conversations":[{"conversationId":"b"},`+good+`]}`)), 3, "some records could not be kept"},
		"two with one id":  {broken(t, text(`{"conversations":[`+good+`,`+strings.Replace(good, "10:", "11:", 1)+`]}`)), 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "lake")
			code, _, stderr := parley(t, "extract", "--from", "2026-11-05", "--to", "2026-11-06", "--lake", dir, "--base-url", test.url, "--poll", "1ms..2ms", "--retries", "0")
			if code != test.code || !strings.Contains(stderr, test.says) {
				t.Errorf("exit code %d, want %d; says %q", code, test.code, stderr)
			}
			// That a bad job was submitted again is a warning, and no part of the error; so is that the query is not there.
			if lines := strings.Count(stderr, "\n") - strings.Count(stderr, "level=WARN") - strings.Count(stderr, "parley: warning: "); code != 0 && lines != 1 {
				t.Errorf("%d lines: %s", lines, stderr)
			}
			if _, err := os.Stat(dir); err == nil { // nothing is made before the platform has answered
				must(t, "lake", "check", "--lake", dir)
			}
			if strings.Contains(stderr, "secret\"") {
				t.Error("the secret is in the message")
			}
		})
	}
}

func TestFlagsAndFoldersThatAreWrong(t *testing.T) {
	credentials(t)
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "something"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"extract --from 2026-11-05 --to 2026-11-04 --lake L --base-url http://127.0.0.1:1": {2, "--to"},
		"extract --from yesterday --to 2026-11-04 --lake L --base-url http://h":            {2, "--from"},
		"extract --from 2026-11-01 --to 2026-11-04 --lake L":                               {2, "GENESYS_ENVIRONMENT"},
		"extract --from 2026-11-01 --to 2026-11-04 --lake L --base-url ftp://x":            {2, "--base-url"},
		"extract --from 2026-11-01 --to 2026-11-04 --lake L --base-url http://h --poll 5":  {2, "--poll"},
		"extract": {2, "missing: --lake"},
		"extract --lake L --follow --to 2026-11-04 --base-url http://h":                          {2, "--to"},
		"extract --lake L --settle 3;7 --base-url http://h":                                      {2, "--settle"},
		"extract --lake L --tolerance 5 --base-url http://h":                                     {2, "--tolerance"},
		"extract --lake L --parallel 17 --base-url http://h":                                     {2, "--parallel"},
		"reconcile --lake L --tolerance off --base-url http://h":                                 {2, "--tolerance"},
		"status --lake nowhere":                                                                  {5, "is no lake"},
		"extract --lake L --again soon --base-url http://h":                                      {2, "--again"},
		"extract --lake L --again 2026-11-03..2026-11-01 --base-url http://h":                    {2, "--again"},
		"extract --lake L --again 2026-11-01 --accept-empty x --base-url http://h":               {2, "--accept-empty"},
		"extract --lake L --again 2026-11-01 --base-url http://127.0.0.1:1 --retries 0":          {6, "cannot be reached"},
		"extract --from 2026-11-01 --to 2026-11-04 --base-url http://127.0.0.1:1 --lake " + full: {2, "is not empty and holds no lake"},
		"lake check --lake nowhere":                                                              {5, "is no lake"},
		"serve --lake nowhere":                                                                   {5, "is no lake"},
		"sql --lake nowhere SELECT":                                                              {5, "is no lake"},
		"import --lake L nowhere.json":                                                           {5, "there is no file or folder"},
		"export --lake L --from x --to y":                                                        {2, "--from"},
		"export --lake L --format x --from 2026-11-01 --to 2026-11-02":                           {2, "--format"},
		"sandbox --days 0":       {2, "--days"},
		"sandbox --now never":    {2, "--now"},
		"sandbox --load " + full: {5, "holds no files"},
		"nonsense":               {2, "unknown command"},
		"demo --data " + full:    {2, "was not made by a demo"},
	} {
		args := strings.Fields(strings.ReplaceAll(line, "--lake L", "--lake "+filepath.Join(t.TempDir(), "lake")))
		code, _, stderr := parley(t, args...)
		if code != want.code || !strings.Contains(stderr, want.says) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("parley %s: exit code %d, want %d; says %q, want %q", line, code, want.code, stderr, want.says)
		}
		code, _, stderr = parley(t, append(args, "--json")...)
		var asJSON struct {
			Error string `json:"error"`
			Code  int    `json:"exit_code"`
		}
		if json.Unmarshal([]byte(stderr), &asJSON) != nil || code != asJSON.Code {
			t.Errorf("parley %s --json: says %q", line, stderr)
		}
	}
}

func TestExportWritesWhereItIsTold(t *testing.T) {
	unraced.Test(t)
	_, lake := week(t)
	export := []string{"export", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-06", "-o"}
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "link")
	must(t, append(export, file)...)
	want, err := os.ReadFile(file)
	if err != nil || len(want) == 0 {
		t.Fatal(err)
	}
	if err := errors.Join(os.Truncate(file, 0), os.Symlink("file", link)); err != nil {
		t.Fatal(err)
	}
	must(t, append(export, link)...)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("through a link: %d bytes, want %d, %v", len(got), len(want), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v", err)
	}
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte)
	go func() {
		got, _ := os.ReadFile(pipe)
		read <- got
	}()
	must(t, append(export, pipe)...)
	if got := <-read; !bytes.Equal(got, want) {
		t.Errorf("through a pipe: %d bytes, want %d", len(got), len(want))
	}
	for _, bad := range []string{dir, filepath.Join(dir, "nowhere", "file")} {
		if code, _, stderr := parley(t, append(export, bad)...); code != 2 || !strings.Contains(stderr, bad+" cannot be written") {
			t.Errorf("%s: exit code %d, %s", bad, code, stderr)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left %q, %v", left, err)
	}
}

func TestDamageHasItsExitCodeInEveryCommand(t *testing.T) {
	unraced.Test(t)
	for name, damage := range map[string]func(*testing.T, string){
		"a truncated file": func(t *testing.T, lake string) {
			t.Helper()
			each(t, lake, func(p string) error { return os.Truncate(p, 100) })
		},
		"a missing file": func(t *testing.T, lake string) { t.Helper(); each(t, lake, os.Remove) },
		"no control.db":  func(t *testing.T, lake string) { t.Helper(); each(t, filepath.Join(lake, "control.db"), os.Remove) },
	} {
		t.Run(name, func(t *testing.T) {
			_, lake := week(t)
			damage(t, lake)
			for _, args := range [][]string{
				{"lake", "check", "--lake", lake}, {"sql", "--lake", lake, "SELECT count(*) FROM segments"},
				{"export", "--lake", lake, "--from", "2026-11-05", "--to", "2026-11-08"},
			} {
				if code, _, stderr := parley(t, args...); code != 8 || strings.Count(stderr, "\n") != 1 {
					t.Errorf("%s: exit code %d: %s", args[0], code, stderr)
				}
			}
		})
	}
}

// each does something to the first data file of every table below a path, or to the path itself.
func each(t *testing.T, path string, do func(string) error) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(path, "warehouse", "*", "*", "data", "day=2026-11-06", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		files = []string{path}
	}
	for _, f := range files {
		if err := do(f); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSQLOnlyReads(t *testing.T) {
	unraced.Test(t)
	_, lake := week(t)
	for _, statement := range []string{
		"DROP VIEW conversations", "CREATE TABLE t AS SELECT 1", "COPY conversations TO '" + filepath.Join(t.TempDir(), "x") + "'", "SET threads = 1",
		"ATTACH 'x.db'", "INSTALL httpfs", "SELECT 1; DROP VIEW segments", "SELECT 1; SELECT 2", "DROP VIEW conversations; SELECT 1", "SELECT * FROM read_csv('/etc/passwd')", "SELECT count(*) FROM '" + filepath.Join(lake, "lake.json") + "'",
		"SELECT nonsense", "",
	} {
		if code, _, stderr := parley(t, "sql", "--lake", lake, statement); code != 2 {
			t.Errorf("%s: exit code %d, %s", statement, code, stderr)
		}
	}
	for _, statement := range []string{"DESCRIBE segments", "SUMMARIZE metrics", "EXPLAIN SELECT 1", "FROM changes", "SHOW TABLES", "WITH x AS (SELECT 1) SELECT * FROM x"} {
		must(t, "sql", "--lake", lake, statement)
	}
}

// TestFullDisk extracts into a disk of a few megabytes, which fills, and goes on when it has grown.
func TestFullDisk(t *testing.T) {
	unraced.Test(t)
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=2500k"); err != nil {
		t.Skipf("a small disk cannot be made here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	credentials(t)
	url := background(t, "sandbox", "--days", "5", "--per-day", "400", "--steady", "--seed", "7", "--now", "2026-11-08T12:00:00Z", "--rate-limit", "100000")
	dir := filepath.Join(disk, "lake")
	extract := []string{"extract", "--from", "2026-11-04", "--to", "2026-11-08", "--lake", dir, "--base-url", url, "--poll", "1ms..10ms", "--job-records", "400"}
	sizes := []string{"size=3500k", "size=5m", "size=7m", "size=64m"}
	code, _, stderr := parley(t, extract...)
	fulls := 0
	for _, size := range sizes {
		if code == 0 {
			break
		}
		fulls++
		if code != 9 || strings.Count(stderr, "\n") != 1 {
			t.Errorf("exit code %d, want 9: %s", code, stderr)
		}
		if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, size); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, "lake.json")); err == nil {
			must(t, "lake", "check", "--lake", dir)
		}
		code, _, stderr = parley(t, extract...)
	}
	if code != 0 || fulls == 0 {
		t.Fatalf("exit code %d after the disk was full %d times: %s", code, fulls, stderr)
	}
	must(t, "lake", "check", "--lake", dir)
	if out := must(t, "sql", "--lake", dir, "SELECT count(*) FROM conversations"); out != "1600\n" {
		t.Errorf("%s conversations, want 1600", strings.TrimSpace(out))
	}
}

func TestSandboxIsDeterministic(t *testing.T) {
	args := []string{"sandbox", "--days", "2", "--per-day", "50", "--steady", "--seed", "3", "--now", "2026-11-08T12:00:00Z"}
	const body = `{"interval":"2026-11-07T00:00:00Z/2026-11-08T00:00:00Z","paging":{"pageSize":100,"pageNumber":1}}`
	if a, b := query(t, background(t, args...), body), query(t, background(t, args...), body); a != b {
		t.Error("two sandboxes of one seed differ")
	}
}

func TestHelpOfEveryCommandHasAnExample(t *testing.T) {
	root := New(&ui.Streams{Out: io.Discard, Err: io.Discard})
	missing := map[string]bool{}
	for _, c := range root.Commands() {
		if c.Name() != "completion" && c.Name() != "help" && c.Name() != "lake" && c.Example == "" {
			missing[c.Name()] = true
		}
	}
	if len(missing) > 0 {
		t.Errorf("no example: %v", slices.Sorted(maps.Keys(missing)))
	}
	if out := must(t, "--help"); !strings.Contains(out, "Exit codes:") {
		t.Error("the help does not list the exit codes")
	}
	if out := must(t, "completion", "bash"); !strings.Contains(out, "parley") {
		t.Error("no completion")
	}
}
