package lake

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/test/unraced"
)

func TestGaps(t *testing.T) {
	unraced.Test(t)
	first := conversation.DayOf(day1)
	l := newLake(t)
	gaps := func() string {
		t.Helper()
		days, err := l.Gaps(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := conversation.DaysText(mustCheck(t, l).Gaps); got != conversation.DaysText(days) {
			t.Errorf("the check says %s", got)
		}
		return conversation.DaysText(days)
	}
	if got := gaps(); got != "" {
		t.Errorf("an empty lake: %s", got)
	}
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(48*time.Hour), ""))})
	if got := gaps(); got != "2026-11-02" {
		t.Errorf("a lake that was imported: %s", got)
	}
	commit(t, l, Commit{Days: []conversation.Day{first + 6, first + 7}})
	if got := gaps(); got != "2026-11-02,2026-11-04..2026-11-06" {
		t.Errorf("with whole days that are empty: %s", got)
	}
	old := snapshot(t, l)
	commit(t, l, Commit{Days: []conversation.Day{first + 1, first + 4}})
	if got := gaps(); got != "2026-11-04,2026-11-06" {
		t.Errorf("some gaps are filled: %s", got)
	}
	whole, err := l.Days(t.Context(), first+1, first+7)
	if err != nil || len(whole) != 3 || !whole[first+1] || !whole[first+4] || !whole[first+6] {
		t.Errorf("whole days up to the seventh: %v, %v", whole, err)
	}
	if err := l.settle(t.Context(), intent{run: "another", days: []conversation.Day{first + 1, first + 20}}, true, indexed{}); err != nil {
		t.Fatal(err)
	}
	for run, want := range map[string]int{"run": 3, "another": 0} { // who made a day whole first has made it whole
		if n, err := l.WholeBy(t.Context(), run, first+1, first+7); err != nil || n != want {
			t.Errorf("%s made %d days whole, %v, want %d", run, n, err, want)
		}
	}
	if n, err := l.WholeDays(t.Context()); err != nil || n != 5 {
		t.Errorf("%d whole days, %v", n, err)
	}
	if _, err := l.db.Exec(t.Context(), `DELETE FROM days WHERE run_id = 'another'`); err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, l)
	at := func(n int) time.Time { return day1.Add(time.Duration(n) * 24 * time.Hour) }
	for _, c := range []struct {
		name string
		s    *Snapshot
		iv   conversation.Interval
		want string
	}{
		{"a snapshot knows what was whole before it was opened", old, conversation.Interval{}, "2026-11-02,2026-11-04..2026-11-06"},
		{"without bounds", s, conversation.Interval{}, "2026-11-04,2026-11-06"},
		{"before the first day", s, conversation.Interval{Start: at(-3), End: at(1)}, "2026-10-29..2026-10-31"},
		{"up to the beginning of a gap", s, conversation.Interval{Start: at(0), End: at(3)}, ""},
		{"into a gap", s, conversation.Interval{Start: at(0), End: at(3).Add(time.Nanosecond)}, "2026-11-04"},
		{"from the end of a gap", s, conversation.Interval{Start: at(4).Add(-time.Nanosecond), End: at(5)}, "2026-11-04"},
		{"behind the last day", s, conversation.Interval{Start: at(4), End: at(400)}, "2026-11-06"},
		{"all of it behind", s, conversation.Interval{Start: at(20), End: at(400)}, ""},
		{"all of it before", s, conversation.Interval{Start: at(-20), End: at(-19)}, "2026-10-12"},
	} {
		if got := conversation.DaysText(c.s.Missing(c.iv)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAvailable(t *testing.T) {
	first := conversation.DayOf(day1)
	l := newLake(t)
	want := func(when string, want time.Time) {
		t.Helper()
		if got, err := l.Available(t.Context()); err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v, want %v", when, got, err, want)
		}
	}
	want("an empty lake", time.Unix(0, 0))
	commit(t, l, Commit{Records: all(record("a", day1, ""), record("b", day1.Add(73*time.Hour), ""))})
	want("everything was imported: the end of the last day that has something", day1.Add(96*time.Hour))
	commit(t, l, Commit{Days: []conversation.Day{first + 1}})
	want("whole days count more", day1.Add(48*time.Hour))
	commit(t, l, Commit{Days: []conversation.Day{first + 9}})
	want("the last whole day, whatever lacks before it", day1.Add(240*time.Hour))
}

// Ten years of whole days are joined without being brought into memory one by one.
func TestWholeDaysAreJoined(t *testing.T) {
	l := newLake(t)
	first := conversation.DayOf(day1)
	var days []conversation.Day
	for n := range conversation.Day(3650) {
		if n%1000 != 7 {
			days = append(days, first+n)
		}
	}
	commit(t, l, Commit{Days: days})
	whole, err := l.wholeDays(t.Context())
	if err != nil || len(whole) != 5 || whole[0] != (conversation.Days{First: first, End: first + 7}) || whole[4].End != first+3650 {
		t.Errorf("got %v, %v", whole, err)
	}
}
