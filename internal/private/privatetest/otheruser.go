// Package privatetest runs a part of a test as another user, who may only read what the test has made.
package privatetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// nobody is a user who owns nothing.
const nobody = 65534

// Reachable gives a folder of the test that any user can get to, with the mode 0755.
func Reachable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil { //nolint:gosec // that others can get there is the point
			t.Fatal(err)
		}
	}
	return dir
}

// Share lets everybody read what is in a folder.
func Share(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		mode := os.FileMode(0o644)
		if e.IsDir() {
			mode = 0o755
		}
		return os.Chmod(path, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Command is a program run as nobody. Who is not root cannot run it: the test is skipped.
func Command(t *testing.T, name string, args ...string) *exec.Cmd {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can run a program as another user")
	}
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), name, args...) // it ends by itself, after the test
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	cmd.Dir, cmd.Stderr = "/", os.Stderr
	return cmd
}

// Other is a child of a test that runs as nobody and answers questions, a line each.
type Other struct {
	in  io.WriteCloser
	out *bufio.Reader
}

const childOf = "PARLEY_TEST_OTHER_USER"

// Start runs the named test again, as nobody, with an argument for Answer.
func Start(t *testing.T, argument string) *Other {
	t.Helper()
	cmd := Command(t, "/proc/self/exe", "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), childOf+"="+argument)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the child: %v", err)
		}
	})
	return &Other{in, bufio.NewReader(out)}
}

// Ask asks the child and gives what it answers.
func (o *Other) Ask(t *testing.T, question string) string {
	t.Helper()
	if _, err := fmt.Fprintln(o.in, question); err != nil {
		t.Fatal(err)
	}
	line, err := o.out.ReadString('\n')
	if err != nil {
		t.Fatalf("the child is gone: %v", err)
	}
	return strings.TrimSpace(line)
}

// Child says whether this process is the child, and what it was given.
func Child() (argument string, is bool) { return os.LookupEnv(childOf) }

// Answer answers the questions of the parent until it has no more.
func Answer(answer func(question string) string) {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(strings.ReplaceAll(answer(in.Text()), "\n", " "))
	}
}
