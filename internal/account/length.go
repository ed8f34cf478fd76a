package account

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Instant is a time that is written as the platform writes it.
type Instant struct{ time.Time }

// MarshalText writes UTC with milliseconds.
func (i Instant) MarshalText() ([]byte, error) { return []byte(conversation.FormatTime(i.Time)), nil }

// MarshalJSON writes the same in quotes; time.Time, which is embedded, would write it in its own form.
func (i Instant) MarshalJSON() ([]byte, error) {
	return []byte(`"` + conversation.FormatTime(i.Time) + `"`), nil
}

// Length is how long something lasted. As JSON it is milliseconds.
type Length time.Duration

// MarshalJSON writes milliseconds.
func (l Length) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, time.Duration(l).Milliseconds(), 10), nil
}

const (
	minute = time.Minute
	hour   = time.Hour
	day    = 24 * time.Hour
)

// String writes a length so that its digits say what matters: 284 ms, 7.0 s, 42 s, 49:12, 3 h 5 min, 59 d 20 h.
func (l Length) String() string {
	d := time.Duration(l)
	switch s := d.Round(time.Second); {
	case d < 0:
		return "-" + Length(-max(d, -math.MaxInt64)).String() // the least has no opposite
	case d < time.Second:
		return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
	case d < 9950*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case s < minute:
		return fmt.Sprintf("%d s", s/time.Second)
	case s < hour:
		return fmt.Sprintf("%d:%02d", s/minute, s%minute/time.Second)
	case d < day:
		return two(d.Round(minute), hour, "h", minute, "min")
	}
	return two(d.Round(hour), day, "d", hour, "h")
}

// two writes a length in a unit and the next smaller one.
func two(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	out := fmt.Sprintf("%d %s", d/large, largeName)
	if rest := d % large / small; rest > 0 {
		out += fmt.Sprintf(" %d %s", rest, smallName)
	}
	return out
}

// Words writes a length as a sentence has it, in the one unit that fits: 7 seconds, 49 minutes, 60 days.
func (l Length) Words() string {
	d := time.Duration(l)
	switch {
	case d < time.Second:
		return "less than a second"
	case d < 99500*time.Millisecond:
		return counted(int(d.Round(time.Second)/time.Second), "second")
	case d < 99*minute+30*time.Second:
		return counted(int(d.Round(minute)/minute), "minute")
	case d < 36*hour:
		return counted(int(d.Round(hour)/hour), "hour")
	}
	return counted(int(d.Round(day)/day), "day")
}

// counted is so many of something.
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// times is how often something happened, as a sentence has it: once, twice, three times.
func times(n int) string {
	words := []string{"never", "once", "twice", "three times", "four times", "five times", "six times"}
	if n < len(words) {
		return words[n]
	}
	return strconv.Itoa(n) + " times"
}
