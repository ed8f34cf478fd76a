package conversation

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Interval is the half-open span [Start, End), in UTC.
type Interval struct{ Start, End time.Time }

// String writes the interval as upstream's clients do: start/end.
func (iv Interval) String() string { return FormatTime(iv.Start) + "/" + FormatTime(iv.End) }

// Contains says whether t lies in the interval.
func (iv Interval) Contains(t time.Time) bool { return !t.Before(iv.Start) && t.Before(iv.End) }

// Duration is the length of the interval.
func (iv Interval) Duration() time.Duration { return iv.End.Sub(iv.Start) }

// Days yields the first day that the interval touches and the day after the last one.
func (iv Interval) Days() (first, end Day) {
	return DayOf(iv.Start), DayOf(iv.End.Add(-1)) + 1
}

// Overlaps says whether a conversation with this lifetime was going on at some instant of the interval. A zero end
// means that it still goes on. A conversation of no length counts where it starts.
func (iv Interval) Overlaps(start, end time.Time) bool {
	return start.Before(iv.End) && (end.IsZero() || end.After(iv.Start) || !start.Before(iv.Start))
}

// ErrBackwards is an interval that does not end after it starts.
var ErrBackwards = errors.New("the interval must end after it starts")

// ParseInterval reads "start/end" or "start/duration" (ISO 8601: P1D, PT1H30M). The end must lie after the start.
func ParseInterval(s string) (Interval, error) {
	first, second, ok := strings.Cut(s, "/")
	if !ok || strings.Contains(second, "/") {
		return Interval{}, fmt.Errorf("%q is not an interval; write start/end, each an ISO 8601 instant", clip(s))
	}
	start, err := ParseTime(first)
	if err != nil {
		return Interval{}, err
	}
	end, err := parseEnd(start, second)
	if err != nil {
		return Interval{}, err
	}
	if !end.After(start) {
		return Interval{}, ErrBackwards
	}
	return Interval{start, end}, nil
}

func parseEnd(start time.Time, s string) (time.Time, error) {
	if strings.HasPrefix(s, "P") {
		return addPeriod(start, s)
	}
	return ParseTime(s)
}

// addPeriod adds an ISO 8601 period. Weeks, days and larger follow the calendar; fractions are taken on seconds only.
func addPeriod(t time.Time, s string) (time.Time, error) {
	bad := fmt.Errorf("%q is not an ISO 8601 duration such as P1D or PT1H", clip(s))
	date, clock, hasClock := strings.Cut(s[1:], "T")
	if date == "" && clock == "" || hasClock && clock == "" {
		return t, bad
	}
	var years, months, days int
	if !units(date, map[byte]func(float64) bool{
		'Y': wholeNumber(&years, 1), 'M': wholeNumber(&months, 1), 'W': wholeNumber(&days, 7), 'D': wholeNumber(&days, 1),
	}) {
		return t, bad
	}
	var d time.Duration
	add := func(unit time.Duration) func(float64) bool {
		return func(v float64) bool {
			d += time.Duration(v * float64(unit))
			return v < 1e6
		}
	}
	if !units(clock, map[byte]func(float64) bool{'H': add(time.Hour), 'M': add(time.Minute), 'S': add(time.Second)}) {
		return t, bad
	}
	return t.AddDate(years, months, days).Add(d), nil
}

func wholeNumber(n *int, factor int) func(float64) bool {
	return func(v float64) bool {
		*n += int(v) * factor
		return v == float64(int(v)) && v < 100_000
	}
}

// units reads number-letter pairs and hands each number to the letter's function.
func units(s string, by map[byte]func(float64) bool) bool {
	for s != "" {
		i := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' })
		if i <= 0 || by[s[i]] == nil {
			return false
		}
		v, err := strconv.ParseFloat(s[:i], 64)
		if err != nil || v < 0 || strings.ContainsAny(s[:i], "eExX_pP+") || !by[s[i]](v) {
			return false
		}
		s = s[i+1:]
	}
	return true
}
