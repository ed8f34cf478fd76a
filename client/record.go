package client

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Record is one conversation as the platform wrote it.
type Record struct {
	// ID is its conversationId; empty if the record has none that can be read: keep its JSON aside.
	ID    string
	Start time.Time // conversationStart, UTC
	End   time.Time // conversationEnd, UTC; zero while the conversation goes on
	JSON  []byte    // the record itself, as it was sent but for insignificant white space
	// At is where a job is once this record has been dealt with: see [Client.Resume]. Zero for what comes of no job.
	At Position
}

// The parts of a conversation as Decode gives them, with the names of the API.
type (
	// Conversation has its members, and its participants.
	Conversation = conversation.Conversation
	// Participant is who took part in it: a customer, an agent, a queue, a flow.
	Participant = conversation.Participant
	// Session is a participant's use of one medium.
	Session = conversation.Session
	// Segment is a span of time of a session, as interact or hold.
	Segment = conversation.Segment
	// Metric is something that was counted or measured in a session: times are in milliseconds.
	Metric = conversation.Metric
)

// Decode reads the record into the types of this package. Times and values that are not what the API says are left out:
// JSON has them.
func (r Record) Decode() *Conversation {
	c, _ := wire.Decode(r.JSON)
	return c
}

// Unmarshal reads the record into a type of yours, by its tags `json:"..."`.
func (r Record) Unmarshal(into any) error {
	err := json.Unmarshal(r.JSON, into, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if err != nil {
		return fault.New(fault.Corrupt, "record %s does not fit into %T", r.ID, into) // the library's words quote content
	}
	return nil
}

func recordOf(raw []byte, at Position) Record {
	out := Record{JSON: raw, At: at}
	if r, err := wire.Record(raw); err == nil {
		out.ID, out.Start, out.End = string(r.ID), r.Start, r.End
	}
	return out
}
