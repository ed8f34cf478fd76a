package rule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parley-hq/parley/internal/wire"
)

// EventKind says what an event is about.
type EventKind string

// The kinds of events.
const (
	Added   EventKind = "added"   // Rule
	Removed EventKind = "removed" // Name; its jobs are let go
	Cleared EventKind = "cleared" // all rules are removed
	Called  EventKind = "called"  // Matched, Fired, and Token if that has expired by it
	Taken   EventKind = "taken"   // Matched, Fired, and Job if one fired
	Moved   EventKind = "moved"   // Job, and State that it has come to; "" if it is let go
)

// Event is a change of what a Set will do.
type Event struct {
	Kind    EventKind     `json:"kind"`
	Rule    *Rule         `json:"rule,omitzero"`
	Name    string        `json:"name,omitzero"`
	Matched []string      `json:"matched,omitzero"` // the rules that counted a call
	Fired   string        `json:"fired,omitzero"`   // the one of them that fired
	Token   string        `json:"token,omitzero"`   // SHA-256 of a token, in hexadecimal digits
	Job     wire.JobID    `json:"job,omitzero"`
	State   wire.JobState `json:"state,omitzero"`
}

// ErrGone is an event of a rule or a job of which nobody knows any more: all was forgotten while it happened.
var ErrGone = errors.New("not known any more")

// Forget removes all rules and all that came of them, and tells nobody.
func (s *Set) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.apply(Event{Kind: Cleared})
	clear(s.tokens)
	s.expired = nil
}

// Begins adds rules that were there from the beginning, and tells nobody. It fails as Add does, and says which of them.
func (s *Set) Begins(rules []Rule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range rules {
		added, err := s.prepare(r)
		if err != nil {
			return ofSeveral(i, err)
		}
		s.insert(added)
	}
	return nil
}

// Replay puts back what an event changed, and tells nobody. It fails if the event cannot follow on those before, with
// ErrGone if what it is about is not there.
func (s *Set) Replay(e Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.Kind == Added {
		if e.Rule == nil {
			return fmt.Errorf("event %s has no rule", e.Kind)
		}
		added, err := s.prepare(*e.Rule)
		if err != nil {
			return err
		}
		s.insert(added)
		return nil
	}
	for _, name := range append(slices.Clone(e.Matched), e.Fired, e.Name) {
		if name != "" && s.named[name] == nil {
			return fmt.Errorf("event %s is of rule %s: %w", e.Kind, name, ErrGone)
		}
	}
	if e.Kind == Moved && s.jobs[e.Job] == nil {
		return fmt.Errorf("event %s is of job %s: %w", e.Kind, e.Job, ErrGone)
	}
	switch e.Kind {
	case Removed, Cleared, Called, Taken, Moved:
		s.apply(e)
		return nil
	case Added:
	}
	return fmt.Errorf("there is no event %q", e.Kind)
}

// change tells of an event, and then has it count. The caller holds the lock, so that events are told in their order.
func (s *Set) change(e Event) error {
	if s.cfg.Note != nil {
		if err := s.cfg.Note(e); err != nil {
			return fmt.Errorf("note that a rule was %s: %w", e.Kind, err)
		}
	}
	s.apply(e)
	return nil
}

func (s *Set) apply(e Event) {
	switch e.Kind {
	case Added: // its entry is made by whoever adds it
	case Removed:
		s.entries = slices.DeleteFunc(s.entries, func(x *entry) bool { return x.rule.Name == e.Name })
		delete(s.named, e.Name)
		s.letGo(func(h *held) bool { return h.rule == e.Name })
	case Cleared:
		s.entries = nil
		clear(s.named)
		s.letGo(func(*held) bool { return true })
	case Called, Taken:
		s.count(e)
	case Moved:
		if e.State == "" {
			s.letGo(func(h *held) bool { return h.id == e.Job })
		} else {
			s.jobs[e.Job].state = e.State
		}
	}
}

func (s *Set) count(e Event) {
	for _, name := range e.Matched {
		s.named[name].matched++
	}
	if e.Fired == "" {
		return
	}
	by := s.named[e.Fired]
	by.fired++
	if e.Job != "" {
		s.hold(&held{id: e.Job, rule: e.Fired, job: *by.rule.Job})
	}
	if e.Token != "" {
		s.expire(e.Token)
	}
}
