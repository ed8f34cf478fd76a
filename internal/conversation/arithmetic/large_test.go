package arithmetic

import (
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// A session of many segments is held to the same rules as one of a few: one emission that comes with none is found among all.
func TestASessionOfManySegments(t *testing.T) {
	const many = 20_000
	start := time.Date(2026, 11, 8, 0, 0, 0, 0, time.UTC)
	at := func(n int) string { return conversation.FormatTime(start.Add(time.Duration(n) * time.Second)) }
	s := conversation.Session{SessionID: "s", MediaType: "voice", Direction: "inbound"}
	for n := range many {
		s.Segments = append(s.Segments, conversation.Segment{SegmentType: "alert", SegmentStart: at(2 * n), SegmentEnd: at(2*n + 1)})
		s.Metrics = append(s.Metrics, conversation.Metric{Name: "tAlert", Value: 1000, EmitDate: at(2*n + 1)})
	}
	s.Metrics[many/2].EmitDate = at(many)
	c := &conversation.Conversation{ConversationID: "c", ConversationStart: at(0), Participants: []conversation.Participant{{Purpose: "agent", UserID: "u", Sessions: []conversation.Session{s}}}}
	found := 0
	for _, f := range Find(c) {
		if f.Rule == "rule 17" {
			found++
		}
	}
	if found != 1 {
		t.Errorf("found %d emissions without their segment, want 1", found)
	}
}
