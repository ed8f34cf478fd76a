// Package kill_test kills an extraction with SIGKILL at every point that could hurt, runs it again, and compares the
// lake with that of an undisturbed run.
package kill_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/test/program"
)

const days = 3

// parley is a binary with crash points, and a sandbox that it runs.
type parley struct {
	binary string
	url    string
}

func start(t *testing.T) *parley {
	t.Helper()
	p := &parley{binary: program.Path(t)}
	ctx, stop := context.WithCancel(context.Background())
	sandbox := exec.CommandContext(ctx, p.binary, "sandbox", "--addr", "127.0.0.1:0", "--days", fmt.Sprint(days+1), "--per-day", "40", "--steady",
		"--seed", "7", "--now", "2026-11-08T12:00:00Z", "--rate-limit", "1000000", "--jobs-per-minute", "1000000", "--client-id", "id", "--client-secret", "secret", "--json")
	sandbox.Cancel = func() error { return sandbox.Process.Signal(syscall.SIGTERM) }
	sandbox.Stderr = os.Stderr
	out, err := sandbox.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := sandbox.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stop()
		_ = sandbox.Wait() // it ends by our signal
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var ready struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	p.url = ready.URL
	return p
}

// extract runs an extraction in pieces so small that every kind of step comes several times.
func (p *parley) extract(t *testing.T, dir string, env ...string) error {
	t.Helper()
	_, err := p.summary(t, dir, env...)
	return err
}

// summary is extract, and what its summary says of the whole run: all but the names and times of this one, and how
// often it committed, which an interruption changes.
func (p *parley) summary(t *testing.T, dir string, env ...string) (map[string]any, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.binary, "extract", "--from", "2026-11-05", "--to", "2026-11-08", "--lake", dir, "--base-url", p.url,
		"--poll", "1ms..2ms", "--page-size", "13", "--commit-records", "30", "--job-records", "60", "--json")
	cmd.Env = append(os.Environ(), append(env, "GENESYS_CLIENT_ID=id", "GENESYS_CLIENT_SECRET=secret")...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if !killed(err) {
			t.Logf("stderr: %s", stderr.String())
		}
		return nil, err
	}
	var s map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &s); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run", "seconds", "resumed", "commits"} {
		delete(s, name)
	}
	return s, nil
}

// run runs a command on a lake.
func (p *parley) run(t *testing.T, dir string, env []string, args ...string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.binary, append(args, "--lake", dir)...)
	cmd.Env = append(os.Environ(), append(env, "GENESYS_CLIENT_ID=id", "GENESYS_CLIENT_SECRET=secret")...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	if err != nil && !killed(err) {
		t.Logf("stderr: %s", stderr.String())
	}
	return err
}

func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// contents is every record of a lake by day, after a check of every row of every table.
func contents(t *testing.T, dir string) map[conversation.Day][]string {
	t.Helper()
	c := program.Read(t, dir)
	if c.Days != days {
		t.Errorf("%d days are whole, want %d", c.Days, days)
	}
	if len(c.Staged) > 0 {
		t.Errorf("staged pages are left: %v", c.Staged)
	}
	return c.Records
}

// listed is how many names a run has read.
func listed(summary map[string]any) (n int) {
	read, _ := summary["names"].(map[string]any)
	lists, _ := read["listed"].(map[string]any)
	for _, of := range lists {
		many, _ := of.(float64)
		n += int(many)
	}
	return n
}

// namesIn counts the names of a lake, in which nothing may be odd.
func namesIn(t *testing.T, dir string) int {
	t.Helper()
	l, err := lake.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	h, err := l.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if odd := h.Odd(); odd != "" {
		t.Errorf("names: %s", odd)
	}
	return len(h)
}

func same(t *testing.T, got, want map[conversation.Day][]string) {
	t.Helper()
	if !maps.EqualFunc(got, want, slices.Equal[[]string]) {
		t.Error("the lake differs from that of an undisturbed run")
	}
}

