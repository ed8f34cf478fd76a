package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/test/unraced"
)

// configuration writes a file with one organization, and a file with its secret.
func configuration(t *testing.T, base, more string) (path string) {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "the.secret"), "secret\n")
	path = filepath.Join(dir, "parley.yaml")
	write(t, path, `
organizations:
  - name: acme
    base_url: `+base+`
    lake: acme
    client_id: {env: ACME_ID}
    client_secret: {file: the.secret}
    extract: {poll: 10ms..1s, page-size: 7`+more+`}
`)
	return path
}

// nothingSet is an environment in which only the file says anything.
func nothingSet(t *testing.T) {
	t.Helper()
	for _, name := range []string{"GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET", "GENESYS_ENVIRONMENT"} {
		t.Setenv(name, "")
	}
	t.Setenv("ACME_ID", "id")
}

// Flags go before the environment, which goes before the file.
func TestAnExtractionIsConfigured(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	base := background(t, "sandbox", "--json", "--addr", "127.0.0.1:0", "--days", "3", "--per-day", "20", "--steady", "--now", "2026-11-05T12:00:00Z")
	nothingSet(t)
	path := configuration(t, base, ", from: 2026-11-02, to: 2026-11-04")
	lake := filepath.Join(filepath.Dir(path), "acme")
	extracted := func(args ...string) (s struct {
		Received int64  `json:"received"`
		Pages    int64  `json:"pages"`
		First    string `json:"from"`
		Days     int    `json:"days_completed"`
	}) {
		t.Helper()
		out := must(t, append([]string{"extract", "--json", "--config", path}, args...)...)
		if err := json.Unmarshal([]byte(out), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	if s := extracted("--organization", "acme", "--from", "2026-11-03"); s.Days != 1 || s.Received != 20 || s.Pages != 3 || s.First != "2026-11-03" {
		t.Errorf("got %+v", s)
	}
	if _, err := os.Stat(filepath.Join(lake, "lake.json")); err != nil {
		t.Error(err)
	}
	if s := extracted("--page-size", "1000"); s.Days != 1 || s.Pages != 1 || s.First != "2026-11-02" {
		t.Errorf("a flag in place of the file: %+v", s)
	}
	t.Setenv("GENESYS_CLIENT_SECRET", "another-secret")
	if code, _, stderr := parley(t, "extract", "--config", path); code != 4 {
		t.Errorf("the environment goes before the file: exit code %d, %s", code, stderr)
	}
	t.Setenv("GENESYS_CLIENT_SECRET", "")
	if code, stdout, stderr := parley(t, "doctor", "--config", path, "--json"); code != 0 || !strings.Contains(stdout, `"what":"source","level":"ok"`) {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	if code, _, stderr := parley(t, "extract", "--config", filepath.Join(lake, "no.yaml")); code != 5 || !strings.Contains(stderr, "the configuration: there is no file ") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
	for args, says := range map[string]string{
		"--organization beta --config " + path: "no organization beta",
		"--organization acme --lake x":         "--organization goes with --config",
		"--config " + configuration(t, base, ", from: 2026-11-02, to: 2026-11-04") + " --page-size 0": "--page-size must lie",
		"--config " + configuration(t, base, ", pages: 7"):                                            "parley extract has no flag --pages",
		"--config " + configuration(t, base, ", retries: many"):                                       "extract.retries: many is no value of --retries",
	} {
		if code, _, stderr := parley(t, append([]string{"extract"}, strings.Fields(args)...)...); code != 2 || !strings.Contains(stderr, says) {
			t.Errorf("%s: exit code %d, %s", args, code, stderr)
		}
	}
}

func TestConfigurationsAreChecked(t *testing.T) {
	nothingSet(t)
	path := configuration(t, "http://127.0.0.1:1", "")
	if code, stdout, stderr := parley(t, "config", "check", "--config", path); code != 0 || stdout != "acme\tok\t"+filepath.Join(filepath.Dir(path), "acme")+"\n" {
		t.Errorf("exit code %d, %q, %s", code, stdout, stderr)
	}
	plain, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	told := filepath.Join(filepath.Dir(path), "told.yaml")
	write(t, told, string(plain)+"alert:\n  webhook: {env: HOOK}\n")
	t.Setenv("HOOK", "https://hooks.example.com/hunter2")
	if code, stdout, _ := parley(t, "config", "check", "--config", told); code != 0 || !strings.HasSuffix(stdout, "alert\tok\tthere is an address to tell problems to\n") {
		t.Errorf("exit code %d, %q", code, stdout)
	}
	inBucket := configuration(t, "https://api.example.com", ", state: 'postgres://parley@db.example/parley', cache-dir: /var/cache/parley, cache-bytes: 1000000")
	if code, stdout, stderr := parley(t, "config", "check", "--config", inBucket); code != 0 {
		t.Errorf("where a lake in a bucket is kept: exit code %d, %s%s", code, stdout, stderr)
	}
	short := configuration(t, "https://api.example.com", "")
	write(t, short, strings.Replace(string(plain), "lake: acme", "lake: s3://a/b", 1))
	if code, stdout, _ := parley(t, "config", "check", "--config", short); code != 2 || !strings.Contains(stdout, "the name of a bucket is 3 to 63") {
		t.Errorf("a bucket that cannot be: exit code %d, %q", code, stdout)
	}
	bad := configuration(t, "ftp://x", ", page-sizes: 7, lake: x, retries: many")
	if err := os.Chmod(filepath.Join(filepath.Dir(bad), "the.secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	write(t, bad, string(text)+"alert:\n  webhook: {env: HOOK}\n")
	t.Setenv("HOOK", "hooks.example.com/hunter2")
	t.Setenv("GENESYS_CLIENT_ID", "set")
	code, stdout, stderr := parley(t, "config", "check", "--config", bad)
	for _, says := range []string{
		"parley extract has no flag --page-sizes", "extract.lake is no setting", "extract.retries: many is no value of --retries", "--base-url must look like",
		"GENESYS_CLIENT_ID is set, and goes before the file", "the.secret may be read by others", "the address of the webhook must look like",
	} {
		if !strings.Contains(stdout, says) {
			t.Errorf("nothing of %q in %s", says, stdout)
		}
	}
	if code != 2 || !strings.Contains(stderr, "5 problems") || strings.Contains(stdout+stderr, "hunter2") {
		t.Errorf("exit code %d, %s%s", code, stdout, stderr)
	}
	t.Setenv("GENESYS_CLIENT_ID", "")
	t.Setenv("ACME_ID", "")
	if code, stdout, _ := parley(t, "config", "check", "--config", path, "--json"); code != 2 || !strings.Contains(stdout, `"problems":["the variable ACME_ID is empty or not set"]`) {
		t.Errorf("exit code %d, %s", code, stdout)
	}
}
