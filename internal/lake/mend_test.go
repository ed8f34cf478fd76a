package lake

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// mendAll mends what a check finds.
func mendAll(t *testing.T, l *Lake) (int, error) {
	t.Helper()
	report, err := Check(t.Context(), l, nil)
	if !errors.Is(err, fault.Corrupt) {
		t.Fatalf("the check found %v", err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.Mend(t.Context(), "mend", day1, report.Worn())
}

// spoil makes a data file of a table unreadable.
func spoil(t *testing.T, l *Lake, table tables.Table, n int) {
	t.Helper()
	f, err := os.OpenFile(snapshot(t, l).Files(table)[n].Path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt([]byte("xxxxxxxxxxxxxxxxxxxxxxxx"), 40)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// What is missing or damaged of the companions is made again from the records; the changes stay, and nothing else does.
func TestMend(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Days: []conversation.Day{conversation.DayOf(day1)}, Records: all(newer(0)...)})
	commit(t, l, Commit{Records: all(newer(1)...)})
	want := everyRow(t, l)
	untouched := snapshot(t, l).Files(tables.Conversations)[1]
	spoil(t, l, tables.Metrics, 0)
	for _, table := range []tables.Table{tables.Segments, tables.Surveys} {
		if err := os.Remove(snapshot(t, l).Files(table)[0].Path); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := mendAll(t, l); n != 1 || err != nil {
		t.Fatalf("mended %d days, %v", n, err)
	}
	mustCheck(t, l)
	if got := everyRow(t, l); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := snapshot(t, l).Files(tables.Conversations)[1]; got != untouched {
		t.Errorf("the other day has the file %v and had %v", got, untouched)
	}
	if whole, err := l.Days(t.Context(), 0, conversation.DayOf(day1)+10); err != nil || len(whole) != 1 {
		t.Errorf("whole days: %v, %v", whole, err)
	}
}

// A day whose records cannot be read stays as it is, and the others are mended.
func TestMendWithoutRecords(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(newer(0)...)})
	spoil(t, l, tables.Conversations, 0)
	spoil(t, l, tables.Segments, 1)
	if n, err := mendAll(t, l); n != 1 || !errors.Is(err, fault.Corrupt) {
		t.Errorf("mended %d days, %v", n, err)
	}
	report, err := Check(t.Context(), l, nil)
	if !errors.Is(err, fault.Corrupt) || !slices.Equal(report.Worn(), []conversation.Day{conversation.DayOf(day1)}) {
		t.Errorf("worn are %v, %v", report.Worn(), err)
	}
}

// A day that the lake does not have is none to write.
func TestMendNothing(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(newer(0)...)})
	before := snapshot(t, l).ID
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if n, err := w.Mend(t.Context(), "mend", time.Now(), []conversation.Day{1}); n != 0 || err != nil {
		t.Errorf("mended %d days, %v", n, err)
	}
	if snapshot(t, l).ID != before {
		t.Error("there is a new snapshot")
	}
}
