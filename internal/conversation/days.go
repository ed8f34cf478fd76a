package conversation

import (
	"fmt"
	"slices"
	"strings"
)

// Days is a run of days, from the first to the last, both of them included.
type Days struct{ First, Last Day }

// String writes one day as 2026-11-03 and several as 2026-11-05..2026-11-07.
func (d Days) String() string {
	if d.First == d.Last {
		return d.First.String()
	}
	return d.First.String() + ".." + d.Last.String()
}

// MarshalText writes them as String does.
func (d Days) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// DaysText writes runs of days with commas between them.
func DaysText(all []Days) string {
	texts := make([]string, len(all))
	for i, d := range all {
		texts[i] = d.String()
	}
	return strings.Join(texts, ",")
}

// ParseDays reads what DaysText writes; white space around commas does not count, and an empty text is no days.
func ParseDays(s string) ([]Days, error) {
	var all []Days
	for text := range strings.SplitSeq(s, ",") {
		text = strings.TrimSpace(text)
		if text == "" {
			continue
		}
		first, last, several := strings.Cut(text, "..")
		if !several {
			last = first
		}
		from, err := ParseDay(first)
		if err != nil {
			return nil, err
		}
		to, err := ParseDay(last)
		if err != nil {
			return nil, err
		}
		if to < from {
			return nil, fmt.Errorf("the days %q end before they begin", clip(text))
		}
		all = append(all, Days{from, to})
	}
	return all, nil
}

// JoinDays gives the same days in order, each once, in as few runs as there can be.
func JoinDays(all []Days) []Days {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Days) int { return int(a.First - b.First) })
	var out []Days
	for _, d := range all {
		if n := len(out); n > 0 && d.First <= out[n-1].Last+1 {
			out[n-1].Last = max(out[n-1].Last, d.Last)
			continue
		}
		out = append(out, d)
	}
	return out
}

// WithoutDays gives the days of a run that are in none of the others, which are as JoinDays gives them.
func WithoutDays(d Days, others []Days) (out []Days) {
	at := d.First
	for _, o := range others {
		if o.First > d.Last {
			break
		}
		if o.First > at {
			out = append(out, Days{at, o.First - 1})
		}
		at = max(at, o.Last+1)
	}
	if at <= d.Last {
		out = append(out, Days{at, d.Last})
	}
	return out
}
