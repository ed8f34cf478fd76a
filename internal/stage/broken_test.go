package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/state/statetest"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
)

// breakable opens a stage whose control database can fail.
func breakable(t *testing.T) (*Stage, *statetest.Broken) {
	t.Helper()
	s := openStage(t, newLake(t), "run")
	b := statetest.Break(t, s.db)
	s.db = b.DB()
	return s, b
}

// Whatever fails in the control database while a portion is entered, the portion is not there, and the next try enters
// it as if it were the first.
func TestPutFailsAsAWhole(t *testing.T) {
	s, broken := breakable(t)
	first, same, newer := version("a", noon1, "x", 0), version("b", noon1, "x", 0), version("a", noon1, "y", 1)
	var counts Counts
	for _, c := range []struct {
		p    Portion
		want Counts
		was  []conversation.Version
	}{
		{Portion{Records: []conversation.Version{first, same}, Rejected: []Rejected{{Reason: "why", Text: []byte("1")}}}, Counts{Staged: 2, Rejected: 1}, nil},
		{Portion{Records: []conversation.Version{newer, same}}, Counts{Conflicts: 1, Duplicates: 1}, []conversation.Version{first, same}},
	} {
		c.p.With = func(_ *state.Tx, n Counts) error {
			counts = n
			return nil
		}
		broken.Each(t, func() error { return s.Put(t.Context(), c.p) }, func() { want(t, before(t, s, EveryDay), c.was...) })
		if counts != c.want {
			t.Errorf("got %+v, want %+v", counts, c.want)
		}
	}
	want(t, before(t, s, EveryDay), newer, same)
}

// What cannot be looked up must not pass for nothing.
func TestReadingSaysThatItFailed(t *testing.T) {
	s, broken := breakable(t)
	put(t, s, version("a", noon1, "x", 0), version("b", noon1.AddDate(0, 0, 1), "", 0))
	put(t, s, version("a", noon1, "y", 1))
	if err := s.Put(t.Context(), Portion{Rejected: []Rejected{{Reason: "why", Text: []byte("1")}}, With: func(*state.Tx, Counts) error { return nil }}); err != nil {
		t.Fatal(err)
	}
	for name, read := range map[string]func() (int, error){
		"before": func() (int, error) {
			b, err := s.Before(t.Context(), EveryDay)
			if err != nil {
				return 0, err
			}
			n := 0
			for _, err := range b.Stream(t.Context()) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		},
		"days": func() (int, error) {
			days, err := s.Days(t.Context())
			return len(days), err
		},
		"within": func() (int, error) {
			list, err := s.Within(t.Context(), day1.Start(), day1.Start().AddDate(0, 0, 2))
			return len(list) - 1, err
		},
		"damaged": func() (int, error) {
			list, err := s.Damaged(t.Context())
			return len(list) + 2, err
		},
		"rejected": func() (int, error) {
			n := 1
			for _, err := range AllRejected(t.Context(), s.db) {
				if err != nil {
					return n, err
				}
				n++
			}
			return n, nil
		},
	} {
		var n int
		broken.Each(t, func() (err error) {
			n, err = read()
			return err
		}, nil)
		if n != 2 {
			t.Errorf("%s: found %d in the end", name, n)
		}
	}
}

// What is to be removed stays, all of it, when the control database fails.
func TestRemovingFailsAsAWhole(t *testing.T) {
	s, broken := breakable(t)
	a, b := version("a", noon1, "x", 0), version("b", noon1.AddDate(0, 0, 1), "", 0)
	nothing := func(*state.Tx) error { return nil }
	put(t, s, a, b)
	put(t, s, version("a", noon1, "y", 1))
	batch, err := s.Before(t.Context(), day1+1)
	if err != nil {
		t.Fatal(err)
	}
	broken.Each(t, func() error { return batch.Done(t.Context(), nothing) }, func() { want(t, before(t, s, EveryDay), version("a", noon1, "y", 1), b) })
	want(t, before(t, s, EveryDay), b)
	put(t, s, a, b)
	broken.Each(t, func() error { return s.Close(t.Context()) }, nil)
	if n := rowsLeft(t, s); n > 0 {
		t.Errorf("%d rows are left", n)
	}
}

