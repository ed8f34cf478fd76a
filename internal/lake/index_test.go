package lake

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/test/unraced"
)

// indexOf gives the index as a writer finds it.
func indexOf(t *testing.T, l *Lake) *index {
	t.Helper()
	x, err := l.index(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// smallGather makes runs of few entries until the test ends.
func smallGather(t *testing.T, most int) {
	t.Helper()
	was := gatherMost
	gatherMost = most
	t.Cleanup(func() { gatherMost = was })
}

// wholeIndex asserts that every file is covered, that no run is there which the control database does not name, and
// that the lake is whole.
func wholeIndex(t *testing.T, l *Lake) IndexReport {
	t.Helper()
	r := mustCheck(t, l)
	if files := len(snapshot(t, l).Files(tables.Conversations)); r.Index.Covered != files || r.Index.Unreadable+int(r.Index.Lacking) > 0 {
		t.Errorf("of %d files the index covers %+v", files, r.Index)
	}
	if there, want := runsIn(t, l), namesOf(indexOf(t, l).runs); !slices.Equal(there, want) {
		t.Errorf("the runs %v are there, and %v are named", there, want)
	}
	return r.Index
}

func namesOf(runs []runFile) (names []string) {
	for _, r := range runs {
		names = append(names, r.name)
	}
	slices.Sort(names)
	return names
}

func runsIn(t *testing.T, l *Lake) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(pathOf(l, idsAt))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), runSuffix))
	}
	return names
}

// blank makes a file unreadable: whoever reads it fails with fault.Corrupt.
func blank(t *testing.T, path string) (mend func()) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, make([]byte, len(content)), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const oneDay = 24 * time.Hour

// hastyDisk does not wait for the disk: what is made of many commits is not about power cuts.
type hastyDisk struct{ folder.OS }

func (hastyDisk) SyncDir(string) error { return nil }

func (d hastyDisk) Create(path string) (folder.File, error) {
	f, err := d.OS.Create(path)
	return hastyFile{f}, err
}

type hastyFile struct{ folder.File }

func (hastyFile) Sync() error { return nil }

// A commit reads the ids of its own days, and of those in which one of its ids is. What it does not read may as well be
// unreadable.
func TestCommitReadsWhatItMust(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(oneDay), ""), record("c", day1.Add(2*oneDay), ""))})
	mend := blank(t, snapshot(t, l).Files(tables.Conversations)[0].Path)
	for name, v := range map[string]conversation.Version{
		"a new day": record("d", day1.Add(3*oneDay), ""), "a day of the lake": record("e", day1.Add(oneDay), ""),
		"another version": record("b", day1.Add(oneDay), "other"), "another day": record("c", day1.Add(oneDay), ""),
	} {
		if err := tryCommit(t, l, v); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, v := range map[string]conversation.Version{"its day": record("f", day1, ""), "its id": record("a", day1.Add(oneDay), "")} {
		if err := tryCommit(t, l, v); !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: %v, want fault.Corrupt", name, err)
		}
	}
	mend()
	if out := commit(t, l, Commit{Records: all(record("a", day1.Add(oneDay), ""))}); out.Replaced != 1 || out.Added != 0 {
		t.Errorf("got %+v", out)
	}
	wholeIndex(t, l)
}

// tale commits at random and keeps what the lake should have.
type tale struct {
	t    *testing.T
	rng  *rand.Rand
	l    *Lake
	want map[conversation.ID]conversation.Version
	at   int
}

// some gives random versions of few conversations: of some of them older than what is there, and of some on another day.
func (h *tale) some() []conversation.Version {
	var out []conversation.Version
	for _, n := range h.rng.Perm(40)[:h.rng.IntN(12)] {
		h.at++
		id := fmt.Sprintf("id-%02d", n)
		start := day1.Add(time.Duration(n%4) * oneDay).Add(time.Duration(n) * time.Minute)
		if h.rng.IntN(5) == 0 {
			start = start.Add(time.Duration(h.rng.IntN(5)-2) * oneDay)
		}
		v := record(id, start, fmt.Sprint(h.rng.IntN(3)))
		v.At = v.At.Add(time.Duration(h.at-20*h.rng.IntN(2)) * time.Second)
		out = append(out, v)
	}
	return out
}

// take brings versions into the plain map as a commit does into the lake.
func (h *tale) take(versions []conversation.Version) {
	for _, v := range versions {
		old, there := h.want[v.ID]
		same := there && bytes.Equal(old.JSON, v.JSON)
		if !there || !same && !old.At.After(v.At) {
			h.want[v.ID] = v
		}
	}
}

