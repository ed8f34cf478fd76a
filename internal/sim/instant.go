package sim

import "time"

// instant is a time in milliseconds since 1970 UTC, or a length in milliseconds: all that the platform writes.
type instant int64

const (
	second instant = 1000
	minute         = 60 * second
	hour           = 60 * minute
	day            = 24 * hour
)

// String writes the instant as conversation.FormatTime does, several times faster: a conversation has some fifty.
func (t instant) String() string {
	year, month, date := time.UnixMilli(int64(t)).UTC().Date()
	var b [24]byte
	put(b[0:4], year)
	put(b[5:7], int(month))
	put(b[8:10], date)
	rest := int(t % day)
	put(b[11:13], rest/int(hour))
	put(b[14:16], rest/int(minute)%60)
	put(b[17:19], rest/int(second)%60)
	put(b[20:23], rest%int(second))
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
