package platform

import (
	"net/http"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// missingHeader names the days that an answer touches and that the server's own data never had. It is an addition of
// Parley's servers: a lake with gaps, served, must not be taken for a platform on which nothing happened.
//
//	Parley-Missing-Days: 2026-11-03,2026-11-05..2026-11-07
const missingHeader = "Parley-Missing-Days"

// Days beyond which a list of missing days is no list of days: those of which there can be records.
var firstDay, lastDay = mustDay("1970-01-01"), mustDay("2200-12-31")

func mustDay(text string) conversation.Day {
	day, err := conversation.ParseDay(text)
	if err != nil {
		panic(err)
	}
	return day
}

// missingDays reads the header: days and ranges of days, the last day of a range included. What cannot be read is
// fault.Corrupt: to pass over it would make days whole that the server does not have.
func missingDays(h http.Header) ([]conversation.Day, error) {
	all, err := conversation.ParseDays(strings.Join(h.Values(missingHeader), ","))
	if err != nil || slices.ContainsFunc(all, func(d conversation.Days) bool { return d.First < firstDay || d.Last() > lastDay }) {
		return nil, fault.New(fault.Corrupt, "the header %s is no list of days", missingHeader)
	}
	var days []conversation.Day
	for _, d := range conversation.JoinDays(all) {
		for day := d.First; day < d.End; day++ {
			days = append(days, day)
		}
	}
	return days, nil
}

// gaps gives a hook that reads the missing days of an answer's header into to.
func gaps(to *[]conversation.Day) func(http.Header) error {
	return func(h http.Header) (err error) {
		*to, err = missingDays(h)
		return err
	}
}
