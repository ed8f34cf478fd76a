package wire

import (
	"errors"
	"reflect"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// What a conversation says of itself is what its text says.
func TestRecordOfIsTheRecordOfItsText(t *testing.T) {
	for name, c := range map[string]conversation.Conversation{
		"whole":    {ConversationID: "a", ConversationStart: "2026-11-08T12:00:00.123Z", ConversationEnd: "2026-11-08T13:00:00.1234567Z"},
		"open":     {ConversationID: "a \"b\" \u00e4", ConversationStart: "2026-11-08T12:00:00Z"},
		"no end":   {ConversationID: "a", ConversationStart: "2026-11-08T12:00:00Z", ConversationEnd: "soon"},
		"no id":    {ConversationStart: "2026-11-08T12:00:00Z"},
		"no start": {ConversationID: "a"},
		"no time":  {ConversationID: "a", ConversationStart: "soon"},
	} {
		text, err := Encode(&c)
		if err != nil {
			t.Fatal(err)
		}
		want, wanted := Record(text)
		got, err := RecordOf(&c)
		if (err == nil) != (wanted == nil) || err != nil && (err.Error() != wanted.Error() || !errors.Is(err, fault.Invalid)) {
			t.Errorf("%s: %v, want %v", name, err, wanted)
		}
		if got.Sum() != want.Sum() {
			t.Errorf("%s: another hash", name)
		}
		if got.Hash = want.Hash; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}
