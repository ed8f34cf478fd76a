package sim

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
)

// shapes are the scenarios as their records must look: participants in order of start, each with its segments and, of
// its last ended one, how it ended; a metric that only this scenario has where segments do not tell.
var shapes = map[string]string{
	"flow ends the call":          `^external: system interact/peer; ivr: system ivr/system$`,
	"caller leaves the flow":      `^external: system interact/endpoint; ivr: system ivr/peer$`,
	"flow to flow":                `^external: system interact/endpoint; ivr: system ivr/transfer; ivr: system ivr/peer$`,
	"flow to a number":            `^external: system interact/peer; ivr: system ivr/transfer; external: dialing interact/endpoint$`,
	"flow to a group's voicemail": `^external: system interact/(peer|endpoint); ivr: system ivr/transfer; voicemail: system interact/(peer|system)$`,
	"flow to a user":              `^external: system interact/peer; ivr: system ivr/transfer; user: alert interact( hold interact)*/client$`,
	"flow to a user, late code":   `^external: system interact/peer; ivr: system ivr/transfer; user: alert interact( hold interact)* wrapup/client$`,
	"answered by an agent":        `^customer: system interact/(peer|endpoint); ivr: system ivr/transfer; acd: delay interact/transfer; agent: alert interact wrapup/(peer|client)$`,
	"answered, with holds":        `; agent: alert interact( hold interact)+ wrapup/(peer|client)$`,
	"first does not respond":      `; acd: delay interact/transfer; agent: alert/client; agent: alert interact( hold interact)* wrapup/(peer|client)$`,
	"abandoned in queue":          `^customer: system interact/endpoint; ivr: system ivr/transfer; acd: delay interact/peer$`,
	"blind transfer":              `; agent: alert interact( hold interact)* wrapup/transfer; acd: delay interact/transfer; agent: alert interact( hold interact)* wrapup/(peer|client)$`,
	"internal":                    `^user: contacting dialing interact/(client|peer); user: alert interact( hold interact)*/(client|peer)$`,
	"internal, nobody answers":    `^user: contacting dialing interact/(client|peer); user: alert/noAnswerTransfer; voicemail: system interact/(peer|system)$`,
	"internal, given up":          `^user: contacting dialing/client; user: alert/peer$`,
	"outbound":                    `^user: contacting dialing interact( hold interact)*/(client|peer); external: dialing interact/(endpoint|peer)$`,
	"outbound for a queue":        `^agent: contacting dialing interact( hold interact)* wrapup/(client|peer); customer: dialing interact/(endpoint|peer)$`,
	"never ends":                  `^customer: system interact/; ivr: system ivr/transfer; acd: .*; agent: .* wrapup/client|^customer: system interact/; .*wrapup/peer$`,
}

// shape is a conversation in the notation of shapes.
func shape(c *conversation.Conversation) string {
	var parties []string
	for _, p := range c.Participants {
		var kinds []string
		g := p.Sessions[0].Segments
		for _, s := range g {
			kinds = append(kinds, s.SegmentType)
		}
		parties = append(parties, p.Purpose+": "+strings.Join(kinds, " ")+"/"+g[len(g)-1].DisconnectType)
	}
	return strings.Join(parties, "; ")
}

func TestEveryScenarioOccursAndNoOtherDoes(t *testing.T) {
	patterns := make(map[string]*regexp.Regexp)
	seen := make(map[string]int)
	for name, text := range shapes {
		patterns[name] = regexp.MustCompile(text)
	}
	for _, c := range conversations(1, 5000, monday) {
		s, known := shape(c), false
		for name, p := range patterns {
			if p.MatchString(s) {
				known = true
				seen[name]++
			}
		}
		if !known {
			t.Errorf("conversation %s is of an unknown shape: %s", c.ConversationID, s)
		}
	}
	for name := range shapes {
		if seen[name] == 0 {
			t.Errorf("%s does not occur", name)
		}
	}
}