// points gives each crash point of an undisturbed run with how often it is passed, and what the run brings.
func (p *parley) points(t *testing.T) (map[string]int, map[conversation.Day][]string) {
	t.Helper()
	points, want, _ := p.undisturbed(t)
	return points, want
}

// undisturbed is points, and the summary.
func (p *parley) undisturbed(t *testing.T) (map[string]int, map[conversation.Day][]string, map[string]any) {
	t.Helper()
	dir, log := filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "points")
	summary, err := p.summary(t, dir, "PARLEY_CRASH_LOG="+log)
	if err != nil {
		t.Fatal(err)
	}
	return passed(t, log), contents(t, dir), summary
}

// passed reads which crash points a run passed, and how often.
func passed(t *testing.T, log string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	points := map[string]int{}
	for name := range strings.FieldsSeq(string(text)) {
		points[name]++
	}
	return points
}

// TestKilledAnywhere kills at the first and the last passing of each point, and of those in pages at a middle one.
func TestKilledAnywhere(t *testing.T) {
	p := start(t)
	points, want, says := p.undisturbed(t)
	if len(want) != days {
		t.Fatalf("the undisturbed run has %d days, want %d", len(want), days)
	}
	for _, name := range []string{"platform.record", "extract.submitted", "extract.page", "stage.synced", "stage.written", "stage.entered",
		"commit.begun", "commit.day", "commit.files", "commit.segments", "commit.conversations", "commit.unsettled", "ids.written",
		"load.committed", "extract.part", "names.file", "names.committed"} {
		if points[name] == 0 {
			t.Errorf("the point %s is not passed any more", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(points)) {
		passes := points[name]
		kills := []int{1, passes}
		if strings.HasPrefix(name, "platform.") || strings.HasPrefix(name, "stage.") {
			kills = []int{1, (passes + 1) / 2, passes}
		}
		for _, n := range slices.Compact(kills) {
			t.Run(fmt.Sprintf("%s:%d", name, n), func(t *testing.T) {
				t.Parallel() // each waits for the disk most of the time
				dir := filepath.Join(t.TempDir(), "lake")
				if err := p.extract(t, dir, fmt.Sprintf("PARLEY_CRASH=%s:%d", name, n)); !killed(err) {
					t.Fatalf("the first run ended with %v, and should have been killed", err)
				}
				summary, err := p.summary(t, dir)
				if err != nil {
					t.Fatalf("the second run: %v", err)
				}
				// Names come when all else is through: killed then, the next run has nothing but them to bring.
				if !strings.HasPrefix(name, "names.") && !reflect.DeepEqual(summary, says) {
					t.Errorf("the summary says\n%v, that of an undisturbed run\n%v", summary, says)
				}
				same(t, contents(t, dir), want)
				if got := namesIn(t, dir); got != listed(says) {
					t.Errorf("the lake has %d names, each once; of an undisturbed run %d", got, listed(says))
				}
			})
		}
	}
}

// TestInterruptedAnywhere interrupts at the first passing of each point, as Ctrl-C does: whatever breaks because of it,
// in the middle of a page or of a commit, the exit code says that the run was interrupted, or it came to its end before
// it noticed.
func TestInterruptedAnywhere(t *testing.T) {
	p := start(t)
	points, want := p.points(t)
	for _, name := range slices.Sorted(maps.Keys(points)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "lake")
			err := p.extract(t, dir, "PARLEY_CRASH="+name+":1", "PARLEY_CRASH_SIGNAL=INT")
			var exit *exec.ExitError
			if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 130) {
				t.Errorf("the first run ended with %v, want exit code 130", err)
			}
			if err := p.extract(t, dir); err != nil {
				t.Fatalf("the second run: %v", err)
			}
			same(t, contents(t, dir), want)
		})
	}
}

