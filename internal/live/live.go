// Package live is the live object of a conversation, as the platform gives it while the conversation goes on and for some
// time after: who takes part, what state each of their communications is in, what was written to whom. It follows from the
// record of analytics as it is at that moment, and from nothing else.
//
// A session of the record is a communication here: a call, callback, chat, email, message. What a record does not tell is
// absent: the priority in a queue, transfers that were asked for, who looks at which screen. Where the platform's samples
// and its schemas say nothing of a value, the choice is ours, and says so.
package live

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Kept is how long after its end the platform has the live object of a conversation.
const Kept = 60 * 24 * time.Hour

// Gone says whether a conversation ended too long before an instant for the platform to have it live. A zero end means
// that it still goes on.
func Gone(end, at time.Time) bool { return !end.IsZero() && !end.Add(Kept).After(at) }

// Names gives the names of what records name by id. One that it does not have is left out.
type Names map[string]string

// Conversation is schema Conversation. Its state is never there when it is read, says the schema.
type Conversation struct {
	ID                string        `json:"id"`
	StartTime         string        `json:"startTime"`
	EndTime           string        `json:"endTime,omitempty"`
	Address           string        `json:"address,omitempty"`
	Participants      []Participant `json:"participants"`
	RecordingState    string        `json:"recordingState"`
	Divisions         []Membership  `json:"divisions,omitempty"`
	ExternalTag       string        `json:"externalTag,omitempty"`
	InactivityTimeout string        `json:"inactivityTimeout,omitempty"`
	SelfURI           string        `json:"selfUri"`
}

// Membership is schema ConversationDivisionMembership.
type Membership struct {
	Division Reference `json:"division"`
}

// Reference is schemas DomainEntityRef and AddressableEntityRef.
type Reference struct {
	ID      string `json:"id"`
	Name    string `json:"name,omitempty"`
	SelfURI string `json:"selfUri,omitempty"`
}

// Participant is schema Participant. Its lists and its attributes are never absent: in the platform's samples they are
// empty.
type Participant struct {
	ID                      string            `json:"id"`
	StartTime               string            `json:"startTime,omitempty"`
	EndTime                 string            `json:"endTime,omitempty"`
	ConnectedTime           string            `json:"connectedTime,omitempty"`
	Name                    string            `json:"name,omitempty"`
	UserURI                 string            `json:"userUri,omitempty"`
	UserID                  string            `json:"userId,omitempty"`
	ExternalContactID       string            `json:"externalContactId,omitempty"`
	ExternalOrganizationID  string            `json:"externalOrganizationId,omitempty"`
	QueueID                 string            `json:"queueId,omitempty"`
	GroupID                 string            `json:"groupId,omitempty"`
	TeamID                  string            `json:"teamId,omitempty"`
	QueueName               string            `json:"queueName,omitempty"`
	Purpose                 string            `json:"purpose,omitempty"`
	Address                 string            `json:"address,omitempty"`
	Ani                     string            `json:"ani,omitempty"`
	Dnis                    string            `json:"dnis,omitempty"`
	WrapupRequired          bool              `json:"wrapupRequired"`
	Wrapup                  *Wrapup           `json:"wrapup,omitempty"`
	ConversationRoutingData *RoutingData      `json:"conversationRoutingData,omitempty"`
	MonitoredParticipantID  string            `json:"monitoredParticipantId,omitempty"`
	CoachedParticipantID    string            `json:"coachedParticipantId,omitempty"`
	BargedParticipantID     string            `json:"bargedParticipantId,omitempty"`
	FlaggedReason           string            `json:"flaggedReason,omitempty"`
	StartAcwTime            string            `json:"startAcwTime,omitempty"`
	EndAcwTime              string            `json:"endAcwTime,omitempty"`
	Attributes              map[string]string `json:"attributes"`
	Calls                   []Communication   `json:"calls"`
	Callbacks               []Communication   `json:"callbacks"`
	Chats                   []Communication   `json:"chats"`
	Cobrowsesessions        []Communication   `json:"cobrowsesessions"`
	Emails                  []Communication   `json:"emails"`
	Messages                []Communication   `json:"messages"`
	Screenshares            []Communication   `json:"screenshares"`
	Videos                  []Communication   `json:"videos"`
	InternalMessages        []Communication   `json:"internalMessages,omitempty"`
	ScreenMonitorings       []Communication   `json:"screenMonitorings,omitempty"`
}

