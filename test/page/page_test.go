// Package page_test looks at the pages of a real server in a real browser, Debian's Chromium. `make browser` installs and requires
// it; a plain `go test` skips it where it is not installed.
package page_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/test/program"
)

// within is how long the browser may take for everything.
const within = 8 * time.Minute

func TestPagesInABrowser(t *testing.T) {
	modules := filepath.Join("js", "node_modules", "playwright-core", "package.json")
	chromium, err := exec.LookPath("chromium")
	if _, missing := os.Stat(modules); err != nil || missing != nil {
		if os.Getenv("PARLEY_REQUIRE_BROWSER") != "" {
			t.Fatal("the browser is missing: run `make setup`")
		}
		t.Skip("no browser is installed: run `make browser`")
	}
	url, conversation := served(t)
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	look := exec.CommandContext(ctx, "node", filepath.Join("js", "check.js"))
	look.Env = append(os.Environ(), "PARLEY_URL="+url, "PARLEY_ID=id", "PARLEY_SECRET=secret", "PARLEY_CONVERSATION="+conversation, "CHROMIUM="+chromium)
	out, err := look.CombinedOutput()
	if t.Logf("%s", out); err != nil {
		t.Error(err)
	}
}

// served serves a lake that has a gap, and gives the address of the server and the id of a conversation with many segments.
func served(t *testing.T) (url, conversation string) {
	t.Helper()
	lake := filepath.Join(t.TempDir(), "lake")
	for _, days := range [][2]string{{"2025-12-30", "2026-01-02"}, {"2026-11-02", "2026-11-05"}} {
		run(t, "generate", "--lake", lake, "--from", days[0], "--to", days[1], "--per-day", "40", "--seed", "3")
	}
	records := run(t, "export", "--lake", lake, "--from", "2026-11-03", "--to", "2026-11-04", "--format", "ndjson")
	most := 0
	for line := range strings.Lines(records) {
		var r struct {
			ID string `json:"conversationId"`
		}
		if n := strings.Count(line, `"segmentType"`); n > most && json.Unmarshal([]byte(line), &r) == nil {
			most, conversation = n, r.ID
		}
	}
	if most < 5 {
		t.Fatalf("no conversation has more than %d segments", most)
	}
	return serve(t, lake), conversation
}

func run(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program.Path(t), args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, stderr.Bytes())
	}
	return string(out)
}

func serve(t *testing.T, lake string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program.Path(t), "serve", "--page", "--lake", lake, "--addr", "127.0.0.1:0", "--json", "--client-id", "id", "--client-secret", "secret")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was told to stop
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ready program.Address
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		t.Fatal(err)
	}
	return ready.URL
}