func (h *tale) compare(step string) {
	h.t.Helper()
	var want []string
	for _, v := range h.want {
		want = append(want, string(v.JSON))
	}
	got := contents(h.t, h.l)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		h.t.Fatalf("after %s the lake has %d records, want %d", step, len(got), len(want))
	}
	if r, err := Check(h.t.Context(), h.l, nil); err != nil {
		h.t.Fatalf("after %s: %v\n%s", step, err, strings.Join(r.Damage, "\n"))
	}
}

// step does something to the lake, and says what.
func (h *tale) step() string {
	t, l := h.t, h.l
	t.Helper()
	switch n := h.rng.IntN(20); n {
	case 0: // landed, and not settled; what was so before is settled first
		w, err := l.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		sqlOf(t, l, `CREATE TRIGGER unsettled BEFORE DELETE ON commits BEGIN SELECT RAISE(ABORT, 'refused'); END`)
		versions := h.some()
		if err := tryCommit(t, l, versions...); err == nil {
			t.Fatal("a commit was settled that could not be")
		}
		sqlOf(t, l, `DROP TRIGGER unsettled`)
		h.take(versions)
		return "a commit that was not settled"
	case 1:
		allow := refuse(t, l, tables.Conversations, 0)
		defer allow()
		if versions := h.some(); tryCommit(t, l, versions...) == nil {
			h.take(versions) // there was nothing to change
		}
		return "a commit that was refused"
	case 2, 3:
		return h.damage()
	case 4:
		h.index(IndexOptions{Again: h.rng.IntN(2) == 0})
		return "the index was made"
	case 5:
		day := conversation.DayOf(day1) + conversation.Day(h.rng.IntN(5))
		commit(t, l, Commit{Again: []conversation.Day{day}})
		return "a day was written again"
	case 6:
		expire(t, l, ExpireOptions{Before: later()})
		return "an expiry"
	case 7:
		sqlOf(t, l, `DELETE FROM id_files WHERE random() % 2 = 0`)
		return "files were not covered any more"
	default:
		versions := h.some()
		commit(t, l, Commit{Records: all(versions...)})
		h.take(versions)
		return "a commit"
	}
}