// TestMoveKilledAnywhere kills "parley lake move" at the first and the last passing of each of its points: until it is run
// again the lake reads as before, and then it is whole at its new place and takes more days.
func TestMoveKilledAnywhere(t *testing.T) {
	p := start(t)
	old := filepath.Join(t.TempDir(), "old")
	if err := p.extract(t, old); err != nil {
		t.Fatal(err)
	}
	want := contents(t, old)
	log := filepath.Join(t.TempDir(), "points")
	if err := p.move(t, moved(t, old), "PARLEY_CRASH_LOG="+log); err != nil {
		t.Fatal(err)
	}
	points := passed(t, log)
	for _, name := range []string{"move.file", "move.written", "move.switched", "move.marked", "move.removed"} {
		if points[name] == 0 {
			t.Errorf("the point %s is not passed any more", name)
		}
		for _, n := range slices.Compact([]int{1, points[name]}) {
			t.Run(fmt.Sprintf("%s:%d", name, n), func(t *testing.T) {
				t.Parallel()
				dir := moved(t, old)
				if err := p.move(t, dir, fmt.Sprintf("PARLEY_CRASH=%s:%d", name, n)); !killed(err) {
					t.Fatalf("the first move ended with %v, and should have been killed", err)
				}
				same(t, contents(t, dir), want)
				if err := p.move(t, dir); err != nil {
					t.Fatalf("the second move: %v", err)
				}
				same(t, contents(t, dir), want)
				if err := p.run(t, dir, nil, "extract", "--again", "2026-11-06", "--base-url", p.url, "--poll", "1ms..2ms"); err != nil {
					t.Fatalf("an extraction after it: %v", err)
				}
				same(t, contents(t, dir), want)
			})
		}
	}
}

// TestIndexKilledAnywhere kills what makes the index of ids at the first and the last passing of each of its points:
// whatever there is of the index then, the next extraction brings no conversation twice, and the command finishes.
func TestIndexKilledAnywhere(t *testing.T) {
	p := start(t)
	old := filepath.Join(t.TempDir(), "old")
	if err := p.extract(t, old); err != nil {
		t.Fatal(err)
	}
	want := contents(t, old)
	again := []string{"extract", "--again", "2026-11-06", "--base-url", p.url, "--poll", "1ms..2ms"}
	for _, c := range []struct {
		name  string
		lost  bool // the files of the index
		args  []string
		point []string
	}{
		{"merging", false, []string{"lake", "index"}, []string{"ids.written", "ids.merged"}},
		{"making it again", false, []string{"lake", "index", "--again"}, []string{"ids.forgotten", "ids.written", "ids.covered"}},
		{"in a commit", true, again, []string{"ids.lost", "ids.written", "ids.covered"}},
	} {
		prepared := func(t *testing.T) string {
			t.Helper()
			dir := p.copied(t, old)
			if c.lost {
				if err := os.RemoveAll(filepath.Join(dir, "ids")); err != nil {
					t.Fatal(err)
				}
			}
			return dir
		}
		log := filepath.Join(t.TempDir(), "points")
		if err := p.run(t, prepared(t), []string{"PARLEY_CRASH_LOG=" + log}, c.args...); err != nil {
			t.Fatal(err)
		}
		points := passed(t, log)
		for _, point := range c.point {
			if points[point] == 0 {
				t.Errorf("%s: the point %s is not passed any more", c.name, point)
			}
			for _, n := range slices.Compact([]int{1, points[point]}) {
				t.Run(fmt.Sprintf("%s/%s:%d", c.name, point, n), func(t *testing.T) {
					t.Parallel()
					dir := prepared(t)
					if err := p.run(t, dir, []string{fmt.Sprintf("PARLEY_CRASH=%s:%d", point, n)}, c.args...); !killed(err) {
						t.Fatalf("the first run ended with %v, and should have been killed", err)
					}
					for _, args := range [][]string{again, {"lake", "index"}} {
						if err := p.run(t, dir, nil, args...); err != nil {
							t.Fatalf("%v after it: %v", args, err)
						}
						same(t, contents(t, dir), want)
					}
				})
			}
		}
	}
}

