package budget

import (
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// Share is how much of a client's limit may be used: a percentage of what the platform allows, or a number of requests a
// minute. The zero value is no budget at all.
type Share struct {
	percent, number int
}

// Percent is a share of what the platform allows.
func Percent(n int) Share { return Share{percent: n} }

// Number is so many requests a minute.
func Number(n int) Share { return Share{number: n} }

// Parse reads a share as people write it: 60%, 120, none.
func Parse(text string) (Share, error) {
	digits, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(digits)
	switch {
	case text == "none":
		return Share{}, nil
	case err != nil || n < 1 || percent && n > 100 || n > 100_000:
		return Share{}, fault.Field("--budget", "--budget is a share of what the platform allows, such as 60%%, requests a minute, such as 120, or none")
	case percent:
		return Percent(n), nil
	}
	return Number(n), nil
}

// None says whether there is no budget.
func (s Share) None() bool { return s == Share{} }

// String is the share as Parse reads it.
func (s Share) String() string {
	switch {
	case s.None():
		return "none"
	case s.percent > 0:
		return strconv.Itoa(s.percent) + "%"
	}
	return strconv.Itoa(s.number)
}

// of is how many requests a minute the share is of so many. It is never more than those, and at least one: with none
// nothing would ever be asked.
func (s Share) of(allowed int) int {
	if s.percent > 0 {
		return max(1, allowed*s.percent/100)
	}
	return max(1, min(s.number, allowed))
}
