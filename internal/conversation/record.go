package conversation

import (
	"cmp"
	"time"
)

// MaxAttributeLength is the number of characters to which upstream cuts keys and values of participant attributes.
// Source: facts.md 7.3.
const MaxAttributeLength = 1024

// MaxRecordBytes is the length of the longest record that is taken. What is longer is no conversation: it is rejected
// and kept aside.
const MaxRecordBytes = 64 << 20

// Record is one conversation as upstream sent it: JSON is the verbatim text but for insignificant white space, which
// is removed at the door so that a record is one line. The other fields are read out of it and are never edited.
type Record struct {
	ID    ID
	Start time.Time // conversationStart, UTC
	End   time.Time // conversationEnd, UTC; zero if the record has none
	JSON  []byte
}

// Day is the UTC day to which the conversation belongs for ever.
func (r Record) Day() Day { return DayOf(r.Start) }

// Compare orders records as the lake and the platform do: by start, ties by id.
func Compare(a, b Record) int {
	if c := a.Start.Compare(b.Start); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}
