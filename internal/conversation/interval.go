package conversation

import (
	"errors"
	"fmt"
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
		p, err := ParsePeriod(s)
		return p.After(start, 1), err
	}
	return ParseTime(s)
}
