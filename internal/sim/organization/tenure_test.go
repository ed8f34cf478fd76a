package organization

import "testing"

// At every moment each place has one user, and who has left does not come back.
func TestPlacesChangeHands(t *testing.T) {
	o := New(15, 300)
	if at := o.Users[0].On(sunday); at != o.Users[0] {
		t.Errorf("on the day by which the organization is described %s has the place of %s", at.Name, o.Users[0].Name)
	}
	changes, before := 0, map[int]*User{}
	ids := map[string]int{}
	for day := int64(sunday - 2*tenure); day < sunday+2*tenure; day++ {
		for i, u := range o.Users {
			now := u.On(day)
			if place, known := ids[now.ID]; known && place != i {
				t.Fatalf("%s has two places", now.Name)
			}
			ids[now.ID] = i
			was := before[i]
			before[i] = now
			if was == nil || was.ID == now.ID {
				continue
			}
			changes++
			if was.Left() != day || now.Left() != day+tenure || was.Email == now.Email || was.Mail == now.Mail {
				t.Errorf("day %d: %+v follows %+v, who left on day %d", day, now, was, was.Left())
			}
			if now.Team != was.Team || now.Address != was.Address || len(now.Works(day)) != len(was.Works(day)) {
				t.Errorf("%s has another place than %s", now.Name, was.Name)
			}
			if now.On(day-1).ID != was.ID || now.On(day) != now {
				t.Errorf("%s does not know who had the place before", now.Name)
			}
		}
	}
	if want := 4 * len(o.Users); changes < want-len(o.Users) || changes > want {
		t.Errorf("%d changes of %d places in four tenures", changes, len(o.Users))
	}
	if len(ids) != changes+len(o.Users) {
		t.Errorf("%d users in %d places after %d changes", len(ids), len(o.Users), changes)
	}
}

func TestWhoWasEmployed(t *testing.T) {
	o := New(16, 300)
	for _, since := range []int64{sunday - 1000, sunday - 9, sunday, sunday + 700} {
		until := since + 20
		want := map[string]bool{}
		for day := since; day <= until; day++ {
			for _, u := range o.Users {
				want[u.On(day).ID] = true
			}
		}
		if len(want) == len(o.Users) {
			t.Errorf("nobody leaves within 20 days from day %d", since)
		}
		for _, u := range o.Employed(since, until) {
			if !want[u.ID] {
				t.Errorf("%s was not there, or comes twice", u.Name)
			}
			delete(want, u.ID)
		}
		if len(want) > 0 {
			t.Errorf("from day %d on, %d are missing", since, len(want))
		}
	}
}
