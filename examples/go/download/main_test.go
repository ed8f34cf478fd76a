package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/sandboxtest"
)

var day = time.Date(2026, 11, 7, 0, 0, 0, 0, time.UTC)

// start starts a sandbox whose days have sixty conversations: three pages of twenty.
func start(t *testing.T, options ...sandboxtest.Option) *sandboxtest.Sandbox {
	return sandboxtest.New(t, append([]sandboxtest.Option{sandboxtest.Days(4), sandboxtest.Steady(60)}, options...)...)
}

// machine is what a test runs the program in. Waits pass on the sandbox's clock, and take no time here.
type machine struct {
	sandbox *sandboxtest.Sandbox
	folder  string
	secret  string

	closed   bool // nobody reads what it prints
	out, log bytes.Buffer
	waits    []time.Duration
}

func newMachine(t *testing.T, s *sandboxtest.Sandbox) *machine {
	return &machine{sandbox: s, folder: t.TempDir(), secret: s.ClientSecret}
}

func (m *machine) run(t *testing.T, args ...string) int {
	m.out.Reset()
	var out io.Writer = &m.out
	if m.closed {
		out = closedPipe{}
	}
	env := map[string]string{"GENESYS_CLIENT_ID": m.sandbox.ClientID, "GENESYS_CLIENT_SECRET": m.secret}
	code := run(t.Context(), world{
		args:   append([]string{"-base-url", m.sandbox.URL, "-out", m.folder, "-page-size", "20"}, args...),
		getenv: func(name string) string { return env[name] },
		now:    m.sandbox.Now,
		sleep: func(ctx context.Context, d time.Duration) error {
			m.waits = append(m.waits, d)
			return m.sandbox.Sleep(ctx, d)
		},
		out: out, log: &m.log,
	})
	t.Logf("exit code %d\n%s%s", code, m.out.String(), m.log.String())
	return code
}

// file is what a download of a day has to be.
func file(s *sandboxtest.Sandbox, day time.Time) []byte {
	var lines []byte
	for _, record := range s.Records(day, day.AddDate(0, 0, 1)) {
		lines = append(append(lines, record...), '\n')
	}
	return lines
}

// wantFiles has the folder hold these days, as the sandbox has them, and nothing else.
func (m *machine) wantFiles(t *testing.T, days ...time.Time) {
	t.Helper()
	var names []string
	for _, day := range days {
		name := day.Format(time.DateOnly) + ".ndjson"
		names = append(names, name)
		got, err := os.ReadFile(filepath.Join(m.folder, name))
		if err != nil {
			t.Fatal(err)
		}
		want := file(m.sandbox, day)
		if len(want) == 0 || !bytes.Equal(got, want) {
			t.Errorf("%s has %d lines, %d bytes; the sandbox has %d records, %d bytes", name,
				bytes.Count(got, []byte("\n")), len(got), bytes.Count(want, []byte("\n")), len(want))
		}
	}
	entries, err := os.ReadDir(m.folder)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	if !slices.Equal(found, names) {
		t.Errorf("the folder has %q, want %q", found, names)
	}
}

