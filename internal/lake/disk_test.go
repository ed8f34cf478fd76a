package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/test/unraced"
)

// useDisk puts a disk in the place of the real one until the test ends.
func useDisk(t *testing.T, d folder.Disk) {
	t.Helper()
	was := onDisk
	onDisk = d
	t.Cleanup(func() { onDisk = was })
}

// pathOf is where an object of a lake lies.
func pathOf(l *Lake, at store.Location) string { return l.Store().(*folder.Folder).Path(at) }

// fullDisk has room for making some more data files and writing to them.
type fullDisk struct {
	folder.OS
	room int
}

func (d *fullDisk) Create(path string) (folder.File, error) {
	if filepath.Ext(path) != ".parquet" {
		return d.OS.Create(path)
	}
	if d.room--; d.room < 0 {
		return nil, &fs.PathError{Op: "open", Path: "a data file", Err: syscall.ENOSPC}
	}
	f, err := d.OS.Create(path)
	return &fullFile{f, d}, err
}

type fullFile struct {
	folder.File
	disk *fullDisk
}

func (f *fullFile) Write(p []byte) (int, error) {
	if f.disk.room--; f.disk.room < 0 {
		return 0, &fs.PathError{Op: "write", Path: "a data file", Err: syscall.ENOSPC}
	}
	return f.File.Write(p)
}

// dayOfMany is a day of more rows than are handed on at a time, of which few are compressible.
func dayOfMany(n int, note string) (versions []conversation.Version) {
	for i := range n {
		versions = append(versions, record(fmt.Sprintf("%05d", i), day1.Add(time.Duration(i)*time.Second), fmt.Sprint(note, i)))
	}
	return versions
}

// The disk gets full while a day that has rows is written again: at any write, the commit fails as it must and the lake
// is as it was.
func TestDiskFullWhileADayIsMerged(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	many := dayOfMany(2*tables.RowsAtOnce+10, "first")
	commit(t, l, Commit{Records: all(many...)})
	want := contents(t, l)
	again := dayOfMany(2*tables.RowsAtOnce+10, "second")[tables.RowsAtOnce:]
	for i := range again {
		again[i].At = again[i].At.Add(time.Hour)
	}
	for room := range 100 {
		w, err := l.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		useDisk(t, &fullDisk{room: room})
		_, err = w.Commit(t.Context(), Commit{Run: "run", At: day1, Records: all(again...)})
		onDisk = folder.OS{}
		if closing := w.Close(); closing != nil {
			t.Fatal(closing)
		}
		if err == nil {
			if room < 2*len(tables.All()) {
				t.Errorf("room for %d steps was enough", room)
			}
			break
		}
		if !errors.Is(err, fault.Full) {
			t.Fatalf("with room for %d steps: %v", room, err)
		}
		if got := contents(t, l); !slices.Equal(got, want) {
			t.Fatalf("with room for %d steps the lake has changed", room)
		}
	}
	if r := mustCheck(t, l); r.Unreferenced != 0 || r.Conversations != int64(len(many)) {
		t.Errorf("got %+v", r)
	}
}

// stopping walks a sequence that has n values as often as it has, and stops a step later each time. Whatever goes on
// yielding panics.
func stopping[V any](t *testing.T, name string, values iter.Seq2[V, error], n int) {
	t.Helper()
	for stop := range n + 1 {
		seen := 0
		for _, err := range values {
			_ = err // counts as what it comes with does
			if seen++; seen > stop {
				break
			}
		}
		if seen != min(stop+1, n) {
			t.Errorf("%s: stopped after %d values of %d, want %d", name, seen, n, stop+1)
		}
	}
}

