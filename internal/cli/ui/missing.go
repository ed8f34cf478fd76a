package ui

import (
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Missing notes which days of a question never came into the data: an answer that has nothing of them does not say that
// nothing happened.
func (s *Streams) Missing(days []conversation.Days) {
	if len(days) > 0 {
		s.Notef("Of these days nothing ever came into the data: %s. The answer leaves them out.\n",
			strings.ReplaceAll(conversation.DaysText(conversation.JoinDays(days)), ",", ", "))
	}
}

// NotYet notes that the data is whole only up to an instant before the end of what was asked of.
func (s *Streams) NotYet(whole, until time.Time) {
	if whole.Before(until) {
		s.Notef("The data is whole up to %s. Of what came later the answer may lack some.\n", whole.UTC().Format("2006-01-02 15:04 UTC"))
	}
}
