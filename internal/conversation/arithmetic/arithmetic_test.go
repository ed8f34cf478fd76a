package arithmetic_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
)

// inbound is a call of a real contact centre, in milliseconds from its start: one participant a line, then its segments
// and metrics.
const inbound = `
customer  system 0-176  interact 176-188268    nConnected=1@176 tConnected=188092@188268
ivr       system 71-81  ivr 81-1296            nFlow=1@244 tIvr=1215@1296 tFlow=1054@1298 tFlowExit=1054@1298
acd       delay 1391-1400  interact 1400-1684  nOffered=1@1400 tAcd=284@1684
agent     alert 1659-1682  interact 1682-188266  wrapup 188266-190948  tAlert=23@1682 tAnswered=284@1682 tTalk=186584@188266 tTalkComplete=186584@188266 tAcw=2682@190948 tHandle=189266@190948
`

// read makes a conversation of such a text. It ends when nothing is open.
func read(text string) *conversation.Conversation {
	c := &conversation.Conversation{ConversationID: "c", ConversationStart: instant("0")}
	last := 0
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		p := conversation.Participant{ParticipantID: words[0], Purpose: words[0]}
		s := conversation.Session{SessionID: words[0], MediaType: "voice"}
		for i := 1; i < len(words); i++ {
			if name, rest, ok := strings.Cut(words[i], "="); ok {
				value, at, _ := strings.Cut(rest, "@")
				n, _ := strconv.ParseInt(value, 10, 64)
				s.Metrics = append(s.Metrics, conversation.Metric{Name: name, Value: n, EmitDate: instant(at)})
				continue
			}
			span, how, _ := strings.Cut(words[i+1], "/")
			from, to, _ := strings.Cut(span, "-")
			g := conversation.Segment{SegmentType: words[i], SegmentStart: instant(from), QueueID: "q", DisconnectType: how}
			if to != "" {
				g.SegmentEnd = instant(to)
				ms, _ := strconv.Atoi(to)
				last = max(last, ms)
			}
			s.Segments = append(s.Segments, g)
			i++
		}
		p.Sessions = append(p.Sessions, s)
		c.Participants = append(c.Participants, p)
	}
	c.ConversationEnd = instant(strconv.Itoa(last))
	return c
}

func instant(ms string) string {
	n, _ := strconv.Atoi(ms)
	return conversation.FormatTime(time.UnixMilli(1_700_000_000_000 + int64(n)))
}

func TestArithmeticHoldsForTheWorkedExample(t *testing.T) {
	if found := arithmetic.Check(read(inbound)); len(found) > 0 {
		t.Errorf("got %q", found)
	}
}

