package budget

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const folderVariable = "PARLEY_TEST_BUDGET_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(folderVariable); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

// perMinute is the budget of the real processes: a slot every 60 ms, after 200 at once.
const perMinute = 1200

// child is a process that takes slots until it is killed, and says when it got each.
func child(dir string) {
	b := New(Config{Client: "client", Share: Number(perMinute), Dir: dir})
	b.allowed = perMinute
	for {
		if _, err := b.Wait(neverDone{}); err != nil {
			os.Exit(1)
		}
		fmt.Println(time.Now().UnixNano())
	}
}

// neverDone is the context of a process that ends by being killed.
type neverDone struct{}

func (neverDone) Deadline() (time.Time, bool) { return time.Time{}, false }
func (neverDone) Done() <-chan struct{}       { return nil }
func (neverDone) Err() error                  { return nil }
func (neverDone) Value(any) any               { return nil }

// Processes that are killed and started again keep to one budget.
func TestProcessesShareABudget(t *testing.T) {
	dir := t.TempDir()
	times := make(chan time.Time, 10_000)
	const processes = 4
	start := func() *exec.Cmd {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), folderVariable+"="+dir)
		out, err := c.StdoutPipe()
		if err == nil {
			err = c.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		go func() { // ends with the process
			for lines := bufio.NewScanner(out); lines.Scan(); {
				if n, err := strconv.ParseInt(strings.TrimSpace(lines.Text()), 10, 64); err == nil {
					times <- time.Unix(0, n)
				}
			}
		}()
		return c
	}
	var running []*exec.Cmd
	for range processes {
		running = append(running, start())
	}
	var got []time.Time
	for len(got) < 230 { // what may come at once, and two seconds of what comes after that
		got = append(got, <-times)
		if len(got)%10 == 0 {
			i := len(got) / 10 % processes
			end(t, running[i])
			running[i] = start()
		}
	}
	for _, c := range running {
		end(t, c)
	}
	slices.SortFunc(got, time.Time.Compare)
	s := spacingOf(perMinute, perMinute)
	burst := int(s.ahead/s.every) + 1
	for i := range got {
		for j := i + 1; j < len(got); j++ {
			// Each process may be late with one.
			if most := burst + int(got[j].Sub(got[i])/s.every) + 1 + processes; j-i+1 > most {
				t.Fatalf("%d requests in %v, want %d at most", j-i+1, got[j].Sub(got[i]), most)
			}
		}
	}
}

func end(t *testing.T, c *exec.Cmd) {
	t.Helper()
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
}
