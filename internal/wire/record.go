package wire

import (
	"crypto/sha256"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// maxID is the longest id that is taken, in bytes. Upstream's have 36.
const maxID = 256

// Record reads what a record needs to be kept: its id, its start and, if it has one, its end; and makes its hash. Without
// id or start, or when it is not UTF-8, too large or nested too deep, it is fault.Invalid, and the message says why without
// quoting content.
func Record(raw []byte) (conversation.Record, error) {
	r := conversation.Record{JSON: raw}
	switch {
	case len(raw) > conversation.MaxRecordBytes:
		return r, fault.New(fault.Invalid, "the record is larger than %s", size(conversation.MaxRecordBytes))
	case !utf8.Valid(raw):
		return r, fault.New(fault.Invalid, "the record is not UTF-8")
	case jsontext.Value(raw).Kind() != '{':
		return r, fault.New(fault.Invalid, "the record is not a JSON object")
	}
	h := head{dec: held(raw)}
	err := readMembers(h.dec, h.member)
	switch {
	case tooDeep(err):
		return r, fault.New(fault.Invalid, "the record is nested more than %d deep", maxDepth)
	case err != nil:
		return r, corrupt("the record", 0, err)
	}
	if r, err = h.record(raw); err == nil {
		r.Hash = sha256.Sum256(raw)
	}
	return r, err
}

// head is what identifies a record and says when it was.
type head struct {
	dec            decoder
	id, start, end string
}

// record is the one of a text that has this head.
func (h *head) record(text []byte) (conversation.Record, error) {
	r := conversation.Record{JSON: text}
	switch {
	case h.id == "":
		return r, fault.Field("conversationId", "the record has no conversationId")
	case len(h.id) > maxID:
		return r, fault.Field("conversationId", "the record's conversationId is longer than %d bytes", maxID)
	case h.start == "":
		return r, fault.Field("conversationStart", "record %s has no conversationStart", h.id)
	}
	r.ID = conversation.ID(h.id)
	return r, h.times(&r)
}

func (h *head) member(name string) error {
	v, err := h.dec.ReadValue()
	if err != nil {
		return err
	}
	switch name {
	case "conversationId":
		return identify(name, &h.id, v)
	case "conversationStart":
		return identify(name, &h.start, v)
	case "conversationEnd":
		h.end, _ = plain(v) // what is no text is no end: see times
	}
	return nil
}

// identify reads what tells one record from all others. What is not text in Unicode would be read as some other text,
// and two records that come twice as one; so would a number and a text of its digits.
func identify(name string, to *string, v jsontext.Value) error {
	if v.Kind() == 'n' {
		return nil
	}
	text, ok := plain(v)
	if !ok {
		return fault.Field(name, "the record's %s is not text", name)
	}
	if *to != "" && *to != text {
		return fault.Field(name, "the record has two values for %s", name)
	}
	*to = text
	return nil
}

func (h *head) times(r *conversation.Record) (err error) {
	if r.Start, err = conversation.ParseTime(h.start); err != nil {
		return fault.Field("conversationStart", "record %s: conversationStart %v", r.ID, err)
	}
	if y := r.Start.Year(); y < 1970 || y > 2200 {
		return fault.Field("conversationStart", "record %s: conversationStart lies in the year %d", r.ID, y)
	}
	// An end that cannot be read must not lose the record: it stays in the text and counts as open.
	r.End, _ = conversation.ParseTime(h.end)
	// The tables keep microseconds, and what is compared with them must not be finer.
	r.Start, r.End = r.Start.Truncate(time.Microsecond), r.End.Truncate(time.Microsecond)
	return nil
}
