package question

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

// values are those that the platform's API lists for a dimension, by its flag. Later versions of it may have more, so
// another one is asked for all the same. Source: the enumerations of AnalyticsSession and AnalyticsParticipant.
var values = map[string][]string{
	"media":     {"voice", "callback", "chat", "cobrowse", "email", "internalmessage", "message", "screenmonitoring", "screenshare", "unknown", "video"},
	"direction": {"inbound", "outbound"},
	"purpose": {
		"acd", "agent", "api", "botflow", "campaign", "customer", "dialer", "external", "fax", "group", "inbound", "ivr", "manual", "outbound",
		"station", "user", "voicemail", "voicesurveyflow", "workflow",
	},
}

// Doubts names the values of flags that the platform does not know, and which it may know in their place: they find
// nothing, which says nothing of what happened.
func (q *Question) Doubts() (doubts []string) {
	for _, d := range ofSegment {
		known, given := values[d.flag], q.Dimensions[d.name]
		if known == nil || given == nil {
			continue
		}
		for _, value := range *given {
			if slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, value) }) {
				continue
			}
			text := fmt.Sprintf("--%s %s is none of the values that are known: %s.", d.flag, value, strings.Join(known, ", "))
			if meant := query.Suggest(value, known); meant != "" {
				text = fmt.Sprintf("--%s %s is none of the values that are known. Did you mean %s?", d.flag, value, meant)
			}
			doubts = append(doubts, text)
		}
	}
	return doubts
}
