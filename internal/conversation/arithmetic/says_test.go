package arithmetic_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
)

var update = flag.Bool("update", false, "write the golden files anew")

// cases are conversations at the edges of the rules, each told apart from its neighbour by one millisecond or one word.
// The golden file says what is complained of, word for word; nothing is complained of where it says so.
var cases = []struct{ name, text string }{
	{"two handles", "agent alert 0-10 interact 10-30 hold 30-40 interact 40-50 wrapup 50-60  tAlert=10@10 tTalk=20@30 tHeld=10@40 tHeldComplete=10@50 tTalk=10@50 tTalkComplete=30@50 tAcw=10@60 tHandle=50@60"},
	{"held for longer", "agent interact 0-20 hold 20-40  tTalk=20@20 tHeld=19@40 tHeldComplete=19@40 tTalkComplete=20@40 tHandle=39@40"},
	{"held adds up to more", "agent interact 0-20 hold 20-40  tTalk=20@20 tHeld=20@40 tHeldComplete=21@40 tTalkComplete=20@40 tHandle=41@40"},
	{"did not respond", "agent alert 0-10  tAlert=10@10 tNotResponding=10@10"},
	{"did not respond for longer", "agent alert 0-10  tAlert=10@10 tNotResponding=11@10"},
	{"dialed and contacted", "user contacting 0-10 dialing 10-30 interact 30-60  tContacting=10@10 tDialing=20@30 tTalk=30@60 tTalkComplete=30@60 tHandle=60@60"},
	{"dialed for longer", "user contacting 0-10 dialing 10-30 interact 30-60  tContacting=9@10 tDialing=21@30 tTalk=30@60 tTalkComplete=30@60 tHandle=60@60"},
	{"late wrap-up", "agent interact 0-10 wrapup 90-95  tTalk=10@10 tTalkComplete=10@10 tAcw=5@95 tHandle=15@95"},
	{"late alert", "agent interact 0-10 alert 90-95  tTalk=10@10 tAlert=5@95"},
	{"follows an open segment", "agent interact 0- alert 10-15  tAlert=5@15"},
	{"no metrics at all", "agent interact 0-10 alert 5-7\nacd interact 0-10\nivr ivr 0-10\ncustomer interact 0-10"},
	{"abandoned", "customer interact 0-20  tConnected=20@20\nacd interact 5-20  nOffered=1@5 tAbandon=15@20 tAcd=15@20"},
	{"abandoned for longer", "customer interact 0-20  tConnected=20@20\nacd interact 5-20  nOffered=1@5 tAbandon=16@20 tAcd=15@20"},
	{"short abandon", "acd interact 5-20  nOffered=1@5 tAbandon=15@20 tAcd=15@20 tShortAbandon=15@20"},
	{"short abandon for longer", "acd interact 5-20  nOffered=1@5 tAbandon=15@20 tAcd=15@20 tShortAbandon=14@20"},
	{"left by its flow", "acd interact 5-20  nOffered=1@5 tAcd=15@20 tFlowOut=15@20"},
	{"left and abandoned", "acd interact 5-20  nOffered=1@5 tAbandon=15@20 tAcd=15@20 tFlowOut=15@20"},
	{"two offers", "acd interact 5-20  nOffered=1@5 nOffered=1@5 tAbandon=15@20 tAcd=15@20"},
	{"two waits", "acd interact 5-20  nOffered=1@5 tAbandon=15@20 tAcd=14@20 tAcd=1@20"},
	{"delayed only", "acd delay 5-20  tFlowOut=1@20"},
	{"flow that disconnects", "ivr ivr 0-30  tFlow=20@25 tFlowDisconnect=20@25 tIvr=30@30"},
	{"flow that disconnects later", "ivr ivr 0-30  tFlow=20@25 tFlowDisconnect=21@25 tIvr=30@30"},
	{"flow that exits and disconnects", "ivr ivr 0-30  tFlow=20@25 tFlowDisconnect=20@25 tFlowExit=20@25 tIvr=30@30"},
	{"flow as long as its leg", "ivr ivr 0-30  tFlow=30@25 tFlowExit=30@25 tIvr=30@30"},
	{"flow a millisecond shorter", "ivr ivr 0-30  tFlow=29@25 tFlowExit=29@25 tIvr=30@30"},
	{"workflow", "workflow interact 0-30  tFlow=90@25 tFlowExit=90@25"},
	{"workflow that exits later", "workflow interact 0-30  tFlow=90@25 tFlowExit=91@25"},
	{"voicemail", "voicemail interact 0-30  tVoicemail=30@30"},
	{"voicemail for longer", "voicemail interact 0-30  tVoicemail=31@30"},
	{"external for longer", "external interact 0-30  tConnected=31@30"},
	{"segments out of order", "fax interact 20-30 alert 0-10"},
	{"a segment that ends before it starts", "fax interact 30-20"},
	{"participants out of order", "fax interact 20-30\nacd interact 10-30"},
	{"a count of two", "fax interact 0-10  nX=2@10 tX=2@10"},
	{"metrics out of order", "fax interact 0-10  tX=2@10 tX=2@9"},
	{"ivr that lasts longer", "ivr ivr 0-30  tIvr=31@30 tFlow=2@31 tFlowExit=2@31"},
	{"agent whose parts do not add up", "agent alert 0-10 interact 10-20  tAlert=9@10 tTalk=9@20 tTalkComplete=8@20 tHandle=7@21"},
	{"another purpose", "fax interact 0-30  tConnected=31@30 tTalk=1@31"},
	{"names within an instant", "fax interact 0-30  tB=1@30 tA=1@31 tB=1@31 tB=2@31"},
	{"segments that start together", "fax interact 0-0 interact 0-30"},
	{"answered twice by two", "acd interact 0-10  nOffered=1@0 tAcd=10@10\nagent interact 10-20  tAnswered=10@10 tTalk=10@20\nagent interact 12-22  tAnswered=10@12 tTalk=10@22"},
	{"the nearer of two visits", "acd interact 0-10  nOffered=1@0 tAcd=10@10\nacd interact 20-50  nOffered=1@20 tAcd=30@50\nagent interact 50-60  tAnswered=30@50 tTalk=10@60"},
	{"user who answers", "user interact 10-20  tAnswered=10@10 tTalk=10@20"},
}

