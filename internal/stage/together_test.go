package stage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
)

// acrossTheDay stages pages that each reach over the whole day, some conversations twice, and gives what lives of them in order.
func acrossTheDay(t *testing.T, s *Stage, pages, each int) (living []conversation.Version) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(7, 7))
	model := map[conversation.ID]conversation.Version{}
	for page := range pages {
		var records []conversation.Version
		for n := range each {
			start := day1.Start().Add(time.Duration(rnd.IntN(24*60*60*1000)) * time.Millisecond)
			records = append(records, version(fmt.Sprintf("%04d-%d", page, n), start, "", page))
		}
		if page > 0 { // one of another page comes again
			old := model[conversation.ID(fmt.Sprintf("%04d-0", rnd.IntN(page)))]
			records = append(records, version(string(old.ID), old.Start, "again", page))
		}
		put(t, s, records...)
		add(model, records)
	}
	for _, v := range model {
		living = append(living, v)
	}
	slices.SortFunc(living, func(a, b conversation.Version) int { return conversation.Compare(a.Record, b.Record) })
	return living
}

// However many pages overlap, few files are open at once, the records come in order, each once, and nothing is left on disk.
func TestPagesThatAllOverlap(t *testing.T) {
	foldertest.Uncollected(t)
	s := openStage(t, newLake(t), "run")
	living := acrossTheDay(t, s, 5*openAtOnce, 3)
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	staged := fileNames(t, s)
	for range 2 { // it can be walked again
		var got []conversation.Version
		for v, err := range batch.Stream(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if open := foldertest.Open(t, dirOf(s)); len(open) > openAtOnce {
				t.Fatalf("%d files are open", len(open))
			}
			got = append(got, v)
		}
		want(t, got, living...)
		for i := range got {
			if got[i].Sum() != living[i].Sum() || got[i].Hash != living[i].Hash {
				t.Errorf("the hash of %s is another one", got[i].ID)
			}
		}
	}
	if left := fileNames(t, s); !slices.Equal(left, staged) {
		t.Errorf("files afterwards: %q", left)
	}
	if open := foldertest.Open(t, dirOf(s)); len(open) > 0 {
		t.Errorf("open afterwards: %q", open)
	}
}

// Where there is no room for pages written together, that is what is said, and nothing is left.
func TestAFullDiskUnderPagesThatOverlap(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	living := acrossTheDay(t, s, openAtOnce+1, 1)
	d := &fullDisk{}
	s.store = d.of(l)
	staged := fileNames(t, s)
	walk := func() error {
		batch, err := s.Before(t.Context(), EveryDay)
		if err != nil {
			return err
		}
		var got []conversation.Version
		for v, err := range batch.Stream(t.Context()) {
			if err != nil {
				if left := fileNames(t, s); !slices.Equal(left, staged) {
					t.Errorf("%q leaves %q", d.met, left)
				}
				return err
			}
			got = append(got, v)
		}
		want(t, got, living...)
		return nil
	}
	d.each(t, walk)
}

// A process that is killed leaves what it wrote together; the next one removes it.
func TestPagesWrittenTogetherByAKilledProcess(t *testing.T) {
	l := newLake(t)
	s := openStage(t, l, "run")
	living := acrossTheDay(t, s, 3, 2)
	staged := fileNames(t, s)
	if err := os.WriteFile(filepath.Join(dirOf(s), "together-1.s2"), []byte("some of it"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := openStage(t, l, "run")
	if left := fileNames(t, again); !slices.Equal(left, staged) {
		t.Errorf("files: %q", left)
	}
	want(t, before(t, again, EveryDay), living...)
}

// A walk that is given up ends in the middle of writing together, and gives its files back.
func TestWritingTogetherEndsWithTheContext(t *testing.T) {
	foldertest.Uncollected(t)
	s := openStage(t, newLake(t), "run")
	acrossTheDay(t, s, openAtOnce+1, 2)
	batch, err := s.Before(t.Context(), EveryDay)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	end()
	for _, err := range batch.Stream(ctx) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		break
	}
	if open := foldertest.Open(t, dirOf(s)); len(open) > 0 {
		t.Errorf("open: %q", open)
	}
	if err := batch.Done(t.Context(), func(*state.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
}
