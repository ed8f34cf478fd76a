package stage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

var (
	day1  = conversation.DayOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC))
	noon1 = day1.Start().Add(12 * time.Hour)
	at1   = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
)

// version makes a version of a conversation that was received n minutes after at1.
func version(id string, start time.Time, note string, n int) conversation.Version {
	r, err := wire.Record(fmt.Appendf(nil, `{"conversationId":%q,"conversationStart":%q,"externalTag":%q}`, id, conversation.FormatTime(start), note))
	if err != nil {
		panic(err)
	}
	return conversation.Version{Record: r, Run: "run", At: at1.Add(time.Duration(n) * time.Minute)}
}

func newLake(t *testing.T) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// dirOf is the folder of a stage.
func dirOf(s *Stage) string { return s.store.(*folder.Folder).Path(s.at) }

func openStage(t *testing.T, l *lake.Lake, run RunID) *Stage {
	t.Helper()
	s, err := Open(t.Context(), l.Control(), l.Store(), run)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put stages a portion and gives the counts.
func put(t *testing.T, s *Stage, records ...conversation.Version) (counts Counts) {
	t.Helper()
	err := s.Put(t.Context(), Portion{Records: records, With: func(_ *state.Tx, c Counts) error {
		counts = c
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// before gives what is staged of the days before end.
func before(t *testing.T, s *Stage, end conversation.Day) (out []conversation.Version) {
	t.Helper()
	batch, err := s.Before(t.Context(), end)
	if err != nil {
		t.Fatal(err)
	}
	for v, err := range batch.Stream(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, v)
	}
	return out
}

func done(t *testing.T, s *Stage, end conversation.Day) {
	t.Helper()
	batch, err := s.Before(t.Context(), end)
	if err != nil {
		t.Fatal(err)
	}
	if err := batch.Done(t.Context(), func(*state.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func fileNames(t *testing.T, s *Stage) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dirOf(s))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// want compares versions with want, in order.
func want(t *testing.T, got []conversation.Version, want ...conversation.Version) {
	t.Helper()
	same := func(a, b conversation.Version) bool {
		return a.ID == b.ID && a.Start.Equal(b.Start) && bytes.Equal(a.JSON, b.JSON) && a.Run == b.Run && a.At.Equal(b.At)
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("got  %s\nwant %s", show(got), show(want))
	}
}

func show(list []conversation.Version) string {
	var b strings.Builder
	for _, v := range list {
		fmt.Fprintf(&b, "\n  %s %s", v.At.Format(time.TimeOnly), v.JSON)
	}
	return b.String()
}

func TestAConversationThatComesAgain(t *testing.T) {
	old, same, newer, older := version("a", noon1, "x", 1), version("a", noon1, "x", 2), version("a", noon1, "y", 3), version("a", noon1, "z", 0)
	moved := version("a", noon1.AddDate(0, 0, 1), "x", 4)
	level := version("a", noon1, "w", 1)
	for name, c := range map[string]struct {
		portions [][]conversation.Version
		lives    conversation.Version
		counts   Counts
	}{
		"equal in one portion":    {[][]conversation.Version{{old, same}}, old, Counts{1, 1, 0, 0, 0}},
		"equal in the next":       {[][]conversation.Version{{old}, {same}}, old, Counts{1, 1, 0, 0, 0}},
		"newer in one portion":    {[][]conversation.Version{{old, newer}}, newer, Counts{1, 0, 1, 0, 0}},
		"newer in the next":       {[][]conversation.Version{{old}, {newer}}, newer, Counts{1, 0, 1, 0, 0}},
		"older in the next":       {[][]conversation.Version{{old}, {older}}, old, Counts{1, 0, 1, 0, 0}},
		"other of the same time":  {[][]conversation.Version{{old}, {level}}, level, Counts{1, 0, 1, 0, 0}},
		"newer on another day":    {[][]conversation.Version{{old}, {moved}}, moved, Counts{1, 0, 1, 0, 0}},
		"older from another day":  {[][]conversation.Version{{moved}, {old}}, moved, Counts{1, 0, 1, 0, 0}},
		"newer, older, newer yet": {[][]conversation.Version{{newer}, {old}, {moved}, {same}}, moved, Counts{1, 0, 3, 0, 0}},
	} {
		s := openStage(t, newLake(t), "run")
		var sum Counts
		for _, p := range c.portions {
			n := put(t, s, p...)
			sum.Staged, sum.Duplicates, sum.Conflicts = sum.Staged+n.Staged, sum.Duplicates+n.Duplicates, sum.Conflicts+n.Conflicts
		}
		if sum != c.counts {
			t.Errorf("%s: got %+v, want %+v", name, sum, c.counts)
		}
		want(t, before(t, s, EveryDay), c.lives)
	}
}

func TestUnsortedRecordsOfSeveralDays(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	a, b, c, d := version("a", noon1, "", 0), version("b", noon1, "", 0), version("c", noon1.AddDate(0, 0, 1), "", 0), version("d", day1.Start(), "", 0)
	unsorted := []conversation.Version{c, b, d}
	put(t, s, unsorted...)
	want(t, unsorted, c, b, d) // who stages records may go on with them
	put(t, s, a)
	want(t, before(t, s, EveryDay), d, a, b, c)
	want(t, before(t, s, day1+1), d, a, b)
	want(t, before(t, s, day1))
	days, err := s.Days(t.Context())
	if err != nil || !slices.Equal(days, []DayCount{{day1, 3}, {day1 + 1, 1}}) {
		t.Errorf("got %v, %v", days, err)
	}

	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	for v, err := range batch.Stream(t.Context()) { // whoever stops in the middle may walk again
		if err != nil || v.ID != "d" {
			t.Errorf("got %s, %v", v.ID, err)
		}
		break
	}
	done(t, s, day1+1)
	want(t, before(t, s, EveryDay), c)
	if got := fileNames(t, s); len(got) != 1 {
		t.Errorf("left %q", got)
	}
}

// What a crash leaves without an entry goes; what has been entered stays.
func TestReopen(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	a, b := version("a", noon1, "x", 0), version("b", noon1, "y", 1)
	put(t, s, a)

	staged := fileNames(t, s)
	chunk := split([]conversation.Version{version("lost", noon1, "", 0)}, 7)[0]
	if err := s.write(t.Context(), &chunk); err != nil { // as a crash before the transaction
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dirOf(s), "00000009.s2.tmp"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := s.Put(t.Context(), Portion{Records: []conversation.Version{version("c", noon1, "", 0)}, With: func(*state.Tx, Counts) error { return broken }})
	if !errors.Is(err, broken) || len(fileNames(t, s)) != 3 {
		t.Errorf("got %v, files %q", err, fileNames(t, s))
	}

	s = openStage(t, l, "run")
	if got := fileNames(t, s); !slices.Equal(got, staged) {
		t.Errorf("left %q", got)
	}
	put(t, s, b)
	want(t, before(t, s, EveryDay), a, b)
}

func TestDoneFailsAsAWhole(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	a := version("a", noon1, "", 0)
	put(t, s, a)
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := batch.Done(t.Context(), func(*state.Tx) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	want(t, before(t, s, EveryDay), a)
}

func TestCleanAndClose(t *testing.T) {
	l := newLake(t)
	if err := Clean(t.Context(), l.Control(), l.Store(), func(RunID) bool { return true }); err != nil {
		t.Errorf("nothing to clean: %v", err)
	}
	kept, gone := openStage(t, l, "kept"), openStage(t, l, "gone")
	a := version("a", noon1, "", 0)
	a.Run = "kept"
	put(t, kept, a)
	put(t, gone, version("a", noon1, "", 0), version("a", noon1, "other", 1))
	if err := Clean(t.Context(), l.Control(), l.Store(), func(run RunID) bool { return run == "gone" }); err != nil {
		t.Fatal(err)
	}
	want(t, before(t, kept, EveryDay), a)
	if _, err := os.Stat(dirOf(gone)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder of the other run: %v", err)
	}
	want(t, before(t, openStage(t, l, "gone"), EveryDay))
	if err := kept.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fileNames(t, kept); len(got) > 0 {
		t.Errorf("left %q", got)
	}
}

func TestRejectedIsKeptOnce(t *testing.T) {
	l := newLake(t)
	for r, err := range AllRejected(t.Context(), l.Control()) { // nothing was ever staged here
		t.Errorf("got %+v, %v", r, err)
	}
	s := openStage(t, l, "run")
	odd := []Rejected{{Reason: "why", Text: []byte("1")}, {Reason: "why", Text: []byte("2")}, {Reason: "why", Text: []byte("1")}}
	var counts []Counts
	for range 2 {
		err := s.Put(t.Context(), Portion{Rejected: odd, With: func(_ *state.Tx, c Counts) error {
			counts = append(counts, c)
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(counts, []Counts{{0, 1, 0, 2, 0}, {0, 3, 0, 0, 0}}) {
		t.Errorf("got %+v", counts)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var kept []string
	for r, err := range AllRejected(t.Context(), l.Control()) {
		if err != nil || r.Run != "run" || r.Reason != "why" {
			t.Errorf("got %+v, %v", r, err)
		}
		kept = append(kept, string(r.Text))
	}
	slices.Sort(kept)
	if !slices.Equal(kept, []string{"1", "2"}) {
		t.Errorf("got %q", kept)
	}
}

// A value that comes on two days is kept once, and missing on both, until it is taken in or erased.
func TestAValueThatIsRejectedOnSeveralDays(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	null := func(day string) Rejected { return Rejected{Reason: "why", Text: []byte("null"), Day: day} }
	for range 2 {
		err := s.Put(t.Context(), Portion{Rejected: []Rejected{null("2026-11-01"), null("2026-11-03"), {Reason: "why", Text: []byte("{}")}}, With: func(*state.Tx, Counts) error { return nil }})
		if err != nil {
			t.Fatal(err)
		}
	}
	days := func() map[RejectedDay]int64 {
		t.Helper()
		got, err := RejectedDays(t.Context(), l.Control())
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	want := map[RejectedDay]int64{{"run", "2026-11-01"}: 1, {"run", "2026-11-03"}: 1}
	if got := days(); !maps.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if err := TakenIn(t.Context(), l.Control(), []Sum{sha256.Sum256([]byte("null"))}); err != nil || len(days()) > 0 {
		t.Errorf("taken in: %v, %v", days(), err)
	}
}

func TestStreamEndsWithTheContext(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	put(t, s, version("a", noon1, "", 0))
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range batch.Stream(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// Random portions, batches that are done and restarts in any order leave what a map would hold.
func TestAgainstAMap(t *testing.T) {
	unraced.Test(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	l := newLake(t)
	s := openStage(t, l, "run")
	model := map[conversation.ID]conversation.Version{}
	for step := range 60 {
		switch rnd.IntN(8) {
		case 0:
			s = openStage(t, l, "run")
		case 1:
			end := day1 + conversation.Day(rnd.IntN(5))
			done(t, s, end)
			maps.DeleteFunc(model, func(_ conversation.ID, v conversation.Version) bool { return v.Day() < end })
		default:
			records := randomRecords(rnd)
			put(t, s, records...)
			for _, v := range split(records, 0) {
				add(model, v.records)
			}
		}
		var left []conversation.Version
		for _, v := range model {
			left = append(left, v)
		}
		slices.SortFunc(left, func(a, b conversation.Version) int { return conversation.Compare(a.Record, b.Record) })
		if want(t, before(t, s, EveryDay), left...); t.Failed() {
			t.Fatalf("step %d, seed %d", step, seed)
		}
	}
}

func randomRecords(rnd *rand.Rand) (out []conversation.Version) {
	for range rnd.IntN(20) {
		start := day1.Start().Add(time.Duration(rnd.IntN(4*24)) * time.Hour)
		out = append(out, version(fmt.Sprint(rnd.IntN(30)), start, fmt.Sprint(rnd.IntN(2)), rnd.IntN(10)))
	}
	return out
}

// add does to a map what Put does to the stage: of two versions the one received later lives; of two equal ones the
// first, of two others of the same time the last.
func add(model map[conversation.ID]conversation.Version, records []conversation.Version) {
	for _, v := range records {
		was, ok := model[v.ID]
		if !ok || !bytes.Equal(was.JSON, v.JSON) && !was.At.After(v.At) {
			model[v.ID] = v
		}
	}
}

// Heads are read as they were written, and what was not written by us is damage and nothing else. This is no fuzz target,
// because one here would compile the whole lake with its instrumentation.
func TestHeads(t *testing.T) {
	open := version("a", noon1, "x", 0)
	ended, never := version("b", noon1, "y", 1), version("c", noon1, "z", 2)
	ended.End, never.End = noon1.Add(time.Second), time.Unix(0, 0).UTC() // as broken platforms write
	var good []byte
	for _, v := range []conversation.Version{open, ended, never} {
		good = appendHead(good, v)
	}
	rest := good
	for _, want := range []conversation.Version{open, ended, never} {
		var h head
		var err error
		if h, rest, err = cutHead(rest); err != nil || h.ID != want.ID || !h.Start.Equal(want.Start) || h.End != want.End || !h.At.Equal(want.At) ||
			h.Hash != sha256.Sum256(want.JSON) || h.size != len(want.JSON) {
			t.Errorf("got %+v, %v, want %+v", h, err, want)
		}
	}
	if len(rest) > 0 {
		t.Errorf("%d bytes are left", len(rest))
	}
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20_000 {
		bad := slices.Clone(good[:r.IntN(len(good)+1)])
		for range r.IntN(3) {
			if len(bad) > 0 {
				bad[r.IntN(len(bad))] = byte(r.IntN(256))
			}
		}
		for n := 0; len(bad) > 0; n++ {
			h, rest, err := cutHead(bad)
			if err != nil {
				break
			}
			if len(rest) >= len(bad) || h.size > conversation.MaxRecordBytes || n > len(good) {
				t.Fatalf("seed %d: got %+v, %d of %d bytes are left", seed, h, len(rest), len(bad))
			}
			bad = rest
		}
	}
}

// Heads tell what Stream gives, but for the texts.
func TestHeadsOfABatch(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	put(t, s, version("a", noon1, "", 0), version("b", noon1.AddDate(0, 0, 1), "", 0))
	put(t, s, version("a", noon1, "later", 1), version("c", noon1, "", 0))
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	want := map[conversation.ID]conversation.Version{}
	for v, err := range batch.Stream(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		v.JSON = nil
		want[v.ID] = v
	}
	got := map[conversation.ID]conversation.Version{}
	for v, err := range batch.Heads(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got[v.ID] = v
	}
	if len(want) != 3 || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, err := range batch.Heads(t.Context()) { // who wants only one is given no more
		if err != nil {
			t.Error(err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range batch.Heads(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if err := os.Remove(filepath.Join(dirOf(s), fileNames(t, s)[0])); err != nil {
		t.Fatal(err)
	}
	damaged := false
	for _, err := range batch.Heads(t.Context()) {
		damaged = damaged || errors.Is(err, ErrDamaged)
	}
	if !damaged {
		t.Error("a missing file is not told of")
	}
}
