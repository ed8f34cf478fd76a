package extract

import (
	"fmt"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// ParseDays reads a flag's value: a day, or two with the last one included, as 2026-11-03..2026-11-05.
func ParseDays(flag, text string) (conversation.Days, error) {
	days, err := conversation.ParseRun(text)
	if err != nil {
		return days, fault.Field(flag, "%s: %v; several days are written 2026-11-01..2026-11-03", flag, err)
	}
	return days, nil
}

// spans cuts a list of days in order into runs of consecutive ones, of at most so many days each; 0 is any number.
func spans(days []conversation.Day, most int) (out []conversation.Days) {
	for _, day := range days {
		if n := len(out) - 1; n >= 0 && out[n].End == day && (most == 0 || int(day-out[n].First) < most) {
			out[n].End++
		} else {
			out = append(out, conversation.Days{First: day, End: day + 1})
		}
	}
	return out
}

// Spans writes a list of days in order for a person: 2026-11-01, 2026-11-03 to 2026-11-05. Of many it names the first.
func Spans(days []conversation.Day) string {
	const named = 5
	all := spans(days, 0)
	var texts []string
	for i, d := range all {
		if i == named && len(all) > named+1 {
			texts = append(texts, fmt.Sprintf("and %d more", len(days)-count(all[:i])))
			break
		}
		texts = append(texts, d.Words())
	}
	return strings.Join(texts, ", ")
}

func count(list []conversation.Days) (n int) {
	for _, d := range list {
		n += d.Len()
	}
	return n
}
