package rows

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/report"
)

// row is a row as it came, with what it is told apart and ordered by.
type row struct {
	text         []byte
	sum          [sha256.Size]byte
	conversation string
	interaction  string
	at           time.Time
}

// read reads a row. Without a conversation, or a time that says its zone, nobody can say where it belongs: that is
// fault.Invalid.
func read(text []byte) (row, error) {
	r := row{text: text, sum: sha256.Sum256(text)}
	var at string
	err := members(text, func(name string, value func() string) {
		switch name {
		case conversationID:
			r.conversation = value()
		case interactionID:
			r.interaction = value()
		case timestamp:
			at = value()
		}
	})
	switch {
	case err != nil:
		return r, fault.New(fault.Invalid, "the row cannot be read as a JSON object")
	case r.conversation == "":
		return r, fault.Field(conversationID, "the row has no conversation.id")
	case at == "":
		return r, fault.Field(timestamp, "the row of conversation %s has no timestamp", fault.Clip(r.conversation))
	}
	if r.at, err = report.Zoned(at); err != nil {
		return r, fault.Field(timestamp, "the row of conversation %s: timestamp: %v", fault.Clip(r.conversation), err)
	}
	return r, nil
}

var errNoObject = errors.New("no object")

// members hands on the members of an object, each with a function that gives it as text: empty if it is none.
func members(text []byte, member func(name string, value func() string)) error {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return errors.Join(errNoObject, err)
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		member(key, func() string {
			if value.Kind() != '"' {
				return ""
			}
			plain, _ := jsontext.AppendUnquote(nil, value)
			return string(plain)
		})
	}
	_, err := dec.ReadToken()
	return err
}
