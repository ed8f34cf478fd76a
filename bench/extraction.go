package main

import (
	"bufio"
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

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// extraction measures a whole extraction, over HTTP, from one process to another, at several sizes of day. Its memory
// must not grow with the day.
func (b *bench) extraction() error {
	smallest := 0.0
	for _, size := range b.sizes() {
		e, err := b.extract(size)
		if err != nil {
			return err
		}
		records := int64(size.days * size.perDay)
		b.add(fmt.Sprintf("extract %d x %s conversations", size.days, thousands(int64(size.perDay))),
			fmt.Sprintf("%s, %s, %s", seconds(e.wall), rate(records, e.wall), megabytes(e.bytes, e.wall)), "", "")
		if smallest == 0 {
			smallest = e.peak
		}
		goal := size.memoryGoal()
		b.add("  its peak memory", mebibytes(e.peak), fmt.Sprintf("goal %.0f MiB; the smallest's %s", goal, mebibytes(smallest)), times(goal, e.peak))
	}
	return nil
}

// sized is how much there is to extract.
type sized struct{ days, perDay int }

func (b *bench) sizes() []sized {
	if b.quick {
		return []sized{{extractDays, 100}, {extractDays, 1_000}}
	}
	list := []sized{{extractDays, 1_000}, {extractDays, 5_000}}
	if b.large || b.huge {
		list = append(list, sized{extractDays, 25_000})
	}
	if b.huge {
		list = append(list, sized{1, 250_000}, sized{1, largeDay})
	}
	return list
}

const (
	extractDays = 7
	client      = "bench"
	now         = "2026-11-08T12:00:00Z"
	endDay      = "2026-11-08"
)

// memoryGoal is what an extraction or an import may take, MiB, whatever a day holds.
const memoryGoal = 300

// largeDay is how many conversations a day has that may take more, and largeDayGoal how much, MiB.
const (
	largeDay     = 1_000_000
	largeDayGoal = 400
)

func (s sized) memoryGoal() float64 {
	if s.perDay >= largeDay {
		return largeDayGoal
	}
	return memoryGoal
}

// lakeDir is where the lake of an extraction lies. The largest of the usual sizes is asked afterwards.
func (b *bench) lakeDir(perDay int) string {
	return filepath.Join(b.dir, fmt.Sprintf("lake-%d", perDay))
}

// extracted is what one extraction took.
type extracted struct {
	ran

	bytes int64 // of JSON
}

func (b *bench) extract(size sized) (e extracted, err error) {
	records := []string{"--days", strconv.Itoa(size.days + 1), "--per-day", strconv.Itoa(size.perDay), "--steady", "--seed", strconv.Itoa(seed)}
	if size.perDay >= largeDay {
		path, failed := b.crowd(size.perDay)
		if failed != nil {
			return e, failed
		}
		defer func() { err = errors.Join(err, os.Remove(path)) }()
		records = []string{"--load", path}
	}
	s, stop, err := b.sandbox(records...)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return b.extractFrom(s, b.lakeDir(size.perDay), size)
}

// crowd writes the records of one day of many contact centres: one as large would have to be simulated in memory, of which a million
// conversations take more than most machines have.
func (b *bench) crowd(records int) (path string, err error) {
	const each = 10_000
	path = filepath.Join(b.dir, "crowd.ndjson")
	out, err := os.Create(path)
	if err != nil {
		return "", err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	for n := range records / each {
		for c := range sim.New(sim.Config{Seed: uint64(n + 1), PerDay: each}).Day(first + extractDays - 1) {
			text, err := wire.Encode(c)
			if err != nil {
				return "", errors.Join(err, out.Close())
			}
			w.Write(text)
			w.WriteByte('\n')
		}
	}
	return path, errors.Join(w.Flush(), out.Close())
}

// extractFrom extracts the last days before endDay.
func (b *bench) extractFrom(s *served, lake string, size sized, flags ...string) (e extracted, err error) {
	from := first + conversation.Day(extractDays-size.days)
	text, took, err := finish(b.extractor(s, lake, append([]string{"--from", from.String(), "--to", endDay}, flags...)...))
	if err != nil {
		return e, err
	}
	bytes, err := added(text, int64(size.days*size.perDay))
	return extracted{took, bytes}, err
}

// extractor is parley extract, from a sandbox into a lake.
func (b *bench) extractor(s *served, lake string, flags ...string) *exec.Cmd {
	return b.withClient(append([]string{"extract", "--base-url", s.url, "--lake", lake, "--poll", "100ms..1s", "--json"}, flags...)...)
}

// withClient is Parley with the sandbox's client.
func (b *bench) withClient(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(b.ctx, b.parley, args...)
	cmd.Env = append(os.Environ(), "GENESYS_CLIENT_ID="+client, "GENESYS_CLIENT_SECRET="+client)
	return cmd
}

// added makes sure that a command says in its summary that so many records were added, and gives their bytes.
func added(summary []byte, want int64) (bytes int64, err error) {
	var s struct {
		Added int64 `json:"added"`
		Bytes int64 `json:"bytes"`
	}
	err = json.Unmarshal(summary, &s)
	return s.Bytes, same(s.Added, want, err)
}

// sandbox starts a platform, with these records, and waits until it is ready.
func (b *bench) sandbox(records ...string) (*served, func() error, error) {
	return start(exec.CommandContext(b.ctx, b.parley, append([]string{
		"sandbox", "--json", "--addr", "127.0.0.1:0", "--now", now, "--rate-limit", "100000", "--client-id", client, "--client-secret", client,
	}, records...)...))
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
