// Package wire reads and writes the JSON of the platform: it cuts pages and files into verbatim records, decodes a
// record into a typed conversation, and takes participant attributes out where the platform does not send them.
//
// Reading is strict about syntax and lenient about meaning: a body that is no JSON or ends too early is
// fault.Corrupt; unknown keys, repeated keys and new values pass. Insignificant white space is removed, nothing else.
package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// lenient lets one odd record pass the page it is in; the record itself is checked by Record.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// Page is what a page of results says beside its records.
type Page struct {
	Cursor               string    // mark of the next page; empty on the last
	DataAvailabilityDate time.Time // zero if the page does not say
	TotalHits            int64     // synchronous query only
	Aggregations         []byte    // synchronous query only: the list as it was sent, nil if there is none
	Records              int       // number of values in conversations
}

// ReadPage reads one page of results from r and hands each element of conversations, compact, to each. The bytes are
// the callee's. A page that ends too early or is no JSON object is fault.Corrupt, and each may by then have been
// called: whoever keeps records must keep the page as a whole or not at all.
func ReadPage(r io.Reader, each func(raw []byte) error) (Page, error) {
	var page Page
	dec := jsontext.NewDecoder(r, lenient)
	err := readMembers(dec, func(name string) error {
		switch name {
		case "conversations":
			return readElements(dec, func(v jsontext.Value) error {
				page.Records++
				return each(compact(v))
			})
		case "cursor":
			return json.UnmarshalDecode(dec, &page.Cursor)
		case "totalHits":
			return json.UnmarshalDecode(dec, &page.TotalHits)
		case "aggregations":
			v, err := dec.ReadValue()
			page.Aggregations = bytes.Clone(v)
			return err
		case "dataAvailabilityDate":
			var text string
			if err := json.UnmarshalDecode(dec, &text); err != nil {
				return err
			}
			var err error
			page.DataAvailabilityDate, err = conversation.ParseTime(text)
			return err
		}
		return dec.SkipValue()
	})
	if err == nil {
		err = atEnd(dec)
	}
	return page, corrupt(err)
}

// Values reads a file of records in any of the usual forms and hands each value, compact, to each: single records,
// NDJSON or records after one another, arrays of records, pages of results, and any mixture of them.
func Values(r io.Reader, each func(raw []byte) error) error {
	dec := jsontext.NewDecoder(r, lenient)
	for {
		switch dec.PeekKind() {
		case 0:
			_, err := dec.ReadToken()
			if errors.Is(err, io.EOF) {
				return nil
			}
			return corrupt(err)
		case '[':
			if err := readElements(dec, func(v jsontext.Value) error { return each(compact(v)) }); err != nil {
				return corrupt(err)
			}
		default:
			v, err := dec.ReadValue()
			if err != nil {
				return corrupt(err)
			}
			if err := pageOrRecord(v, each); err != nil {
				return err
			}
		}
	}
}

// pageOrRecord hands on v itself, or the elements of its conversations if it has no id of its own.
func pageOrRecord(v jsontext.Value, each func([]byte) error) error {
	var probe struct {
		ID            jsontext.Value `json:"conversationId"`
		Conversations jsontext.Value `json:"conversations"`
	}
	if v.Kind() != '{' || json.Unmarshal(v, &probe, lenient) != nil || probe.ID != nil || probe.Conversations.Kind() != '[' {
		return each(compact(v))
	}
	_, err := ReadPage(bytes.NewReader(v), each)
	return err
}

// compact copies v without insignificant white space.
func compact(v jsontext.Value) []byte {
	c := jsontext.Value(bytes.Clone(v))
	if err := c.Compact(lenient); err != nil {
		return bytes.Clone(v) // v was read as a valid value: cannot happen, and the text is kept all the same
	}
	return c
}

// readMembers reads an object and calls member with each name, the decoder standing before the value.
func readMembers(dec *jsontext.Decoder, member func(name string) error) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return err
		}
		if err := member(name.String()); err != nil {
			return err
		}
	}
	return expect(dec, '}')
}

