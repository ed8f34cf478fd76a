// Package clients_test holds the server to what the official clients need: it runs them, unmodified, against a sandbox.
// `make clients` installs them and requires them; a plain `go test` skips those that are not installed.
package clients_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/test/program"
)

// The sandbox's clock stands at noon of the day after the last one asked for: all four days are in the lake.
const (
	now  = "2026-11-08T12:00:00Z"
	from = "2026-11-04T00:00:00Z"
	to   = "2026-11-08T00:00:00Z"
)

const (
	startWithin  = 2 * time.Minute // simulating four days and writing the lake, on a loaded machine
	clientWithin = 3 * time.Minute // one client's whole run, login to deletion
	stopWithin   = 30 * time.Second
)

// client is an official client and the script that drives it.
type client struct {
	name    string
	command []string
	bulk    string   // the script that reads a hundred thousand conversations
	program string   // the example for readers, in a folder of examples/ that is called as the client
	needs   []string // files that `make setup` installs
}

// clients lists what is run. Paths are relative to this folder.
func clients() []client {
	python := filepath.Join("..", "..", ".cache", "python", "bin", "python3")
	return []client{
		{
			name: "javascript", command: []string{"node", filepath.Join("js", "client.js")}, bulk: filepath.Join("js", "bulk.js"), program: "download.js",
			needs: []string{filepath.Join("js", "node_modules", "purecloud-platform-client-v2", "package.json")},
		},
		{
			name: "python", command: []string{python, "-B", filepath.Join("python", "client.py")}, bulk: filepath.Join("python", "bulk.py"), program: "download.py",
			needs: []string{python},
		},
	}
}

func TestOfficialClients(t *testing.T) {
	each(t, func() address { return sandbox(t, "--days", "5", "--per-day", "120", "--steady", "--now", now) }, func(t *testing.T, c client, at address) {
		t.Helper()
		c.run(t, at, "PARLEY_FROM="+from, "PARLEY_TO="+to)
	})
}

// A hundred thousand conversations, by pages of the largest size; all clients read at once.
func TestOfficialClientsReadAHundredThousandConversations(t *testing.T) {
	serve := func() address {
		return sandbox(t, "--days", "11", "--per-day", "10000", "--steady", "--now", "2026-11-11T12:00:00Z", "--rate-limit", "100000")
	}
	each(t, serve, func(t *testing.T, c client, at address) {
		t.Helper()
		t.Parallel()
		c.command = append(slices.Clone(c.command[:len(c.command)-1]), c.bulk)
		c.run(t, at, "PARLEY_FROM=2026-11-01T00:00:00Z", "PARLEY_TO=2026-11-11T00:00:00Z", "PARLEY_EXPECT=100000")
	})
}

// each does something with every client that is installed; all of them must be when that is required.
func each(t *testing.T, serve func() address, do func(*testing.T, client, address)) {
	t.Helper()
	installed := func(c client) bool { return c.missing() == "" }
	if !required() && !slices.ContainsFunc(clients(), installed) {
		t.Skip("no official client is installed: run `make clients`")
	}
	at := serve()
	for _, c := range clients() {
		t.Run(c.name, func(t *testing.T) {
			if missing := c.missing(); missing != "" {
				if required() {
					t.Fatalf("%s is missing: run `make setup`", missing)
				}
				t.Skipf("%s is missing: run `make clients`", missing)
			}
			do(t, c, at)
		})
	}
}

// required says whether a client that is not installed is a failure.
func required() bool {
	return os.Getenv("PARLEY_REQUIRE_CLIENTS") == "1" || os.Getenv("CI") == "true"
}

// missing names what the client needs and this machine does not have; empty if all is there.
func (c client) missing() string {
	if _, err := exec.LookPath(c.command[0]); err != nil {
		return c.command[0]
	}
	for _, name := range c.needs {
		if _, err := os.Stat(name); err != nil {
			return name
		}
	}
	return ""
}

// address is the line that the sandbox prints when it serves.
type address struct {
	URL          string `json:"url"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// run drives the client against the server. Its environment is its own: an empty home, so that no configuration file
// of the person who runs the test is read, and no proxy.
func (c client) run(t *testing.T, at address, more ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(),
		"PARLEY_URL=" + at.URL, "PARLEY_CLIENT_ID=" + at.ClientID, "PARLEY_CLIENT_SECRET=" + at.ClientSecret,
	}, more...)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(c.command, " "), err, out)
	}
	t.Logf("%s", bytes.TrimSpace(out))
}

// sandbox serves simulated days, up to that of its clock, until the test ends, and then checks that it stops when it is
// asked to.
func sandbox(t *testing.T, flags ...string) address {
	t.Helper()
	var stderr bytes.Buffer
	stdout, printed := io.Pipe()
	cmd := exec.CommandContext(t.Context(), program.Path(t), append([]string{
		"sandbox", "--addr", "127.0.0.1:0", "--seed", "7", "--client-id", "clients-test", "--client-secret", "not-a-secret", "--json",
	}, flags...)...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = printed, &stderr
	// The context ends just before the cleanup below: the sandbox is asked to stop, and killed if it does not.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		printed.Close()
		exited <- err
	}()
	t.Cleanup(func() {
		err := <-exited
		if code := cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("the sandbox ended with exit code %d, want 0 after SIGTERM: %v", code, err)
		}
		if t.Failed() {
			t.Logf("the sandbox said:\n%s", stderr.String())
		}
	})

	lines := make(chan string, 1)
	go func() {
		defer close(lines)
		r := bufio.NewReader(stdout)
		if line, err := r.ReadString('\n'); err == nil {
			lines <- line
		}
		_, _ = io.Copy(io.Discard, r) // a full pipe would stop the sandbox
	}()
	var at address
	select {
	case line, ok := <-lines:
		if !ok {
			t.Fatal("the sandbox ended before it served")
		}
		if err := json.Unmarshal([]byte(line), &at); err != nil {
			t.Fatalf("first line of the sandbox: %v: %q", err, line)
		}
	case <-time.After(startWithin):
		t.Fatalf("the sandbox did not serve within %v", startWithin)
	}
	return at
}