func (h *tale) index(o IndexOptions) {
	h.t.Helper()
	w, err := h.l.Writer(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	if _, err := w.Index(h.t.Context(), o); err != nil {
		h.t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		h.t.Fatal(err)
	}
	if got := wholeIndex(h.t, h.l); got.Runs > 1 {
		h.t.Fatalf("the index has %d runs", got.Runs)
	}
}

// damage damages a run.
func (h *tale) damage() string {
	runs := runsIn(h.t, h.l)
	if len(runs) == 0 {
		return "nothing"
	}
	path := pathOf(h.l, runAt(runs[h.rng.IntN(len(runs))]))
	content, err := os.ReadFile(path)
	if err != nil {
		h.t.Fatal(err)
	}
	switch h.rng.IntN(3) {
	case 0:
		err = os.Remove(path)
	case 1:
		err = os.WriteFile(path, content[:h.rng.IntN(len(content))], 0o600)
	default:
		content[h.rng.IntN(len(content))] ^= 0x10
		err = os.WriteFile(path, content, 0o600)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return "a run was damaged"
}

// seedOf is what a random test follows from, which it prints: PARLEY_SEED repeats it.
func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("PARLEY_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("PARLEY_SEED=%d", seed)
	return seed
}

// Whatever happens to the index and to commits, the lake has each conversation once, and is what a plain map is.
func TestIndexAgainstAMap(t *testing.T) {
	unraced.Test(t)
	smallGather(t, 5)
	useDisk(t, hastyDisk{})
	const steps = 25
	seed := seedOf(t)
	h := &tale{t: t, rng: rand.New(rand.NewPCG(seed, 0)), l: newLake(t), want: map[conversation.ID]conversation.Version{}}
	for range steps {
		h.compare(h.step())
	}
	h.index(IndexOptions{})
}

// Every commit brings a run, and few are left.
func TestRunsAreMerged(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	useDisk(t, hastyDisk{})
	for i := range 4*runsPerMerge + 2 {
		commit(t, l, Commit{Records: all(record(fmt.Sprintf("id-%02d", i), day1.Add(time.Duration(i%3)*oneDay), ""))})
		if got := wholeIndex(t, l); got.Runs > runsPerMerge+1 || got.Entries != int64(i+1) {
			t.Fatalf("after %d commits: %+v", i+1, got)
		}
	}
	if out := commit(t, l, Commit{Records: all(record("id-07", day1, ""))}); out.Replaced != 1 { // was on the next day
		t.Errorf("got %+v", out)
	}
}

func TestTiers(t *testing.T) {
	for entries, want := range map[int64]int{0: 0, 1: 0, 4095: 0, 4096: 1, 16383: 1, 16384: 2, 50_000: 2, 200_000: 3, 1 << 20: 5, 100_000_000: 8} {
		if got := (runFile{entries: entries}).tier(); got != want {
			t.Errorf("%d entries are of tier %d, want %d", entries, got, want)
		}
	}
	of := func(sizes ...int64) *index {
		x := &index{}
		for i, n := range sizes {
			x.runs = append(x.runs, runFile{name: fmt.Sprint(i), entries: n})
		}
		return x
	}
	for _, c := range []struct {
		sizes []int64
		want  []string
	}{
		{nil, nil},
		{[]int64{1, 2, 3}, nil},
		{[]int64{1, 50_000, 2, 3, 4, 5}, []string{"0", "2", "3", "4"}},
		{[]int64{50_000, 50_000, 1, 50_000, 1, 50_000, 1}, []string{"0", "1", "3", "5"}},
		{[]int64{50_000, 50_000, 1, 50_000, 1, 50_000, 1, 1}, []string{"2", "4", "6", "7"}},
		{[]int64{4 << 20, 4 << 20, 4 << 20, 4 << 20}, []string{"0", "1", "2", "3"}},
		{[]int64{4 << 20, 4 << 20, 4 << 20, 4<<20 + 1}, nil}, // too much for a commit
	} {
		if got := namesOf(of(c.sizes...).due()); !slices.Equal(got, c.want) {
			t.Errorf("%v: got %v, want %v", c.sizes, got, c.want)
		}
	}
}

// strip makes the lake what an earlier version has left.
func strip(t *testing.T, l *Lake) {
	t.Helper()
	sqlOf(t, l, `DROP TABLE reason_rules`, `ALTER TABLE commits DROP COLUMN epoch`, `DROP TABLE id_runs`, `DROP TABLE id_files`, `DROP TABLE id_whole`, `DROP TABLE record_keys`, `ALTER TABLE commits DROP COLUMN record_keys`, `UPDATE schema_versions SET version = 1 WHERE owner = 'lake'`)
	if err := os.RemoveAll(pathOf(l, idsAt)); err != nil {
		t.Fatal(err)
	}
}

// A lake of an earlier version gets its index at the next commit, whatever that brings, or by Index; read, it needs none.
func TestLakeWithoutIndex(t *testing.T) {
	unraced.Test(t)
	smallGather(t, 3)
	l := newLake(t)
	var versions []conversation.Version
	for i := range 20 {
		versions = append(versions, record(fmt.Sprintf("id-%02d", i), day1.Add(time.Duration(i%4)*oneDay), ""))
	}
	commit(t, l, Commit{Records: all(versions...)})
	for name, do := range map[string]func(*Lake){
		"a commit that changes nothing": func(l *Lake) { commit(t, l, Commit{Records: all(versions[0])}) },
		"an id on another day": func(l *Lake) {
			if out := commit(t, l, Commit{Records: all(record("id-00", day1.Add(3*oneDay), ""))}); out.Replaced != 1 || out.Added != 0 {
				t.Errorf("got %+v", out)
			}
		},
		"the command": func(l *Lake) {
			plan, err := l.PlanIndex(t.Context(), IndexOptions{})
			if err != nil || plan.Files != 4 || plan.Conversations != 20 || plan.Covered != 0 {
				t.Errorf("planned: %+v, %v", plan, err)
			}
			(&tale{t: t, l: l}).index(IndexOptions{})
		},
	} {
		strip(t, l)
		if r := mustCheck(t, l); r.Index.Covered+r.Index.Runs > 0 {
			t.Errorf("%s: without an index: %+v", name, r.Index)
		}
		now, err := Open(t.Context(), l.dir)
		if err != nil {
			t.Fatal(err)
		}
		do(now)
		if got := wholeIndex(t, now); got.Entries < 20 {
			t.Errorf("%s: got %+v", name, got)
		}
		if err := now.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A run that is damaged is said to be once, and is made again: of its days alone.
func TestDamagedRun(t *testing.T) {
	unraced.Test(t)
	for name, harm := range map[string]func(path string, content []byte) error{
		"removed":        func(path string, _ []byte) error { return os.Remove(path) },
		"cut":            func(path string, content []byte) error { return os.WriteFile(path, content[:len(content)-1], 0o600) },
		"empty":          func(path string, _ []byte) error { return os.WriteFile(path, nil, 0o600) },
		"a page changed": func(path string, content []byte) error { content[0] ^= 1; return os.WriteFile(path, content, 0o600) },
		"another run":    func(path string, _ []byte) error { return copyOther(path) },
		"a folder":       func(path string, _ []byte) error { return errors.Join(os.Remove(path), os.Mkdir(path, 0o700)) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			useDisk(t, hastyDisk{})
			commit(t, l, Commit{Records: all(record("a", day1, ""))})
			commit(t, l, Commit{Records: all(record("b", day1.Add(oneDay), ""), record("c", day1.Add(oneDay), ""))})
			first := slices.IndexFunc(indexOf(t, l).runs, func(r runFile) bool { return r.entries == 1 })
			path := pathOf(l, runAt(indexOf(t, l).runs[first].name))
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := harm(path, content); err != nil {
				t.Fatal(err)
			}
			if r := mustCheck(t, l); r.Index.Unreadable != 1 && name != "a page changed" || r.Index.Covered != 1 || r.Index.Lacking != 0 {
				t.Errorf("check finds %+v", r.Index)
			}
			// The other day is not read.
			mend := blank(t, snapshot(t, l).Files(tables.Conversations)[1].Path)
			var said bytes.Buffer
			out := commit(t, l, Commit{Records: all(record("a", day1.Add(2*oneDay), "")), Log: slog.New(slog.NewTextHandler(&said, nil))})
			if out.Replaced != 1 || out.Added != 0 || strings.Count(said.String(), "level=WARN") != 1 || !strings.Contains(said.String(), filepath.Base(path)) {
				t.Errorf("got %+v, and it said %s", out, &said)
			}
			mend()
			wholeIndex(t, l)
		})
	}
}

// copyOther puts another run in the place of one.
func copyOther(path string) error {
	others, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"+runSuffix))
	if err != nil {
		return err
	}
	other := slices.DeleteFunc(others, func(p string) bool { return p == path })[0]
	content, err := os.ReadFile(other)
	return errors.Join(err, os.WriteFile(path, content, 0o600))
}

// A run that is damaged is found when it is to be merged, and when the index is made whole.
func TestDamagedRunInAMerge(t *testing.T) {
	unraced.Test(t)
	for name, do := range map[string]func(*testing.T, *Lake){
		"a commit":    func(t *testing.T, l *Lake) { commit(t, l, Commit{Records: all(record("other", day1, ""))}) },
		"the command": func(t *testing.T, l *Lake) { (&tale{t: t, l: l}).index(IndexOptions{}) },
	} {
		for _, runs := range []int{1, runsPerMerge} {
			l := newLake(t)
			useDisk(t, hastyDisk{})
			for i := range runs {
				commit(t, l, Commit{Records: all(record(fmt.Sprint(i), day1.Add(time.Duration(i)*oneDay), ""))})
			}
			path := pathOf(l, runAt(runsIn(t, l)[0]))
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			content[3] ^= 1
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			do(t, l)
			if got := wholeIndex(t, l); got.Entries < int64(runs) {
				t.Errorf("%s, %d runs: got %+v", name, runs, got)
			}
			if out := commit(t, l, Commit{Records: all(record("0", day1.Add(9*oneDay), ""))}); out.Replaced != 1 {
				t.Errorf("%s, %d runs: got %+v", name, runs, out)
			}
		}
	}
}

// An id that the index lacks although it should have it is damage, and Index mends it.
func TestCheckTellsWhatTheIndexLacks(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(oneDay), ""))})
	sqlOf(t, l, `DELETE FROM id_runs`)
	r, err := Check(t.Context(), l, nil)
	if !errors.Is(err, fault.Corrupt) || r.Index.Lacking != 2 || len(r.Damage) != 1 || !strings.Contains(r.Damage[0], "lacks 2 conversations that it should have, the first of them in 2026-11-01") {
		t.Errorf("got %v, %+v, %q", err, r.Index, r.Damage)
	}
	(&tale{t: t, l: l}).index(IndexOptions{Again: true})
	if out := commit(t, l, Commit{Records: all(record("b", day1, ""))}); out.Replaced != 1 {
		t.Errorf("got %+v", out)
	}
}

