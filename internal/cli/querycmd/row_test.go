package querycmd

import (
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/wire"
)

// record makes a conversation of a minute from sessions written as purpose type/disconnect, separated by blanks and
// commas: each session a participant, each segment ten seconds.
func record(open bool, sessions ...string) string {
	var participants []string
	for _, s := range sessions {
		purpose, rest, _ := strings.Cut(s, " ")
		var segments []string
		for i, g := range strings.Fields(rest) {
			kind, how, _ := strings.Cut(g, "/")
			at := func(n int) string { return `"2026-11-01T10:00:` + string(rune('0'+n)) + `0.000Z"` }
			text := `{"segmentStart":` + at(i) + `,"segmentEnd":` + at(i+1) + `,"segmentType":"` + kind + `","queueId":"00000020-1111-4222-8333-000000000020"`
			if how != "" {
				text += `,"disconnectType":"` + how + `"`
			}
			segments = append(segments, text+"}")
		}
		metrics := ""
		if purpose == "acd" && strings.Contains(rest, "/peer") {
			metrics = `,"metrics":[{"name":"tAbandon","value":1,"emitDate":"2026-11-01T10:00:20.000Z"}]`
		}
		name := map[string]string{"acd": `,"participantName":"Sales"`, "agent": `,"userId":"00000030-1111-4222-8333-000000000030"`}[purpose]
		participants = append(participants, `{"purpose":"`+purpose+`"`+name+`,"sessions":[{"mediaType":"voice","direction":"inbound","ani":"tel:+12255550105","dnis":"sip:x@y;z=1","segments":[`+
			strings.Join(segments, ",")+`]`+metrics+`}]}`)
	}
	end := `"conversationEnd":"2026-11-01T11:01:05.400Z",`
	if open {
		end = ""
	}
	return `{` + end + `"conversationId":"00000010-1111-4222-8333-000000000010","conversationStart":"2026-11-01T10:00:00.000Z","participants":[` + strings.Join(participants, ",") + `]}`
}

func TestRow(t *testing.T) {
	for _, c := range []struct {
		name string
		text string
		want string
	}{
		{"answered, agent hangs up", record(false, "customer system interact/peer", "ivr ivr/transfer", "acd interact/transfer", "agent alert interact/client wrapup/client"),
			"2026-11-01 10:00:00|inbound|voice|+12255550105|sip:x@y|Sales|00000030|1:01:05|by agent|00000010"},
		{"customer hangs up", record(false, "customer interact/endpoint", "acd interact/transfer", "agent interact/peer wrapup/peer"),
			"2026-11-01 10:00:00|inbound|voice|+12255550105|sip:x@y|Sales|00000030|1:01:05|by customer|00000010"},
		{"abandoned", record(false, "customer interact/endpoint", "acd interact/peer"), "2026-11-01 10:00:00|inbound|voice|+12255550105|sip:x@y|Sales||1:01:05|abandoned|00000010"},
		{"flow ends", record(false, "external system interact/peer", "ivr system ivr/system"), "2026-11-01 10:00:00|inbound|voice|+12255550105|sip:x@y|||1:01:05|by flow|00000010"},
		{"voicemail", record(false, "external interact/peer", "voicemail interact/system"), "2026-11-01 10:00:00|inbound|voice|+12255550105|sip:x@y|||1:01:05|voicemail|00000010"},
		{"transferred away", record(false, "external interact/transfer"), "2026-11-01 10:00:00|inbound|voice|+12255550105|sip:x@y|||1:01:05|transfer|00000010"},
		{"going on", record(true, "customer interact", "acd interact"), "2026-11-01 10:00:00|inbound|voice|+12255550105|sip:x@y|Sales|||going on|00000010"},
		{"nothing in it", `{"conversationId":"x","conversationStart":"2026-11-01T10:00:00.000Z"}`, "2026-11-01 10:00:00|||||||" + "|going on|x"},
	} {
		d, misfits := wire.Decode([]byte(c.text))
		if misfits != nil {
			t.Fatalf("%s: %v", c.name, misfits)
		}
		if got := strings.Join((look{}).row(d), "|"); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
	if got := (look{}).named(names.Queue, []string{"a", "b", "c", "d"}, map[string]string{"b": "Bee"}); got != "a, Bee +2" {
		t.Errorf("many: %s", got)
	}
}

// A program gets ids, addresses and lists whole.
func TestARowForAProgram(t *testing.T) {
	full := look{full: true}
	text := strings.Replace(record(false, "customer interact/endpoint", "agent interact/peer"), "sip:x@y", "sip:"+strings.Repeat("x", 40)+"@y", 1)
	c, _ := wire.Decode([]byte(text))
	want := "2026-11-01 10:00:00|inbound|voice|+12255550105|sip:" + strings.Repeat("x", 40) + "@y|00000020-1111-4222-8333-000000000020|00000030-1111-4222-8333-000000000030|1:01:05|by customer|00000010-1111-4222-8333-000000000010"
	if got := strings.Join(full.row(c), "|"); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := full.named(names.Queue, []string{"a", "b", "c"}, map[string]string{"b": "Bee"}); got != "a, Bee, c" {
		t.Errorf("many: %s", got)
	}
}
