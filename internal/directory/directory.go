// Package directory is what an organization lists of itself: its divisions, queues, users, wrap-up codes, skills and
// languages, which records name by id; and how some of a list are chosen, put in order and cut into pages.
//
// It says nothing of how lists are asked for or written: that is the platform's business, in package api.
package directory

import (
	"context"
	"slices"
	"time"
)

// Entity is what everything in a list has.
type Entity struct {
	ID, Name string
	Division string // the id of the one that it belongs to; empty if to none
}

// Listed is what can be in a list.
type Listed interface{ entity() Entity }

func (e Entity) entity() Entity { return e }

// Name is what one of a list is called.
func Name(of Listed) string { return of.entity().Name }

// Directory is all lists of an organization at one moment. It is read only.
type Directory struct {
	Divisions []Division
	Queues    []Queue
	Users     []User // those who have left too
	Codes     []Code
	Skills    []Skill
	Languages []Language
}

// Source gives the directory of an organization as it is now; nil while nothing is known of it. With an error comes what was known
// before.
type Source func(ctx context.Context) (*Directory, error)

// Division is a part of the organization, which has no division itself.
type Division struct {
	Entity
	Description string
	Home        bool // the one that every organization has
}

// Queue is where conversations wait.
type Queue struct {
	Entity
	Members    int
	Media      []Medium      // what it takes, each with its goal
	AfterCall  time.Duration // how long the work after a conversation may take
	Bullseye   int           // rings in which it looks for agents; 0 if it does not
	Flow       Entity        // that plays while callers wait; without an id there is none
	AutoAnswer bool          // agents' phones answer by themselves
}

// Medium is what a queue takes, by the platform's name: call, callback, chat, email, message.
type Medium struct {
	Name   string
	Alert  time.Duration // how long an agent is asked
	Within time.Duration // by when the share of conversations is to be answered
	Share  float64       // from 0 to 1
}

// State is whether somebody works in the organization.
type State string

// States of users. Conversations of old refer to deleted ones.
const (
	Active   State = "active"
	Inactive State = "inactive"
	Deleted  State = "deleted"
)

// User is a person of the organization.
type User struct {
	Entity
	Email, Title, Department string
	Extension                string // of the telephone
	State                    State
	Skills, Languages        []string // ids
	Team                     Entity   // without an id there is none
	AutoAnswer               bool
}

// Code is a wrap-up code.
type Code struct{ Entity }

// Skill is something that conversations ask of agents.
type Skill struct{ Entity }

// Language is what customers and agents speak.
type Language struct{ Entity }

// In gives the users of some states.
func (d *Directory) In(states ...State) []User {
	return slices.DeleteFunc(slices.Clone(d.Users), func(u User) bool { return !slices.Contains(states, u.State) })
}

// Find gives the one of an id.
func Find[T Listed](list []T, id string) (found T, ok bool) {
	i := slices.IndexFunc(list, func(v T) bool { return v.entity().ID == id })
	if i < 0 {
		return found, false
	}
	return list[i], true
}
