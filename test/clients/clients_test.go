// Package clients_test holds the server to what the official clients need: it runs them, unmodified, against a sandbox.
// `make clients` installs them and requires them; a plain `go test` skips those that are not installed.
package clients_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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

// clientWithin is how long one client's whole run may take, login to deletion.
const clientWithin = 3 * time.Minute

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

// address is where the sandbox serves.
type address = program.Address

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

// sandbox serves simulated days, up to that of its clock, until the test ends.
func sandbox(t *testing.T, flags ...string) address {
	t.Helper()
	return program.Serve(t, append([]string{"sandbox", "--seed", "7", "--client-id", "clients-test", "--client-secret", "not-a-secret"}, flags...)...)
}
