package conversation

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Period is an ISO 8601 duration. Years, months and days follow the calendar of the place where they are counted: a day on
// which clocks change has 23 or 25 hours. The clock is that of a stopwatch.
type Period struct {
	Years, Months, Days int
	Clock               time.Duration
}

// ParsePeriod reads P1D, PT1H30M, P2W. Fractions are taken on hours and less.
func ParsePeriod(s string) (p Period, err error) {
	bad := fmt.Errorf("%q is not an ISO 8601 duration such as P1D or PT1H", clip(s))
	date, clock, hasClock := strings.Cut(strings.TrimPrefix(s, "P"), "T")
	if !strings.HasPrefix(s, "P") || date == "" && clock == "" || hasClock && clock == "" {
		return Period{}, bad
	}
	if !units(date, map[byte]func(float64) bool{
		'Y': wholeNumber(&p.Years, 1), 'M': wholeNumber(&p.Months, 1), 'W': wholeNumber(&p.Days, 7), 'D': wholeNumber(&p.Days, 1),
	}) {
		return Period{}, bad
	}
	add := func(unit time.Duration) func(float64) bool {
		return func(v float64) bool {
			p.Clock += time.Duration(v * float64(unit))
			return v < 1e6
		}
	}
	if !units(clock, map[byte]func(float64) bool{'H': add(time.Hour), 'M': add(time.Minute), 'S': add(time.Second)}) {
		return Period{}, bad
	}
	return p, nil
}

// After is the instant n periods after t, in the calendar of t's location. A month that lacks the day of t ends earlier: a
// month after 31 January is the last day of February. What lies too far off to be told is the end of time.
func (p Period) After(t time.Time, n int) time.Time {
	if p.Clock > 0 && int64(n) > math.MaxInt64/int64(p.Clock) {
		return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	if months := n * (p.Years*12 + p.Months); months != 0 {
		t = addMonths(t, months)
	}
	if days := n * p.Days; days != 0 {
		t = t.AddDate(0, 0, days)
	}
	return t.Add(time.Duration(n) * p.Clock)
}

func addMonths(t time.Time, n int) time.Time {
	then := t.AddDate(0, n, 0)
	if then.Day() == t.Day() {
		return then
	}
	return then.AddDate(0, 0, -then.Day()) // it ran over into the next month
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
