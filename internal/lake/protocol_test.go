package lake

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// step is what one process does to a lake.
type step struct {
	Dir     string             `json:"dir"`
	Crash   string             `json:"crash"`  // crash point at which it is killed; empty for none
	Commit  string             `json:"commit"` // id of the commit that it makes; empty for none: it only becomes the writer
	Whole   []conversation.Day `json:"whole"`
	Records []string           `json:"records"` // "a 1 old": conversation a of the first day, with that text
}

// TestCommitProtocol runs the script of testdata/protocol.txt, which tells how commits and recovery go: what a process
// does, where it is killed, and what is on disk and in the control database then. Each step is a process of its own.
//
//	commit ID [whole=(1,2)] [crash=POINT]   commits the records below, one a line: id, day, text
//	open [crash=POINT]                      only becomes the writer, which settles what others left
func TestCommitProtocol(t *testing.T) {
	unraced.Test(t)
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	datadriven.RunTest(t, filepath.Join("testdata", "protocol.txt"), func(t *testing.T, d *datadriven.TestData) string {
		t.Helper()
		s := step{Dir: dir}
		if d.HasArg("crash") {
			d.ScanArgs(t, "crash", &s.Crash)
		}
		if d.Cmd == "commit" {
			s.Commit = d.CmdArgs[0].Key
			s.Whole = wholeDays(t, d.CmdArgs)
			s.Records = strings.Split(strings.TrimSpace(d.Input), "\n")
		}
		return s.run(t) + stateOf(t, dir)
	})
}

func wholeDays(t *testing.T, args []datadriven.CmdArg) (out []conversation.Day) {
	t.Helper()
	for _, arg := range args {
		for i := range arg.Vals {
			if arg.Key == "whole" {
				var n int
				arg.Scan(t, i, &n)
				out = append(out, conversation.DayOf(day1)+conversation.Day(n-1))
			}
		}
	}
	return out
}

// run does the step in a process of its own, and says how that ended.
func (s step) run(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestStepOfTheProtocol$")
	cmd.Env = append(os.Environ(), "PARLEY_STEP="+string(text))
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		runOut(t, s.Dir)
		return "killed\n"
	}
	if err != nil {
		return fmt.Sprintf("failed: %s\n", out)
	}
	says, _, _ := strings.Cut(string(out), "PASS")
	return says
}

// TestStepOfTheProtocol is what the processes of TestCommitProtocol run.
func TestStepOfTheProtocol(t *testing.T) {
	text := os.Getenv("PARLEY_STEP")
	if text == "" {
		t.Skip("only TestCommitProtocol runs it")
	}
	var s step
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	crashpoint.Watch(func(name string) {
		if name == s.Crash {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	})
	l, err := Open(t.Context(), s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.Commit != "" {
		out, err := w.Commit(t.Context(), Commit{ID: s.Commit, Run: "run", At: day1, Days: s.Whole, Records: all(s.versions(t)...)})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("added %d, replaced %d, unchanged %d\n", out.Added, out.Replaced, out.Unchanged)
	}
	if err := errors.Join(w.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
}

// versions makes the records; a commit with a later name received them later.
func (s step) versions(t *testing.T) (out []conversation.Version) {
	t.Helper()
	for _, line := range s.Records {
		var id, text string
		var day int
		if _, err := fmt.Sscan(line, &id, &day, &text); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		start := day1.AddDate(0, 0, day-1).Add(time.Duration(id[0]) * time.Minute)
		r, err := wire.Record(fmt.Appendf(nil, `{"conversationId":%q,"conversationStart":%q,"externalTag":%q,"participants":[{"purpose":"agent","attributes":{"k":%[3]q},`+
			`"sessions":[{"mediaType":"voice","segments":[{"segmentType":"interact"}]}]}]}`, id, conversation.FormatTime(start), text))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, conversation.Version{Record: r, Run: "run", At: day1.Add(time.Duration(s.Commit[1]) * time.Hour)})
	}
	return out
}

// stateOf tells what is on disk, what the tables and the control database say of it, and what a reader sees.
func stateOf(t *testing.T, dir string) string {
	t.Helper()
	l := mustOpen(t, dir)
	var out strings.Builder
	begun, err := l.intents(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range begun {
		fmt.Fprintf(&out, "begun and not settled: %s\n", i.id)
	}
	whole, err := l.Days(t.Context(), conversation.DayOf(day1), conversation.DayOf(day1)+100)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(&out, "whole days:")
	for _, day := range slices.Sorted(maps.Keys(whole)) {
		fmt.Fprintf(&out, " %d", int(day-conversation.DayOf(day1))+1)
	}
	fmt.Fprintln(&out)
	s := snapshot(t, l)
	for _, table := range tables.All() {
		head := headOf(t, l, table)
		if onDisk := filesOnDisk(t, l, table); len(onDisk) > 0 {
			fmt.Fprintf(&out, "%s: on disk %s; its newest snapshot has %s; readers see %s\n", table, onDisk, shortNames(head), shortNames(s.files[table]))
		}
	}
	for _, text := range contentsOf(t, s) {
		var r struct {
			ID   string `json:"conversationId"`
			Text string `json:"externalTag"`
		}
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s %s\n", r.ID, r.Text)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// shortName writes the name of a data file as day/commit.
func shortName(path string) string {
	day, err := conversation.ParseDay(strings.TrimPrefix(filepath.Base(filepath.Dir(path)), "day="))
	if err != nil {
		return path
	}
	return fmt.Sprintf("%d/%s", int(day-conversation.DayOf(day1))+1, writtenBy(path))
}

// writtenBy is the commit that a data file is of. Its name may have the epoch of a lease, too.
func writtenBy(path string) string {
	commit, _, _ := strings.Cut(filepath.Base(path), ".")
	return commit
}

func shortNames(files []datafile.File) string {
	var out []string
	for _, f := range files {
		out = append(out, shortName(f.Path))
	}
	slices.Sort(out)
	return orNone(out)
}

func filesOnDisk(t *testing.T, l *Lake, table tables.Table) string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(l.tableDir(table), "data", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, path := range paths {
		out = append(out, shortName(path))
	}
	slices.Sort(out)
	if len(out) == 0 {
		return ""
	}
	return orNone(out)
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}
