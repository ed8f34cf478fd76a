package confined

import (
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
)

// Who may see only their own conversations sees none of which it cannot be told who took part; and every other answer
// still comes.
func TestTookPart(t *testing.T) {
	for text, want := range map[string]bool{
		`{"participants":[{"userId":"other"},{"userId":"U-1"}]}`:                   true,
		`{"participants":[{"userId":"other"}]}`:                                    false,
		`{"participants":"none"}`:                                                  false,
		`{"participants":[{"userId":5},{"userId":null}]}`:                          false,
		`{"externalTag":5,"participants":[7,{"userId":"u-1","sessions":"none"}]}`:  true,
		`{"participants":[{"sessions":[{"segments":[{"wrapUpNote":"u-1"}]}]}, 5]}`: false,
	} {
		if got := tookPart(conversation.Record{ID: "c", JSON: []byte(text)}, "u-1"); got != want {
			t.Errorf("%s: %t", text, got)
		}
	}
}
