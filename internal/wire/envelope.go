package wire

import (
	"bytes"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// rowsKey is the one member of an envelope that a conversation of the platform does not have.
var rowsKey = Key{Path: "rows", Type: "array"}

// Envelope is the record of a conversation of which only rows of a row report are known: its id, its start, and the rows as
// they came, each a JSON object. The start is written to the millisecond.
func Envelope(id string, start time.Time, rows [][]byte) ([]byte, error) {
	out, err := jsontext.AppendQuote([]byte(`{"conversationId":`), id)
	if err != nil {
		return nil, err
	}
	out = append(out, `,"conversationStart":"`+conversation.FormatTime(start)+`","`+rowsKey.Path+`":[`...)
	return append(append(out, bytes.Join(rows, []byte{','})...), `]}`...), nil
}

// RowsOf gives the rows of an envelope, in their order. A record that is none has no list of rows, which is said.
func RowsOf(record []byte) (rows [][]byte, is bool) {
	dec := held(record)
	err := readMembers(dec, func(name string) error {
		if name != rowsKey.Path || dec.PeekKind() != '[' {
			return dec.SkipValue()
		}
		is = true
		return readElements(dec, func(v jsontext.Value, _ bool) error {
			rows = append(rows, bytes.Clone(v))
			return nil
		})
	})
	return rows, is && err == nil
}
