package conversation

import (
	"cmp"
	"crypto/sha256"
	"time"
)

// MaxAttributeLength is the number of characters to which upstream cuts keys and values of participant attributes.
// Source: https://developer.genesys.cloud/api/rest/v2/analytics/conversation_details_job
const MaxAttributeLength = 1024

// MaxRecordBytes is the largest record that is kept as one, in bytes of compact JSON. Upstream's have some 6 kB, and a
// library that writes or reads Parquet holds several of them in memory at a time. A larger one is set aside, its text
// kept. Decision 0022.
const MaxRecordBytes = 64 << 20

// Record is one conversation as upstream sent it: JSON is the verbatim text but for insignificant white space, which
// is removed at the door so that a record is one line. The other fields are read out of it and are never edited.
type Record struct {
	ID    ID
	Start time.Time         // conversationStart, UTC
	End   time.Time         // conversationEnd, UTC; zero if the record has none
	Hash  [sha256.Size]byte // SHA-256 of JSON; zero where nobody has made it: Sum always has it
	JSON  []byte
}

// WithText is the record with another text, and no hash of the text before. To set JSON alone would leave that.
func (r Record) WithText(text []byte) Record {
	r.JSON, r.Hash = text, [sha256.Size]byte{}
	return r
}

// Sum is the SHA-256 of the record.
func (r Record) Sum() [sha256.Size]byte {
	if r.Hash == [sha256.Size]byte{} {
		return sha256.Sum256(r.JSON)
	}
	return r.Hash
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
