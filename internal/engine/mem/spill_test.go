package mem

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/test/unraced"
)

func TestConformanceWhenTextLiesInAFile(t *testing.T) {
	unraced.Test(t)
	t.Setenv("TMPDIR", t.TempDir())
	enginetest.Run(t, func(t *testing.T, records []conversation.Record) engine.Engine {
		s := New(nil)
		s.Spill(0)
		half := len(records) / 2
		add(t, s, records[:half]...)
		add(t, s, records[half/2:]...) // the second quarter replaces itself
		return s.View(forever, forever)
	})
}

// inFile is how many blocks of a store lie in its file, and how many there are.
func inFile(s *Store) (n, all int) {
	for _, d := range s.current.Load().days {
		for _, b := range d.blocks {
			all++
			if b.file != nil {
				n++
			}
		}
	}
	return n, all
}

func TestNothingIsLeftOfTheFile(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := New(nil)
	s.Spill(0)
	add(t, s, simulated(t, 3, 1, 300)...)
	if n, all := inFile(s); n != all || n == 0 {
		t.Errorf("%d of %d blocks lie in the file", n, all)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
}

func TestTextThatHasRoomStaysInMemory(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	records, s := simulated(t, 4, 2, 1000), New(nil)
	s.Spill(1 << 20)
	add(t, s, records...)
	if n, all := inFile(s); n == 0 || n == all {
		t.Errorf("%d of %d blocks lie in the file", n, all)
	}
	whole := New(nil)
	add(t, whole, records...)
	same(t, whole.View(forever, forever), s.View(forever, forever), forever)
}

func TestWithoutAPlaceForAFileAllStaysInMemory(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "nowhere"))
	records, s, whole := simulated(t, 5, 1, 300), New(nil), New(nil)
	s.Spill(0)
	add(t, s, records...)
	add(t, whole, records...)
	if n, _ := inFile(s); n > 0 {
		t.Errorf("%d blocks lie in a file that cannot be there", n)
	}
	same(t, whole.View(forever, forever), s.View(forever, forever), forever)
}

func TestMemoryPerRecordInTheFile(t *testing.T) {
	if raced {
		t.Skip("the race detector takes memory of its own")
	}
	t.Setenv("TMPDIR", t.TempDir())
	records, s := simulated(t, 8, 2, 5_000), New(nil)
	s.Spill(0)
	add(t, s, records[:100]...) // the encoder is made
	before := heap()
	add(t, s, records[100:]...)
	perRecord := (heap()-before)/int64(len(records)) + 48 // ids were there before and stay with the store
	runtime.KeepAlive(records)
	if t.Logf("%d bytes of memory for a record", perRecord); perRecord > 350 {
		t.Errorf("%d bytes a record", perRecord)
	}
	runtime.KeepAlive(s)
}