func TestYesterday(t *testing.T) {
	m := newMachine(t, start(t))
	if code := m.run(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	m.wantFiles(t, day)
}

func TestFaults(t *testing.T) {
	type fault = sandboxtest.Fault
	status := func(route string, status int) fault {
		return fault{Route: route, Nth: 1, Times: 2, Answer: &sandboxtest.Answer{Status: status}}
	}
	job := func(j sandboxtest.Job) fault { return fault{Times: 1, Job: &j} }
	for name, test := range map[string]struct {
		fault fault
		waits []time.Duration // some of them
		jobs  int             // submitted
	}{
		"429 with seconds": {
			fault: fault{Route: "results", Nth: 2, Times: 1, Answer: &sandboxtest.Answer{Status: 429, RetryAfter: 7 * time.Second}},
			waits: []time.Duration{7 * time.Second},
		},
		"429 with a date": {
			fault: fault{Route: "results", Nth: 2, Times: 1, Answer: &sandboxtest.Answer{Status: 429, RetryAfterDate: time.Hour}},
		},
		"503 at the login":          {fault: status("token", 503), waits: []time.Duration{500 * time.Millisecond, time.Second}},
		"502 at the submission":     {fault: status("submit", 502), waits: []time.Duration{500 * time.Millisecond, time.Second}},
		"500 at the status":         {fault: status("status", 500)},
		"a proxy's page":            {fault: fault{Route: "results", Times: 1, Answer: &sandboxtest.Answer{Status: 200, Body: "<html>busy</html>"}}},
		"a cut body":                {fault: fault{Route: "results", Nth: 2, Times: 1, Cut: &sandboxtest.Cut{Share: 0.5}}},
		"a cut body, unnoticed":     {fault: fault{Route: "results", Nth: 2, Times: 1, Cut: &sandboxtest.Cut{Share: 0.5, Unnoticed: true}}},
		"damaged gzip":              {fault: fault{Route: "results", Nth: 2, Times: 1, Corrupt: sandboxtest.BreakGzip}},
		"closed before":             {fault: fault{Route: "status", Times: 1, Close: sandboxtest.Before}},
		"closed after a submission": {fault: fault{Route: "submit", Times: 1, Close: sandboxtest.After}},
		"the token expires":         {fault: fault{Route: "results", Nth: 2, Times: 1, ExpireToken: true}},
		"a stuck job": {
			fault: job(sandboxtest.Job{Fault: sandboxtest.StuckPending}), jobs: 2, waits: []time.Duration{firstPoll, 2 * firstPoll, longPoll},
		},
		"a failed job":           {fault: job(sandboxtest.Job{Fault: sandboxtest.JobFailed, Message: "too much"}), jobs: 2},
		"expired between pages":  {fault: job(sandboxtest.Job{Fault: sandboxtest.JobExpired, Page: 2}), jobs: 2},
		"a cursor is refused":    {fault: job(sandboxtest.Job{Fault: sandboxtest.CursorRefused, Page: 3}), jobs: 2},
		"a page that is none":    {fault: fault{Route: "results", Nth: 2, Times: 1, Answer: &sandboxtest.Answer{Status: 200}}, jobs: 2},
		"an empty page":          {fault: job(sandboxtest.Job{Fault: sandboxtest.EmptyPage})},
		"a page without records": {fault: job(sandboxtest.Job{Fault: sandboxtest.EmptyPage, Absent: true})},
		"a page twice":           {fault: job(sandboxtest.Job{Fault: sandboxtest.PageTwice})},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			m := newMachine(t, s)
			s.Fault(test.fault)
			if code := m.run(t, "2026-11-07"); code != 0 {
				t.Fatalf("exit code %d", code)
			}
			m.wantFiles(t, day)
			for _, f := range s.Faults() {
				if f.Fired == 0 {
					t.Errorf("%s did not fire", f.Name)
				}
			}
			for _, wait := range test.waits {
				if !slices.Contains(m.waits, wait) {
					t.Errorf("waited %v, want %v among it", m.waits, wait)
				}
			}
			if got, want := answered(s, "POST", jobs, 202), max(test.jobs, 1); got != want {
				t.Errorf("submitted %d jobs, want %d", got, want)
			}
			if got, want := answered(s, "DELETE", jobs+"/", 204), max(test.jobs, 1); got != want {
				t.Errorf("removed %d jobs, want %d", got, want)
			}
		})
	}
}

