package journal

import (
	"bytes"
	"errors"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

func opened(t *testing.T, path string) (*Journal, *state.DB) {
	t.Helper()
	db, err := state.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	j, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return j, db
}

func entries(t *testing.T, j *Journal) (out []Entry) {
	t.Helper()
	for e, err := range j.Entries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

var noon = time.Date(2026, 11, 8, 12, 0, 0, 1000, time.UTC)

func TestWhatWasAcknowledgedIsThereAfterwards(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	j, db := opened(t, path)
	for i := range 3 {
		if err := j.Append(t.Context(), Entry{noon.Add(time.Duration(i) * time.Second), []byte(strconv.Itoa(i))}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	j, _ = opened(t, path)
	got := entries(t, j)
	if j.Len() != 3 || len(got) != 3 || string(got[2].Deed) != "2" || !got[2].At.Equal(noon.Add(2*time.Second)) {
		t.Fatalf("got %d entries: %v", j.Len(), got)
	}
	if err := j.Replace(t.Context(), got[1:2]); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), Entry{noon, []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if got := entries(t, j); len(got) != 2 || string(got[0].Deed) != "1" || string(got[1].Deed) != "new" {
		t.Errorf("got %v", got)
	}
}

func TestAReplacementThatFailsLeavesTheOthers(t *testing.T) {
	j, _ := opened(t, filepath.Join(t.TempDir(), "control.db"))
	if err := j.Append(t.Context(), Entry{noon, []byte("1")}); err != nil {
		t.Fatal(err)
	}
	if err := j.Replace(t.Context(), []Entry{{noon, []byte("2")}, {noon, nil}}); err == nil {
		t.Error("an entry without a deed was taken")
	}
	if got := entries(t, j); len(got) != 1 || string(got[0].Deed) != "1" {
		t.Errorf("got %v", got)
	}
}

func TestAMissingEntryIsDamage(t *testing.T) {
	j, db := opened(t, filepath.Join(t.TempDir(), "control.db"))
	for range 3 {
		if err := j.Append(t.Context(), Entry{noon, []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(t.Context(), `DELETE FROM journal_entries WHERE number = 2`); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, err := range j.Entries(t.Context()) {
		if n++; n == 2 && !errors.Is(err, fault.Corrupt) {
			t.Errorf("got %v", err)
		}
	}
	if n != 2 {
		t.Errorf("went on to %d entries", n)
	}
}

func TestAFullJournalTakesNoMore(t *testing.T) {
	j, _ := opened(t, filepath.Join(t.TempDir(), "control.db"))
	j.next = MaxEntries + 1
	if err := j.Append(t.Context(), Entry{noon, []byte("{}")}); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
}

// Bytes are counted as well as entries, and again when the journal is opened and when others take the place of its entries.
func TestAJournalOfLargeDeedsIsFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "control.db")
	j, db := opened(t, path)
	large := Entry{noon, bytes.Repeat([]byte("7"), MaxBytes/2)}
	one := Entry{noon, []byte("{}")}
	if err := j.Append(t.Context(), large); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), large); !errors.Is(err, fault.Conflict) {
		t.Errorf("twice half of what it takes, each with its instant: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	j, _ = opened(t, path)
	if err := j.Append(t.Context(), large); !errors.Is(err, fault.Conflict) {
		t.Errorf("opened anew: %v", err)
	}
	if err := j.Replace(t.Context(), []Entry{one}); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), large); err != nil {
		t.Errorf("emptied: %v", err)
	}
}
