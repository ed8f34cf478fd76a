// Package torture_test leaves an extraction alone for some weeks of a bad year: faults of every kind, processes that are
// killed, a disk that is full, nights on which the platform's data stands still or goes back, records that are changed
// late. At the end the lake has to be what the platform has, byte for byte, and its table of changes has to tell of exactly
// the conversations that changed.
//
// PARLEY_NIGHTS says how many nights, PARLEY_SEED which ones.
package torture_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/sandboxtest"
	"github.com/parley-hq/parley/test/program"
)

// begun is the noon on which the sandbox begins; it has days before that.
var begun = time.Date(2026, 9, 10, 12, 0, 0, 0, time.UTC)

const (
	before = 4  // days that there are when all begins
	perDay = 40 // conversations
	within = 2 * time.Minute
)

// year is what is tortured.
type year struct {
	t    *testing.T
	rnd  *rand.Rand
	s    *sandboxtest.Sandbox
	path string

	lake     string
	env      []string    // of programs, beside that of the test
	more     []string    // arguments of each extraction
	settings at.Settings // for the lake, where it is not in a folder

	was                  map[conversation.ID]string // the lake's records at the end of the night before
	changed              map[conversation.ID]bool   // conversations whose record in the lake has changed since it came
	had                  history
	runs, killed, failed int

	calm sync.Mutex // held by who looks, and by who breaks what is looked through
}

