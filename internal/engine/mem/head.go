package mem

import (
	"cmp"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// head is what questions are answered from. A time that is unknown or has not come is zero, and sorts last.
type head struct {
	id         conversation.ID
	start, end stamp
	ended      stamp  // when the end is known; zero if always
	settled    stamp  // when it looks as it is kept; zero if always
	at, size   uint32 // where the record lies in its block, in bytes
}

// lifetime is the span of a conversation's segments, by the same rules as conversation.Summarize. It is in no head: who
// orders by it opens the records, and who adds a million of them reads no more than he must.
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

func newEntry(r conversation.Record, history History) entry {
	e := entry{head{id: r.ID, start: stampOf(r.Start), end: stampOf(r.End), size: uint32(len(r.JSON))}, r.JSON}
	if history != nil {
		ended, settled := history.Bounds(r)
		e.ended, e.settled = stampOf(ended), stampOf(settled)
	}
	return e
}

func compareEntries(a, b entry) int { return compareHeads(a.head, b.head) }

// segments is as much of a record as its lifetime needs; to read no more is three times as fast. An element that is null is
// nil, and left out as wire.Decode does.
type segments struct {
	Participants []*struct {
		Sessions []*struct {
			Segments []*struct {
				Start string `json:"segmentStart"`
				End   string `json:"segmentEnd"`
			} `json:"segments"`
		} `json:"sessions"`
	} `json:"participants"`
}

var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true))

// readLifetime reads the segments' times. When the list of participants or something in it does not fit the schema, the
// whole record is decoded: what is left out then is for package wire to say.
func readLifetime(raw []byte) lifetime {
	var s segments
	if json.Unmarshal(raw, &s, lenient) != nil {
		c, _ := wire.Decode(raw)
		sum := conversation.Summarize(c)
		return lifetime{stampOf(sum.FirstSegment), stampOf(sum.LastSegment)}
	}
	var all span
	for _, p := range s.Participants {
		if p == nil {
			continue
		}
		for _, x := range p.Sessions {
			if x == nil {
				continue
			}
			for _, g := range x.Segments {
				if g != nil {
					all.add(g.Start, g.End)
				}
			}
		}
	}
	return all.lifetime()
}

// span is from the earliest start to the latest end.
type span struct {
	first, last time.Time
	open        bool
}

func (s *span) add(startText, endText string) {
	start, end := parsed(startText), parsed(endText)
	if !start.IsZero() && (s.first.IsZero() || start.Before(s.first)) {
		s.first = start
	}
	if end.After(s.last) {
		s.last = end
	}
	s.open = s.open || end.IsZero()
}

func (s *span) lifetime() lifetime {
	if s.open {
		s.last = time.Time{}
	}
	return lifetime{stampOf(s.first), stampOf(s.last)}
}
