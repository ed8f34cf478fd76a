// Package examples_test runs what stands in examples/, as a reader would, against sandboxes that misbehave, and compares what
// comes of it with what the sandbox has. `make examples` installs what it needs and requires it; a plain `go test` skips what is
// not installed.
package examples_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/sandboxtest"
)

const (
	endsWithin = 3 * time.Minute // one run, on a loaded machine
	unlimited  = 100_000         // requests a minute
)

var (
	python  = filepath.Join("..", "..", ".cache", "python")
	modules = filepath.Join("..", "clients", "js", "node_modules")
)

// language is one in which the integrations are written.
type language struct {
	name    string
	folder  string   // of the programs
	command []string // before the program
	suffix  string   // of a program's name
	seconds string   // what stands behind a number of seconds
	needs   []string // patterns of files that tools/setup clients installs
}

// programs is the folder of the programs in Go, which TestMain builds once for all tests.
var programs string

func TestMain(m *testing.M) { os.Exit(main(m)) }

func main(m *testing.M) int {
	var err error
	if programs, err = os.MkdirTemp("", "parley-examples-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(programs) }()
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", programs, "../../examples/go/live", "../../examples/go/paged", "../../examples/go/pipeline")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// languages lists them. Those in Go need nothing that is to be installed.
func languages(t *testing.T) []language {
	t.Helper()
	interpreter := filepath.Join(python, "bin", "python3")
	return []language{
		{name: "go", folder: programs, seconds: "s"},
		{
			name: "python", folder: filepath.Join("..", "..", "examples", "python"), command: []string{interpreter, "-B"}, suffix: ".py",
			needs: []string{interpreter, filepath.Join(python, "lib", "*", "site-packages", "pyarrow")},
		},
		{
			name: "javascript", folder: besideModules(t), command: []string{"node"}, suffix: ".js",
			needs: []string{filepath.Join(modules, "purecloud-platform-client-v2"), filepath.Join(modules, "hyparquet-writer")},
		},
	}
}

// besideModules is a folder with the programs in JavaScript and what was installed: modules are looked for beside the program, where
// a reader installs them.
func besideModules(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	installed, err := filepath.Abs(modules)
	if err := errors.Join(
		err, os.CopyFS(folder, os.DirFS(filepath.Join("..", "..", "examples", "javascript"))), os.Symlink(installed, filepath.Join(folder, "node_modules")),
	); err != nil {
		t.Fatal(err)
	}
	return folder
}

// needed skips a test when files that match these patterns are not installed, or fails it if they have to be.
func needed(t *testing.T, patterns ...string) {
	t.Helper()
	for _, pattern := range patterns {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			continue
		}
		if os.Getenv("PARLEY_REQUIRE_CLIENTS") == "1" || os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: run `make setup`", pattern)
		}
		t.Skipf("%s is missing: run `make examples`", pattern)
	}
}

// each does something in every language that is installed, on a sandbox of its own.
func each(t *testing.T, days, perDay int, do func(*testing.T, language, *sandboxtest.Sandbox)) {
	t.Helper()
	for _, l := range languages(t) {
		t.Run(l.name, func(t *testing.T) {
			needed(t, l.needs...)
			t.Parallel()
			do(t, l, sandboxtest.New(t, sandboxtest.Days(days), sandboxtest.Steady(perDay), sandboxtest.RateLimit(unlimited)))
		})
	}
}

// start is a run of a program at an address, in an environment of its own: an empty home, so that no configuration file of the
// person who runs the test is read, and no proxy.
func (l language) start(t *testing.T, s *sandboxtest.Sandbox, url, program string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), endsWithin)
	t.Cleanup(cancel)
	words := append(append([]string{}, l.command...), filepath.Join(l.folder, program+l.suffix), "--base-url", url)
	words = append(words, args...)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GENESYS_CLIENT_ID=" + s.ClientID, "GENESYS_CLIENT_SECRET=" + s.ClientSecret,
	}
	cmd.WaitDelay = time.Second
	return cmd
}

// run runs a program to its end, and gives what it printed and its exit code.
func (l language) run(t *testing.T, s *sandboxtest.Sandbox, program string, args ...string) (out string, code int) {
	t.Helper()
	text, err := l.start(t, s, s.URL, program, args...).Output()
	if exited, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Logf("%s: exit code %d: %s", program, exited.ExitCode(), exited.Stderr)
		return string(text), exited.ExitCode()
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text), 0
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

// allFired says which faults nobody met.
func allFired(t *testing.T, s *sandboxtest.Sandbox) {
	t.Helper()
	for _, f := range s.Faults() {
		if f.Fired == 0 {
			t.Errorf("%s did not fire", f.Name)
		}
	}
}

// record is what the tests read of a conversation.
type record struct {
	ID           string `json:"conversationId"`
	Start        string `json:"conversationStart"`
	End          string `json:"conversationEnd"`
	Participants []struct {
		ID         string            `json:"participantId"`
		Purpose    string            `json:"purpose"`
		Attributes map[string]string `json:"attributes"`
		Sessions   []struct {
			Medium    string `json:"mediaType"`
			Direction string `json:"direction"`
			ANI       string `json:"ani"`
			Metrics   []struct {
				Name  string `json:"name"`
				Value int64  `json:"value"`
			} `json:"metrics"`
			Segments []struct {
				Type   string `json:"segmentType"`
				Start  string `json:"segmentStart"`
				End    string `json:"segmentEnd"`
				WrapUp string `json:"wrapUpCode"`
			} `json:"segments"`
		} `json:"sessions"`
	} `json:"participants"`
}

func records(t *testing.T, texts []json.RawMessage) []record {
	t.Helper()
	out := make([]record, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal(text, &out[i]); err != nil {
			t.Fatal(err)
		}
	}
	if len(out) == 0 {
		t.Fatal("the sandbox has no conversations")
	}
	return out
}