func readElements(dec *jsontext.Decoder, element func(jsontext.Value) error) error {
	if dec.PeekKind() == 'n' {
		return dec.SkipValue()
	}
	if err := expect(dec, '['); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return err
		}
		if err := element(v); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func expect(dec *jsontext.Decoder, kind jsontext.Kind) error {
	if got := dec.PeekKind(); got != kind && got != 0 {
		return fault.New(fault.Corrupt, "expected %v and found %v at byte %d", kind, got, dec.InputOffset())
	}
	_, err := dec.ReadToken()
	return err
}

func atEnd(dec *jsontext.Decoder) error {
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Corrupt, "something follows the page at byte %d", dec.InputOffset())
	}
	return nil
}

// corrupt turns a syntax error or an early end into fault.Corrupt and leaves other errors, those of each among them,
// as they are. The text of the body never enters the error.
func corrupt(err error) error {
	if err == nil || errors.Is(err, fault.Corrupt) {
		return err
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.Corrupt, "the body ends too early")
	}
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fault.New(fault.Corrupt, "the body is not JSON at byte %d", syntax.ByteOffset)
	}
	if _, ok := errors.AsType[*json.SemanticError](err); ok {
		return fault.New(fault.Corrupt, "a member of the body has the wrong type")
	}
	return err
}

// Record reads what a record needs to be kept: its id, its start and, if it has one, its end. Without id or start, or
// when it is not UTF-8, it is fault.Invalid, and the message says why without quoting content.
func Record(raw []byte) (conversation.Record, error) {
	var head struct {
		ID    conversation.ID `json:"conversationId"`
		Start string          `json:"conversationStart"`
		End   string          `json:"conversationEnd"`
	}
	r := conversation.Record{JSON: raw}
	switch err := readHead(raw, &head.ID, &head.Start, &head.End); {
	case err != nil:
		return r, err
	case head.ID == "":
		return r, fault.Field("conversationId", "the record has no conversationId")
	case len(head.ID) > 256:
		return r, fault.Field("conversationId", "the record's conversationId is longer than 256 bytes")
	case head.Start == "":
		return r, fault.Field("conversationStart", "record %s has no conversationStart", head.ID)
	}
	var err error
	r.ID = head.ID
	if r.Start, err = conversation.ParseTime(head.Start); err != nil {
		return r, fault.Field("conversationStart", "record %s: conversationStart %v", head.ID, err)
	}
	if y := r.Start.Year(); y < 1970 || y > 2200 {
		return r, fault.Field("conversationStart", "record %s: conversationStart lies in the year %d", head.ID, y)
	}
	// An end that cannot be read must not lose the record: it stays in the text and counts as open.
	r.End, _ = conversation.ParseTime(head.End)
	// The tables keep microseconds, and what is compared with them must not be finer.
	r.Start, r.End = r.Start.Truncate(time.Microsecond), r.End.Truncate(time.Microsecond)
	return r, nil
}

func readHead(raw []byte, id *conversation.ID, start, end *string) error {
	if !utf8.Valid(raw) {
		return fault.New(fault.Invalid, "the record is not UTF-8")
	}
	if jsontext.Value(raw).Kind() != '{' {
		return fault.New(fault.Invalid, "the record is not a JSON object")
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), lenient)
	err := readMembers(dec, func(name string) error {
		var to *string
		switch name {
		case "conversationId":
			to = (*string)(id)
		case "conversationStart":
			to = start
		case "conversationEnd":
			to = end
		default:
			return dec.SkipValue()
		}
		tok, err := dec.ReadToken()
		if err == nil && tok.Kind() == '{' || tok.Kind() == '[' {
			return fault.Field(name, "the record's %s is not text", name)
		}
		if err == nil && tok.Kind() != 'n' {
			*to = tok.String()
		}
		return err
	})
	return corrupt(err)
}

// Encode writes c as upstream would: compact, keys in wire order, absent members left out.
func Encode(c *conversation.Conversation) ([]byte, error) {
	b, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode conversation %s: %w", c.ConversationID, err)
	}
	return b, nil
}