func TestArithmeticFindsWhatIsBroken(t *testing.T) {
	for name, test := range map[string]struct{ old, new, rule string }{
		"handle without its parts":           {"tHandle=189266", "tHandle=189289", "rule 1"},
		"talk that lasts longer":             {"tTalk=186584", "tTalk=186585", "rule 2"},
		"talk that adds up to more":          {"tTalkComplete=186584", "tTalkComplete=186585", "rule 2"},
		"alert that lasts longer":            {"tAlert=23", "tAlert=24", "rule 3"},
		"wait that lasts longer":             {"tAcd=284", "tAcd=285", "rule 4"},
		"answer that took another time":      {"tAnswered=284", "tAnswered=283", "rule 4"},
		"answer without a visit":             {"acd  ", "fax  ", "rule 4"},
		"visit without an offer":             {"nOffered=1@1400", "", "rule 5"},
		"visit answered and abandoned":       {"tAcd=284@1684", "tAbandon=284@1684 tAcd=284@1684", "rule 5"},
		"visit that ended in no way":         {"tAnswered=284@1682", "", "rule 5"},
		"flow that neither exits nor ends":   {"tFlowExit=1054@1298", "", "rule 6"},
		"flow that exits later":              {"tFlowExit=1054", "tFlowExit=1055", "rule 6"},
		"flow that outlives its leg":         {"tFlow=1054@1298 tFlowExit=1054", "tFlow=1215@1298 tFlowExit=1215", "rule 6"},
		"ivr that lasts longer":              {"tIvr=1215", "tIvr=1216", "rule 6"},
		"connection that lasts longer":       {"tConnected=188092", "tConnected=1", "rule 7"},
		"segment that overlaps":              {"interact 176-", "interact 175-", "rule 11"},
		"segment that comes late":            {"interact 1682-", "interact 1683-", "rule 11"},
		"segment that ends before its start": {"delay 1391-1400", "delay 1401-1400", "rule 11"},
		"segments out of order":              {"system 71-81  ivr 81-1296", "ivr 81-1296  system 71-81", "order"},
		"participants out of order":          {"ivr       system 71-81", "ivr       system 1392-81", "order"},
		"metrics out of order":               {"tFlow=1054@1298 tFlowExit=1054@1298", "tFlowExit=1054@1298 tFlow=1054@1298", "order"},
		"count of two":                       {"nFlow=1", "nFlow=2", "rule 12"},
		"wrap-up that lasts longer":          {"wrapup 188266-190948", "wrapup 188266-190949", "rule 12"},
		"late start":                         {"system 0-176", "system 10-176", "rule 8"},
	} {
		if !strings.Contains(inbound, test.old) {
			t.Fatalf("%s: the example has no %q", name, test.old)
		}
		found := arithmetic.Check(read(strings.Replace(inbound, test.old, test.new, 1)))
		if !slices.ContainsFunc(found, func(line string) bool { return strings.HasPrefix(line, test.rule+":") }) {
			t.Errorf("%s: got %q, want %s", name, found, test.rule)
		}
	}
}

func TestArithmeticOfAnEndAndOfMedia(t *testing.T) {
	for rule, damage := range map[string]func(c *conversation.Conversation){
		"rule 9":  func(c *conversation.Conversation) { c.ConversationEnd = instant("190949") },
		"rule 10": func(c *conversation.Conversation) { c.MediaStatsMinConversationMos = new(4.2) },
		"form":    func(c *conversation.Conversation) { c.ConversationEnd = "yesterday" },
	} {
		c := read(inbound)
		damage(c)
		if found := arithmetic.Check(c); len(found) != 1 || !strings.HasPrefix(found[0], rule+":") {
			t.Errorf("got %q, want %s", found, rule)
		}
	}
}

// A conversation that goes on has no conversationEnd; read gives one, which must go or be complained of.
func TestArithmeticOfALiveConversation(t *testing.T) {
	for name, text := range map[string]string{
		"in queue":                       "customer system 0-176 interact 176-  nConnected=1@176\nacd delay 200-210 interact 210- nOffered=1@210",
		"answered before the visit ends": "customer system 0-9 interact 9- nConnected=1@9\nacd delay 10-20 interact 20- nOffered=1@20\nagent alert 30-40 interact 40- tAlert=10@40 tAnswered=22@40",
		"visit ended before the answer":  "customer system 0-9 interact 9- nConnected=1@9\nacd delay 10-20 interact 20-41 nOffered=1@20 tAcd=21@41\nagent alert 30-",
		"flow not yet reported":          "customer system 0-9 interact 9- nConnected=1@9\nivr system 1-2 ivr 2-50 nFlow=1@10 tIvr=48@50",
		"on hold":                        "user alert 0-9 interact 9-20 hold 20- tAlert=9@9 tTalk=11@20",
	} {
		c := read(text)
		if found := arithmetic.Check(c); !slices.ContainsFunc(found, func(l string) bool { return strings.HasPrefix(l, "rule 9:") }) {
			t.Errorf("%s, with an end: got %q", name, found)
		}
		c.ConversationEnd = ""
		if found := arithmetic.Check(c); len(found) > 0 {
			t.Errorf("%s: got %q", name, found)
		}
	}
}