func TestArithmeticSaysWhatIsBroken(t *testing.T) {
	var got strings.Builder
	say := func(name string, found []string) {
		fmt.Fprintf(&got, "%s\n", name)
		for _, line := range found {
			fmt.Fprintf(&got, "    %s\n", line)
		}
	}
	for _, c := range cases {
		say(c.name, arithmetic.Check(read(c.text)))
	}
	for _, c := range edited {
		conv := read(inbound)
		c.edit(conv)
		say(c.name, arithmetic.Check(conv))
	}
	golden := filepath.Join("testdata", "arithmetic.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
}

// edited are changes to the worked example that its notation cannot write.
var edited = []struct {
	name string
	edit func(c *conversation.Conversation)
}{
	{"a start that is no time", func(c *conversation.Conversation) { c.Participants[1].Sessions[0].Segments[0].SegmentStart = "soon" }},
	{"an end that is no time", func(c *conversation.Conversation) { c.Participants[1].Sessions[0].Segments[1].SegmentEnd = "soon" }},
	{"an emission that is no time", func(c *conversation.Conversation) { c.Participants[1].Sessions[0].Metrics[1].EmitDate = "soon" }},
	{"no start", func(c *conversation.Conversation) { c.ConversationStart = "" }},
	{"no end", func(c *conversation.Conversation) { c.ConversationEnd = "" }},
	{"an earlier start", func(c *conversation.Conversation) { c.ConversationStart = instant("-7") }},
	{"an end and an open segment", func(c *conversation.Conversation) { c.Participants[3].Sessions[0].Segments[2].SegmentEnd = "" }},
	{"worst quality", quality(new(4.1), new(80.0), []*float64{new(4.5), new(4.1), nil}, []*float64{nil, new(80.0), new(90.0)})},
	{"better than the worst quality", quality(new(4.2), new(81.0), []*float64{new(4.5), new(4.1), nil}, []*float64{nil, new(80.0), new(90.0)})},
	{"quality that nobody reported", quality(new(4.2), new(81.0), nil, nil)},
	{"quality that was left out", quality(nil, nil, []*float64{new(4.5)}, []*float64{new(80.0)})},
	{"outcomes to the millisecond", outcomes(30)},
	{"outcomes one off each", outcomes(32)},
	{"outcomes further off", outcomes(34)},
	{"outcomes further off below", outcomes(28)},
	{"no outcomes", func(c *conversation.Conversation) {
		c.Participants[1].Sessions[0].Metrics = append(c.Participants[1].Sessions[0].Metrics, conversation.Metric{Name: "tFlowOutcome", Value: 9, EmitDate: instant("1298")})
	}},
	{"web chat", media("chat", "tConnected")},
	{"voice without tConnected", media("voice", "tConnected")},
	{"message visit that ended in no way", media("message", "tAnswered")},
	{"another queue", func(c *conversation.Conversation) {
		for i := range c.Participants[3].Sessions[0].Segments {
			c.Participants[3].Sessions[0].Segments[i].QueueID = "other"
		}
	}},
}

// quality sets the worst quality of the conversation, and that of endpoints in its sessions.
func quality(mos, factor *float64, moses, factors []*float64) func(*conversation.Conversation) {
	return func(c *conversation.Conversation) {
		c.MediaStatsMinConversationMos, c.MediaStatsMinConversationRFactor = mos, factor
		for i := range moses {
			s := &c.Participants[i].Sessions[0]
			s.MediaEndpointStats = append(s.MediaEndpointStats, conversation.MediaEndpointStat{MinMos: moses[i], MinRFactor: factors[i]})
		}
	}
}

// outcomes gives the flow two outcomes, which last so long together, and a tFlowOutcome of 31 ms.
func outcomes(ms int64) func(*conversation.Conversation) {
	return func(c *conversation.Conversation) {
		s := &c.Participants[1].Sessions[0]
		outcome := func(from, to int64) conversation.FlowOutcome {
			return conversation.FlowOutcome{FlowOutcomeStartTimestamp: instant(strconv.FormatInt(from, 10)), FlowOutcomeEndTimestamp: instant(strconv.FormatInt(to, 10))}
		}
		s.Flow = &conversation.Flow{Outcomes: []conversation.FlowOutcome{outcome(100, 110), outcome(200, 190+ms)}}
		s.Metrics = append(s.Metrics, conversation.Metric{Name: "tFlowOutcome", Value: 31, EmitDate: instant("1298")})
	}
}

// media sets the medium of all sessions and takes a metric away.
func media(medium, without string) func(*conversation.Conversation) {
	return func(c *conversation.Conversation) {
		for i := range c.Participants {
			s := &c.Participants[i].Sessions[0]
			s.MediaType = medium
			var kept []conversation.Metric
			for _, m := range s.Metrics {
				if m.Name != without {
					kept = append(kept, m)
				}
			}
			s.Metrics = kept
		}
	}
}
