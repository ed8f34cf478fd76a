// Package names is what the things are called that records name by id alone: users, queues, wrap-up codes and the like. It
// knows what each was called when, tells what a list that was read anew changes of that, and finds a name by an id and an id
// by a name.
//
// It reads and writes nothing. The history is what is called a slowly changing dimension of type 2.
package names

import (
	"cmp"
	"slices"
	"time"
)

// Kind is what an id is of.
type Kind string

// The kinds that the platform lists.
const (
	User       Kind = "user"
	Queue      Kind = "queue"
	WrapUpCode Kind = "wrapUpCode"
	Division   Kind = "division"
	Skill      Kind = "skill"
	Language   Kind = "language"
)

// Kinds lists them, those first that people ask for most.
func Kinds() []Kind { return []Kind{User, Queue, WrapUpCode, Division, Skill, Language} }

// Entry is what the platform says of one thing.
type Entry struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Division string `json:"divisionId,omitempty"` // empty if it belongs to none
	State    string `json:"state,omitempty"`      // as the platform says: of a user active, inactive, deleted; empty if it says none
}

// Version is an entry as it was for a while.
type Version struct {
	Kind Kind `json:"kind"`
	Entry

	Gone  bool      `json:"gone,omitempty"` // the platform does not list it any more; the name is its last one
	From  time.Time `json:"from"`           // when it was first seen so
	Until time.Time `json:"until,omitzero"` // when it was first seen otherwise; zero while it is so
	Run   string    `json:"run,omitempty"`  // that saw it first
}

// Current says whether it is so still.
func (v Version) Current() bool { return v.Until.IsZero() }

// History is all versions, by kind, id and time. Of each thing the last one is current.
type History []Version

// Listing is a list as it was read.
type Listing struct {
	Kind    Kind
	Entries []Entry // each id once
	Whole   bool    // all that the platform has is in it: what is not, is gone
	Barred  bool    // nothing of the kind may be kept, nor what was kept before
}

// Changes counts what lists have changed.
type Changes struct {
	Added   int `json:"added"`   // things that were not known
	Changed int `json:"changed"` // that are called otherwise, belong elsewhere or have another state, or are back
	Gone    int `json:"gone"`    // that are not listed any more
}

// Any says whether something has changed.
func (c Changes) Any() bool { return c != Changes{} }

// Plus adds up.
func (c Changes) Plus(o Changes) Changes {
	return Changes{c.Added + o.Added, c.Changed + o.Changed, c.Gone + o.Gone}
}

// identity is what a thing is known by.
type identity struct {
	kind Kind
	id   string
}

func (v Version) identity() identity { return identity{v.Kind, v.ID} }

// With gives the history with what a list says that was read at a time by a run. The history itself stays as it is. A list
// that says nothing new changes nothing, so that a run may be done again.
func (h History) With(l Listing, at time.Time, run string) (History, Changes) {
	if l.Barred {
		rest := slices.DeleteFunc(slices.Clone(h), func(v Version) bool { return v.Kind == l.Kind })
		return rest, Changes{Gone: len(h) - len(rest)}
	}
	m := merge{out: slices.Clone(h), current: map[identity]int{}, at: at, run: run}
	for i, v := range m.out {
		if v.Kind == l.Kind && v.Current() {
			m.current[v.identity()] = i
		}
	}
	listed := make(map[string]bool, len(l.Entries))
	for _, e := range l.Entries {
		listed[e.ID] = true
		m.listed(l.Kind, e)
	}
	if l.Whole {
		for id, i := range m.current {
			if v := m.out[i]; !listed[id.id] && !v.Gone {
				v.Gone = true
				m.follow(i, v)
				m.Gone++
			}
		}
	}
	slices.SortFunc(m.out, compare)
	return m.out, m.Changes
}

// merge is a history that a list is held against.
type merge struct {
	Changes

	out     History
	current map[identity]int // places of the versions that were current
	at      time.Time
	run     string
}

// listed takes in what a list says of one thing.
func (m *merge) listed(k Kind, e Entry) {
	i, known := m.current[identity{k, e.ID}]
	switch {
	case !known:
		m.out = append(m.out, Version{Kind: k, Entry: e, From: m.at, Run: m.run})
		m.Added++
	case m.out[i].Entry != e || m.out[i].Gone:
		m.follow(i, Version{Kind: k, Entry: e})
		m.Changed++
	}
}

// follow ends a version, and has another follow it. A clock that was put back makes no version end before it began.
func (m *merge) follow(i int, next Version) {
	at := m.at
	if earliest := m.out[i].From.Add(time.Microsecond); at.Before(earliest) {
		at = earliest
	}
	m.out[i].Until = at
	next.From, next.Until, next.Run = at, time.Time{}, m.run
	m.out = append(m.out, next)
}

func compare(a, b Version) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), a.From.Compare(b.From))
}

// Odd says what is wrong with a history as one; empty if nothing is: things are in order, and each has one current version,
// the last.
func (h History) Odd() string {
	for i, v := range h {
		last := i+1 == len(h) || h[i+1].identity() != v.identity()
		switch {
		case v.Kind == "" || v.ID == "":
			return "a row has no kind or no id"
		case i > 0 && compare(h[i-1], v) >= 0:
			return "rows are out of order, or there twice"
		case last != v.Current():
			return "something has no current row, or more than one"
		}
	}
	return ""
}