// A lake that is read in several passes is searched as in one: each id belongs to one pass, and each pass finds its ids in
// the part of the index that comes next.
func TestCheckInPasses(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	var versions []conversation.Version
	for i := range 2_000 {
		versions = append(versions, record(fmt.Sprintf("id %d", i), day1.Add(time.Duration(i)*time.Second), ""))
	}
	const few = maxDamage / 2
	for i := range few {
		versions = append(versions, record(fmt.Sprintf("later %d", i), day1.Add(oneDay), ""))
	}
	commit(t, l, Commit{Records: all(versions...)})
	s := snapshot(t, l)
	files := s.Files(tables.Conversations)
	twice := &Snapshot{files: map[tables.Table][]datafile.File{tables.Conversations: append(slices.Clone(files), files[1])}}
	for _, passes := range []int64{1, 2, 3, 7, 300} {
		c := checker{lake: l, report: Report{worn: map[conversation.Day]bool{}}}
		if err := c.unique(t.Context(), s, passes); err != nil || len(c.report.Damage) > 0 {
			t.Errorf("%d passes: %v, %q", passes, err, c.report.Damage)
		}
		if err := c.unique(t.Context(), twice, passes); err != nil || len(c.report.Damage) != few {
			t.Errorf("%d passes: %v, %d of %d conversations are found twice", passes, err, len(c.report.Damage), few)
		}
	}
}

