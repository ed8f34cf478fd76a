package hostile_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/program"
)

// The platform has three days with ten conversations each, and its data is complete.
const (
	days   = 3
	perDay = 10
)

// first is a day that lies behind us on every machine.
var first = conversation.DayOf(time.Date(2025, 3, 10, 0, 0, 0, 0, time.UTC))

// within is how long a run may take before it counts as one that hangs.
const within = 3 * time.Minute

// outcome is what a run of the program came to, and what is in the lake after it.
type outcome struct {
	exit     int
	days     int // whole
	records  int
	rejected int
}

func (o outcome) String() string {
	return fmt.Sprintf("exit %d, %d days whole, %d records, %d rejected", o.exit, o.days, o.records, o.rejected)
}

// scenario is one way in which a platform means harm.
type scenario struct {
	name  string // what the platform does
	rules []platformtest.Rule
	alter func(*platformtest.Config) // makes another platform; nil for the usual one
	flags []string
	want  outcome
	says  string // part of what the command says
	peak  int64  // MiB that the process may take; 0 means maxPeak
	tls   bool
	// after is what a run against the same platform, well-behaved again, comes to, if that is not every day whole, and
	// every record of the platform in the lake.
	after    *outcome
	thenSays string // part of what that run says
}

// maxPeak is what a process may take in a scenario that says nothing else. The program and its libraries take some
// 60 MiB before the first page.
const maxPeak = 220

// line is a row of the table that the test prints.
type line struct {
	scenario scenario
	got      outcome
	peak     int64 // MiB
	took     time.Duration
	again    outcome
	says     string
}

// TestExtractFromAHostilePlatform runs the program against each scenario and then against the platform as it should be.
func TestExtractFromAHostilePlatform(t *testing.T) {
	path := program.Path(t)
	all := scenarios()
	lines := make([]line, len(all))
	t.Run("scenario", func(t *testing.T) {
		for i, s := range all {
			t.Run(strings.ReplaceAll(s.name, " ", "_"), func(t *testing.T) {
				t.Parallel() // each waits for the disk and for its platform
				lines[i] = line{scenario: s}
				newRig(t, path, s).play(&lines[i])
			})
		}
	})
	if testing.Verbose() {
		t.Logf("\n%s", table(lines))
	}
}

// table is what a person reads: one line a scenario.
func table(lines []line) string {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "what the platform does\texit\tdays\trecords\trejected\tpeak MiB\tseconds\tthen\tthe last that is said")
	for _, l := range lines {
		_, _ = fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%d\t%.1f\texit %d, %d records\t%s\n", l.scenario.name, l.got.exit, l.got.days, l.got.records,
			l.got.rejected, l.peak, l.took.Seconds(), l.again.exit, l.again.records, clip(l.says, 160))
	}
	_ = w.Flush() // a buffer takes everything
	return out.String()
}

