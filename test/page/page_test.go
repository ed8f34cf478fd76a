// Package page_test looks at the pages of a real server in a real browser, Debian's Chromium. `make browser` installs and requires
// it; a plain `go test` skips it where it is not installed.
package page_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
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
	t.Parallel() // each waits for its own browser
	chromium := installed(t)
	s := served(t)
	look(t, "check.js", "PARLEY_URL="+s.url, "CHROMIUM="+chromium, "PARLEY_CONVERSATION="+s.conversation, "PARLEY_FOLDED="+s.folded, "PARLEY_MANY="+s.many)
}

// A sandbox whose clock stands still: jobs and conversations change in front of the reader, and every control does what it says.
func TestASandboxInABrowser(t *testing.T) {
	t.Parallel()
	chromium := installed(t)
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	events := `events:
  - at: 2026-11-10T13:00:00Z
    rewrite: {older: 24h, count: 2}
  - at: 2026-11-14T08:00:00Z
    drift: {pointer: /odder, value: 7, every: 5}
`
	if err := os.WriteFile(file, []byte(events), 0o600); err != nil {
		t.Fatal(err)
	}
	url := begin(t, "sandbox", "--days", "7", "--per-day", "200", "--seed", "3", "--now", "2026-11-10T12:00:00Z", "--speed", "0", "--scenario", file)
	look(t, "sandbox.js", "PARLEY_URL="+url, "CHROMIUM="+chromium)
}

// A server is killed and started again while pages follow it.
func TestARestartInABrowser(t *testing.T) {
	t.Parallel()
	chromium := installed(t)
	look(t, "restart.js", "PARLEY_PROGRAM="+program.Path(t), "PARLEY_DATA="+t.TempDir(), "CHROMIUM="+chromium)
}

// look runs one of the scripts that look at pages.
func look(t *testing.T, script string, env ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	eyes := exec.CommandContext(ctx, "node", filepath.Join("js", script))
	eyes.Env = append(append(os.Environ(), "PARLEY_ID=id", "PARLEY_SECRET=secret"), env...)
	out, err := eyes.CombinedOutput()
	if t.Logf("%s", out); err != nil {
		t.Error(err)
	}
}

// installed is the browser, with what drives it beside it.
func installed(t *testing.T) (chromium string) {
	t.Helper()
	modules := filepath.Join("js", "node_modules", "playwright-core", "package.json")
	chromium, err := exec.LookPath("chromium")
	if _, missing := os.Stat(modules); err != nil || missing != nil {
		if os.Getenv("PARLEY_REQUIRE_BROWSER") != "" {
			t.Fatal("the browser is missing: run `make setup`")
		}
		t.Skip("no browser is installed: run `make browser`")
	}
	return chromium
}

// site is a server with pages, and ids of conversations of different kinds.
type site struct {
	url          string
	conversation string // with many segments
	folded       string // closed by the platform weeks later
	many         string // of hundreds of participants
}

// served serves a lake that has a gap.
func served(t *testing.T) (s site) {
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
			most, s.conversation = n, r.ID
		}
	}
	if most < 5 {
		t.Fatalf("no conversation has more than %d segments", most)
	}
	s.many, s.folded = "2a15eea6-a458-4a9a-8000-000000000001", "2a15eea6-a458-4a9a-8000-000000000002"
	file := filepath.Join(t.TempDir(), "large.ndjson")
	if err := os.WriteFile(file, append(crowd(s.many, 300, time.Minute), crowd(s.folded, 1, 60*24*time.Hour)...), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "import", "--lake", lake, "--source", "simulation", file)
	s.url = serve(t, lake)
	return s
}

// crowd is a line with a record of agents who were rung one after the other, and of whom the last one answered. The caller stayed so long
// after that.
func crowd(id string, agents int, stayed time.Duration) []byte {
	start := time.Date(2026, 11, 4, 10, 0, 0, 0, time.UTC)
	at := func(n int) string {
		return start.Add(time.Duration(n) * time.Second).Format("2006-01-02T15:04:05.000Z")
	}
	session := func(purpose, kind string, n, from, until int) map[string]any {
		segments := []any{map[string]any{"segmentType": kind, "segmentStart": at(from), "segmentEnd": at(until), "disconnectType": "peer"}}
		return map[string]any{"participantId": fmt.Sprint("p", n), "purpose": purpose, "sessions": []any{map[string]any{"sessionId": fmt.Sprint("s", n), "peerId": "s0", "mediaType": "voice", "direction": "inbound", "segments": segments}}}
	}
	customer := session("customer", "interact", 0, 0, agents+int(stayed.Seconds()))
	customer["attributes"] = map[string]string{"history": strings.Repeat("what was said. ", 40)}
	participants := []any{customer}
	for n := 1; n < agents; n++ {
		participants = append(participants, session("agent", "alert", n, n, n+4))
	}
	participants = append(participants, session("agent", "interact", agents, agents, agents+60))
	text, err := json.Marshal(map[string]any{"conversationId": id, "conversationStart": at(0), "conversationEnd": at(agents + int(stayed.Seconds())), "originatingDirection": "inbound", "participants": participants})
	if err != nil {
		panic(err) // texts and numbers only
	}
	return append(text, '\n')
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

func serve(t *testing.T, lake string) string { return begin(t, "serve", "--page", "--lake", lake) }

// begin starts a server, and gives its address.
func begin(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program.Path(t), append(args, "--addr", "127.0.0.1:0", "--json", "--client-id", "id", "--client-secret", "secret")...)
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
