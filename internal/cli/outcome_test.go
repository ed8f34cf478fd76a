package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/test/unraced"
)

// told is a webhook, and what it was told.
type told struct {
	*httptest.Server

	got     []string
	refuses bool
}

func webhook(t *testing.T) *told {
	t.Helper()
	w := &told{}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		w.got = append(w.got, string(text)) // one at a time, and read when the command has ended
		if w.refuses {
			rw.WriteHeader(http.StatusForbidden)
		}
	}))
	t.Cleanup(w.Close)
	return w
}

// However a run ends, its summary is written; who is to be told is told of problems alone.
func TestWhoIsToldOfARun(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	base := background(t, "sandbox", "--days", "3", "--per-day", "20", "--steady", "--now", "2026-11-05T12:00:00Z")
	nothingSet(t)
	hook := webhook(t)
	path := configuration(t, base, "")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(text)+"alert:\n  webhook: {env: HOOK}\n")
	t.Setenv("HOOK", hook.URL+"/hunter2")
	summary, metrics := filepath.Join(filepath.Dir(path), "summary.json"), filepath.Join(filepath.Dir(path), "parley.prom")
	run := func(want int, verdict string, args ...string) (o struct {
		Verdict string   `json:"verdict"`
		Code    int      `json:"exit_code"`
		Error   string   `json:"error"`
		Waited  []string `json:"days_waited_for"`
		Summary struct {
			Added int64 `json:"added"`
		} `json:"summary"`
	}) {
		t.Helper()
		hook.got = nil
		code, stdout, stderr := parley(t, append([]string{"extract", "--config", path, "--summary", summary, "--metrics-file", metrics, "--to", "2026-11-06"}, args...)...)
		written, err := os.ReadFile(summary)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &o); err != nil {
			t.Fatal(err)
		}
		counted, err := os.ReadFile(metrics)
		if err != nil {
			t.Fatal(err)
		}
		if code != want || o.Code != want || o.Verdict != verdict || !strings.Contains(string(counted), `parley_extract_runs_total{exit_code="`) {
			t.Errorf("exit code %d, %s%s; summary %s; metrics %s", code, stdout, stderr, written, counted)
		}
		for _, text := range append(hook.got, string(written), string(counted), stdout, stderr) {
			if strings.Contains(text, "hunter2") || strings.Contains(text, `"secret`) {
				t.Errorf("a secret is told: %s", text)
			}
		}
		return o
	}
	o := run(3, "waiting", "--from", "2026-11-03")
	if o.Summary.Added != 40 || len(o.Waited) == 0 || len(hook.got) > 0 {
		t.Errorf("days that are not there yet: %+v, told %q", o, hook.got)
	}
	t.Setenv("GENESYS_CLIENT_SECRET", "another-secret")
	if o := run(4, "failed", "--from", "2026-11-03"); len(hook.got) != 1 || !strings.Contains(hook.got[0], `"verdict":"failed","exit_code":4`) || !strings.Contains(hook.got[0], "extraction of acme failed") {
		t.Errorf("a login that is refused: %+v, told %q", o, hook.got)
	}
	hook.refuses = true
	if code, _, stderr := parley(t, "extract", "--config", path, "--from", "2026-11-09", "--to", "2026-11-08"); code != 2 || !strings.Contains(stderr, "nobody was told of it: the webhook answers 403") {
		t.Errorf("a webhook that refuses: exit code %d, %s", code, stderr)
	}
	if code, _, stderr := parley(t, "extract", "--config", path, "--summary", filepath.Join(summary, "x"), "--from", "2026-11-03", "--to", "2026-11-04"); code != 2 || !strings.Contains(stderr, "--summary") {
		t.Errorf("a file that cannot be: exit code %d, %s", code, stderr)
	}
}

// A service serves its metrics while it runs.
func TestAServiceServesItsMetrics(t *testing.T) {
	unraced.Test(t)
	credentials(t)
	base := background(t, "sandbox", "--days", "3", "--per-day", "20", "--steady", "--now", "2026-11-05T12:00:00Z")
	summary := filepath.Join(t.TempDir(), "summary.json")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, w := io.Pipe()
	ended := make(chan int)
	go func() {
		args := []string{"extract", "--follow", "--lake", filepath.Join(t.TempDir(), "lake"), "--from", "2026-11-03", "--base-url", base, "--poll", "10ms..1s", "--metrics-listen", "127.0.0.1:0", "--summary", summary}
		ended <- Run(ctx, args, &ui.Streams{Out: w, Err: w})
		_ = w.Close()
	}()
	address, lines := "", bufio.NewScanner(r)
	for lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "Metrics are at "); ok {
			address = at
		}
		if strings.HasPrefix(lines.Text(), "Extracted") {
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, r) }() // ends with the command
	for text := ""; !strings.Contains(text, `parley_extract_runs_total{exit_code="0"} 1`); {
		resp, err := http.Get(address) //nolint:gosec // the command that the test started said so
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if text = string(page); err != nil || resp.StatusCode != 200 || !strings.Contains(text, "parley_upstream_breaker_state 0") {
			t.Fatalf("%d, %v: %s", resp.StatusCode, err, text)
		}
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	if text, err := os.ReadFile(summary); err != nil || !strings.Contains(string(text), `"verdict": "whole"`) {
		t.Errorf("the last run's summary: %s, %v", text, err)
	}
	if code, _, stderr := parley(t, "extract", "--lake", "x", "--base-url", base, "--metrics-listen", "127.0.0.1:0"); code != 2 || !strings.Contains(stderr, "goes with --follow") {
		t.Errorf("without --follow: exit code %d, %s", code, stderr)
	}
}