func TestScenariosAreAThousand(t *testing.T) {
	sum := 0
	for _, s := range scenarios {
		sum += s.share
	}
	if sum != 1000 {
		t.Errorf("the shares add up to %d", sum)
	}
}

func TestWhatOnlySomeConversationsHave(t *testing.T) {
	seen := make(map[string]int)
	for _, c := range conversations(1, 5000, monday) {
		for _, p := range c.Participants {
			s := p.Sessions[0]
			for _, m := range s.Metrics {
				seen[m.Name]++
			}
			seen["recording on "+p.Purpose] += count(s.Recording != nil)
			seen["peer on "+p.Purpose] += count(s.PeerID != "")
			if s.Flow != nil {
				seen[s.Flow.FlowType]++
				seen[s.Flow.TransferType]++
			}
			for _, g := range s.Segments {
				if g.SegmentType == "wrapup" {
					seen["code"] += count(g.WrapUpCode != "" && g.WrapUpCode != DefaultWrapUpCode)
					seen["default code"] += count(g.WrapUpCode == DefaultWrapUpCode)
					seen["no code"] += count(g.WrapUpCode == "")
					seen["note"] += count(g.WrapUpNote != "")
				}
				seen["conference"] += count(g.Conference == nil || *g.Conference)
			}
		}
	}
	for _, name := range []string{
		"nConnected", "tConnected", "nFlow", "tIvr", "tFlow", "tFlowExit", "tFlowDisconnect", "nFlowOutcome", "tFlowOutcome", "nFlowOutcomeFailed",
		"nOffered", "tAcd", "tAbandon", "tShortAbandon", "tAlert", "tNotResponding", "tAnswered", "nOverSla", "nOutbound", "tContacting",
		"tDialing", "tTalk", "tHeld", "tTalkComplete", "tHeldComplete", "tAcw", "tHandle", "nTransferred", "nBlindTransferred", "tVoicemail",
		"INBOUNDCALL", "INQUEUECALL", "ACD", "FLOW", "USER", "NUMBER", "GROUP_VOICEMAIL", "USER_VOICEMAIL", "code", "default code", "no code", "note",
		"recording on customer", "recording on external", "peer on ivr", "peer on acd", "peer on agent", "peer on voicemail",
	} {
		if seen[name] == 0 {
			t.Errorf("%s does not occur", name)
		}
	}
	for _, name := range []string{"conference", "recording on agent", "recording on ivr", "peer on customer", "peer on external"} {
		if seen[name] > 0 {
			t.Errorf("%s occurs", name)
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// The sizes were measured on 161 records of one contact centre; here they are met within a quarter.
func TestSizesAreThoseOfRealRecords(t *testing.T) {
	var size, parties, segments, metrics, attributes []int
	total := 0
	for _, c := range conversations(2, 5000, monday) {
		n := len(encode(t, c))
		total += n
		size = append(size, n)
		parties = append(parties, len(c.Participants))
		g, m, a := 0, 0, 0
		for _, p := range c.Participants {
			g, m, a = g+len(p.Sessions[0].Segments), m+len(p.Sessions[0].Metrics), a+len(p.Attributes)
		}
		segments, metrics, attributes = append(segments, g), append(metrics, m), append(attributes, a)
	}
	for name, test := range map[string]struct {
		got      []int
		p50, p95 int
	}{
		"bytes": {size, 4800, 12500}, "participants": {parties, 2, 5}, "segments": {segments, 4, 12}, "metrics": {metrics, 6, 20},
		"attributes": {attributes, 23, 55},
	} {
		slices.Sort(test.got)
		near(t, name+" p50", test.got[len(test.got)/2], test.p50)
		near(t, name+" p95", test.got[len(test.got)*95/100], test.p95)
	}
	near(t, "mean bytes", total/len(size), 5400)
}

func near(t *testing.T, what string, got, want int) {
	t.Helper()
	t.Logf("%s: %d, real %d", what, got, want)
	if 4*got < 3*want || 4*got > 5*want {
		t.Errorf("%s is %d, want %d", what, got, want)
	}
}