func setting(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func TestTorture(t *testing.T) {
	nights, y := setting(t, "PARLEY_NIGHTS", 4), begin(t)
	y.lake = filepath.Join(t.TempDir(), "lake")
	for range nights {
		y.night()
	}
	y.dawn()
	y.tell(nights)
}

// begin gives a year of the seed that is asked for, whose lake is yet to be placed.
func begin(t *testing.T) *year {
	t.Helper()
	seed := uint64(setting(t, "PARLEY_SEED", 1))
	t.Logf("seed %d", seed)
	return &year{
		t: t, rnd: rand.New(rand.NewPCG(seed, 11)), path: program.Path(t),
		s: sandboxtest.New(t, sandboxtest.At(begun), sandboxtest.Days(before), sandboxtest.PerDay(perDay), sandboxtest.Seed(seed),
			sandboxtest.RateLimit(1_000_000)),
		was: map[conversation.ID]string{}, changed: map[conversation.ID]bool{}, had: newHistory(),
	}
}

func (y *year) tell(nights int) {
	y.t.Helper()
	y.t.Logf("%d nights, %d runs, %d killed, %d failed, %d requests; %d conversations, of which %d changed", nights, y.runs, y.killed, y.failed,
		len(y.s.Requests()), len(y.was), len(y.changed))
}

// ctx is for whoever opens the lake.
func (y *year) ctx() context.Context {
	return at.With(y.t.Context(), func() at.Settings { return y.settings })
}

// night is one night: the platform's batch, what happens to its records, and an extraction that is not left alone.
func (y *year) night() {
	y.batch()
	if y.chance(0.7) {
		y.s.Rewrite(sandboxtest.Rewriting{Older: time.Duration(1+y.rnd.IntN(3)) * 24 * time.Hour, Count: 1 + y.rnd.IntN(5)})
	}
	y.note()
	for range y.rnd.IntN(5) {
		y.s.Fault(y.fault())
	}
	for range 2 + y.rnd.IntN(4) {
		y.disturbed()
	}
	if y.chance(0.3) {
		y.two()
	}
	y.look()
	for _, f := range y.s.Faults() {
		if y.chance(0.6) {
			y.s.Mend(f.Name)
		}
	}
}

// note takes down which records the platform has this night.
func (y *year) note() {
	for _, raw := range y.s.Records(conversation.DayOf(begun.AddDate(0, 0, -before)).Start(), y.s.Available()) {
		r, err := wire.Record(raw)
		if err != nil {
			y.t.Fatal(err)
		}
		y.had.add(r)
	}
}

func (y *year) chance(p float64) bool { return y.rnd.Float64() < p }

// batch has the platform's night go by, well or badly.
func (y *year) batch() {
	switch y.rnd.IntN(7) {
	case 0: // its data stands still for a day
		halt := true
		y.s.Batch(sandboxtest.Batch{Halt: &halt})
		y.s.Advance(24 * time.Hour)
		halt = false
		y.s.Batch(sandboxtest.Batch{Halt: &halt})
	case 1: // it goes back
		y.s.NextBatch()
		y.s.Batch(sandboxtest.Batch{Back: y.s.Available().Add(-time.Duration(1+y.rnd.IntN(48)) * time.Hour)})
	default:
		y.s.NextBatch()
	}
}

// fault is one of those that a client can notice. A byte that is another one in plain text, and still text, none can.
func (y *year) fault() sandboxtest.Fault {
	route := []string{"results", "results", "status", "submit", "availability", "token", "query", "any"}[y.rnd.IntN(8)]
	f := sandboxtest.Fault{Route: route, Nth: 1 + y.rnd.IntN(6), Times: 1 + y.rnd.IntN(4)}
	switch y.rnd.IntN(10) {
	case 0:
		f.Answer = &sandboxtest.Answer{Status: 429}
	case 1:
		f.Answer = &sandboxtest.Answer{Status: []int{500, 502, 503, 504, 408}[y.rnd.IntN(5)]}
	case 2:
		f.Cut = &sandboxtest.Cut{Share: y.rnd.Float64(), Unnoticed: y.chance(0.5)}
	case 3:
		f.Corrupt = sandboxtest.BreakGzip
	case 4:
		f.Close = []sandboxtest.Close{sandboxtest.Before, sandboxtest.After}[y.rnd.IntN(2)]
	case 5:
		f.ExpireToken = true
		if route == "token" { // which has none
			f.Route = "status"
		}
	case 6:
		f.Delay = time.Duration(y.rnd.IntN(200)) * time.Millisecond
	case 7:
		f.Answer = &sandboxtest.Answer{Status: 200, Body: []string{`{}`, `{"state":"PENDING"}`, `{"conversations":[]}`, `<html></html>`, ``}[y.rnd.IntN(5)]}
	default:
		return sandboxtest.Fault{Nth: f.Nth, Times: f.Times, Job: y.job()}
	}
	if y.chance(0.2) {
		f.Times, f.Probability = 0, 0.1
	}
	return f
}

// job is what becomes of a job: it comes to no end, or something is wrong with one of its pages.
func (y *year) job() *sandboxtest.Job {
	if y.chance(0.3) {
		return &sandboxtest.Job{Fault: []sandboxtest.JobFault{sandboxtest.JobFailed, sandboxtest.StuckPending, sandboxtest.StuckQueued}[y.rnd.IntN(3)]}
	}
	kinds := []sandboxtest.JobFault{sandboxtest.JobExpired, sandboxtest.CursorRefused, sandboxtest.EmptyPage, sandboxtest.PageTwice}
	return &sandboxtest.Job{Fault: kinds[y.rnd.IntN(len(kinds))], Page: 2 + y.rnd.IntN(3)}
}

// command is an extraction in small steps. Without patience, or a night would take one.
func (y *year) command(ctx context.Context, more ...string) *exec.Cmd {
	args := append([]string{"extract", "--lake", y.lake, "--base-url", y.s.URL, "--from", conversation.DayOf(begun.AddDate(0, 0, -before)).String(), "--settle", "1,2,3,5",
		"--poll", "1ms..20ms", "--job-wait", "2s", "--retry-wait", "1ms", "--retries", "2", "--page-size", "17", "--job-records", "60", "--commit-records", "50",
		"--parallel", strconv.Itoa(1 + y.rnd.IntN(4)), "--json"}, append(slices.Clone(y.more), more...)...)
	cmd := exec.CommandContext(ctx, y.path, args...)
	cmd.Env = append(append(os.Environ(), y.env...), "GENESYS_CLIENT_ID="+y.s.ClientID, "GENESYS_CLIENT_SECRET="+y.s.ClientSecret)
	return cmd
}

// disturbed runs an extraction that is killed, or has no room, or is left alone with the faults that there are.
func (y *year) disturbed() {
	ctx, cancel := context.WithTimeout(y.t.Context(), within)
	defer cancel()
	cmd := y.command(ctx)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	kill := time.Duration(0)
	switch {
	case y.chance(0.55):
		kill = time.Duration(20+y.rnd.IntN(900)) * time.Millisecond
	case y.chance(0.25): // no file may become larger than this, in units of 512 bytes
		full := exec.CommandContext(ctx, "sh", append([]string{"-c", "ulimit -f " + strconv.Itoa(16<<y.rnd.IntN(8)) + `; exec "$0" "$@"`}, cmd.Args...)...)
		full.Env, full.Stdout, full.Stderr = cmd.Env, &out, &out
		cmd = full
	}
	y.runs++
	if err := cmd.Start(); err != nil {
		y.t.Fatal(err)
	}
	if kill > 0 {
		timer := time.AfterFunc(kill, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
	}
	y.ended(cmd, cmd.Wait(), &out)
}

// ended looks at how a run ended: by our hand, or with an exit code that says why.
func (y *year) ended(cmd *exec.Cmd, err error, out *bytes.Buffer) {
	y.t.Helper()
	status, _ := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch code := cmd.ProcessState.ExitCode(); {
	case status.Signaled() && status.Signal() == syscall.SIGKILL:
		y.killed++
	case code == 0:
	case slices.Contains([]int{3, 4, 6, 7, 8, 9}, code):
		y.failed++
	case code == 1 && strings.Contains(strings.Join(cmd.Args, " "), "ulimit"): // a file that may not grow has no kind of its own
		y.failed++
	default:
		y.t.Errorf("a run ended with %d, %v:\n%s", code, err, out)
	}
	if text := out.String(); strings.Contains(text, y.s.ClientSecret) {
		y.t.Errorf("a secret is printed:\n%s", text)
	}
}

// two runs two extractions at once: one waits for the other, or is told of it.
func (y *year) two() {
	ctx, cancel := context.WithTimeout(y.t.Context(), within)
	defer cancel()
	var outs [2]bytes.Buffer
	var cmds [2]*exec.Cmd
	for i := range cmds {
		cmds[i] = y.command(ctx, "--wait", []string{"0s", "1m"}[y.rnd.IntN(2)])
		cmds[i].Stdout, cmds[i].Stderr = &outs[i], &outs[i]
		if err := cmds[i].Start(); err != nil {
			y.t.Fatal(err)
		}
		y.runs++
	}
	for i, cmd := range cmds {
		y.ended(cmd, cmd.Wait(), &outs[i])
	}
}

// look compares the lake with that of the night before.
func (y *year) look() {
	y.t.Helper()
	now := map[conversation.ID]string{}
	for _, day := range y.contents().Records {
		for _, text := range day {
			r, err := wire.Record([]byte(text))
			if err != nil {
				y.t.Fatal(err)
			}
			if now[r.ID] != "" {
				y.t.Errorf("conversation %s is in the lake twice", r.ID)
			}
			now[r.ID] = text
		}
	}
	for id, text := range y.was {
		switch now[id] {
		case text:
		case "":
			y.t.Errorf("conversation %s was in the lake, and is not any more", id)
		default:
			y.changed[id] = true
		}
	}
	y.was = now
}

// contents reads the lake, all of whose rows are checked. A commit that a kill left in the middle is settled by the next
// writer, so one is had first.
func (y *year) contents() program.Contents {
	y.t.Helper()
	y.calm.Lock()
	defer y.calm.Unlock()
	l, err := at.Create(y.ctx(), y.lake)
	if err != nil {
		y.t.Fatal(err)
	}
	defer l.Close()
	w, err := l.WriterWithin(y.t.Context(), within) // one that was killed beside a Postgres is known to be gone after a while
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		y.t.Fatal(err)
	}
	return program.ReadOpen(y.t, l)
}

// dawn ends all that was done to the platform, reads every day once more, and holds the lake to the truth.
func (y *year) dawn() {
	for _, f := range y.s.Faults() {
		y.s.Mend(f.Name)
	}
	y.s.NextBatch()
	last := conversation.DayOf(y.s.Available())
	first := conversation.DayOf(begun.AddDate(0, 0, -before))
	ctx, cancel := context.WithTimeout(y.t.Context(), within)
	defer cancel()
	for _, more := range [][]string{nil, {"--to", last.String(), "--again", first.String() + ".." + (last - 1).String()}} {
		if out, err := y.command(ctx, more...).CombinedOutput(); err != nil {
			y.t.Fatalf("the platform is well, and a run ends with %v:\n%s", err, out)
		}
	}
	y.look()
	var truth []string
	for _, raw := range y.s.Records(first.Start(), last.Start()) {
		truth = append(truth, string(raw))
	}
	var got []string
	for _, text := range y.was {
		got = append(got, text)
	}
	slices.Sort(truth)
	slices.Sort(got)
	if !slices.Equal(truth, got) {
		y.t.Errorf("the platform has %d conversations, the lake %d, and they differ: %s", len(truth), len(got), difference(truth, got))
	}
	y.hold(y.told())
	status := exec.CommandContext(ctx, y.path, "status", "--lake", y.lake)
	status.Env = append(os.Environ(), y.env...)
	if out, err := status.CombinedOutput(); err != nil {
		y.t.Errorf("status: %v\n%s", err, out)
	}
}

// hold holds the changes that are told of to what has changed. A record that came by a job of the night before, and was
// read again the same night, has changed without our having looked in between: the platform has had two of it.
func (y *year) hold(told map[conversation.ID]bool) {
	y.t.Helper()
	y.note()
	for id := range y.changed {
		if !told[id] {
			y.t.Errorf("conversation %s has changed, and no change tells of it", id)
		}
	}
	for id := range told {
		if n := y.had.versions(id); n < 2 {
			y.t.Errorf("a change tells of conversation %s, of which the platform has had %d versions", id, n)
		}
	}
}

// told gives the conversations of which the table of changes tells.
func (y *year) told() map[conversation.ID]bool {
	y.t.Helper()
	l, err := at.Open(y.ctx(), y.lake)
	if err != nil {
		y.t.Fatal(err)
	}
	defer l.Close()
	s, err := l.Snapshot(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	defer s.Close()
	out := map[conversation.ID]bool{}
	for _, f := range s.Files(tables.Changes) {
		for rows, err := range datafile.Rows(y.t.Context(), f, "conversation_id") {
			if err != nil {
				y.t.Fatal(err)
			}
			for i := range int(rows.NumRows()) {
				out[conversation.ID(datafile.TextAt(rows, 0, i))] = true
			}
		}
	}
	return out
}

// difference names the conversations that one list has and the other has not, or otherwise.
func difference(a, b []string) (out []string) {
	for _, pair := range [][2][]string{{a, b}, {b, a}} {
		for _, text := range pair[0] {
			if _, found := slices.BinarySearch(pair[1], text); found {
				continue
			}
			if r, err := wire.Record([]byte(text)); err == nil {
				out = append(out, fmt.Sprint(r.ID, " of ", conversation.FormatTime(r.Start)))
			}
		}
	}
	return out
}
