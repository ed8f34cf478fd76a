package clients_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/sandboxtest"
)

// example runs the example for a client, as a reader runs it, and gives its exit code and what it said.
func (c client) example(t *testing.T, s *sandboxtest.Sandbox, out, day string) (code int, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clientWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, c.command[0], filepath.Join("..", "..", "examples", c.name, c.program),
		"--base-url", s.URL, "--out", out, "--page-size", "5", "--poll", "0.05", day)
	modules, err := filepath.Abs(filepath.Join("js", "node_modules"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "NODE_PATH=" + modules,
		"GENESYS_CLIENT_ID=" + s.ClientID, "GENESYS_CLIENT_SECRET=" + s.ClientSecret,
	}
	cmd.WaitDelay = time.Second
	text, err := cmd.CombinedOutput()
	t.Logf("%s", text)
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// eachExample does something with the example for every client that is installed, on a sandbox of its own.
func eachExample(t *testing.T, do func(*testing.T, client, *sandboxtest.Sandbox)) {
	t.Helper()
	each(t, func() address { return address{} }, func(t *testing.T, c client, _ address) {
		t.Helper()
		t.Parallel()
		do(t, c, sandboxtest.New(t, sandboxtest.Days(3), sandboxtest.Steady(15), sandboxtest.RateLimit(100_000)))
	})
}

// Whatever goes wrong, the file has what the sandbox has: each record once, and in order.
func TestExamplesDownloadADayThroughFaults(t *testing.T) {
	eachExample(t, func(t *testing.T, c client, s *sandboxtest.Sandbox) {
		t.Helper()
		for _, f := range []sandboxtest.Fault{
			{Route: "token", Times: 1, Answer: &sandboxtest.Answer{Status: 503}},
			{Route: "availability", Times: 1, Close: sandboxtest.Before},
			{Route: "submit", Times: 1, Answer: &sandboxtest.Answer{Status: 502, Body: "<html>"}},
			{Route: "status", Times: 1, Answer: &sandboxtest.Answer{Status: 429}},
			{Route: "results", Nth: 2, Times: 1, Answer: &sandboxtest.Answer{Status: 429, RetryAfter: time.Second}},
			{Route: "results", Nth: 3, Times: 1, Answer: &sandboxtest.Answer{Status: 429, RetryAfterDate: time.Second}},
			{Route: "results", Nth: 4, Times: 1, Cut: &sandboxtest.Cut{Share: 0.5, Unnoticed: true}},
			{Route: "results", Nth: 5, Times: 1, ExpireToken: true},
			{Job: &sandboxtest.Job{Fault: sandboxtest.JobFailed}, Times: 1},
			{Job: &sandboxtest.Job{Fault: sandboxtest.JobExpired, Page: 3}, Nth: 2, Times: 1},
			{Job: &sandboxtest.Job{Fault: sandboxtest.PageTwice}, Nth: 3, Times: 1},
		} {
			s.Fault(f)
		}
		out := t.TempDir()
		if code, _ := c.example(t, s, out, "2026-11-07"); code != 0 {
			t.Fatalf("exit code %d", code)
		}
		got, err := os.ReadFile(filepath.Join(out, "2026-11-07.ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		sameRecords(t, strings.SplitAfter(string(got), "\n"), s.Records(day(7), day(8)))
		for _, f := range s.Faults() {
			if f.Fired == 0 {
				t.Errorf("%s did not fire", f.Name)
			}
		}
	})
}

func day(n int) time.Time { return time.Date(2026, 11, n, 0, 0, 0, 0, time.UTC) }

// sameRecords compares what records say: the clients' languages write numbers, and spaces, in ways of their own.
func sameRecords(t *testing.T, lines []string, want []json.RawMessage) {
	t.Helper()
	if len(lines) != len(want)+1 || lines[len(want)] != "" || len(want) == 0 {
		t.Fatalf("the file has %d lines, want %d", len(lines)-1, len(want))
	}
	for i, record := range want {
		var a, b any
		if err := errors.Join(json.Unmarshal([]byte(lines[i]), &a), json.Unmarshal(record, &b)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("line %d is another record than the sandbox has", i+1)
		}
	}
}

// A job that expires each time, a day that is not there yet, and a login that is refused, end with their exit codes and leave no file.
func TestExamplesLeaveNothingHalf(t *testing.T) {
	eachExample(t, func(t *testing.T, c client, s *sandboxtest.Sandbox) {
		t.Helper()
		s.Fault(sandboxtest.Fault{Job: &sandboxtest.Job{Fault: sandboxtest.JobExpired, Page: 2}})
		out := t.TempDir()
		if code, said := c.example(t, s, out, "2026-11-07"); code != 1 || !strings.Contains(said, "expired") {
			t.Errorf("a job that expires: exit code %d", code)
		}
		if code, said := c.example(t, s, out, "2026-11-08"); code != 3 || !strings.Contains(said, "not yet") {
			t.Errorf("a day that is not there yet: exit code %d", code)
		}
		s.Fault(sandboxtest.Fault{Route: "token", Answer: &sandboxtest.Answer{Status: 401}})
		if code, _ := c.example(t, s, out, "2026-11-07"); code != 1 {
			t.Errorf("a login that is refused: exit code %d", code)
		}
		if left, err := os.ReadDir(out); err != nil || len(left) > 0 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
	})
}
