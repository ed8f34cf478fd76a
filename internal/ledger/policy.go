package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Policy says at which ages a day is read again, in days after its end; in order. Without any a day is settled once it is
// read.
type Policy []int

// DefaultPolicy follows how late records change: most of it in the days after, evaluations and surveys for weeks, and a
// reprocessing now and then. Source: semantics of the records, what changes after the end.
func DefaultPolicy() Policy { return Policy{1, 3, 7, 14, 21, 28, 35, 60} }

// MostAge is the highest age that a policy may have, in days: the platform keeps records for some years.
const MostAge = 3660

// ParsePolicy reads ages as "1,3,7", or "none".
func ParsePolicy(text string) (Policy, error) {
	if text == "none" {
		return Policy{}, nil
	}
	var p Policy
	for one := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(one))
		if err != nil || n < 1 || n > MostAge {
			return nil, fmt.Errorf("%q is not a list of days after the end of a day, such as 1,3,7,14, each between 1 and %d, or none", text, MostAge)
		}
		p = append(p, n)
	}
	slices.Sort(p)
	return slices.Compact(p), nil
}

// String writes a policy as ParsePolicy reads it.
func (p Policy) String() string {
	if len(p) == 0 {
		return "none"
	}
	var texts []string
	for _, n := range p {
		texts = append(texts, strconv.Itoa(n))
	}
	return strings.Join(texts, ",")
}

// Next is when a day that was last read of data complete up to read is to be read again: once the platform's data is
// complete up to that instant. There is none for a day that is settled.
func (p Policy) Next(day conversation.Day, read time.Time) (at time.Time, again bool) {
	for _, age := range p {
		if at := day.End().Add(time.Duration(age) * 24 * time.Hour); at.After(read) {
			return at, true
		}
	}
	return time.Time{}, false
}

// Due says whether a day is to be read again now that the platform's data is complete up to available.
func (p Policy) Due(day conversation.Day, read, available time.Time) bool {
	at, again := p.Next(day, read)
	return again && !at.After(available)
}

// DefaultTolerance is by which share the counts of a day may differ: the platform calls its own approximate.
const DefaultTolerance = 0.05

// ParseTolerance reads a share as "5%", or "off", which is 0.
func ParseTolerance(text string) (float64, error) {
	if text == "off" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || !(n > 0 && n <= 100) {
		return 0, fmt.Errorf("%q is not a share such as 5%%, above 0%% and up to 100%%, or off", text)
	}
	return n / 100, nil
}

// FormatTolerance writes a share as ParseTolerance reads it.
func FormatTolerance(share float64) string {
	if share <= 0 {
		return "off"
	}
	return strconv.FormatFloat(100*share, 'g', 12, 64) + "%"
}
