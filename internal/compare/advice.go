package compare

import (
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/live"
)

// Advice is which source to use for what, of this conversation, now.
type Advice struct {
	For  string `json:"for"`
	Use  Source `json:"use"`
	Note string `json:"note"`
}

// advice follows from which source has the conversation, and why one has it otherwise.
func advice(r Result, c *comparison) []Advice {
	if !r.Has() {
		return []Advice{}
	}
	standing := map[Source]Standing{}
	for _, s := range r.Sources {
		standing[s.Source] = s
	}
	behind := func(s Source, reason Reason) bool {
		if standing[s].Reason == reason {
			return true
		}
		for _, d := range r.Differences {
			for _, b := range d.Reasons {
				if b.Source == s && b.Reason == reason {
					return true
				}
			}
		}
		return false
	}
	return []Advice{
		{"who is in it now, states, attributes in full", Live, ofLive(r, standing[Live])},
		{"what happened up to now, with metrics", Query, ofQuery(standing[Query], behind)},
		{"the record of a day, whole, with attributes", Job, ofJob(standing[Job], behind, c)},
		{"history, in bulk, for as long as you keep it", Lake, ofLake(r, standing[Lake], behind)},
	}
}

func ofLive(r Result, s Standing) string {
	switch end := instant(r.End); {
	case !s.Has && s.Reason == Purged:
		return "it is gone; a lake or a job has the attributes, cut to 1,024 characters"
	case !s.Has:
		return none(s)
	case end.IsZero():
		return "it goes on"
	default:
		return "it is kept until about " + end.Add(live.Kept).Format(time.DateOnly)
	}
}

func ofQuery(s Standing, behind func(Source, Reason) bool) string {
	switch {
	case behind(Query, NotProcessed):
		return "it is not through with this one: ask again a little later"
	case !s.Has:
		return none(s)
	}
	return "it is up to date"
}

func ofJob(s Standing, behind func(Source, Reason) bool, c *comparison) string {
	switch {
	case behind(Job, NotTonight):
		return "after the next nightly batch" + sofar(c.Available)
	case !s.Has:
		return none(s)
	}
	return "it is as the last nightly batch found it" + sofar(c.Available)
}

// none is that a source has nothing.
func none(s Standing) string {
	switch s.Reason {
	case NotAsked:
		return "it was not asked"
	case Forbidden, Throttled, Failed:
		return "it could not be asked: " + string(s.Reason)
	default:
		return "it has none: " + string(s.Reason)
	}
}

func sofar(available time.Time) string {
	if available.IsZero() {
		return ""
	}
	return "; dataAvailabilityDate is " + conversation.FormatTime(available)
}

func ofLake(r Result, s Standing, behind func(Source, Reason) bool) string {
	day := conversation.DayOf(instant(r.Start))
	switch {
	case behind(Lake, Changed):
		return fmt.Sprintf("read its day again: parley extract --again %s", day)
	case behind(Lake, NotTonight):
		return "after the next nightly batch, and parley extract"
	case behind(Lake, NotExtracted):
		return fmt.Sprintf("parley extract --from %s --to %s reads its day", day, day+1)
	case !s.Has:
		return none(s)
	}
	return "it is as it was received" + at(s.AsOf)
}

func at(text string) string {
	if text == "" {
		return ""
	}
	return " at " + text
}
