package names

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

func at(hour int) time.Time { return time.Date(2026, 11, 1, hour, 0, 0, 0, time.UTC) }

// told is a history in short: id, name, whether it is gone, from and until by the hour.
func told(h History) (out []string) {
	for _, v := range h {
		text := v.ID + " " + v.Name
		if v.State != "" {
			text += " " + v.State
		}
		if v.Gone {
			text += " gone"
		}
		text += " " + strconv.Itoa(v.From.Hour()) + "-"
		if !v.Current() {
			text += strconv.Itoa(v.Until.Hour())
		}
		out = append(out, text)
	}
	return out
}

func TestHistory(t *testing.T) {
	type step struct {
		Listing

		want    Changes
		history []string
	}
	whole := func(entries ...Entry) Listing { return Listing{Queue, entries, true, false} }
	a, b := Entry{ID: "a", Name: "Sales"}, Entry{ID: "b", Name: "Claims"}
	var h History
	for hour, s := range []step{
		{whole(b, a), Changes{Added: 2}, []string{"a Sales 0-", "b Claims 0-"}},
		{whole(a, b), Changes{}, []string{"a Sales 0-", "b Claims 0-"}},
		{whole(Entry{ID: "a", Name: "Orders"}, b), Changes{Changed: 1}, []string{"a Sales 0-2", "a Orders 2-", "b Claims 0-"}},
		{Listing{Queue, []Entry{b}, false, false}, Changes{}, []string{"a Sales 0-2", "a Orders 2-", "b Claims 0-"}},
		{whole(b), Changes{Gone: 1}, []string{"a Sales 0-2", "a Orders 2-4", "a Orders gone 4-", "b Claims 0-"}},
		{whole(b), Changes{}, []string{"a Sales 0-2", "a Orders 2-4", "a Orders gone 4-", "b Claims 0-"}},
		{Listing{User, nil, true, false}, Changes{}, []string{"a Sales 0-2", "a Orders 2-4", "a Orders gone 4-", "b Claims 0-"}},
		{whole(Entry{ID: "a", Name: "Orders"}, b), Changes{Changed: 1}, []string{"a Sales 0-2", "a Orders 2-4", "a Orders gone 4-7", "a Orders 7-", "b Claims 0-"}},
	} {
		before := slices.Clone(h)
		next, got := h.With(s.Listing, at(hour), "run")
		if got != s.want || !slices.Equal(told(next), s.history) {
			t.Errorf("hour %d: %+v, %v; want %+v, %v", hour, got, told(next), s.want, s.history)
		}
		if !slices.Equal(h, before) {
			t.Errorf("hour %d: the history itself was changed", hour)
		}
		h = next
	}
}

func TestAStateAndADivisionAreVersionsToo(t *testing.T) {
	h, _ := History{}.With(Listing{User, []Entry{{ID: "u", Name: "Ada", State: "active"}}, true, false}, at(1), "1")
	h, _ = h.With(Listing{User, []Entry{{ID: "u", Name: "Ada", State: "deleted"}}, true, false}, at(2), "2")
	h, got := h.With(Listing{User, []Entry{{ID: "u", Name: "Ada", State: "deleted", Division: "d"}}, true, false}, at(3), "3")
	if want := []string{"u Ada active 1-2", "u Ada deleted 2-3", "u Ada deleted 3-"}; !slices.Equal(told(h), want) || got.Changed != 1 {
		t.Errorf("got %v, %+v", told(h), got)
	}
	if b := NewBook(h); b.Name(User, "u") != "Ada" {
		t.Error("a user who was deleted is not known any more")
	}
}

func TestAClockThatWasPutBack(t *testing.T) {
	h, _ := History{}.With(Listing{Queue, []Entry{{ID: "a", Name: "Sales"}}, true, false}, at(5), "1")
	h, _ = h.With(Listing{Queue, []Entry{{ID: "a", Name: "Orders"}}, true, false}, at(3), "2")
	if len(h) != 2 || !h[0].Until.Equal(h[1].From) || !h[1].From.After(h[0].From) || h[1].Name != "Orders" || !h[1].Current() {
		t.Errorf("got %+v", h)
	}
}

func TestBook(t *testing.T) {
	b := BookOf(map[Kind][]Entry{
		Queue: {{ID: "0123456789", Name: "Sales"}, {ID: "9876543210", Name: "sales"}, {ID: "b", Name: "Claims"}},
		User:  {{ID: "b", Name: "Ada"}},
	})
	for id, want := range map[string]string{"0123456789": "Sales (01234567…)", "9876543210": "sales (98765432…)", "b": "Claims", "x": ""} {
		if got := b.Label(Queue, id); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := BookOf(map[Kind][]Entry{Queue: {{ID: "nameless"}}}).IDs(Queue, ""); len(got) != 0 {
		t.Errorf("no name is that of %v", got)
	}
	if got := b.IDs(Queue, "SALES"); !slices.Equal(got, []string{"0123456789", "9876543210"}) {
		t.Errorf("got %v", got)
	}
	if got := b.Name(User, "b"); got != "Ada" {
		t.Errorf("got %q", got)
	}
	if all := b.All(Queue); len(all) != 3 || all[0].Name != "Claims" {
		t.Errorf("got %+v", all)
	}
	var none *Book
	if !none.Empty() || none.Label(Queue, "b") != "" || none.IDs(Queue, "Claims") != nil || none.All(Queue) != nil || b.Empty() {
		t.Error("a book that is not there knows something")
	}
}
