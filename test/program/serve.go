package program

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	startWithin = 2 * time.Minute // simulating days and writing the lake, on a loaded machine
	stopWithin  = 30 * time.Second
)

// Address is the line that a server prints when it serves.
type Address struct {
	URL          string `json:"url"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
}

// Serve runs parley sandbox or parley serve, at a free port, until the test ends, and then checks that it stops when it is
// asked to.
func Serve(t testing.TB, args ...string) Address {
	t.Helper()
	at, _ := Node(t, args...)
	return at
}

// Node is Serve, of a server that may be killed before.
func Node(t testing.TB, args ...string) (at Address, kill func()) {
	t.Helper()
	var killed atomic.Bool
	var stderr bytes.Buffer
	stdout, printed := io.Pipe()
	cmd := exec.CommandContext(t.Context(), Path(t), append(args, "--addr", "127.0.0.1:0", "--json")...)
	cmd.Dir = t.TempDir()
	cmd.Stdout, cmd.Stderr = printed, &stderr
	// The context ends just before the cleanup below: the server is asked to stop, and killed if it does not.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopWithin
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = printed.Close()
		exited <- err
	}()
	t.Cleanup(func() {
		err := <-exited
		if code := cmd.ProcessState.ExitCode(); code != 0 && !killed.Load() {
			t.Errorf("the server ended with exit code %d, want 0 after SIGTERM: %v", code, err)
		}
		if t.Failed() {
			t.Logf("the server said:\n%s", stderr.String())
		}
	})
	return firstLine(t, stdout), func() {
		killed.Store(true)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

// firstLine waits for the line with the address.
func firstLine(t testing.TB, stdout io.Reader) (at Address) {
	t.Helper()
	lines := make(chan string, 1)
	go func() {
		defer close(lines)
		r := bufio.NewReader(stdout)
		if line, err := r.ReadString('\n'); err == nil {
			lines <- line
		}
		_, _ = io.Copy(io.Discard, r) // a full pipe would stop the server
	}()
	select {
	case line, ok := <-lines:
		if !ok {
			t.Fatal("the server ended before it served")
		}
		if err := json.Unmarshal([]byte(line), &at); err != nil {
			t.Fatalf("first line of the server: %v: %q", err, line)
		}
	case <-time.After(startWithin):
		t.Fatalf("the server did not serve within %v", startWithin)
	}
	return at
}
