package stage

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
	"github.com/parley-hq/parley/test/unraced"
)

// walk reads all that is staged and gives the first failure.
func walk(t *testing.T, s *Stage) error {
	t.Helper()
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range batch.Stream(t.Context()) {
		if err != nil {
			return err
		}
	}
	return nil
}

// wantDamaged asks for the damage to be seen, both by who reads and by who looks for it.
func wantDamaged(t *testing.T, what string, s *Stage) {
	t.Helper()
	if err := walk(t, s); !errors.Is(err, ErrDamaged) || !errors.Is(err, fault.Corrupt) {
		t.Errorf("%s: reading gives %v", what, err)
	}
	if found, err := s.Damaged(t.Context()); err != nil || len(found) != 1 {
		t.Errorf("%s: found %v, %v", what, found, err)
	}
}

// Whatever single byte of a staged file is flipped, and wherever the file ends too early, it is seen.
func TestEveryFlippedByteIsSeen(t *testing.T) {
	unraced.Test(t)
	s := openStage(t, newLake(t), "run")
	put(t, s, version("a", noon1, "", 0), version("b", noon1, "", 0))
	path := filepath.Join(dirOf(s), fileNames(t, s)[0])
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(text []byte) {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range text {
		for _, bit := range []byte{1, 0x10, 0x80} {
			bad := slices.Clone(text)
			bad[i] ^= bit
			write(bad)
			wantDamaged(t, fmt.Sprintf("byte %d ^ %#x", i, bit), s)
		}
		write(text[:i])
		wantDamaged(t, fmt.Sprintf("the first %d bytes", i), s)
	}
	write(append(slices.Clone(text), text...))
	wantDamaged(t, "written twice", s)
	write(encoded(t, version("a", noon1, "another", 0), version("b", noon1, "", 0)))
	wantDamaged(t, "a good file of other records", s)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	wantDamaged(t, "missing", s)
	if err := walk(t, s); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing: the reason is not told: %v", err)
	}
	write(text)
	if err := walk(t, s); err != nil {
		t.Errorf("whole again: %v", err)
	}
	if found, err := s.Damaged(t.Context()); err != nil || len(found) > 0 {
		t.Errorf("whole again: found %v, %v", found, err)
	}
}

// encoded is a staged file of some records.
func encoded(t *testing.T, records ...conversation.Version) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, records); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A file of another number of records than were entered is not taken, even if its sum is right.
func TestRecordsOfAChunkAreCounted(t *testing.T) {
	a, b := version("a", noon1, "", 0), version("b", noon1, "", 0)
	for what, text := range map[string][]byte{"one of two": encoded(t, a), "three of two": encoded(t, a, b, b), "none of two": encoded(t)} {
		s := openStage(t, newLake(t), "run")
		put(t, s, a, b)
		if err := os.WriteFile(filepath.Join(dirOf(s), fileNames(t, s)[0]), text, 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if _, err := s.db.Exec(t.Context(), `UPDATE stage_chunks SET sum = ?`, sum[:]); err != nil {
			t.Fatal(err)
		}
		if err := walk(t, s); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		}
	}
	s := openStage(t, newLake(t), "run")
	put(t, s, a)
	path := filepath.Join(dirOf(s), fileNames(t, s)[0])
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil { // which cannot be read
		t.Fatal(err)
	}
	wantDamaged(t, "a folder in its place", s)
}

// What parley staged before its files had heads is not to be found, and so it is fetched again; the files themselves go.
func TestFilesOfAnOlderVersion(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	put(t, s, version("a", noon1, "", 0))
	path := filepath.Join(dirOf(s), fileNames(t, s)[0])
	if err := os.Rename(path, strings.TrimSuffix(path, ".s2")+".zst"); err != nil {
		t.Fatal(err)
	}
	s = openStage(t, l, "run")
	wantDamaged(t, "of an older version", s)
	if got := fileNames(t, s); len(got) > 0 {
		t.Errorf("left %q", got)
	}
}

// What is forgotten is new again when it comes again, and the rest stays as it was.
func TestForget(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	a, b, c := version("a", noon1, "", 0), version("b", noon1.AddDate(0, 0, 1), "", 0), version("c", noon1.Add(time.Hour), "", 0)
	put(t, s, a, b)
	put(t, s, c, version("a", noon1, "later", 1))
	noted := false
	note := func(*state.Tx) error {
		noted = true
		return nil
	}
	if err := os.Remove(filepath.Join(dirOf(s), fileNames(t, s)[2])); err != nil { // that of c, and of the later version of a
		t.Fatal(err)
	}
	found, err := s.Damaged(t.Context())
	if err != nil || len(found) != 1 || !found[0].First.Equal(a.Start) || !found[0].Last.Equal(c.Start) {
		t.Fatalf("found %+v, %v", found, err)
	}
	if err := s.Forget(t.Context(), found, note); err != nil || !noted {
		t.Fatalf("forget: %v", err)
	}
	want(t, before(t, s, EveryDay), b)
	if n := put(t, s, c, version("a", noon1, "later", 1)); n != (Counts{Staged: 2}) {
		t.Errorf("what comes again: %+v", n)
	}
	want(t, before(t, s, EveryDay), version("a", noon1, "later", 1), c, b)
}

