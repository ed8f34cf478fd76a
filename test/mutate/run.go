package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// fate is what became of a mistake.
type fate int

const (
	survived  fate = iota // the tests passed
	killed                // a test failed
	hung                  // the tests did not end in time, which is noticed too
	stillborn             // it does not compile, and does not count
)

// runner runs the tests of a package with a mistake in it. The checkout is left as it is: the compiler is told to read
// another file in the place of one.
type runner struct {
	dir  string   // for the files of one run
	with []string // packages whose tests are asked about what the package's own let pass
}

// baseline runs the tests as they are, which compiles what they need, and says how long a run may take.
func (r *runner) baseline(ctx context.Context, pkg string) (time.Duration, error) {
	if out, err := r.test(ctx, "", 10*time.Minute, pkg); err != nil {
		return 0, fmt.Errorf("the tests fail without a mistake: %w\n%s", err, out)
	}
	begun := time.Now()
	if out, err := r.test(ctx, "", 10*time.Minute, pkg); err != nil {
		return 0, fmt.Errorf("the tests fail when they are run again: %w\n%s", err, out)
	}
	return max(20*time.Second, 4*time.Since(begun)), nil
}

// try makes a mistake and runs the tests.
func (r *runner) try(ctx context.Context, m mutation, text []byte, pkg string, limit time.Duration) (fate, error) {
	overlay, err := r.overlay(m, text)
	if err != nil {
		return 0, err
	}
	if _, err := r.goTool(ctx, limit, "build", "-overlay", overlay, pkg); err != nil {
		return stillborn, ctx.Err()
	}
	for _, p := range append([]string{pkg}, r.with...) {
		out, err := r.test(ctx, overlay, limit, p)
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case err != nil && (strings.Contains(out, "panic: test timed out") || strings.Contains(out, "signal: killed")):
			return hung, nil
		case err != nil:
			return killed, nil //nolint:nilerr // that is what it is for
		}
	}
	return survived, nil
}

func (r *runner) overlay(m mutation, text []byte) (string, error) {
	file, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	mutant, list := filepath.Join(r.dir, "mutant.go"), filepath.Join(r.dir, "overlay.json")
	if err := os.WriteFile(mutant, m.apply(text), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: mutant}})
	if err != nil {
		return "", err
	}
	return list, os.WriteFile(list, overlay, 0o600)
}

func (r *runner) test(ctx context.Context, overlay string, limit time.Duration, pkg string) (string, error) {
	args := []string{"test", "-vet=off", "-count=1", "-failfast", "-timeout", limit.String()}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	return r.goTool(ctx, limit+time.Minute, append(args, pkg)...)
}

// goTool runs go, and ends all that it has started when it takes too long.
func (r *runner) goTool(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// maxMemory bounds what a mistake can take: a loop that has lost its end fills the machine otherwise.
const maxMemory = 8 << 30

func boundMemory() error {
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: maxMemory, Max: maxMemory})
}
