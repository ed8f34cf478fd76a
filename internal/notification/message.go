package notification

import (
	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/wire"
)

// message is one of a topic, with a number of its own by which a client that has two channels tells that it came twice.
func message(topic string, body any) ([]byte, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(wire.Notification{
		TopicName: topic, Version: "2", EventBody: text, Metadata: &wire.NotificationMetadata{CorrelationID: uuid.NewString()},
	})
}

// What a channel says of itself.
var (
	heartbeat = said(wire.TopicChannel, wire.Heartbeat)
	pong      = said(wire.TopicChannel, wire.Pong)
	closing   = said(wire.TopicClosing, "The server is stopping; connect again")
)

func said(topic, text string) []byte {
	body, err := json.Marshal(wire.ChannelMessage{Message: text})
	if err == nil {
		body, err = json.Marshal(wire.Notification{TopicName: topic, EventBody: body})
	}
	if err != nil {
		panic(err) // two texts
	}
	return body
}

// isPing says whether a client asks whether anybody is there. What else it says, nobody here understands.
func isPing(text []byte) bool {
	var m wire.ChannelMessage
	return json.Unmarshal(text, &m) == nil && m.Message == wire.Ping
}
