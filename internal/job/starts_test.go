package job

import (
	"strings"
	"testing"
	"testing/synctest"
)

func TestAJobThatKillsItsRunnersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &fakeViews{records: someRecords(3)}, func(c *Config) { c.Limits.Running = 1 })
		id := submit(t, m, 0)
		for n := 1; n <= maxStarts; n++ {
			take(t, m) // and no more is done to it: the process is killed
			m = again(t, m)
			if err := m.recover(t.Context(), m.first()); err != nil {
				t.Fatal(err)
			}
			want := Queued
			if n == maxStarts {
				want = Failed
			}
			wantState(t, m, id, want)
		}
		other := submit(t, m, 0)
		defer start(t, m)()
		synctest.Wait()
		wantState(t, m, other, Fulfilled)
		status, err := m.Status(t.Context(), me, id)
		if err != nil || !strings.Contains(status.ErrorMessage, "killed while it answered") || status.CompletionDate.IsZero() {
			t.Errorf("got %+v, %v", status, err)
		}
	})
}

func TestAJobThatIsGivenBackIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &fakeViews{records: someRecords(3)}, func(c *Config) { c.Limits.Running = 1 })
		id := submit(t, m, 0)
		for range 2 * maxStarts {
			m.giveBack(t.Context(), take(t, m))
			m = again(t, m)
			if err := m.recover(t.Context(), m.first()); err != nil {
				t.Fatal(err)
			}
		}
		defer start(t, m)()
		synctest.Wait()
		wantState(t, m, id, Fulfilled)
	})
}
