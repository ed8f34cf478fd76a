package mem

import (
	"cmp"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// head is what questions are answered from. A time that is unknown or has not come is zero, and sorts last.
type head struct {
	id         conversation.ID
	start, end stamp
	lifetime
	at, size uint32 // where the record lies in its block, in bytes
}

// lifetime is the span of a conversation's segments, by the same rules as conversation.Summarize.
type lifetime struct {
	first stamp // earliest segmentStart
	last  stamp // latest segmentEnd; zero while a segment is open
}

// compareHeads is conversation.Compare.
func compareHeads(a, b head) int {
	return cmp.Or(a.start.compare(b.start), cmp.Compare(a.id, b.id))
}

// entry is a record on its way into a block.
type entry struct {
	head
	json []byte
}

func newEntry(r conversation.Record) entry {
	return entry{head{
		id: r.ID, start: stampOf(r.Start), end: stampOf(r.End), lifetime: readLifetime(r.JSON), size: uint32(len(r.JSON)),
	}, r.JSON}
}

func compareEntries(a, b entry) int { return compareHeads(a.head, b.head) }

// segments is as much of a record as its lifetime needs; to read no more is three times as fast.
type segments struct {
	Participants []struct {
		Sessions []struct {
			Segments []struct {
				Start string `json:"segmentStart"`
				End   string `json:"segmentEnd"`
			} `json:"segments"`
		} `json:"sessions"`
	} `json:"participants"`
}

var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// readLifetime reads the segments' times. Of a record that does not fit the schema they are unknown: it can be kept and
// handed out all the same.
func readLifetime(raw []byte) lifetime {
	var s segments
	if json.Unmarshal(raw, &s, lenient) != nil {
		return lifetime{}
	}
	var first, last time.Time
	open := false
	for _, p := range s.Participants {
		for _, x := range p.Sessions {
			for _, g := range x.Segments {
				start, _ := conversation.ParseTime(g.Start)
				end, _ := conversation.ParseTime(g.End)
				if !start.IsZero() && (first.IsZero() || start.Before(first)) {
					first = start
				}
				if end.After(last) {
					last = end
				}
				open = open || end.IsZero()
			}
		}
	}
	if open {
		last = time.Time{}
	}
	return lifetime{stampOf(first), stampOf(last)}
}
