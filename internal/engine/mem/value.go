package mem

import (
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// value is one value of a dimension. The type of the dimension says which members count.
type value struct {
	text   string    // Text, Email, Phone: as stored
	truth  bool      // Truth
	number float64   // Number; Instant: milliseconds since 1970, to the microsecond that the lake keeps
	at     time.Time // Instant
}

func valueOf(t time.Time) value { return value{number: float64(t.UnixMicro()) / 1000, at: t} }

// read gives the value that a text stands for; false if it cannot be read as one of this type.
func read(typ query.Type, text string) (v value, ok bool) {
	switch typ {
	case query.Truth:
		v.truth = strings.EqualFold(text, "true")
		return v, v.truth || strings.EqualFold(text, "false")
	case query.Number:
		n, err := strconv.ParseFloat(text, 64)
		return value{number: n}, err == nil
	case query.Instant:
		t := parsed(text)
		return valueOf(t), !t.IsZero()
	default:
		return value{text: text}, text != ""
	}
}

// write gives the text of a value: stored text as it is, numbers without an exponent, times as upstream writes them.
func (v value) write(typ query.Type) string {
	switch typ {
	case query.Truth:
		return strconv.FormatBool(v.truth)
	case query.Number:
		return strconv.FormatFloat(v.number, 'f', -1, 64)
	case query.Instant:
		return conversation.FormatTime(v.at)
	default:
		return v.text
	}
}
