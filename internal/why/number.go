package why

import (
	"math"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// Number is somebody else's, as exactly as it was written: 24.5 is anything from 24.45 up to 24.55.
type Number struct {
	Value float64
	Slack float64 // how far it may be off
}

// units are those that times may be written in, in seconds.
var units = []struct {
	suffix  string
	seconds float64
}{{"ms", 0.001}, {"s", 1}, {"m", 60}, {"h", 3600}}

// ParseNumber reads a number of a figure: a count as 812, a share as 0.81 or 81%, a time in seconds as 24.5, with a unit as 412m, or
// as 11:26:40. It fails with fault.Invalid.
func ParseNumber(u Unit, text string) (n Number, err error) {
	number, unit := strings.TrimSpace(text), 1.0
	if number, err = ungrouped(number); err != nil {
		return n, unreadable(u, text)
	}
	switch {
	case u == Seconds && strings.Count(number, ":") == 2:
		number, err = ofClock(number)
		if err != nil {
			return n, unreadable(u, text)
		}
	case u == Seconds:
		number, unit = ofUnit(number)
	case u == Share && strings.HasSuffix(number, "%"):
		number, unit = strings.TrimSpace(strings.TrimSuffix(number, "%")), 0.01
	}
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) || strings.ContainsAny(number, "xX_") || u == Count && value != math.Trunc(value) {
		return n, unreadable(u, text)
	}
	if u == Share && unit == 1 {
		if value == 1 && !strings.Contains(number, ".") { // of a hundred, or all
			return n, unreadable(u, text)
		}
		if value > 1 || !strings.Contains(number, ".") {
			unit = 0.01
		}
	}
	n = Number{value * unit, slack(u, number) * unit}
	if math.IsInf(n.Value, 0) || math.IsInf(n.Slack, 0) {
		return Number{}, unreadable(u, text)
	}
	return n, nil
}

// ungrouped takes out the commas between groups of three digits. Any other comma may be meant as a decimal point, and taken out it
// would make another number.
func ungrouped(text string) (string, error) {
	first, rest, grouped := strings.Cut(text, ",")
	if !grouped {
		return text, nil
	}
	whole, after, point := strings.Cut(rest, ".")
	for group := range strings.SplitSeq(whole, ",") {
		digits := strings.TrimRight(group, "%hms ") // a unit ends the last one
		if len(digits) != 3 {
			return "", fault.New(fault.Invalid, "a comma stands before other than three digits")
		}
	}
	if point {
		whole += "." + after
	}
	return first + strings.ReplaceAll(whole, ",", ""), nil
}

func unreadable(u Unit, text string) error {
	like := [...]string{"a count such as 812", "a time in seconds such as 24.5, with a unit as 412m, or as 11:26:40", "a share such as 81.3%"}[u]
	return fault.Field("--theirs", "--theirs %s cannot be read; write %s", fault.Clip(text), like)
}

// slack is half of the last digit. Programs write large numbers as 1.6e+06.
func slack(u Unit, number string) float64 {
	if u == Count {
		return 0
	}
	digits, exponent, _ := strings.Cut(strings.ToLower(number), "e")
	_, fraction, _ := strings.Cut(digits, ".")
	power, _ := strconv.Atoi(exponent) // there may be none, and what is there was read as a number
	return 0.5 * math.Pow10(power-len(fraction))
}

func ofUnit(text string) (number string, seconds float64) {
	for _, u := range units {
		if before, is := strings.CutSuffix(text, u.suffix); is {
			return strings.TrimSpace(before), u.seconds
		}
	}
	return text, 1
}

// ofClock reads hours, minutes and seconds.
func ofClock(text string) (string, error) {
	seconds := 0
	for part := range strings.SplitSeq(text, ":") {
		n, err := strconv.ParseUint(part, 10, 31)
		if err != nil {
			return "", err
		}
		seconds = 60*seconds + int(n)
	}
	return strconv.Itoa(seconds), nil
}

// Is says whether a value of ours is the number, as exactly as it was written. What is added up of milliseconds in floating point may be
// off by a little more.
func (n Number) Is(value float64) bool {
	return math.Abs(value-n.Value) <= n.Slack+1e-9*max(1, math.Abs(n.Value))
}
