package sandbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/directory"
	"github.com/parley-hq/parley/internal/sim/organization"
	"github.com/parley-hq/parley/internal/sim/tick"
)

// remembered is for how long those who left stay in the list, days; at least as long as the simulated days need them.
const remembered = 2 * 365

// suspended is for how many days an account is inactive before it is deleted. The number is ours.
const suspended = 3

// lists are those of one day, made when somebody asks first. Safe for concurrent use.
type lists struct {
	mu   sync.Mutex
	day  int64
	made *directory.Directory
}

// Directory is what the simulated centre consists of now; nil when the records were given. They name users, queues and
// codes by id alone: to list those under names that we made up would be taken for the truth, and so would a state.
func (w *World) Directory() directory.Source {
	if w.scenario.Given != "" {
		return nil
	}
	return func(context.Context) (*directory.Directory, error) {
		today := organization.DayOf(tick.Of(w.Clock()))
		w.lists.mu.Lock()
		defer w.lists.mu.Unlock()
		if w.lists.made == nil || w.lists.day != today {
			w.lists.day, w.lists.made = today, directoryOf(w.past().centre.Organization, w.scenario.first(), today)
		}
		return w.lists.made, nil
	}
}

// directoryOf lists an organization as it is on a day, with those who left since its first simulated day.
func directoryOf(o *organization.Organization, first conversation.Day, today int64) *directory.Directory {
	home := o.Divisions[0].ID
	d := &directory.Directory{}
	for i, v := range o.Divisions {
		d.Divisions = append(d.Divisions, directory.Division{Entity: entity(v, ""), Description: v.Name, Home: i == 0})
	}
	for _, q := range o.Queues {
		d.Queues = append(d.Queues, queueOf(q))
	}
	for _, c := range o.WrapUpCodes {
		d.Codes = append(d.Codes, directory.Code{Entity: entity(c, home)})
	}
	for _, s := range o.Skills {
		d.Skills = append(d.Skills, directory.Skill{Entity: entity(s, "")})
	}
	for _, l := range o.Languages {
		d.Languages = append(d.Languages, directory.Language{Entity: entity(l, "")})
	}
	// Before a day the centre simulates two more, from which somebody may come back.
	for _, u := range o.Employed(min(int64(first)-3, today-remembered), today) {
		d.Users = append(d.Users, userOf(u, today))
	}
	return d
}

func entity(e organization.Entity, division string) directory.Entity {
	return directory.Entity{ID: e.ID, Name: e.Name, Division: division}
}

func userOf(u *organization.User, today int64) directory.User {
	out := directory.User{
		Entity: entity(u.Entity, u.Division), Email: u.Email, Title: u.Title, Extension: u.Extension[len("tel:"):], State: directory.Active,
		Skills: u.Skills, Languages: u.Languages,
	}
	if t := u.Team; t != nil {
		out.Team, out.Department = entity(t.Entity, t.Division), t.Name
	}
	switch left := u.Left(); {
	case today >= left+suspended:
		out.State = directory.Deleted
	case today >= left:
		out.State = directory.Inactive
	}
	return out
}

func queueOf(q *organization.Queue) directory.Queue {
	out := directory.Queue{
		Entity: entity(q.Entity, q.Division), AfterCall: organization.LongestAfter.Duration(), AutoAnswer: q.Auto,
	}
	for _, u := range q.Team.Members {
		if slices.Contains(u.Queues, q) {
			out.Members++
		}
	}
	for _, medium := range mediaOf(q) {
		out.Media = append(out.Media, directory.Medium{Name: medium, Alert: alert, Within: q.Target.Duration(), Share: goal})
	}
	if q.Bullseye {
		out.Bullseye = rings
	}
	if f := q.InQueue; f != nil {
		out.Flow = entity(f.Entity, f.Division)
	}
	return out
}

// What the centre does not decide is the platform's usual setting: 80 of a hundred within the time; rings; how long it rings.
const (
	goal  = 0.8
	rings = 6
	alert = 15 * time.Second
)

// mediaOf names what a queue takes.
func mediaOf(q *organization.Queue) []string {
	if q.Team.Medium == "voice" {
		return []string{"call", "callback"}
	}
	return []string{[]string{organization.ChatQueue: "chat", organization.MessageQueue: "message", organization.EmailQueue: "email"}[slices.Index(q.Team.Queues, q)]}
}
