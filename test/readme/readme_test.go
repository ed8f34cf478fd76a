// Package readme does what the README tells a reader to do.
package readme

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/test/program"
)

// notRun are blocks that begin so and that a test cannot do, with the reason.
var notRun = map[string]string{
	"make demo":                     "they build the program and run this test",
	"make build":                    "this test has a program",
	"export GENESYS_ENVIRONMENT=":   "they need an account of Genesys Cloud",
	"parley extract --lake ./lake ": "the same commands are run on a sandbox, further down",
}

var blocks = regexp.MustCompile("(?s)```sh\n(.*?)```")

// controls are commands for a sandbox at the usual address, where that of the test is not.
var controls = regexp.MustCompile(`(?m)^(parley sandbox [a-z].*)$`)

// TestREADME runs the README's shell blocks one after the other in a folder of their own, as a reader would. A server goes
// on running while the blocks after it are run.
func TestREADME(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(t)
	ran := 0
	listening := map[string]string{} // by address, the block of the server that goes on running there
	for _, m := range blocks.FindAllStringSubmatch(string(text), -1) {
		block := strings.ReplaceAll(m[1], "http://127.0.0.1:8080", r.url)
		switch block = controls.ReplaceAllString(block, "$1 --base-url "+r.url); {
		case skipped(block):
		case strings.HasPrefix(block, "parley sandbox --") || strings.HasPrefix(block, "parley serve"):
			at := addressOf(m[1])
			if other := listening[at]; other != "" {
				t.Errorf("%s is taken when a reader comes to\n%sfrom\n%s", at, m[1], other)
			}
			listening[at] = m[1]
			r.serve(block)
		default:
			r.bash(block)
			ran++
		}
	}
	if ran < 6 {
		t.Errorf("%d blocks were run", ran)
	}
}

// addressOf is where a server of a block listens.
func addressOf(block string) string {
	if _, rest, given := strings.Cut(block, "--addr "); given {
		return strings.Fields(rest)[0]
	}
	return "127.0.0.1:8080"
}

func skipped(block string) bool {
	for begin := range notRun {
		if strings.HasPrefix(block, begin) {
			return true
		}
	}
	return false
}

// reader is somebody at a terminal in an empty folder.
type reader struct {
	t   *testing.T
	dir string
	env []string
	url string // of the server that was started last
}

func newReader(t *testing.T) *reader {
	t.Helper()
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	// The lake of the demo is one that the reader extracts, by another name.
	if err := os.MkdirAll(filepath.Join(dir, "parley-demo"), 0o700); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{bin: filepath.Dir(program.Path(t)), filepath.Join(dir, "parley-demo", "lake"): filepath.Join(dir, "lake")} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	r := &reader{t: t, dir: dir, env: []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + dir, "GENESYS_CLIENT_ID=me", "GENESYS_CLIENT_SECRET=hush"}}
	r.write("body.json", r.bash(`parley query --lake nowhere --from 2026-11-07 --to 2026-11-08 --purpose agent --print-body`))
	return r
}

func (r *reader) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func (r *reader) command(script string) *exec.Cmd {
	cmd := exec.CommandContext(r.t.Context(), "bash", "-euo", "pipefail", "-c", script)
	cmd.Dir, cmd.Env = r.dir, r.env
	return cmd
}

// bash runs a block, all of whose commands must succeed, and gives what it prints. Of several statements of SQL each must
// have an answer.
func (r *reader) bash(block string) string {
	r.t.Helper()
	cmd := r.command(block)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		r.t.Errorf("%s\n%v\n%s%s", block, err, out.String(), errs.String())
	}
	for _, statement := range strings.Split(block, "parley sql ")[1:] {
		if answer, err := r.command("parley sql " + statement).Output(); err != nil || len(bytes.TrimSpace(answer)) == 0 {
			r.t.Errorf("%s\nhas no answer: %v", statement, err)
		}
	}
	return out.String()
}

// serve starts a server at a free address, and waits until it says that it is ready.
func (r *reader) serve(block string) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	cmd := exec.CommandContext(ctx, "bash", "-c", "exec "+strings.TrimSpace(block)+" --addr 127.0.0.1:0 --json")
	cmd.Dir, cmd.Env = r.dir, r.env
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	out, err := cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		cancel()
		_ = cmd.Wait() // it was interrupted
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	var ready struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(line, &ready); err != nil || ready.URL == "" {
		r.t.Fatalf("%s\nsays %q, %v", block, line, err)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	r.url = ready.URL
}
