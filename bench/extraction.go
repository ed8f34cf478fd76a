package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// extraction measures a whole extraction, over HTTP, from one process to another, at several sizes of day. Its memory
// must not grow with the day.
func (b *bench) extraction() error {
	sizes := []int{500, 5_000}
	switch {
	case b.quick:
		sizes = []int{100, 1_000}
	case b.large:
		sizes = append(sizes, 25_000)
	}
	smallest := 0.0
	for _, perDay := range sizes {
		f, err := b.extract(perDay)
		if err != nil {
			return err
		}
		records := int64(extractDays * perDay)
		b.add(fmt.Sprintf("extract 7 x %s conversations", thousands(int64(perDay))),
			fmt.Sprintf("%.1f s, %s, %s", f.took.Seconds(), rate(records, f.took), megabytes(f.bytes, f.took)), "", "")
		if smallest == 0 {
			smallest = f.peak
		}
		b.add("  its peak memory", fmt.Sprintf("%.0f MiB", f.peak), fmt.Sprintf("the smallest's %.0f MiB", smallest), times(f.peak, smallest))
	}
	return nil
}

const (
	extractDays = 7
	client      = "bench"
	now         = "2026-11-08T12:00:00Z"
	firstDay    = "2026-11-01"
	endDay      = "2026-11-08"
)

// lakeDir is where the lake of an extraction lies. The largest of the usual sizes is asked afterwards.
func (b *bench) lakeDir(perDay int) string {
	return filepath.Join(b.dir, fmt.Sprintf("lake-%d", perDay))
}

// extracted is what one extraction took.
type extracted struct {
	took  time.Duration
	bytes int64   // of JSON
	peak  float64 // MiB
}

func (b *bench) extract(perDay int) (f extracted, err error) {
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Minute)
	defer cancel()
	url, stop, err := b.sandbox(ctx, perDay)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	cmd := exec.CommandContext(ctx, b.parley, "extract", "--base-url", url, "--from", firstDay, "--to", endDay,
		"--lake", b.lakeDir(perDay), "--poll", "100ms..1s", "--json")
	cmd.Env = append(os.Environ(), "GENESYS_CLIENT_ID="+client, "GENESYS_CLIENT_SECRET="+client)
	cmd.Stderr = os.Stderr
	begun := time.Now()
	text, err := cmd.Output()
	f.took = time.Since(begun)
	if err != nil {
		return f, fmt.Errorf("parley extract: %w", err)
	}
	var summary struct {
		Added int64 `json:"added"`
		Bytes int64 `json:"bytes"`
	}
	err = json.Unmarshal(text, &summary)
	f.bytes = summary.Bytes
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.peak = float64(usage.Maxrss) / 1024 // Linux counts it in KiB
	}
	return f, same(summary.Added, int64(extractDays*perDay), err)
}

// sandbox starts a platform and waits until it is ready.
func (b *bench) sandbox(ctx context.Context, perDay int) (url string, stop func() error, err error) {
	cmd := exec.CommandContext(ctx, b.parley, "sandbox", "--json", "--addr", "127.0.0.1:0", "--days", strconv.Itoa(extractDays+1),
		"--per-day", strconv.Itoa(perDay), "--seed", strconv.Itoa(seed), "--now", now, "--rate-limit", "100000",
		"--client-id", client, "--client-secret", client)
	return begin(cmd)
}

// begin starts a server and waits until it says where it is.
func begin(cmd *exec.Cmd) (url string, stop func() error, err error) {
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() error {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		_, _ = io.Copy(io.Discard, out) // until it has closed its output
		return ended(cmd.Wait())
	}
	var ready struct {
		URL string `json:"url"`
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		return "", nil, errors.Join(fmt.Errorf("the server did not start: %w", err), stop())
	}
	return ready.URL, stop, nil
}

// ended is nil for a process that ended because it was asked to.
func ended(err error) error {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && (exit.ExitCode() == 130 || exit.ExitCode() == 0) {
		return nil
	}
	return err
}
