package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running process, by its id, as Linux shows it in /proc.
type process int

func self() process { return process(os.Getpid()) }

func (p process) read(name string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", int(p), name))
	return string(text), err
}

// memory gives a line of the process's status in MiB: VmRSS is what it holds, VmHWM the most that it has held.
func (p process) memory(name string) (float64, error) {
	text, err := p.read("status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024, err
		}
	}
	return 0, fmt.Errorf("process %d shows no %s", p, name)
}

// forgetPeak has VmHWM begin anew.
func (p process) forgetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", int(p)), []byte("5"), 0)
}

// files counts what the process has open, by name without the folder.
func (p process) files() map[string]int {
	out := map[string]int{}
	list, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", int(p)))
	for _, fd := range list {
		if name, err := os.Readlink(fd); err == nil { // else it is closed already
			out[filepath.Base(name)]++
		}
	}
	return out
}

// tick is the unit in which Linux counts processor time.
const tick = 10 * time.Millisecond

// cpu is the processor time that the process has taken, on all cores.
func (p process) cpu() (time.Duration, error) {
	text, err := p.read("stat")
	if err != nil {
		return 0, err
	}
	// The second member is the name, in brackets; user and system time are the 14th and the 15th.
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0, fmt.Errorf("process %d shows no processor time", p)
	}
	user, err := strconv.ParseInt(fields[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, err
}

// spent is what something took: time on the clock, and on the processors of one process.
type spent struct{ wall, cpu time.Duration }

func (s spent) clock() time.Duration { return s.wall }

// middle is the one of several whose time on the clock is the median.
func middle[T interface{ clock() time.Duration }](list []T) T {
	sorted := slices.SortedFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(a.clock(), b.clock()) })
	return sorted[len(sorted)/2]
}

func (s spent) String() string {
	return seconds(s.wall) + ", CPU " + seconds(s.cpu)
}

func seconds(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// spends does something and says what it took of a process.
func (p process) spends(do func() error) (s spent, err error) {
	before, err := p.cpu()
	if err != nil {
		return s, err
	}
	begun := time.Now()
	if err := do(); err != nil {
		return s, err
	}
	s.wall = time.Since(begun)
	after, err := p.cpu()
	s.cpu = after - before
	return s, err
}

// ran is what a process took from its start to its end.
type ran struct {
	spent

	peak float64 // MiB
}

// finish runs a program to its end.
func finish(cmd *exec.Cmd) (printed []byte, r ran, err error) {
	// The kernel charges a process with the most that the one that starts it has held: what is not needed is given back.
	debug.FreeOSMemory()
	if err := self().forgetPeak(); err != nil {
		return nil, r, err
	}
	cmd.Stderr = os.Stderr
	begun := time.Now()
	printed, err = cmd.Output()
	r.wall = time.Since(begun)
	if err != nil {
		return nil, r, fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	r.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		r.peak = float64(usage.Maxrss) / 1024 // Linux counts it in KiB
	}
	return printed, r, nil
}

// cores is the time that all cores have been busy since the machine was started, whoever with, and the time that there was.
type cores struct{ busy, all int64 }

func readCores() (cores, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return cores{}, err
	}
	return parseCores(string(text))
}

// parseCores reads the first line of /proc/stat: "cpu user nice system idle iowait irq softirq steal ...", in ticks. What
// follows is in user and nice already. Time that the host stole was nobody's here.
func parseCores(text string) (c cores, err error) {
	const idle, iowait, steal, count = 3, 4, 7, 8
	line, _, _ := strings.Cut(text, "\n")
	fields := strings.Fields(line)
	if len(fields) <= count || fields[0] != "cpu" {
		return c, errors.New("/proc/stat does not begin with the time of all processors")
	}
	for i, field := range fields[1 : count+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return c, err
		}
		c.all += n
		if i != idle && i != iowait && i != steal {
			c.busy += n
		}
	}
	return c, nil
}

// since is the share of the time since then that the cores were busy.
func (c cores) since(then cores) float64 {
	return float64(c.busy-then.busy) / float64(max(c.all-then.all, 1))
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// gauges reads numbers from what a server tells Prometheus.
func gauges(text []byte, names ...string) map[string]float64 {
	out := map[string]float64{}
	for line := range bytes.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(string(line)), " ")
		for _, wanted := range names {
			if n, err := strconv.ParseFloat(value, 64); name == wanted && err == nil {
				out[name] = n
			}
		}
	}
	return out
}