// TestUpkeepKilledAnywhere kills what maintains a lake, and what erases from it, at the first and the last passing of points
// of theirs. Until it is run again the lake is whole, and has all conversations or all but the erased one; run again, it ends.
func TestUpkeepKilledAnywhere(t *testing.T) {
	p := start(t)
	old := filepath.Join(t.TempDir(), "old")
	if err := p.extract(t, old); err != nil {
		t.Fatal(err)
	}
	want := contents(t, old)
	erased, id := withoutOne(want)
	maintain := []string{"lake", "maintain", "--older-than", "0s", "--grace", "0s"}
	for _, c := range []struct {
		args   []string
		after  map[conversation.Day][]string
		points []string
	}{
		{maintain, want, []string{"expire.conversations", "expire.file"}},
		{[]string{"lake", "forget", "--conversation", id}, erased, []string{
			"forget.listed", "forget.begun", "commit.day", "forget.files", "commit.conversations", "forget.unsettled", "forget.index", "maintain.segments", "expire.file", "forget.scrub",
		}},
	} {
		log := filepath.Join(t.TempDir(), "points")
		if err := p.run(t, p.copied(t, old), []string{"PARLEY_CRASH_LOG=" + log}, c.args...); err != nil {
			t.Fatal(err)
		}
		points := passed(t, log)
		for _, name := range c.points {
			if points[name] == 0 {
				t.Errorf("%v: the point %s is not passed", c.args, name)
			}
			for _, n := range slices.Compact([]int{1, points[name]}) {
				t.Run(fmt.Sprintf("%s:%s:%d", c.args[1], name, n), func(t *testing.T) {
					t.Parallel()
					dir := p.copied(t, old)
					if err := p.run(t, dir, []string{fmt.Sprintf("PARLEY_CRASH=%s:%d", name, n)}, c.args...); !killed(err) {
						t.Fatalf("the first run ended with %v, and should have been killed", err)
					}
					if got := program.Served(t, dir); !reflect.DeepEqual(got, want) {
						same(t, got, c.after)
					}
					if err := p.run(t, dir, nil, c.args...); err != nil {
						t.Fatalf("the second run: %v", err)
					}
					same(t, contents(t, dir), c.after)
				})
			}
		}
	}
}

// TestExportKilledAnywhere kills an export by name while its files appear, and before it notes that they stand. What is there then is
// whole; run again, it has the files of an undisturbed run, and the run after that has nothing to hand over.
func TestExportKilledAnywhere(t *testing.T) {
	p := start(t)
	lake := filepath.Join(t.TempDir(), "lake")
	if err := p.extract(t, lake); err != nil {
		t.Fatal(err)
	}
	export := func(t *testing.T, lake, dir string, env ...string) error {
		t.Helper()
		return p.run(t, lake, env, "export", "--since-last", "nightly", "--select", "*", "--split", "day", "-o", filepath.Join(dir, "rows.csv"))
	}
	dir, log := t.TempDir(), filepath.Join(t.TempDir(), "points")
	if err := export(t, p.copied(t, lake), dir, "PARLEY_CRASH_LOG="+log); err != nil {
		t.Fatal(err)
	}
	want, points := exported(t, dir), passed(t, log)
	if len(want) != days || points["export.appeared"] != days {
		t.Fatalf("%d files, of which %d appeared at a point", len(want), points["export.appeared"])
	}
	for _, at := range []string{"export.appeared:1", "export.appeared:2", "export.appeared:3", "export.published:1"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			lake, dir := p.copied(t, lake), t.TempDir()
			if err := export(t, lake, dir, "PARLEY_CRASH="+at); !killed(err) {
				t.Fatalf("the first run ended with %v, and should have been killed", err)
			}
			for name, text := range exported(t, dir) {
				if text != want[name] {
					t.Errorf("%s is not whole", name)
				}
			}
			for range 2 {
				if err := export(t, lake, dir); err != nil {
					t.Fatalf("run again: %v", err)
				}
				if got := exported(t, dir); !maps.Equal(got, want) {
					t.Errorf("run again it has %d files, or other ones", len(got))
				}
			}
		})
	}
}

