package extract

import (
	"fmt"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Days are the days from First to, and not including, End. The zero value has none.
type Days struct{ First, End conversation.Day }

// ParseDays reads a flag's value: a day, or two with the last one included, as 2026-11-03..2026-11-05.
func ParseDays(flag, text string) (Days, error) {
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		to = from
	}
	first, err := conversation.ParseDay(from)
	if err != nil {
		return Days{}, fault.Field(flag, "%s %v, or 2026-11-01..2026-11-03 for several", flag, err)
	}
	last, err := conversation.ParseDay(to)
	if err != nil {
		return Days{}, fault.Field(flag, "%s %v, or 2026-11-01..2026-11-03 for several", flag, err)
	}
	if last < first {
		return Days{}, fault.Field(flag, "%s %s: the last day lies before the first", flag, text)
	}
	return Days{first, last + 1}, nil
}

// Has says whether day is one of them.
func (d Days) Has(day conversation.Day) bool { return day >= d.First && day < d.End }

// String writes the days as ParseDays reads them; no days are empty.
func (d Days) String() string {
	switch d.End - d.First {
	case 0:
		return ""
	case 1:
		return d.First.String()
	}
	return fmt.Sprintf("%v..%v", d.First, d.End-1)
}

// spans cuts a list of days in order into runs of consecutive ones, of at most so many days each; 0 is any number.
func spans(days []conversation.Day, most int) (out []Days) {
	for _, day := range days {
		if n := len(out) - 1; n >= 0 && out[n].End == day && (most == 0 || int(day-out[n].First) < most) {
			out[n].End++
		} else {
			out = append(out, Days{day, day + 1})
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
		if d.End-d.First == 1 {
			texts = append(texts, d.First.String())
		} else {
			texts = append(texts, fmt.Sprintf("%v to %v", d.First, d.End-1))
		}
	}
	return strings.Join(texts, ", ")
}

func count(list []Days) (n int) {
	for _, d := range list {
		n += int(d.End - d.First)
	}
	return n
}