// rowsLeft counts what the control database has of a run.
func rowsLeft(t *testing.T, s *Stage) (n int) {
	t.Helper()
	err := s.db.Row(t.Context(), `SELECT (SELECT count(*) FROM stage_chunks WHERE run_id = ?1)
		+ (SELECT count(*) FROM stage_records WHERE run_id = ?1) + (SELECT count(*) FROM stage_dead WHERE run_id = ?1)`, s.run).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fullDisk fails at one step, for want of room, and works otherwise.
type fullDisk struct {
	left int    // steps up to the one that fails
	met  string // the one that failed
}

func (d *fullDisk) step(op, _ string) error {
	if d.left--; d.left != 0 {
		return nil
	}
	d.met = op
	return fmt.Errorf("%s: %w", op, syscall.ENOSPC)
}

// of is the store of a lake on the disk.
func (d *fullDisk) of(l *lake.Lake) store.Store {
	return folder.On(l.String(), foldertest.Steps{Before: d.step})
}

// each has do done once for each step of the disk, which fails that time, and once more with none that does.
func (d *fullDisk) each(t *testing.T, do func() error) {
	t.Helper()
	for n := 1; ; n++ {
		d.left, d.met = n, ""
		err := do()
		if d.met == "" {
			if err != nil {
				t.Errorf("with room enough: %v", err)
			}
			return
		}
		if !errors.Is(err, fault.Full) {
			t.Errorf("step %d, %q, failed, and what is said is: %v", n, d.met, err)
		}
	}
}

// Wherever the disk is full, the portion is not there; when there is room again, it is entered as if for the first time.
func TestAFullDiskStagesNothing(t *testing.T) {
	l, d := newLake(t), &fullDisk{}
	var s *Stage
	d.each(t, func() (err error) {
		s, err = Open(t.Context(), l.Control(), d.of(l), "run")
		return err
	})
	a, b := version("a", noon1, "", 0), version("b", noon1.AddDate(0, 0, 1), "", 0)
	entered := 0
	p := Portion{Records: []conversation.Version{a, b}, With: func(*state.Tx, Counts) error {
		entered++
		return nil
	}}
	stage := func() error {
		err := s.Put(t.Context(), p)
		for _, name := range fileNames(t, s) {
			if _, temporary := folder.Temporary(name); temporary {
				t.Errorf("%q leaves %s in a disk that is full", d.met, name)
			}
		}
		return err
	}
	d.each(t, stage)
	want(t, before(t, s, EveryDay), a, b)
	if err := os.RemoveAll(dirOf(s)); err != nil { // the folder is made again, which may fail too
		t.Fatal(err)
	}
	d.each(t, func() error {
		err := stage()
		if err != nil {
			return errors.Join(err, os.RemoveAll(dirOf(s)))
		}
		return nil
	})
	if entered != 2 {
		t.Errorf("entered %d times", entered)
	}
}

// A file that cannot be removed takes up room, so it is told; the batch is done all the same.
func TestAFileThatCannotBeRemoved(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	put(t, s, version("a", noon1, "", 0))
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dirOf(s), fileNames(t, s)[0])
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(path, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := batch.Done(t.Context(), func(*state.Tx) error { return nil }); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Errorf("got %v", err)
	}
	if n := rowsLeft(t, s); n > 0 {
		t.Errorf("%d rows are left", n)
	}
	if _, err := Open(t.Context(), l.Control(), l.Store(), "run"); !errors.Is(err, syscall.ENOTEMPTY) {
		t.Errorf("opened again: got %v", err)
	}
}

// Whoever reads to the end, stops in the middle, or meets damage, leaves no file open.
func TestReadingGivesItsFilesBack(t *testing.T) {
	foldertest.Uncollected(t)
	s := openStage(t, newLake(t), "run")
	put(t, s, version("a", noon1, "", 0), version("b", noon1, "", 0), version("c", noon1.Add(time.Hour), "", 0))
	put(t, s, version("d", noon1, "", 0))
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	read := func(most int) {
		t.Helper()
		for _, err := range batch.Stream(t.Context()) {
			if most--; most == 0 || err != nil {
				break
			}
		}
		if open := foldertest.Open(t, dirOf(s)); len(open) > 0 {
			t.Errorf("open: %q", open)
		}
	}
	for most := range 6 {
		read(most)
	}
	if _, err := s.Damaged(t.Context()); err != nil {
		t.Fatal(err)
	}
	read(0)
	for _, name := range fileNames(t, s) {
		if err := os.WriteFile(filepath.Join(dirOf(s), name), []byte("damage"), 0o600); err != nil {
			t.Fatal(err)
		}
		read(0)
	}
}
