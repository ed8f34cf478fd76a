package lake

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/test/unraced"
)

func queues(list ...names.Entry) []names.Listing {
	return []names.Listing{{Kind: names.Queue, Entries: list, Whole: true}}
}

// keepNames gives a lake names, at a day of November.
func keepNames(t *testing.T, l *Lake, day int, lists []names.Listing) names.Changes {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Close() }()
	out, err := w.Names(t.Context(), "run", time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC), lists)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// namesIn are the names that a lake has of queues, each with the day from which on it was so.
func namesIn(t *testing.T, l *Lake) (out []string) {
	t.Helper()
	h, err := l.Names(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range h {
		out = append(out, v.ID+" "+v.Name+" "+v.From.Format("02"))
	}
	return out
}

func TestNamesAndTheirHistory(t *testing.T) {
	l := newLake(t)
	if h, err := l.Names(t.Context()); h != nil || err != nil {
		t.Fatalf("a new lake has names: %v, %v", h, err)
	}
	mustCheck(t, l)
	sales, claims := names.Entry{ID: "a", Name: "Sales", Division: "d"}, names.Entry{ID: "b", Name: "Claims"}
	if got := keepNames(t, l, 1, queues(sales, claims)); got.Added != 2 {
		t.Errorf("got %+v", got)
	}
	before := tree(t, l)
	if got := keepNames(t, l, 2, queues(claims, sales)); got.Any() || len(tree(t, l)) != len(before) {
		t.Errorf("the same names were written again: %+v", got)
	}
	read, err := l.NamesRead(t.Context())
	if err != nil || read[names.Queue].Day() != 2 || len(read) != 1 {
		t.Errorf("read: %v, %v", read, err)
	}
	sales.Name = "Orders"
	if got := keepNames(t, l, 3, queues(claims, sales)); got.Changed != 1 {
		t.Errorf("got %+v", got)
	}
	want := []string{"a Sales 01", "a Orders 03", "b Claims 01"}
	if got := namesIn(t, l); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if h, _ := l.Names(t.Context()); h[0].Division != "d" || h[0].Run != "run" || h[0].Current() || !h[1].Current() || !h[0].Until.Equal(h[1].From) {
		t.Errorf("got %+v", h)
	}
	if r := mustCheck(t, l); r.Rows["names"] != 3 {
		t.Errorf("the check counts %v", r.Rows)
	}
}

func TestNamesThroughUpkeepAndMove(t *testing.T) {
	unraced.Test(t)
	l, err := Create(t.Context(), t.TempDir()+"/the lake %41 #1")
	if err != nil {
		t.Fatal(err)
	}
	commit(t, l, Commit{Records: all(record("a", day1, "1"))})
	for day, name := range []string{"One", "Two", "Three"} {
		keepNames(t, l, day+1, queues(names.Entry{ID: "a", Name: name}))
	}
	want := []string{"a One 01", "a Two 02", "a Three 03"}
	out := expire(t, l, ExpireOptions{Before: time.Now().Add(time.Hour)})
	if out.Files == 0 {
		t.Error("nothing of the older names was removed")
	}
	if got := namesIn(t, l); !slices.Equal(got, want) {
		t.Errorf("after the expiry %v", got)
	}
	mustCheck(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir() + "/elsewhere"
	if err := os.Rename(l.dir, to); err != nil {
		t.Fatal(err)
	}
	moved := mustOpen(t, to)
	if got := namesIn(t, moved); !slices.Equal(got, want) {
		t.Errorf("at the new place, before the move, %v", got)
	}
	if err := moved.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Move(t.Context(), to, MoveOptions{}); err != nil {
		t.Fatal(err)
	}
	moved = mustOpen(t, to)
	if got := namesIn(t, moved); !slices.Equal(got, want) {
		t.Errorf("after the move %v", got)
	}
	keepNames(t, moved, 4, queues(names.Entry{ID: "a", Name: "Four"}))
	mustCheck(t, moved)
}

// Whatever a writer that stops leaves, the next finds either the names of before or those of after, and the same list gives
// what it would have given.
func TestNamesOfAWriterThatStopped(t *testing.T) {
	for _, point := range []string{"names.file", "names.committed"} {
		t.Run(point, func(t *testing.T) {
			l := newLake(t)
			keepNames(t, l, 1, queues(names.Entry{ID: "a", Name: "One"}))
			stopped(t, l, point, func(w *Writer) error {
				_, err := w.Names(t.Context(), "2", time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), queues(names.Entry{ID: "a", Name: "Two"}))
				return err
			})
			mustCheck(t, l)
			keepNames(t, l, 2, queues(names.Entry{ID: "a", Name: "Two"}))
			if got, want := namesIn(t, l), []string{"a One 01", "a Two 02"}; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			expire(t, l, ExpireOptions{Before: time.Now().Add(time.Hour)})
			if files, err := l.namesFiles(t.Context()); err != nil || len(files) != 1 {
				t.Errorf("got %v, %v", files, err)
			}
			if r := mustCheck(t, l); r.Unreferenced != 0 {
				t.Errorf("files are left that nobody names: %d", r.Unreferenced)
			}
		})
	}
}

func TestDamagedNames(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "1"))})
	keepNames(t, l, 1, queues(names.Entry{ID: "a", Name: "One"}))
	files, err := l.namesFiles(t.Context())
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.Remove(files[0].Path); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Names(t.Context()); !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %v", err)
	}
	r, err := Check(t.Context(), l, nil)
	if !errors.Is(err, fault.Corrupt) || !r.NamesDamaged || len(r.Damage) != 1 || len(r.Worn()) != 0 {
		t.Errorf("got %+v, %v", r.Damage, err)
	}
	w, err := l.Writer(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []bool{true, false} {
		if dropped, err := w.DropNames(t.Context()); err != nil || dropped != want {
			t.Errorf("dropped %v, %v", dropped, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	mustCheck(t, l)
	keepNames(t, l, 3, queues(names.Entry{ID: "a", Name: "One"}))
	if got := namesIn(t, l); !slices.Equal(got, []string{"a One 03"}) {
		t.Errorf("got %v", got)
	}
}
