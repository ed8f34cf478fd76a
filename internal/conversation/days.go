package conversation

import (
	"fmt"
	"slices"
	"strings"
)

// Days is a run of days, from First to, and not including, End. The zero value has none.
type Days struct{ First, End Day }

// Last is the last of the days.
func (d Days) Last() Day { return d.End - 1 }

// Len is how many they are.
func (d Days) Len() int { return int(d.End - d.First) }

// Has says whether day is one of them.
func (d Days) Has(day Day) bool { return day >= d.First && day < d.End }

// String writes one day as 2026-11-03 and several, the last one included, as 2026-11-05..2026-11-07; no days are empty.
func (d Days) String() string { return d.text("..") }

// Words is String for a sentence: 2026-11-05 to 2026-11-07.
func (d Days) Words() string { return d.text(" to ") }

func (d Days) text(between string) string {
	switch d.Len() {
	case 0:
		return ""
	case 1:
		return d.First.String()
	}
	return d.First.String() + between + d.Last().String()
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
		run, err := ParseRun(text)
		if err != nil {
			return nil, err
		}
		all = append(all, run)
	}
	return all, nil
}

// ParseRun reads what String writes: a day, or two with the last one included.
func ParseRun(s string) (Days, error) {
	first, last, several := strings.Cut(s, "..")
	if !several {
		last = first
	}
	from, err := ParseDay(first)
	if err != nil {
		return Days{}, err
	}
	to, err := ParseDay(last)
	if err != nil {
		return Days{}, err
	}
	if to < from {
		return Days{}, fmt.Errorf("the days %q end before they begin", clip(s))
	}
	return Days{from, to + 1}, nil
}

// JoinDays gives the same days in order, each once, in as few runs as there can be.
func JoinDays(all []Days) []Days {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Days) int { return int(a.First - b.First) })
	var out []Days
	for _, d := range all {
		if n := len(out); n > 0 && d.First <= out[n-1].End {
			out[n-1].End = max(out[n-1].End, d.End)
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
		if o.First >= d.End {
			break
		}
		if o.First > at {
			out = append(out, Days{at, o.First})
		}
		at = max(at, o.End)
	}
	if at < d.End {
		out = append(out, Days{at, d.End})
	}
	return out
}
