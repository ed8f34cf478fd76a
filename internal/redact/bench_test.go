package redact

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkRecord(b *testing.B) {
	r := rules(b, `{rules: [{addresses: all, do: hash}, {names: all, do: drop}, {attributes: "cust*", do: mask}]}`)
	session := `{"ani":"tel:+4930123456","sessionId":"5f9a1a4e-8c1e-4c2c-9a3f-2a6b7c8d9e0f","segments":[` + strings.TrimSuffix(strings.Repeat(`{"segmentStart":"2026-11-01T00:00:00.000Z","segmentType":"interact","queueId":"5f9a1a4e-8c1e-4c2c-9a3f-2a6b7c8d9e0f"},`, 8), ",") + `]}`
	text := fmt.Appendf(nil, `{"conversationId":"a","participants":[{"participantName":"Ann","attributes":{"customer":"4711"},"sessions":[%s,%s,%s]}]}`, session, session, session)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := r.Record(text); err != nil {
			b.Fatal(err)
		}
	}
}
