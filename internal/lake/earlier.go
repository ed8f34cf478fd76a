package lake

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// decodeEarlier is what versions before decision 0030 derived from a record: nothing, if one value did not fit.
func decodeEarlier(raw []byte) (*conversation.Conversation, wire.Misfits) {
	c := new(conversation.Conversation)
	if json.Unmarshal(raw, c, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) != nil {
		c = new(conversation.Conversation)
	}
	return c, nil
}
