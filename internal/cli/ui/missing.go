package ui

import (
	"strings"

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