// exported are the files of an export by name, but for hidden ones.
func exported(t *testing.T, dir string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "rows*"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(text)
	}
	return files
}

// withoutOne leaves out one conversation, and gives its id.
func withoutOne(all map[conversation.Day][]string) (rest map[conversation.Day][]string, id string) {
	rest = maps.Clone(all)
	day := slices.Min(slices.Collect(maps.Keys(all)))
	var record struct {
		ID string `json:"conversationId"`
	}
	if err := json.Unmarshal([]byte(all[day][0]), &record); err != nil {
		panic(err)
	}
	rest[day] = all[day][1:]
	return rest, record.ID
}

// copied is a copy of a lake, whole in its place.
func (p *parley) copied(t *testing.T, dir string) string {
	t.Helper()
	to := moved(t, dir)
	if err := p.move(t, to); err != nil {
		t.Fatal(err)
	}
	return to
}

// moved is a copy of a lake in a folder of its own, as somebody leaves it who moves a lake.
func moved(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "new")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func (p *parley) move(t *testing.T, dir string, env ...string) error {
	t.Helper()
	return p.run(t, dir, env, "lake", "move")
}

// TestTwoFirstExtractions starts two extractions into a lake that is not there yet: one is told that the other one
// makes it or writes to it, or comes after it and has nothing to do.
func TestTwoFirstExtractions(t *testing.T) {
	p := start(t)
	dir := filepath.Join(t.TempDir(), "lake")
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = p.extract(t, dir) })
	}
	wg.Wait()
	done := 0
	for _, err := range errs {
		var exit *exec.ExitError
		switch {
		case err == nil:
			done++
		case !errors.As(err, &exit) || exit.ExitCode() != 7:
			t.Errorf("the other one ended with %v, want exit code 7", err)
		}
	}
	if done == 0 {
		t.Errorf("nobody extracted: %v", errs)
	}
	contents(t, dir)
}

// TestKilledAgainAndAgain kills run after run, in recovery too, until one gets through.
func TestKilledAgainAndAgain(t *testing.T) {
	p := start(t)
	_, want := p.points(t)
	dir := filepath.Join(t.TempDir(), "lake")
	for _, point := range []string{
		// Staging first: how far it comes while days are committed is a matter of luck, and so is how many commits are left
		// once one is in.
		"stage.written:2", "stage.entered:3", "commit.metrics:1", "recover.segments:1", "recover.conversations:1", "commit.segments:1",
		"recover.metrics:1", "commit.day:1", "commit.files:1", "load.committed:1",
	} {
		if err := p.extract(t, dir, "PARLEY_CRASH="+point); !killed(err) {
			t.Fatalf("the run that should have been killed at %s ended with %v", point, err)
		}
	}
	if err := p.extract(t, dir); err != nil {
		t.Fatal(err)
	}
	same(t, contents(t, dir), want)
}

// TestTwoAtOnce runs two extractions into one lake: one is refused, and nothing is lost.
func TestTwoAtOnce(t *testing.T) {
	p := start(t)
	_, want := p.points(t)
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := lake.Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var exit *exec.ExitError
	if err := p.extract(t, dir); !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("while somebody writes: %v, want exit code 7", err)
	}
	if err := errors.Join(w.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	if err := p.extract(t, dir); err != nil {
		t.Fatal(err)
	}
	same(t, contents(t, dir), want)
}
