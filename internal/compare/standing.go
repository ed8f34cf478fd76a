package compare

import (
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/live"
)

// Standing is what became of a source.
type Standing struct {
	Source Source `json:"source"`
	Has    bool   `json:"has"`
	// AsOf is the instant whose state it tells, if it is not now: of a job its dataAvailabilityDate, of a lake when it received
	// the record.
	AsOf    string `json:"asOf,omitempty"`
	End     string `json:"conversationEnd,omitempty"` // as it tells
	Differs int    `json:"differs"`                   // fields of which it tells otherwise than the next fresher source
	Reason  Reason `json:"reason,omitempty"`          // why it has nothing
	Why     string `json:"why,omitempty"`
	Limits  string `json:"limits"` // what it never tells, of what others do
}

// limits are what each source never tells, of what others do.
var limits = map[Source]string{
	Live:  "no metrics, flows, media statistics, evaluations, surveys, resolutions",
	Query: "no attributes",
	Job:   "attributes cut at 1,024 characters",
	Lake:  "attributes cut at 1,024 characters",
}

func (c *comparison) standing(s Source, r Result) Standing {
	a, n := c.Answers[s], c.trees[s]
	out := Standing{Source: s, Has: n != nil, Why: a.Why, Limits: limits[s]}
	if !a.AsOf.IsZero() {
		out.AsOf = conversation.FormatTime(a.AsOf)
	}
	if n == nil {
		if out.Reason = a.Reason; out.Reason == "" {
			out.Reason = c.nothing(s, r)
		}
		return out
	}
	out.End = n.text("conversationEnd")
	for _, d := range r.Differences {
		if slices.ContainsFunc(d.Reasons, func(b Because) bool { return b.Source == s }) {
			out.Differs++
		}
	}
	return out
}

// For how long the platform keeps what.
const (
	// slack is how much longer than we can see the platform's clock may show: its dataAvailabilityDate is up to a day and a
	// half behind, and it removes live objects some time on the day.
	slack = 48 * time.Hour
	// kept is how long analytics keep records, some 558 days says the platform's documentation; less a month, for the setting
	// of an organization is in months.
	kept = 528 * 24 * time.Hour
)

// nothing is why a source that was asked does not have the conversation.
func (c *comparison) nothing(s Source, r Result) Reason {
	start, end := instant(r.Start), instant(r.End)
	now := c.Now
	if c.Available.After(now) {
		now = c.Available // of a platform whose clock is ahead of ours
	}
	old := !start.IsZero() && start.Add(kept).Before(now)
	switch {
	case start.IsZero():
		return "" // nobody has it: there is nothing to explain
	case s == Live && !end.IsZero() && live.Gone(end, now.Add(slack)):
		return Purged
	case s == Query && c.trees[Live] != nil && (c.Available.IsZero() || start.Add(patience).After(c.Available)):
		return NotProcessed
	case (s == Query || s == Job) && old:
		return Outlived
	case s == Job && !c.Available.IsZero() && !start.Before(c.Available):
		return NotTonight
	case s == Lake && !c.Available.IsZero() && !start.Before(c.Available):
		return NotTonight
	case s == Lake && !c.DayRead:
		return NotExtracted
	}
	return Unexplained
}

// instant is a time as it is written; zero if there is none.
func instant(text string) time.Time {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// named are the reasons that occur, in words.
func named(r Result) []Named {
	occurs := map[Reason]bool{}
	for _, d := range r.Differences {
		for _, b := range d.Reasons {
			occurs[b.Reason] = true
		}
	}
	for _, s := range r.Sources {
		occurs[s.Reason] = s.Reason != "" || occurs[s.Reason]
	}
	out := []Named{}
	for _, reason := range Reasons() {
		if occurs[reason] {
			out = append(out, Named{reason, reason.Sentence()})
		}
	}
	return out
}