// Calls of other shapes than the worked example, each as it was thought out, and which rules they break.
func TestArithmeticOfOtherCalls(t *testing.T) {
	for name, call := range map[string]struct {
		text  string
		rules []string
	}{
		"hung up in the ivr": {text: `
customer system 0-100 interact 100-9000 nConnected=1@100 tConnected=8900@9000
ivr system 50-60 ivr 60-9000 nFlow=1@150 tFlow=8850@9000 tFlowDisconnect=8850@9000 tIvr=8940@9000`},
		"hung up in the queue": {text: `
customer system 0-100 interact 100-60000 nConnected=1@100 tConnected=59900@60000
acd delay 120-130 interact 130-60000 nOffered=1@130 tAbandon=59870@60000 tAcd=59870@60000`},
		"an agent who does not answer, and one who does": {text: `
customer system 0-100 interact 100-90000 nConnected=1@100 tConnected=89900@90000
acd delay 120-130 interact 130-40000 nOffered=1@130 tAcd=39870@40000
agent alert 1000-21000 tAlert=20000@21000 tNotResponding=20000@21000
agent alert 30000-40000 interact 40000-90000 tAlert=10000@40000 tAnswered=39870@40000 tHandle=50000@90000 tTalk=50000@90000 tTalkComplete=50000@90000`},
		"held twice": {text: `
customer system 0-9 interact 9-50000 nConnected=1@9 tConnected=49991@50000
user alert 10-2000 interact 2000-10000 hold 10000-12000 interact 12000-30000 hold 30000-33000 interact 33000-50000 tAlert=1990@2000 tTalk=8000@10000 tHeld=2000@12000 tTalk=18000@30000 tHeld=3000@33000 tHandle=48000@50000 tHeldComplete=5000@50000 tTalk=17000@50000 tTalkComplete=43000@50000`},
		"never answered and never given up": {text: `
customer system 0-9 interact 9-5000000 nConnected=1@9 tConnected=4999991@5000000
acd delay 10-20 interact 20-5000000 nOffered=1@20 tAcd=4999980@5000000`, rules: []string{"rule 5"}},
		"supervisors": {text: `
user monitoring 0-100 tMonitoring=100@100 tMonitoringComplete=100@100
user coaching 0-100 tCoaching=100@100 tCoachingComplete=100@100
user barging 0-100 tBarging=100@100`},
		"a supervisor who listens longer":    {text: "user monitoring 0-100 tMonitoring=101@100", rules: []string{"rule 12"}},
		"a supervisor who listens for more":  {text: "user monitoring 0-100 tMonitoring=100@100 tMonitoringComplete=99@100", rules: []string{"rule 12"}},
		"a supervisor who whispers longer":   {text: "user coaching 0-100 tCoaching=99@100", rules: []string{"rule 12"}},
		"a supervisor who whispers for more": {text: "user coaching 0-100 tCoaching=100@100 tCoachingComplete=101@100", rules: []string{"rule 12"}},
		"a supervisor who joins for longer":  {text: "user barging 0-100 tBarging=1@100", rules: []string{"rule 12"}},
		"a wrap-up that is too short": {text: `
user alert 0-5 interact 5-100 wrapup 100-200 tAlert=5@5 tHandle=190@200 tTalk=95@100 tTalkComplete=95@100 tAcw=95@200`, rules: []string{"order", "rule 12"}},
	} {
		var rules []string
		for _, line := range arithmetic.Check(read(call.text)) {
			rule, _, _ := strings.Cut(line, ":")
			if !slices.Contains(rules, rule) {
				rules = append(rules, rule)
			}
		}
		slices.Sort(rules)
		if !slices.Equal(rules, call.rules) {
			t.Errorf("%s: got %q, want %q", name, arithmetic.Check(read(call.text)), call.rules)
		}
	}
}
