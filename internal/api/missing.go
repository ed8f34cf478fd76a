package api

import (
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// missingHeader names the days that an answer touches and that never came into the data, for programs:
// 2026-11-03,2026-11-05..2026-11-07. Whoever keeps an answer must take them for missing, and not for days on which
// nothing happened. The header Warning says the same to people. Neither is the platform's.
const missingHeader = "Parley-Missing-Days"

// maxRuns bounds the header: some 1,200 characters. maxNamed bounds what a person has to read.
const (
	maxRuns  = 50
	maxNamed = 5
)

// warn says on the answer which days never came into the data.
func (x *exchange) warn(days []conversation.Days) {
	if len(days) == 0 {
		return
	}
	if x.server.cfg.Owner == nil {
		days = bounded(days)
	}
	x.out.Header().Set(missingHeader, conversation.DaysText(days))
	x.out.Header().Add("Warning", `299 parley "`+warning(days)+`"`)
}

// bounded gives runs of days that are few enough. The last of them then takes in days between that are not missing: to
// take a day for missing that is not costs a question, and the other way round it costs the day.
func bounded(days []conversation.Days) []conversation.Days {
	if len(days) <= maxRuns {
		return days
	}
	rest := conversation.Days{First: days[maxRuns-1].First, End: days[len(days)-1].End}
	return append(append([]conversation.Days(nil), days[:maxRuns-1]...), rest)
}

func warning(days []conversation.Days) string {
	names := make([]string, 0, maxNamed+1)
	for i, d := range days {
		if i == maxNamed {
			names = append(names, "others up to "+days[len(days)-1].Last().String())
			break
		}
		names = append(names, d.Words())
	}
	return "The server never had the data of " + strings.Join(names, ", ") + ": what is not found there may have been all the same"
}
