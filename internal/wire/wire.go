// Package wire reads and writes the JSON of the platform: it cuts pages and files into verbatim records, decodes a
// record into a typed conversation, and takes participant attributes out where the platform does not send them. It also
// has the words that clients and servers say to each other: jobs and their states, bodies of requests, tokens, errors.
//
// Reading is strict about syntax, and about what a page must be so that nothing is lost: a body that is no JSON, ends
// too early, is no page or is too large is fault.Corrupt. It is lenient about meaning: unknown keys, repeated keys in
// a record, and new values pass. Insignificant white space is removed, nothing else.
package wire

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// lenient lets one odd record pass the page it is in; the record itself is checked by Record.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// Encode writes c as upstream would: compact, keys in wire order, absent members left out.
func Encode(c *conversation.Conversation) ([]byte, error) {
	b, err := json.Marshal(c, json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode conversation %s: %w", c.ConversationID, err)
	}
	return b, nil
}

// RecordOf gives the record of c, written as Encode does, without its hash. It is what Record gives of the text, which need not
// be scanned for what c says.
func RecordOf(c *conversation.Conversation) (conversation.Record, error) {
	text, err := Encode(c)
	if err != nil {
		return conversation.Record{}, err
	}
	if len(text) > conversation.MaxRecordBytes {
		return Record(text)
	}
	h := head{id: string(c.ConversationID), start: c.ConversationStart, end: c.ConversationEnd}
	return h.record(text)
}
