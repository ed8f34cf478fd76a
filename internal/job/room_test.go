package job

import (
	"errors"
	"testing"
)

func TestTheRoomIsAShareOfTheDisk(t *testing.T) {
	m := newManager(t, &fakeViews{records: someRecords(100)}, nil)
	there, err := freeOn(m.dir())
	if err != nil || there <= 0 {
		t.Fatalf("free: got %d, %v", there, err)
	}
	if got := m.cfg.Limits.Stored; got < 1 || got > there || got < there/8 { // others use the disk meanwhile
		t.Errorf("of %d bytes that are free: got %d, want about half", there, got)
	}
	if given := newManager(t, &fakeViews{}, func(c *Config) { c.Limits.Stored = 7 }); given.cfg.Limits.Stored != 7 {
		t.Errorf("given: got %d, want 7", given.cfg.Limits.Stored)
	}
	free := func(n int64) func() (int64, error) { return func() (int64, error) { return n, nil } }
	want := func(n, want int64) {
		t.Helper()
		if got, err := room(t.Context(), m.jobs, free(n)); got != want || err != nil {
			t.Errorf("of %d bytes that are free: got %d, %v, want %d", n, got, err, want)
		}
	}
	want(1000, 500)
	want(0, 1)
	submit(t, m, 0)
	run(t, m, take(t, m))
	taken, err := m.jobs.taken(t.Context())
	if err != nil || taken <= 0 {
		t.Fatalf("taken: got %d, %v", taken, err)
	}
	want(1000-taken, 500) // started again with results on the disk, a server gives as much as before
	gone := errors.New("the disk is gone")
	if _, err := room(t.Context(), m.jobs, func() (int64, error) { return 0, gone }); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
}
