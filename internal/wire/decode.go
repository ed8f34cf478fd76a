package wire

import (
	"bytes"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
)

// Decode reads a record into a typed conversation, which is never nil. Whoever derives something from a record goes by
// what Decode makes of it.
//
// A value that does not fit the schema is as good as absent, and is counted: a member is left out of its object, an
// element (null too) out of its list. What fits:
//   - A whole number fits however it is written, 72.0 too, if it fits 64 bits. A number that float64 cannot hold does not.
//   - A time fits if conversation.ParseTime reads it; empty text is an absent time, as it is an absent text.
//   - A metric needs a name and a value that fit. Without a value it has the value 0.
//   - Null is an absent member. Of a member that comes twice the later one counts; objects are merged.
//   - A record that would take more than 128 MiB once it is decoded does not fit as a whole: it has more objects than any
//     conversation, and nothing is derived from it.
//   - Text that is not quite UTF-8 is mended with U+FFFD, and unknown members are not looked at.
func Decode(raw []byte) (*conversation.Conversation, Misfits) {
	if tooHeavy(raw) {
		return new(conversation.Conversation), Misfits{wholeRecord: 1}
	}
	if c, ok := decodeQuickly(raw, nil); ok {
		return c, dropMisfits(c, nil)
	}
	return decodeSlowly(raw)
}

// decodeSlowly decodes a text that is written otherwise than the platform writes.
func decodeSlowly(raw []byte) (*conversation.Conversation, Misfits) {
	c := new(conversation.Conversation)
	var found Misfits
	if err := json.Unmarshal(raw, c, lenient); err != nil || nullInList(raw) {
		c, found = decodeTolerantly(raw)
	}
	return c, dropMisfits(c, found)
}

// nullInList says whether null may be an element of a list, which json.Unmarshal takes for an empty one. It may say so
// of a null in a text too, which costs time and changes nothing.
func nullInList(raw []byte) bool {
	for {
		i := bytes.Index(raw, []byte("null"))
		if i < 0 {
			return false
		}
		before := bytes.TrimRight(raw[:i], " \t\r\n")
		if bytes.HasSuffix(before, []byte("[")) || bytes.HasSuffix(before, []byte(",")) {
			return true
		}
		raw = raw[i+len("null"):]
	}
}
