package export

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

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

// appendJSON writes a value of a column as JSON; absent is null. The keys of a map are in order.
func (t Times) appendJSON(to []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return appendQuoted(to, v)
	case int64:
		return strconv.AppendInt(to, v, 10)
	case float64:
		return appendDecimal(to, v)
	case bool:
		return strconv.AppendBool(to, v)
	case time.Time:
		if t == Epoch {
			return t.append(to, v)
		}
		return append(t.append(append(to, '"'), v), '"')
	case []string:
		return appendList(to, v, appendQuoted)
	case []int64:
		return appendList(to, v, func(to []byte, n int64) []byte { return strconv.AppendInt(to, n, 10) })
	case map[string]string:
		return appendMap(to, v)
	}
	return append(to, "null"...)
}

// appendQuoted writes a JSON string. Text that is not quite UTF-8 is mended, as records are when they are read.
func appendQuoted(to []byte, s string) []byte {
	out, err := jsontext.AppendQuote(to, s)
	if err != nil {
		out, _ = jsontext.AppendQuote(to, strings.ToValidUTF8(s, "\ufffd")) // which is UTF-8
	}
	return out
}

func appendDecimal(to []byte, v float64) []byte { return strconv.AppendFloat(to, v, 'f', -1, 64) }

func appendList[T any](to []byte, list []T, element func([]byte, T) []byte) []byte {
	to = append(to, '[')
	for i, x := range list {
		if i > 0 {
			to = append(to, ',')
		}
		to = element(to, x)
	}
	return append(to, ']')
}

func appendMap(to []byte, m map[string]string) []byte {
	to = append(to, '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			to = append(to, ',')
		}
		to = appendQuoted(append(appendQuoted(to, key), ':'), m[key])
	}
	return append(to, '}')
}
