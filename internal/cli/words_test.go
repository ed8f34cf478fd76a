package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// hostile is what a terminal would obey.
const hostile = "\x1b]0;owned\x07\u202e\u009b2J\xff"

func TestWhatOthersWroteDoesNotReachTheTerminal(t *testing.T) {
	credentials(t)
	platform := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		text := hostile + strings.Repeat(" and on", 5000)
		switch {
		case strings.HasPrefix(r.URL.Path, "/oauth"):
			_, _ = io.WriteString(w, `{"access_token":"t"}`)
		case strings.HasSuffix(r.URL.Path, "/jobs/failed"):
			message, err := json.Marshal(text)
			if err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(w, `{"state":"FAILED","errorMessage":`+string(message)+`}`)
		default:
			message, err := json.Marshal(text)
			if err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"message":`+string(message)+`}`)
		}
	}))
	defer platform.Close()
	file := filepath.Join(t.TempDir(), "body.json")
	if err := os.WriteFile(file, []byte(`{"\u001b[31m\u202e":1,"interval":"x\u001b[31m"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"failed job":      {"jobs", "status", "failed", "--base-url", platform.URL},
		"waited for":      {"jobs", "wait", "failed", "--base-url", platform.URL},
		"refusal":         {"jobs", "status", "x", "--base-url", platform.URL, "--retries", "0"},
		"refusal as JSON": {"jobs", "status", "x", "--base-url", platform.URL, "--retries", "0", "--json"},
		"refusal, logged": {"jobs", "status", "x", "--base-url", platform.URL, "--retries", "0", "-v"},
		"argument":        {hostile},
		"findings":        {"lint-request", file},
		"findings, JSON":  {"lint-request", file, "--json"},
	} {
		t.Run(name, func(t *testing.T) {
			var out, errs bytes.Buffer
			Run(t.Context(), args, &ui.Streams{In: strings.NewReader(""), Out: &out, Err: &errs, OutTerminal: true, ErrTerminal: true})
			text := out.String() + errs.String()
			if strings.ContainsAny(text, "\x1b\x07\u202e\u009b") || !utf8.ValidString(text) || text == "" {
				t.Errorf("got %q", ui.Clip(text, 500))
			}
			if len(text) > 10_000 {
				t.Errorf("%d bytes are shown", len(text))
			}
		})
	}
}

func TestJSONIsAskedForInEverySpelling(t *testing.T) {
	for args, want := range map[string]bool{
		"lint-request --json nowhere": true, "lint-request --json=true nowhere": true, "lint-request --json=1 nowhere": true, "lint-request nowhere --json=T": true,
		"lint-request --json=false nowhere": false, "lint-request nowhere": false, "lint-request --json --json=0 nowhere": false,
		"lint-request --bogus --json": true, "lint-request --bogus --json=true": true, "lint-request --bogus --json=no": false, "lint-request --bogus": false,
		"nothing --json=1": true, "lint-request --bogus -- --json": false,
	} {
		code, stdout, stderr := parley(t, strings.Fields(args)...)
		var body struct {
			Code int `json:"exit_code"`
		}
		isJSON := json.Unmarshal([]byte(stderr), &body) == nil
		if isJSON != want || isJSON && body.Code != code || code == 0 || stdout != "" {
			t.Errorf("%s: exit code %d, %q; want JSON: %v", args, code, stderr, want)
		}
	}
}

// locked is a buffer that a server's log may be written to meanwhile.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestAVerboseSandboxLogsRequests(t *testing.T) {
	for flag, want := range map[string]bool{"-v": true, "--log-level=info": true, "--log-level=warn": false} {
		ctx, stop := context.WithCancel(t.Context())
		r, w := io.Pipe()
		var log locked
		ended := make(chan int)
		go func() {
			ended <- Run(ctx, []string{"sandbox", flag, "--json", "--addr", "127.0.0.1:0", "--days", "1", "--per-day", "1", "--steady"}, &ui.Streams{Out: w, Err: &log})
		}()
		var ready struct {
			URL string `json:"url"`
		}
		if err := json.NewDecoder(r).Decode(&ready); err != nil {
			t.Fatal(err)
		}
		answer, err := http.Get(ready.URL + "/api/v2/organizations/me")
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		stop()
		if code := <-ended; code != 0 {
			t.Errorf("exit code %d", code)
		}
		if got := strings.Contains(log.String(), "route=/api/v2/organizations/me status=401"); got != want {
			t.Errorf("%s: logged %v, want %v: %s", flag, got, want, log.String())
		}
	}
}