func TestForgetFailsAsAWhole(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	a := version("a", noon1, "", 0)
	put(t, s, a)
	all, err := s.Within(t.Context(), day1.Start(), day1.End())
	if err != nil || len(all) != 1 {
		t.Fatalf("got %v, %v", all, err)
	}
	broken := errors.New("broken")
	if err := s.Forget(t.Context(), all, func(*state.Tx) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	want(t, before(t, s, EveryDay), a)
}

func TestWithin(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	put(t, s, version("a", noon1, "", 0), version("b", noon1.Add(time.Hour), "", 0)) // one chunk
	for _, c := range []struct {
		start, end time.Time
		want       int
	}{
		{noon1, noon1.Add(time.Hour), 0}, // the last record starts at the end
		{noon1, noon1.Add(time.Hour + time.Microsecond), 1},
		{noon1.Add(time.Microsecond), noon1.Add(2 * time.Hour), 0},
		{day1.Start(), day1.End(), 1},
		{day1.End(), (day1 + 1).End(), 0},
	} {
		if got, err := s.Within(t.Context(), c.start, c.end); err != nil || len(got) != c.want {
			t.Errorf("%v to %v: got %v, %v", c.start, c.end, got, err)
		}
	}
}

// Somebody who removes the staging folder, while a run goes on or between two, makes nothing fail but the reading of
// what was in it.
func TestTheFolderIsRemoved(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	put(t, s, version("a", noon1, "", 0))
	if err := os.RemoveAll(filepath.Join(l.String(), "staging")); err != nil {
		t.Fatal(err)
	}
	b := version("b", noon1.AddDate(0, 0, 1), "", 0)
	put(t, s, b)
	for _, s := range []*Stage{s, openStage(t, l, "run")} {
		if err := walk(t, s); !errors.Is(err, ErrDamaged) {
			t.Errorf("got %v", err)
		}
	}
	found, err := s.Damaged(t.Context())
	if err != nil || len(found) != 1 {
		t.Fatalf("found %v, %v", found, err)
	}
	if err := s.Forget(t.Context(), found, func(*state.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	want(t, before(t, s, EveryDay), b)
	if err := os.RemoveAll(filepath.Join(l.String(), "staging")); err != nil {
		t.Fatal(err)
	}
	done(t, s, EveryDay) // the records are in the lake: that their file is gone is what was wanted
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// What is staged holds personal data.
func TestOnlyTheOwnerReads(t *testing.T) {
	s := openStage(t, newLake(t), "run")
	put(t, s, version("a", noon1, "", 0))
	for path, want := range map[string]os.FileMode{filepath.Dir(dirOf(s)): 0o700, dirOf(s): 0o700, filepath.Join(dirOf(s), fileNames(t, s)[0]): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

// Nothing is entered before it is durable: when the transaction begins, each file has been written, synced, named, and
// its name synced, and so have the folders that it is in. A power cut at any time then leaves no entry without a file.
func TestNothingIsEnteredBeforeItIsDurable(t *testing.T) {
	l := newLake(t)
	power := &foldertest.Power{}
	s, err := Open(t.Context(), l.Control(), folder.On(l.String(), power), "run")
	if err != nil {
		t.Fatal(err)
	}
	note := func(what string, chunks ...int) func(*state.Tx, Counts) error {
		return func(*state.Tx, Counts) error {
			if lost := power.Lost(); len(lost) > 0 {
				t.Errorf("%s: a power cut would take %q", what, lost)
			}
			did := power.Steps()
			for _, n := range chunks {
				path := filepath.Join(dirOf(s), chunk{n: n, writer: s.writer}.name())
				if !inOrder(last(did, "create", path), last(did, "write", path), last(did, "sync", path), last(did, "rename", path), last(did, "syncdir", dirOf(s))) {
					t.Errorf("%s: chunk %d is not durable: %q", what, n, did)
				}
			}
			return nil
		}
	}
	a, b := version("a", noon1, "", 0), version("b", noon1.AddDate(0, 0, 1), "", 0)
	if err := s.Put(t.Context(), Portion{Records: []conversation.Version{a, b}, With: note("two days", 1, 2)}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Dir(dirOf(s))); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), Portion{Records: []conversation.Version{version("c", noon1, "", 0)}, With: note("after the folder was removed", 3)}); err != nil {
		t.Fatal(err)
	}
}

// last is where op was last done to path; -1 if never.
func last(did []string, op, path string) int {
	for i, step := range slices.Backward(did) {
		if step == op+" "+path {
			return i
		}
	}
	return -1
}

// inOrder says whether steps were all done, each after the one before.
func inOrder(steps ...int) bool { return steps[0] >= 0 && slices.IsSorted(steps) }

// Compare of days as texts must go by the calendar: the control database compares them so.
func TestDaysAsTextsAreInOrder(t *testing.T) {
	if EveryDay.String() <= conversation.DayOf(time.Date(2200, 12, 31, 0, 0, 0, 0, time.UTC)).String() {
		t.Errorf("%v is not after every day", EveryDay)
	}
}

// What a writer left that was killed in the middle of a file goes when the stage is opened again, and when it is reset.
func TestLeftoversOfAKilledWriterGo(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	a := version("a", noon1, "", 0)
	put(t, s, a)
	killed := func() {
		t.Helper()
		w, err := s.store.Create(t.Context(), s.file(chunk{n: 2}), store.Replace)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("half")); err != nil || len(fileNames(t, s)) < 1 {
			t.Fatalf("files %q, %v", fileNames(t, s), err)
		}
	}
	killed()
	s = openStage(t, l, "run")
	if got := fileNames(t, s); len(got) != 1 {
		t.Errorf("opened again: files %q", got)
	}
	want(t, before(t, s, EveryDay), a)
	killed()
	if err := s.Reset(t.Context(), func(*state.Tx) error { return nil }); err != nil || len(fileNames(t, s)) > 0 {
		t.Errorf("reset: files %q, %v", fileNames(t, s), err)
	}
}
