package sandbox

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// An account is inactive for some days when its user has left, and then deleted.
func TestUsersLeave(t *testing.T) {
	const perDay = 300
	o, first := organization.New(7, perDay), conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	var left *organization.User
	for _, u := range o.Users {
		if u.Left() > int64(first) && (left == nil || u.Left() < left.Left()) {
			left = u
		}
	}
	for after, want := range map[int64]directory.State{
		-1: directory.Active, 0: directory.Inactive, 2: directory.Inactive, 3: directory.Deleted, 730: directory.Deleted,
	} {
		d := directoryOf(o, first, left.Left()+after)
		if u, ok := directory.Find(d.Users, left.ID); !ok || u.State != want {
			t.Errorf("%d days after: %+v, %t", after, u, ok)
		}
		if n := len(d.In(directory.Active)); n != len(o.Users) {
			t.Errorf("%d days after: %d users for %d places", after, n, len(o.Users))
		}
	}
	// However long ago, as long as simulated conversations may name the user.
	last := left.Left() - 1
	for _, c := range []struct {
		first, today int64
		listed       bool
	}{
		{last - 7, last + 2000, true}, {last + 3, last + 2000, true}, {last + 4, last + 2000, false}, {last + 730, last + 730, true}, {last + 731, last + 731, false},
	} {
		if _, ok := directory.Find(directoryOf(o, conversation.Day(c.first), c.today).Users, left.ID); ok != c.listed {
			t.Errorf("listed: %t; simulated from %d days after the last one at work, asked %d after it", ok, c.first-last, c.today-last)
		}
	}
}

func TestTheListsOfTheCentre(t *testing.T) {
	o := organization.New(7, 300)
	d := directoryOf(o, 20758, 20758)
	media := map[string]int{}
	for i, q := range d.Queues {
		if q.Name != o.Queues[i].Name || q.Members == 0 || q.AfterCall == 0 || len(q.Media) == 0 || q.Media[0].Within != o.Queues[i].Target.Duration() {
			t.Errorf("queue %+v", q)
		}
		if (q.Bullseye == 6) != o.Queues[i].Bullseye || (q.Flow.ID != "") != (o.Queues[i].InQueue != nil) || q.AutoAnswer != o.Queues[i].Auto {
			t.Errorf("queue %+v", q)
		}
		for _, m := range q.Media {
			media[m.Name]++
			if m.Alert != 15*time.Second || m.Share != 0.8 {
				t.Errorf("queue %+v", q)
			}
		}
	}
	if media["call"] != 12 || media["callback"] != 12 || media["chat"] != 1 || media["message"] != 1 || media["email"] != 1 {
		t.Errorf("media of queues: %v", media)
	}
	codes := func(id string) bool { _, ok := directory.Find(d.Codes, id); return ok }
	for _, q := range o.Queues {
		if !slices.ContainsFunc(q.Codes, codes) {
			t.Errorf("codes of %s", q.Name)
		}
	}
	if !codes(organization.DefaultWrapUpCode) || len(d.Skills) != len(o.Skills) || len(d.Languages) != len(o.Languages) || len(d.Divisions) != len(o.Divisions) || !d.Divisions[0].Home || d.Divisions[1].Home {
		t.Errorf("%d codes, %d skills, %d languages, %v", len(d.Codes), len(d.Skills), len(d.Languages), d.Divisions)
	}
	for _, c := range d.Codes {
		if c.Division != d.Divisions[0].ID {
			t.Errorf("code %+v", c)
		}
	}
	for _, u := range d.Users {
		if _, ok := directory.Find(d.Divisions, u.Division); !ok || u.Email == "" || u.Title == "" || (u.Team.ID == "") != (len(u.Skills) == 0) || (u.Department == "") != (u.Team.ID == "") {
			t.Errorf("user %+v", u)
		}
	}
}

// The lists are those of the platform's clock, and made once a day.
func TestListsAreOfTheDay(t *testing.T) {
	now := time.Date(2026, 11, 8, 12, 0, 0, 0, time.UTC)
	w, err := Simulate(t.Context(), Scenario{Speed: 1, Seed: 7, Days: 1, PerDay: 10, Start: now}, nil)
	if err != nil {
		t.Fatal(err)
	}
	lists := func() *directory.Directory {
		t.Helper()
		d, err := w.Directory()(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	before := lists()
	if lists() != before || w.lists.day != organization.DayOf(tick.Of(now)) {
		t.Errorf("made for day %d", w.lists.day)
	}
	advance(t, w, 24*time.Hour)
	if lists() == before {
		t.Error("the lists of the day before are shown")
	}
	given, err := newWorld(Scenario{Start: now, Given: "test"})
	if err != nil || given.Directory() != nil {
		t.Error("given records have lists")
	}
}
