package lake

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/test/unraced"
)

func TestChangesAreReadInOrder(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	at := func(v conversation.Version, hours int) conversation.Version {
		v.At = v.At.Add(time.Duration(hours) * time.Hour)
		return v
	}
	day2 := day1.Add(24 * time.Hour)
	commit(t, l, Commit{Records: all(record("a", day1, "1"), record("b", day1, "1"), record("c", day2, "1"))})
	commit(t, l, Commit{Records: all(at(record("b", day1, "2"), 1), at(record("c", day2, "2"), 1))})
	commit(t, l, Commit{Records: all(at(record("a", day1, "3"), 2), at(record("b", day1, "3"), 2))})
	s := snapshot(t, l)
	first := record("a", day1, "1").At
	for _, c := range []struct {
		wanted Wanted
		want   []string
	}{
		{Wanted{}, []string{`b "1" "2"`, `a "1" "3"`, `b "2" "3"`, `c "1" "2"`}},
		{Wanted{ID: "b"}, []string{`b "1" "2"`, `b "2" "3"`}},
		{Wanted{Since: first.Add(2 * time.Hour)}, []string{`a "1" "3"`, `b "2" "3"`}},
		{Wanted{Days: conversation.Days{First: conversation.DayOf(day2), End: conversation.DayOf(day2) + 1}}, []string{`c "1" "2"`}},
		{Wanted{ID: "c", Since: first.Add(2 * time.Hour)}, nil},
	} {
		var got []string
		for change, err := range s.Changes(t.Context(), c.wanted) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s %s %s", change.ID, change.Before, change.After))
			if change.Path == "" || change.Run != "run" || !change.FoundAt.After(first) || change.Start.Before(day1) {
				t.Errorf("got %+v", change)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %q, want %q", c.wanted, got, c.want)
		}
	}
	for _, err := range s.Changes(t.Context(), Wanted{}) {
		if err != nil {
			t.Fatal(err)
		}
		break // whoever has enough is not called again
	}
}