func TestOriginsAreChecked(t *testing.T) {
	for _, origin := range []string{"app.example.com", "https://app.example.com/", "https://App.example.com", "https://", "null"} {
		code, _, stderr := parley(t, "sandbox", "--allow-origin", origin)
		if code != 2 || !strings.Contains(stderr, "--allow-origin "+origin+": write scheme") {
			t.Errorf("%s: exit code %d, %s", origin, code, stderr)
		}
	}
}

func TestFoldersThatCannotBeMadeAreTheUsersToMend(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	within := filepath.Join(file, "within")
	t.Setenv("TMPDIR", within)
	for name, args := range map[string][]string{
		"--data":          {"demo", "--no-serve", "--data", within},
		"TMPDIR":          {"sandbox", "--addr", "127.0.0.1:0", "--days", "1", "--per-day", "1", "--steady"},
		"--state":         {"client", "add", "--state", within, "--name", "n"},
		"sandbox: --data": {"sandbox", "--addr", "127.0.0.1:0", "--days", "1", "--per-day", "1", "--data", within},
	} {
		code, _, stderr := parley(t, args...)
		if code != fault.ExitCode(fault.Invalid) || !strings.Contains(stderr, name) {
			t.Errorf("%s: exit code %d, %s", strings.Join(args, " "), code, stderr)
		}
	}
}

// Whoever asks for days that a lake never had is told so: an answer without them does not say that nothing happened.
func TestAnswersOverGapsSaySo(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "lake")
	for _, day := range []string{"2026-11-01", "2026-11-03"} {
		must(t, "generate", "--lake", dir, "--from", day, "--to", day[:9]+string(day[9]+1), "--per-day", "5", "--steady")
	}
	for _, args := range [][]string{
		{"query", "--lake", dir, "--from", "2026-11-01", "--to", "2026-11-04"},
		{"query", "--lake", dir, "--from", "2026-11-02", "--to", "2026-11-03", "--json"},
		{"export", "--lake", dir, "--from", "2026-11-02", "--to", "2026-11-03"},
	} {
		if code, out, stderr := parley(t, args...); code != 0 || !strings.Contains(stderr, "nothing ever came into the data: 2026-11-02.") || strings.Contains(out, "ever came") {
			t.Errorf("%s: exit code %d, says %q", args[0], code, stderr)
		}
	}
	if _, _, stderr := parley(t, "export", "--lake", dir, "--from", "2026-11-01", "--to", "2026-11-02"); stderr != "" {
		t.Errorf("a day that is there: says %q", stderr)
	}
}

// A secret that somebody gave is not printed: what a server prints ends in a journal.
func TestAGivenSecretIsNotPrinted(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	must(t, "generate", "--lake", dir, "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "5", "--steady")
	var out, errs bytes.Buffer
	ctx, stop := context.WithCancel(t.Context())
	s := &ui.Streams{In: strings.NewReader(""), Out: &stopper{w: &out, stop: stop}, Err: &errs}
	if code := Run(ctx, []string{"serve", "--lake", dir, "--addr", "127.0.0.1:0", "--client-id", "me", "--client-secret", "a secret of mine"}, s); code != 0 {
		t.Errorf("exit code %d: %s", code, &errs)
	}
	if said := out.String() + errs.String(); strings.Contains(said, "a secret of mine") || !strings.Contains(said, "(as given)") {
		t.Errorf("says %q", said)
	}
}

// stopper stops the server once it says that it is ready.
type stopper struct {
	w    *bytes.Buffer
	stop func()
}

func (s *stopper) Write(b []byte) (int, error) {
	if strings.Contains(string(b), "secret") {
		s.stop()
	}
	return s.w.Write(b)
}
