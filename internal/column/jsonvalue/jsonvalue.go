// Package jsonvalue writes values of columns as JSON: what exports and reports put into their files and answers.
package jsonvalue

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// Append writes a value of a column behind what is there; absent is null. Times are text in UTC, to the millisecond; the keys of
// a map are in order. JSON is written as it is.
func Append(to []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return Quote(to, v)
	case int64:
		return strconv.AppendInt(to, v, 10)
	case float64:
		return Decimal(to, v)
	case bool:
		return strconv.AppendBool(to, v)
	case time.Time:
		return append(v.UTC().AppendFormat(append(to, '"'), conversation.TimeLayout), '"')
	case []string:
		return list(to, v, Quote)
	case []int64:
		return list(to, v, func(to []byte, n int64) []byte { return strconv.AppendInt(to, n, 10) })
	case map[string]string:
		return object(to, v)
	case jsontext.Value:
		return append(to, v...)
	}
	return append(to, "null"...)
}

// Quote writes a JSON string. Text that is not quite UTF-8 is mended, as records are when they are read.
func Quote(to []byte, s string) []byte {
	out, err := jsontext.AppendQuote(to, s)
	if err != nil {
		out, _ = jsontext.AppendQuote(to, strings.ToValidUTF8(s, "\ufffd")) // which is UTF-8
	}
	return out
}

// Decimal writes a number without an exponent, which spreadsheets do not read.
func Decimal(to []byte, v float64) []byte { return strconv.AppendFloat(to, v, 'f', -1, 64) }

func list[T any](to []byte, list []T, element func([]byte, T) []byte) []byte {
	to = append(to, '[')
	for i, x := range list {
		if i > 0 {
			to = append(to, ',')
		}
		to = element(to, x)
	}
	return append(to, ']')
}

func object(to []byte, m map[string]string) []byte {
	to = append(to, '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			to = append(to, ',')
		}
		to = Quote(append(Quote(to, key), ':'), m[key])
	}
	return append(to, '}')
}
