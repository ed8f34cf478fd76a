package export

import (
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/column/jsonvalue"
	"github.com/parley-hq/parley/internal/conversation"
)

// Times is how times are written.
type Times string

// The ways: text in UTC to the millisecond, or milliseconds since 1970.
const (
	ISO   Times = "iso"
	Epoch Times = "epoch-ms"
)

// appendTime writes a time as it stands, without quotes.
func (t Times) append(to []byte, at time.Time) []byte {
	if t == Epoch {
		return strconv.AppendInt(to, at.UnixMilli(), 10)
	}
	return at.UTC().AppendFormat(to, conversation.TimeLayout)
}

// appendJSON writes a value of a column as JSON; absent is null.
func (t Times) appendJSON(to []byte, value any) []byte {
	if at, is := value.(time.Time); is && t == Epoch {
		return t.append(to, at)
	}
	return jsonvalue.Append(to, value)
}
