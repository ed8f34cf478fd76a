// Package tick is time as the simulation counts it: whole milliseconds, all that the platform writes.
package tick

import "time"

// Instant is a time in milliseconds since 1970 UTC, or a length in milliseconds.
type Instant int64

// Lengths.
const (
	Second Instant = 1000
	Minute         = 60 * Second
	Hour           = 60 * Minute
	Day            = 24 * Hour
)

// Of is the instant of a time.
func Of(t time.Time) Instant { return Instant(t.UnixMilli()) }

// Duration is a length as package time has it.
func (t Instant) Duration() time.Duration { return time.Duration(t) * time.Millisecond }

// Day is the UTC day of an instant, as a number of days since 1970.
func (t Instant) Day() int64 { return int64(t / Day) }

// String writes the instant as conversation.FormatTime does, several times faster: a conversation has some fifty.
func (t Instant) String() string {
	year, month, date := time.UnixMilli(int64(t)).UTC().Date()
	var b [24]byte
	put(b[0:4], year)
	put(b[5:7], int(month))
	put(b[8:10], date)
	rest := int(t % Day)
	put(b[11:13], rest/int(Hour))
	put(b[14:16], rest/int(Minute)%60)
	put(b[17:19], rest/int(Second)%60)
	put(b[20:23], rest%int(Second))
	b[4], b[7], b[10], b[13], b[16], b[19], b[23] = '-', '-', 'T', ':', ':', '.', 'Z'
	return string(b[:])
}

// put writes v with leading zeros.
func put(b []byte, v int) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = '0' + byte(v%10)
		v /= 10
	}
}