func clip(s string, most int) string {
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// rig is a platform, a lake and the program between them.
type rig struct {
	t      *testing.T
	path   string
	s      scenario
	fake   *platformtest.Fake
	server *httptest.Server
	lake   string
	config platformtest.Config
}

func newRig(t *testing.T, path string, s scenario) *rig {
	t.Helper()
	r := &rig{t: t, path: path, s: s, lake: filepath.Join(t.TempDir(), "lake")}
	r.config = platformtest.Config{Records: records(first, days), Available: (first + days).Start(), PageSize: 4}
	if s.alter != nil {
		s.alter(&r.config)
	}
	r.fake = platformtest.New(t, r.config)
	r.server = httptest.NewUnstartedServer(r.fake)
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that hangs up is what many scenarios want
	if s.tls {
		r.server.StartTLS()
	} else {
		r.server.Start()
	}
	t.Cleanup(r.server.Close)
	return r
}

// records makes the conversations of some days, spread over each.
func records(first conversation.Day, days int) (out [][]byte) {
	for n := range days * perDay {
		start := (first + conversation.Day(n/perDay)).Start().Add(time.Duration(n%perDay) * 2 * time.Hour)
		out = append(out, platformtest.Record(fmt.Sprintf("conversation-%02d", n), start, 10*time.Minute, "as it is"))
	}
	return out
}

// play runs the program against the platform with its misdeeds and without, and looks at the lake each time.
func (r *rig) play(l *line) {
	t := r.t
	t.Helper()
	r.fake.Behave(r.s.rules...)
	run := r.extract()
	l.got, l.peak, l.took, l.says = r.outcome(run.exit), run.peak, run.took, last(run.stderr)
	if l.got != r.s.want {
		t.Errorf("got  %v\nwant %v\n%s", l.got, r.s.want, run.stderr)
	}
	if most := max(r.s.peak, maxPeak); l.peak > most {
		t.Errorf("the process took %d MiB, want %d at most", l.peak, most)
	}
	if !strings.Contains(run.stderr+run.stdout, r.s.says) {
		t.Errorf("it does not say %q:\n%s%s", r.s.says, run.stdout, run.stderr)
	}
	r.clean(run)
	r.fake.Behave()
	run = r.extract()
	l.again = r.outcome(run.exit)
	if !strings.Contains(run.stderr, r.s.thenSays) {
		t.Errorf("the second run does not say %q:\n%s", r.s.thenSays, run.stderr)
	}
	r.healed(run, l)
}

// healed looks at the lake after the platform has come to its senses.
func (r *rig) healed(run ended, l *line) {
	r.t.Helper()
	want := outcome{exit: 0, days: days, records: len(r.config.Records), rejected: l.got.rejected}
	if r.s.after != nil {
		want = *r.s.after
	}
	if l.again != want {
		r.t.Errorf("when the platform is well again:\ngot  %v\nwant %v\n%s", l.again, want, run.stderr)
	}
	if r.s.after != nil {
		return
	}
	c := program.Read(r.t, r.lake)
	if got, want := c.Records, byDay(r.t, r.config.Records); !same(got, want) {
		r.t.Errorf("when the platform is well again, the lake holds\n%v\nand the platform\n%v", got, want)
	}
	if len(c.Staged) > 0 {
		r.t.Errorf("staged pages are left: %v", c.Staged)
	}
}

// byDay is what an undisturbed lake holds of the records.
func byDay(t *testing.T, records [][]byte) map[conversation.Day][]string {
	t.Helper()
	out := map[conversation.Day][]string{}
	for _, raw := range records {
		rec, err := wire.Record(raw)
		if err != nil {
			t.Fatal(err)
		}
		day := conversation.DayOf(rec.Start)
		out[day] = append(out[day], string(raw))
	}
	return out
}

// same compares records row for row, but not the order of those that start together.
func same(a, b map[conversation.Day][]string) bool {
	if len(a) != len(b) {
		return false
	}
	for day := range a {
		x, y := slices.Sorted(slices.Values(a[day])), slices.Sorted(slices.Values(b[day]))
		if !slices.Equal(x, y) {
			return false
		}
	}
	return true
}

// ended is a run of the program that has ended.
type ended struct {
	exit           int
	peak           int64 // MiB
	took           time.Duration
	stdout, stderr string
}

// extract runs the command with waits so short that a test can have them.
func (r *rig) extract() ended {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), within)
	defer cancel()
	args := []string{
		"extract", "--from", first.String(), "--to", (first + days).String(), "--lake", r.lake, "--base-url", r.server.URL,
		"--poll", "1ms..2ms", "--retries", "2", "--retry-wait", "1ms", "--job-records", "20", "--memory", "64",
	}
	cmd := exec.CommandContext(ctx, r.path, append(args, r.s.flags...)...)
	cmd.Env = append(os.Environ(), "GENESYS_CLIENT_ID="+platformtest.ClientID, "GENESYS_CLIENT_SECRET="+platformtest.ClientSecret)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	peak := watch(cmd.Process.Pid, cancel)
	err := cmd.Wait()
	out := ended{exit: cmd.ProcessState.ExitCode(), peak: peak(), took: time.Since(begun), stdout: stdout.String(), stderr: stderr.String()}
	if ctx.Err() != nil {
		r.t.Errorf("stopped after %v, with %d MiB: %s", out.took, out.peak, clip(out.stderr, 500))
	} else if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		r.t.Fatal(err)
	}
	return out
}

// tooMuch, MiB, is when a process is stopped before it takes the memory of everybody else.
const tooMuch = 1 << 10

// watch looks at the most memory that a process has taken, until what it returns is called, which gives that in MiB.
// What the system says of a process that has ended (ru_maxrss) is no help: it holds the memory of its parent too. A
// process that takes too much is stopped.
func watch(pid int, stopProcess func()) func() int64 {
	stop, peak := make(chan struct{}), make(chan int64)
	go func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		var most int64
		for {
			if most = max(most, resident(pid)); most>>10 > tooMuch {
				stopProcess()
			}
			select {
			case <-tick.C:
			case <-stop:
				peak <- most
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-peak >> 10
	}
}

// resident is the most that the process has taken so far, in KiB; 0 once it has ended.
func resident(pid int) (kib int64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	if _, rest, found := strings.Cut(string(text), "VmHWM:"); found {
		_, _ = fmt.Sscanf(rest, "%d kB", &kib)
	}
	return kib
}

// outcome adds what is in the lake, each row of it checked, to how the program ended.
func (r *rig) outcome(exit int) outcome {
	r.t.Helper()
	o := outcome{exit: exit}
	if _, err := os.Stat(r.lake); errors.Is(err, os.ErrNotExist) {
		return o
	}
	c := program.Read(r.t, r.lake)
	o.days, o.records, o.rejected = c.Days, c.Count(), len(c.Rejected)
	return o
}

// clean sees to it that what the program printed holds no secret, and nothing that changes a terminal.
func (r *rig) clean(run ended) {
	r.t.Helper()
	text := run.stdout + run.stderr
	basic := base64.StdEncoding.EncodeToString([]byte(platformtest.ClientID + ":" + platformtest.ClientSecret))
	for _, secret := range []string{platformtest.ClientSecret, "token-1", basic} {
		if strings.Contains(text, secret) {
			r.t.Errorf("it prints a secret:\n%q", text)
		}
	}
	if i := strings.IndexFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' }); i >= 0 {
		r.t.Errorf("it prints a control character:\n%q", text[max(0, i-80):min(len(text), i+80)])
	}
	if longest := slices.MaxFunc(strings.Split(text, "\n"), func(a, b string) int { return len(a) - len(b) }); len(longest) > 2000 {
		r.t.Errorf("it prints a line of %d bytes: %s", len(longest), clip(longest, 200))
	}
}

func last(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return lines[len(lines)-1]
}
