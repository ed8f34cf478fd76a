package wire

import "github.com/go-json-experiment/json/jsontext"

// Paths of notifications.
const (
	PathChannels = "/api/v2/notifications/channels"
	PathTopics   = "/api/v2/notifications/availabletopics"
)

// The topics of messages on a channel. Those of the channel itself come without being subscribed to.
const (
	TopicAvailability = "v2.analytics.conversations.details.jobs.availability"
	TopicChannel      = "channel.metadata"
	TopicClosing      = "v2.system.socket_closing"
)

// Channel is where messages come from (schema Channel).
type Channel struct {
	ConnectURI string `json:"connectUri"` // of its websocket, which asks for no token
	ID         string `json:"id"`
	Expires    string `json:"expires"`
}

// ChannelTopic is a topic that a channel is subscribed to, or was refused (schema ChannelTopic).
type ChannelTopic struct {
	ID                 string   `json:"id"`
	State              string   `json:"state,omitzero"` // Permitted or Rejected
	RejectionReason    string   `json:"rejectionReason,omitzero"`
	MissingPermissions []string `json:"missingPermissions,omitzero"`
	SelfURI            string   `json:"selfUri,omitzero"`
}

// The states of a ChannelTopic.
const (
	TopicPermitted = "Permitted"
	TopicRejected  = "Rejected"
)

// AvailableTopic is a topic that a channel can be subscribed to (schema AvailableTopic). What is beside the id is there
// if the client asks for it.
type AvailableTopic struct {
	ID                  string         `json:"id"`
	Description         string         `json:"description,omitzero"`
	RequiresPermissions []string       `json:"requiresPermissions,omitzero"`
	Schema              jsontext.Value `json:"schema,omitzero"`
	Transports          []string       `json:"transports,omitzero"`
	Paths               []string       `json:"publicApiTemplateUriPaths,omitzero"`
	Enforced            bool           `json:"enforced,omitzero"`
	Visibility          string         `json:"visibility,omitzero"`
}

// Entities is a list that comes as a whole (schemas ChannelEntityListing, ChannelTopicEntityListing and
// AvailableTopicEntityListing).
type Entities[T any] struct {
	Entities []T `json:"entities"`
}

// Notification is a message on a channel.
type Notification struct {
	TopicName string                `json:"topicName"`
	Version   string                `json:"version,omitzero"`
	EventBody jsontext.Value        `json:"eventBody"` // Availability, ChannelMessage
	Metadata  *NotificationMetadata `json:"metadata,omitzero"`
}

// NotificationMetadata tells one message from another.
type NotificationMetadata struct {
	CorrelationID string `json:"CorrelationId"`
}

// ChannelMessage is what a channel says of itself, and what a client says to it.
type ChannelMessage struct {
	Message string `json:"message"`
}

// What is said on a channel.
const (
	Heartbeat = "WebSocket Heartbeat"
	Ping      = "ping"
	Pong      = "pong"
)