// Whoever wants no more of a merge, of a file or of what is fresh gets no more.
func TestStoppedAtEachRow(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	old := dayOfMany(6, "old")
	commit(t, l, Commit{Records: all(old...)})
	s := snapshot(t, l)
	file := s.Files(tables.Conversations)[0]
	stopping(t, "versions", datafile.Versions(t.Context(), file), 6)
	stopping(t, "rows", datafile.Rows(t.Context(), file), 1)
	// Of the incoming, one is before, one after, some replace, one lies between.
	next := dayOfMany(8, "new")
	incoming := []conversation.Version{record("0", day1.Add(-time.Second), "x"), next[1], next[3], record("between", next[3].Start, "x"), next[5], next[7]}
	for i := range incoming {
		incoming[i].At = incoming[i].At.Add(time.Hour)
	}
	for n := range len(incoming) + 1 {
		c := Commit{Run: "run", At: day1, Records: all(incoming[:n]...)}
		m, err := planMerge(t.Context(), s, c, indexOf(t, l), tables.Deriving{})
		if err != nil {
			t.Fatal(err)
		}
		merged := m.merged(t.Context(), conversation.DayOf(day1), fresh(m, c.Records), func(tables.Change) {})
		stopping(t, fmt.Sprintf("merge with %d", n), merged, 6+n-int(m.out.Replaced))
		stopping(t, "fresh", fresh(m, c.Records), n)
	}
}

// A merge that is cancelled ends as one, at whichever row.
func TestCancelledWhileADayIsMerged(t *testing.T) {
	l := newLake(t)
	old := dayOfMany(5, "old")
	commit(t, l, Commit{Records: all(old...)})
	next := dayOfMany(5, "new")
	for i := range next {
		next[i].At = next[i].At.Add(time.Hour)
	}
	want := contents(t, l)
	for stop := range 2 * len(next) { // the records are read twice
		ctx, cancel := context.WithCancel(t.Context())
		w, err := l.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		records := func(yield func(conversation.Version, error) bool) {
			for _, v := range next {
				if seen++; seen > stop {
					cancel()
				}
				if !yield(v, nil) {
					return
				}
			}
		}
		_, err = w.Commit(ctx, Commit{Run: "run", At: day1, Records: records})
		if fault.ExitCode(err) != 130 || !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled at record %d: exit code %d, %v", stop, fault.ExitCode(err), err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if got := contents(t, l); !slices.Equal(got, want) {
			t.Fatalf("cancelled at record %d, the lake has changed", stop)
		}
		cancel()
	}
	if r := mustCheck(t, l); r.Unsettled != 0 || r.Unreferenced != 0 {
		t.Errorf("got %+v", r)
	}
}

// What is read of a file that somebody gave up reading is no damage.
func TestGivingUpReadingIsNoDamage(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(dayOfMany(3, "x")...)})
	file := snapshot(t, l).Files(tables.Conversations)[0]
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range datafile.Versions(ctx, file) {
		if !errors.Is(err, context.Canceled) || errors.Is(err, fault.Corrupt) {
			t.Errorf("got %v", err)
		}
	}
}

// A record that is longer than any may be is refused, and nothing of its commit is in.
func TestRecordThatIsTooLong(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	long := record("long", day1, "")
	long.Record = long.WithText(append(long.JSON[:len(long.JSON)-1], []byte(`,"x":"`+strings.Repeat("x", conversation.MaxRecordBytes-len(long.JSON)-7)+`"}`)...))
	if len(long.JSON) != conversation.MaxRecordBytes {
		t.Fatalf("the record has %d bytes", len(long.JSON))
	}
	over := long
	over.Record = long.WithText(slices.Concat(long.JSON[:len(long.JSON)-1], []byte(" }")))
	if err := tryCommit(t, l, record("short", day1, ""), over); !errors.Is(err, fault.TooLarge) || !strings.Contains(err.Error(), "long") {
		t.Errorf("got %v", err)
	}
	if got := contents(t, l); len(got) != 0 {
		t.Errorf("%d records are in", len(got))
	}
	if err := tryCommit(t, l, record("short", day1, ""), long); err != nil {
		t.Error(err)
	}
	mustCheck(t, l)
}