// The disk gets full while a run is written: the commit fails as it must, and the lake is as it was.
func TestDiskFullWhileARunIsWritten(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	for i := range runsPerMerge {
		commit(t, l, Commit{Records: all(record(fmt.Sprint(i), day1, ""))})
	}
	want := contents(t, l)
	for room := range 10 {
		useDisk(t, &runDisk{fullDisk{room: room}})
		err := tryCommit(t, l, record("new", day1.Add(oneDay), ""))
		onDisk = folder.OS{}
		if err == nil {
			if room != 3 { // with room for two a merge went through, which leaves two for the run of the commit
				t.Errorf("it went through with room for %d steps", room)
			}
			wholeIndex(t, l)
			return
		}
		if !errors.Is(err, fault.Full) || !slices.Equal(contents(t, l), want) {
			t.Fatalf("with room for %d steps: %v", room, err)
		}
		wholeIndex(t, l)
	}
	t.Error("it never went through")
}

// runDisk has room for making some runs and writing to them.
type runDisk struct{ fullDisk }

func (d *runDisk) Create(path string) (folder.File, error) {
	if filepath.Ext(path) != runSuffix {
		return d.OS.Create(path)
	}
	if d.room--; d.room < 0 {
		return nil, &fs.PathError{Op: "open", Path: "a run", Err: syscall.ENOSPC}
	}
	f, err := d.OS.Create(path)
	return &fullFile{f, &d.fullDisk}, err
}

// What the index covers stays covered when the lake is moved.
func TestIndexMoves(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(oneDay), ""))})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(l.dir, dir); err != nil {
		t.Fatal(err)
	}
	for range 2 { // before and after Move
		now, err := Open(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if r := mustCheck(t, now); r.Index.Covered != 2 || r.Index.Entries != 2 {
			t.Errorf("got %+v", r.Index)
		}
		if err := now.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Move(t.Context(), dir, MoveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	now, err := Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer now.Close()
	blank(t, snapshot(t, now).Files(tables.Conversations)[0].Path)
	if err := tryCommit(t, now, record("c", day1.Add(oneDay), "")); err != nil {
		t.Errorf("ids of another day were read: %v", err)
	}
}

// A database that is older than the runs beside it, as from a backup, names some that are gone.
func TestOldControlDatabase(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	for i := range runsPerMerge {
		commit(t, l, Commit{Records: all(record(fmt.Sprint(i), day1.Add(time.Duration(i)*oneDay), ""))})
	}
	old := indexOf(t, l)
	commit(t, l, Commit{Records: all(record("later", day1, ""))})
	now := indexOf(t, l)
	if maps.Equal(old.covered, now.covered) || len(now.runs) >= len(old.runs) {
		t.Fatalf("nothing was merged: %v, %v", old.runs, now.runs)
	}
	if err := now.enter(t.Context(), indexed{runs: old.runs, gone: append(namesOf(now.runs), slices.Collect(maps.Keys(now.covered))...), files: old.covered}); err != nil {
		t.Fatal(err)
	}
	if out := commit(t, l, Commit{Records: all(record("0", day1.Add(3*oneDay), ""), record("later", day1.Add(3*oneDay), ""))}); out.Replaced != 2 {
		t.Errorf("got %+v", out)
	}
	wholeIndex(t, l)
}