// Communication is schemas Call, Callback, ConversationChat, Email, Message and their like: what a medium does not have is
// absent.
type Communication struct {
	State                 string     `json:"state"`
	InitialState          string     `json:"initialState"`
	ID                    string     `json:"id"`
	Direction             string     `json:"direction,omitempty"`
	Recording             *bool      `json:"recording,omitempty"`      // calls
	RecordingState        string     `json:"recordingState,omitempty"` // calls
	Muted                 *bool      `json:"muted,omitempty"`          // calls
	Held                  *bool      `json:"held,omitempty"`
	Segments              []Segment  `json:"segments,omitempty"`
	ErrorInfo             *ErrorInfo `json:"errorInfo,omitempty"`
	DisconnectType        string     `json:"disconnectType,omitempty"`
	StartHoldTime         string     `json:"startHoldTime,omitempty"`
	StartAlertingTime     string     `json:"startAlertingTime,omitempty"`
	ConnectedTime         string     `json:"connectedTime,omitempty"`
	DisconnectedTime      string     `json:"disconnectedTime,omitempty"`
	Provider              string     `json:"provider,omitempty"`
	ScriptID              string     `json:"scriptId,omitempty"`
	PeerID                string     `json:"peerId,omitempty"`
	Self                  *Address   `json:"self,omitempty"`                  // calls
	Other                 *Address   `json:"other,omitempty"`                 // calls
	RoomID                string     `json:"roomId,omitempty"`                // chats
	Subject               string     `json:"subject,omitempty"`               // emails
	CallbackNumbers       []string   `json:"callbackNumbers,omitempty"`       // callbacks
	CallbackUserName      string     `json:"callbackUserName,omitempty"`      // callbacks
	CallbackScheduledTime string     `json:"callbackScheduledTime,omitempty"` // callbacks
	SkipEnabled           *bool      `json:"skipEnabled,omitempty"`           // callbacks
	TimeoutSeconds        *int64     `json:"timeoutSeconds,omitempty"`        // callbacks
	Authenticated         *bool      `json:"authenticated,omitempty"`         // messages
	Type                  string     `json:"type,omitempty"`                  // messages
	EngagementSource      string     `json:"engagementSource,omitempty"`      // messages
	ToAddress             *Address   `json:"toAddress,omitempty"`             // messages
	FromAddress           *Address   `json:"fromAddress,omitempty"`           // messages
	AgentAssistantID      string     `json:"agentAssistantId,omitempty"`      // calls, messages
	Wrapup                *Wrapup    `json:"wrapup,omitempty"`
	AfterCallWork         *AfterWork `json:"afterCallWork,omitempty"`
}

// Segment is schema Segment. One that is open has no end, whatever the schema requires: the platform sends it so.
type Segment struct {
	StartTime      string `json:"startTime"`
	EndTime        string `json:"endTime,omitempty"`
	Type           string `json:"type"` // with a capital: Interact
	HowEnded       string `json:"howEnded,omitempty"`
	DisconnectType string `json:"disconnectType,omitempty"`
}

// Address is schema Address.
type Address struct {
	Name               string `json:"name,omitempty"`
	NameRaw            string `json:"nameRaw,omitempty"`
	AddressNormalized  string `json:"addressNormalized,omitempty"`
	AddressRaw         string `json:"addressRaw,omitempty"`
	AddressDisplayable string `json:"addressDisplayable,omitempty"`
}

// ErrorInfo is schema ErrorInfo.
type ErrorInfo struct {
	Message string `json:"message,omitempty"`
	Code    string `json:"code"`
}

// Wrapup is schema Wrapup.
type Wrapup struct {
	Code            string   `json:"code"`
	Name            string   `json:"name,omitempty"`
	Notes           string   `json:"notes,omitempty"`
	Tags            []string `json:"tags,omitempty"`
	DurationSeconds int64    `json:"durationSeconds"`
	EndTime         string   `json:"endTime,omitempty"`
}

// AfterWork is schema AfterCallWork.
type AfterWork struct {
	StartTime string `json:"startTime"`
	EndTime   string `json:"endTime,omitempty"`
	State     string `json:"state"` // pending or complete
}

// RoutingData is schema ConversationRoutingData.
type RoutingData struct {
	Queue    *Reference  `json:"queue,omitempty"`
	Language *Reference  `json:"language,omitempty"`
	Skills   []Reference `json:"skills"`
}

// From makes the live object of a conversation out of its record.
func From(c *conversation.Conversation, names Names) Conversation {
	out := Conversation{
		ID: string(c.ConversationID), StartTime: c.ConversationStart, EndTime: c.ConversationEnd, Participants: make([]Participant, 0, len(c.Participants)),
		RecordingState: "NONE", ExternalTag: c.ExternalTag, InactivityTimeout: c.InactivityTimeout, SelfURI: "/api/v2/conversations/" + string(c.ConversationID),
	}
	for _, id := range c.DivisionIDs {
		out.Divisions = append(out.Divisions, Membership{names.reference(id, "/api/v2/authorization/divisions/")})
	}
	for i := range c.Participants {
		out.Participants = append(out.Participants, participant(&c.Participants[i], c.ConversationEnd != "", names))
	}
	for i := range out.Participants {
		p := &out.Participants[i]
		if out.Address == "" && outside(p.Purpose) {
			out.Address = p.Dnis // that of us, as the customer sees it
		}
		for _, call := range p.Calls {
			if call.RecordingState == "active" {
				out.RecordingState = "ACTIVE"
			}
		}
	}
	return out
}

// outside says whether a participant is no part of the organization.
func outside(purpose string) bool { return purpose == "customer" || purpose == "external" }

func (n Names) reference(id, path string) Reference {
	return Reference{ID: id, Name: n[id], SelfURI: path + id}
}
