package program

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/test/unraced"
)

// Every command, and every word that a shell completes, waits for what packages do before main. One that read a
// specification took 110 ms; docs/decisions/0044-no-substrait.md.
func TestStartAllocatesLittle(t *testing.T) {
	unraced.Test(t)
	const most = 4 << 20
	cmd := exec.CommandContext(t.Context(), Path(t), "--version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	traces := regexp.MustCompile(`(?m)^init (\S+) @.*, (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(string(out), -1)
	if len(traces) < 10 {
		t.Fatalf("%d packages say what they allocate, want many:\n%s", len(traces), out)
	}
	for _, m := range traces {
		if n, _ := strconv.Atoi(m[2]); n > most {
			t.Errorf("package %s allocates %d bytes before main, want at most %d", m[1], n, most)
		}
	}
}

// A process whose output nobody reads cannot end by itself: the first signal asks it to, and the next one ends it.
func TestASecondSignalEndsWhatCannotEnd(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "lake")
	if out, err := exec.CommandContext(t.Context(), Path(t), "generate", "--lake", dir, "--from", "2026-11-01", "--to", "2026-11-02", "--per-day", "200", "--steady").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, Path(t), "query", "--lake", dir, "--from", "2026-11-01", "--ndjson")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_, _ = cmd.Process.Wait() // it ends by our signal
		close(ended)
	}()
	for {
		select {
		case <-ended:
			if ctx.Err() != nil {
				t.Error("it did not end in a minute")
			}
			return
		default:
			_ = cmd.Process.Signal(syscall.SIGINT) // it may have ended
		}
	}
}