// Much of it in one night, as a scenario has it.
func TestABadNight(t *testing.T) {
	s := sandboxtest.New(t, sandboxtest.Scenario("../../scenarios/bad-night.yaml"))
	m := newMachine(t, s)
	if code := m.run(t, "-again", "1"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	m.wantFiles(t, day.AddDate(0, 0, -1), day)
	for _, f := range s.Faults() {
		if f.Fired == 0 {
			t.Errorf("%s did not fire", f.Name)
		}
	}
}

// answered counts requests for a path, or one that begins so, of which the program heard.
func answered(s *sandboxtest.Sandbox, method, path string, status int) (n int) {
	for _, r := range s.Requests() {
		if r.Method == method && strings.HasPrefix(r.Path, path) && r.Status == status {
			n++
		}
	}
	return n
}

func TestPausesAreAsLongAsTheAnswerSays(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"7": 7 * time.Second, "0": 0, "": time.Minute, "-1": time.Minute, "soon": time.Minute, "Sun, 08 Nov 2015 12:00:00 GMT": 0,
	} {
		if got := (&refusal{retryAfter: header}).pause(time.Minute); got != want {
			t.Errorf("Retry-After %q: %v, want %v", header, got, want)
		}
	}
}

// No job can be read: the program says so, and the file of the last run is as it was.
func TestNothingHalf(t *testing.T) {
	s := start(t)
	m := newMachine(t, s)
	if code := m.run(t, "2026-11-07"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	s.Fault(sandboxtest.Fault{Job: &sandboxtest.Job{Fault: sandboxtest.JobExpired, Page: 2}})
	if code := m.run(t, "2026-11-07", "2026-11-06"); code != codeFailed {
		t.Errorf("exit code %d, want %d", code, codeFailed)
	}
	m.wantFiles(t, day)
	if got := answered(s, "POST", jobs, 202); got != 1+jobsADay {
		t.Errorf("submitted %d jobs, want %d", got, 1+jobsADay)
	}
}

func TestNotYet(t *testing.T) {
	s := start(t, sandboxtest.At(day.AddDate(0, 0, 1).Add(3*time.Hour)))
	m := newMachine(t, s)
	if code := m.run(t, "-again", "1"); code != codeNotYet {
		t.Errorf("exit code %d, want %d", code, codeNotYet)
	}
	m.wantFiles(t, day.AddDate(0, 0, -1))
	s.NextBatch()
	if code := m.run(t, "-again", "1"); code != 0 {
		t.Errorf("exit code %d after the batch", code)
	}
	m.wantFiles(t, day.AddDate(0, 0, -1), day)
}

// The date goes back while the job runs: what it gives then may lack some.
func TestTheDateGoesBack(t *testing.T) {
	s := start(t)
	m := newMachine(t, s)
	s.Fault(sandboxtest.Fault{Route: "availability", Answer: &sandboxtest.Answer{
		Status: 200, Body: `{"dataAvailabilityDate":"2026-11-08T04:10:00.000Z"}`,
	}})
	s.Batch(sandboxtest.Batch{Back: day})
	if code := m.run(t); code != codeNotYet {
		t.Errorf("exit code %d, want %d", code, codeNotYet)
	}
	m.wantFiles(t)
}

// Some records change because the test says so, and others because records do.
func TestLateChanges(t *testing.T) {
	s := start(t)
	m := newMachine(t, s)
	if code := m.run(t, "-again", "1"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	before := s.Records(day.AddDate(0, 0, -1), day.AddDate(0, 0, 1))
	rewritten := s.Rewrite(sandboxtest.Rewriting{Older: 24 * time.Hour, Count: 3})
	s.NextBatch()
	after := s.Records(day.AddDate(0, 0, -1), day.AddDate(0, 0, 1))

	if code := m.run(t, "-again", "2"); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	m.wantFiles(t, day.AddDate(0, 0, -1), day, day.AddDate(0, 0, 1))
	changed := 0
	for i, record := range after {
		id, err := idOf(record)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Contains(m.out.String(), "changed "+id)
		if is := !bytes.Equal(record, before[i]); said != is {
			t.Errorf("conversation %s has changed: %v, and the program says %v", id, is, said)
		} else if is {
			changed++
		}
		if slices.Contains(rewritten, id) && !said {
			t.Errorf("nothing is said of %s", id)
		}
	}
	if changed < len(rewritten) || changed == len(after) {
		t.Errorf("%d of %d records have changed, %d were rewritten", changed, len(after), len(rewritten))
	}
}

func TestReport(t *testing.T) {
	was := sums{"same": {1}, "changes": {1}, "goes": {1}}
	is := sums{"same": {1}, "changes": {2}, "comes": {1}}
	if got, want := report(day, was, is, true), "2026-11-07: 3 conversations, 3 not as in the last run\n  added comes\n  changed changes\n  gone goes\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := report(day, nil, is, false), "2026-11-07: 3 conversations\n"; got != want {
		t.Errorf("the first time: got %q, want %q", got, want)
	}
}

// What cannot be said is not kept: the next run says it.
func TestNobodyListens(t *testing.T) {
	m := newMachine(t, start(t))
	m.closed = true
	if code := m.run(t); code != codeFailed {
		t.Errorf("exit code %d, want %d", code, codeFailed)
	}
	m.wantFiles(t)
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

// A file that is not ours is not overwritten.
func TestAnotherFile(t *testing.T) {
	m := newMachine(t, start(t))
	name := filepath.Join(m.folder, "2026-11-07.ndjson")
	if err := os.WriteFile(name, []byte("my notes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := m.run(t); code != codeFailed {
		t.Errorf("exit code %d, want %d", code, codeFailed)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "my notes\n" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}

func TestWrongSecret(t *testing.T) {
	m := newMachine(t, start(t))
	m.secret = "wrong"
	if code := m.run(t); code != codeFailed {
		t.Errorf("exit code %d, want %d", code, codeFailed)
	}
	m.wantFiles(t)
	if len(m.waits) != 0 {
		t.Errorf("waited %v for a secret to become right", m.waits)
	}
}

// The platform goes on failing: it is asked a few times, each time later, and then not again.
func TestGivingUp(t *testing.T) {
	s := start(t)
	m := newMachine(t, s)
	s.Fault(sandboxtest.Fault{Route: "submit", Answer: &sandboxtest.Answer{Status: 503}})
	if code := m.run(t); code != codeFailed {
		t.Errorf("exit code %d, want %d", code, codeFailed)
	}
	if len(m.waits) != tries-1 || !slices.IsSorted(m.waits) {
		t.Errorf("waited %v", m.waits)
	}
	m.wantFiles(t)
}

// What the platform allows in a minute is soon used up, and the program waits for the next minute.
func TestTheRateIsKept(t *testing.T) {
	s := start(t, sandboxtest.RateLimit(4))
	m := newMachine(t, s)
	if code := m.run(t); code != 0 {
		t.Fatalf("exit code %d", code)
	}
	m.wantFiles(t, day)
	if !slices.ContainsFunc(s.Requests(), func(r sandboxtest.Request) bool { return r.Status == 429 }) {
		t.Error("it was never over the rate")
	}
}

func TestUsage(t *testing.T) {
	m := newMachine(t, start(t))
	for _, args := range [][]string{{"yesterday"}, {"-again"}, {"-base-url", ""}} {
		if code := m.run(t, args...); code != codeUsage {
			t.Errorf("%q: exit code %d, want %d", args, code, codeUsage)
		}
	}
}

// A page whose cursor is the one that it was asked for by would be read for ever.
func TestAPageThatLeadsToItself(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"conversations":[],"cursor":"again","dataAvailabilityDate":"2026-11-08T00:00:00.000Z"}`)
	}))
	defer server.Close()
	c := &client{api: server.URL, http: server.Client(), token: "t", log: log.New(io.Discard, "", 0)}
	pages := 0
	err := c.pages(t.Context(), "job", 20, func(page) error { pages++; return nil })
	if !errors.Is(err, errLost) || pages != 1 {
		t.Errorf("%v after %d pages", err, pages)
	}
}
