package arithmetic_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
)

// passed is a call whose first agent asks another queue, and passes the customer on to the agent who answers there.
const passed = `
customer  system 0-176  interact 176-9000/endpoint  nConnected=1@176 tConnected=8824@9000
ivr       system 71-81  ivr 81-1296/transfer  nFlow=1@244 tFlow=1052@1296 tFlowExit=1052@1296 tIvr=1215@1296
acd       delay 1391-1400  interact 1400-1684/transfer  nOffered=1@1400 tAcd=284@1684
agent     alert 1659-1682  interact 1682-3000  hold 3000-3500  interact 3500-5000/transfer  wrapup 5000-5500/transfer  nOverSla=1@1682 tAlert=23@1682 tAnswered=284@1682 nConsult=1@2000 tTalk=1318@3000 tHeld=500@3500 nConsultTransferred=1@5000 nTransferred=1@5000 tHeldComplete=500@5000 tTalk=1500@5000 tTalkComplete=2818@5000 tAcw=500@5500 tHandle=3818@5500
`

// call is the example, with what its notation cannot write.
func call() *conversation.Conversation {
	c := read(passed)
	for i := range c.Participants {
		s := &c.Participants[i].Sessions[0]
		s.Direction = "inbound"
		if i > 0 {
			s.PeerID = "customer"
		}
	}
	c.OriginatingDirection = "inbound"
	c.Participants[1].Sessions[0].Flow = &conversation.Flow{ExitReason: "TRANSFER"}
	return c
}

// broken are changes to the example, by the rule that they break. Each is one that no other rule notices, or notices as well.
var broken = []struct {
	rule string
	edit func(c *conversation.Conversation)
}{
	{"form", segment(0, 1, func(g *conversation.Segment) { g.SegmentEnd = "late" })},
	{"order", session(3, func(s *conversation.Session) { slices.Reverse(s.Metrics) })},
	{"rule 1", metric(3, "tHandle", func(m *conversation.Metric) { m.Value += 23 })},
	{"rule 2", metric(3, "tTalkComplete", func(m *conversation.Metric) { m.Value-- })},
	{"rule 3", metric(3, "tAlert", func(m *conversation.Metric) { m.Value++ })},
	{"rule 4", metric(3, "tAnswered", func(m *conversation.Metric) { m.Value-- })},
	{"rule 5", without(2, "nOffered")},
	{"rule 6", without(1, "tFlowExit")},
	{"rule 6", metric(1, "nFlow", func(m *conversation.Metric) { m.EmitDate = instant("245") })},
	{"rule 6", session(1, func(s *conversation.Session) { s.Flow.ExitReason = "DISCONNECT" })},
	{"rule 7", metric(0, "tConnected", func(m *conversation.Metric) { m.Value++ })},
	{"rule 8", func(c *conversation.Conversation) { c.ConversationStart = instant("500") }},
	{"rule 9", func(c *conversation.Conversation) { c.ConversationEnd = instant("9001") }},
	{"rule 10", func(c *conversation.Conversation) {
		c.Participants[0].Sessions[0].MediaEndpointStats = []conversation.MediaEndpointStat{{MinMos: new(4.0)}}
	}},
	{"rule 11", segment(3, 2, func(g *conversation.Segment) { g.SegmentStart = instant("2999") })},
	{"rule 12", metric(3, "nConsult", func(m *conversation.Metric) { m.Value = 2 })},
	{"rule 12", metric(3, "tAcw", func(m *conversation.Metric) { m.Value++ })},
	{"rule 13", segment(3, 0, func(g *conversation.Segment) { g.SegmentType = "system" })},    // agents have no such state
	{"rule 13", segment(3, 2, func(g *conversation.Segment) { g.SegmentType = "interact" })},  // twice the same
	{"rule 13", segment(3, 2, func(g *conversation.Segment) { g.SegmentType = "alert" })},     // comes again
	{"rule 14", segment(3, 1, func(g *conversation.Segment) { g.DisconnectType = "client" })}, // and goes on
	{"rule 14", segment(3, 4, func(g *conversation.Segment) { g.DisconnectType = "client" })}, // not as the talk
	{"rule 14", segment(3, 4, func(g *conversation.Segment) { g.SegmentEnd = "" })},           // open, and over
	{"rule 14", segment(1, 1, func(g *conversation.Segment) { g.DisconnectType = "peer" })},   // handed over
	{"rule 14", segment(2, 1, func(g *conversation.Segment) { g.DisconnectType = "peer" })},   // answered
	{"rule 14", func(c *conversation.Conversation) { // abandoned
		without(3, "tAnswered")(c)
		metric(2, "tAcd", func(m *conversation.Metric) { m.Name = "tAbandon" })(c)
	}},
	{"rule 15", func(c *conversation.Conversation) { // at about the same time
		c.Participants[3].Sessions[0].Segments[3].SegmentEnd = instant("8800")
		c.Participants[3].Sessions[0].Segments[3].DisconnectType, c.Participants[3].Sessions[0].Segments[4].DisconnectType = "client", "client"
	}},
	{"rule 16", func(c *conversation.Conversation) { c.OriginatingDirection = "outbound" }},
	{"rule 17", metric(3, "tAlert", func(m *conversation.Metric) { m.EmitDate = instant("1681") })}, // before the alert ends
	{"rule 17", metric(3, "tTalk", func(m *conversation.Metric) { m.Value += 5 })},                  // not this segment's
	{"rule 17", metric(2, "tAcd", func(m *conversation.Metric) { m.Name = "tTalk" })},               // queues do not talk
	{"rule 17", metric(0, "nConnected", func(m *conversation.Metric) { m.Name = "nConsult" })},      // nor customers consult
	{"rule 18", without(3, "nConsultTransferred")},
	{"rule 18", without(3, "nTransferred")},
	{"rule 18", without(3, "nConsult")},
	{"rule 18", without(3, "tAnswered")},
	{"rule 18", metric(3, "nConsult", func(m *conversation.Metric) { m.EmitDate = instant("1670") })},
}

func session(p int, edit func(*conversation.Session)) func(*conversation.Conversation) {
	return func(c *conversation.Conversation) { edit(&c.Participants[p].Sessions[0]) }
}

func segment(p, n int, edit func(*conversation.Segment)) func(*conversation.Conversation) {
	return session(p, func(s *conversation.Session) { edit(&s.Segments[n]) })
}

func metric(p int, name string, edit func(*conversation.Metric)) func(*conversation.Conversation) {
	return session(p, func(s *conversation.Session) {
		edit(&s.Metrics[slices.IndexFunc(s.Metrics, func(m conversation.Metric) bool { return m.Name == name })])
	})
}

func without(p int, name string) func(*conversation.Conversation) {
	return session(p, func(s *conversation.Session) {
		s.Metrics = slices.DeleteFunc(s.Metrics, func(m conversation.Metric) bool { return m.Name == name })
	})
}

func TestEachRuleIsBrokenByARecord(t *testing.T) {
	if found := arithmetic.Check(call()); found != nil {
		t.Fatalf("the example breaks %q", found)
	}
	tried := map[string]bool{}
	for i, test := range broken {
		tried[test.rule] = true
		c := call()
		test.edit(c)
		found := arithmetic.Find(c)
		if !slices.ContainsFunc(found, func(f arithmetic.Finding) bool { return f.Rule == test.rule && f.Exception == "" }) {
			t.Errorf("change %d: got %v, want %s", i, found, test.rule)
		}
	}
	for _, r := range arithmetic.Rules {
		if !tried[r.Name] {
			t.Errorf("no record breaks %s", r.Name)
		}
	}
}

// What is found is of a rule that is listed.
func TestEveryFindingIsOfARule(t *testing.T) {
	for i, test := range broken {
		c := call()
		test.edit(c)
		for _, f := range arithmetic.Find(c) {
			if !slices.ContainsFunc(arithmetic.Rules, func(r arithmetic.Rule) bool { return r.Name == f.Rule }) {
				t.Errorf("change %d: there is no %s", i, f.Rule)
			}
		}
	}
}

// In a conference each leg ends on its own, and so does what ends at another time.
func TestNotBothHangUp(t *testing.T) {
	for name, test := range map[string]struct {
		edit  func(c *conversation.Conversation)
		found bool
	}{
		"both":                {both("client"), true},
		"one":                 {segment(0, 1, func(g *conversation.Segment) { g.DisconnectType = "peer" }), false},
		"neither":             {both("peer"), false},
		"in a conference":     {func(c *conversation.Conversation) { c.ConferenceStart = instant("300") }, false},
		"a second apart":      {segment(0, 1, func(g *conversation.Segment) { g.SegmentEnd = instant("1500") }), false},
		"of another":          {session(1, func(s *conversation.Session) { s.PeerID = "somebody" }), false},
		"while it rings":      {segment(1, 1, func(g *conversation.Segment) { g.SegmentType = "dialing" }), false},
		"half a second later": {segment(0, 1, func(g *conversation.Segment) { g.SegmentEnd = instant("1400") }), true},
	} {
		c := read("external system 0-100 interact 100-900/endpoint\nuser alert 50-120 interact 120-900/client")
		c.Participants[1].Sessions[0].PeerID = "external"
		test.edit(c)
		found := slices.ContainsFunc(arithmetic.Find(c), func(f arithmetic.Finding) bool { return f.Rule == "rule 15" })
		if found != test.found {
			t.Errorf("%s: found is %v", name, found)
		}
	}
}

// both has both sides of a call of two end in the same way.
func both(how string) func(c *conversation.Conversation) {
	return func(c *conversation.Conversation) {
		for i := range c.Participants {
			c.Participants[i].Sessions[0].Segments[1].DisconnectType = how
		}
	}
}

// Each exception is told from an error next to it.
func TestExceptionsAreTold(t *testing.T) {
	wait := func(days string) string {
		return "customer interact 0-" + days + "/client  tConnected=" + days + "@" + days + "\nacd interact 0-" + days + "/peer  nOffered=1@0 tAcd=" + days + "@" + days
	}
	callback := func(c *conversation.Conversation) { c.Participants[1].Sessions[0].MediaType = "callback" }
	start := func(ms string) func(c *conversation.Conversation) {
		return func(c *conversation.Conversation) { c.ConversationStart = instant(ms) }
	}
	absorbs := func(c *conversation.Conversation) {
		start("-458000")(c)
		c.Participants[0].Sessions[0].Segments[0].SourceConversationID = "another"
	}
	worst := func(whole, endpoint float64) func(c *conversation.Conversation) {
		return func(c *conversation.Conversation) {
			c.MediaStatsMinConversationMos = &whole
			c.Participants[0].Sessions[0].MediaEndpointStats = []conversation.MediaEndpointStat{{MinMos: &endpoint}}
		}
	}
	as := func(*conversation.Conversation) {}
	const (
		refused = "agent alert 0-5000/client wrapup 5000-66000/client  tAlert=5000@5000 tNotResponding=5000@5000 tAcw=57000@62000 tHandle=57000@62000"
		spoke   = "agent alert 0-5000 interact 5000-6000/client wrapup 6000-66000/client  tAlert=5000@5000 tTalk=1000@6000 tTalkComplete=1000@6000 tAcw=57000@62000 tHandle=58000@62000"
		short   = "acd interact 0-20/peer  tShortAbandon=20@20 nOffered=1@0 tAbandon=20@20 tAcd=20@20"
		long    = "acd interact 0-20/peer  tAbandon=20@20 nOffered=1@0 tAcd=20@20"
		fax     = "fax interact 0-20"
	)
	for name, test := range map[string]struct {
		text      string
		edit      func(c *conversation.Conversation)
		rules     string
		exception string
	}{
		"a callback of 59 days":           {wait("5097600000"), callback, "rule 5", "closed after 59 days"},
		"a callback of 57 days":           {wait("4924800000"), callback, "rule 5", ""},
		"a call of 59 days":               {wait("5097600000"), as, "rule 5", ""},
		"a session of another":            {fax, absorbs, "rule 8", "took over a session"},
		"early, and of itself":            {fax, start("-458000"), "rule 8", ""},
		"13 ms late":                      {fax, start("13"), "rule 8", "started late"},
		"101 ms late":                     {fax, start("101"), "rule 8", ""},
		"an endpoint that is missing":     {fax, worst(4.1, 4.2), "rule 10", "quality of an endpoint that is missing"},
		"better than its endpoint":        {fax, worst(4.3, 4.2), "rule 10", ""},
		"refused and written up":          {refused, as, "rule 12,rule 17", "refused and written up"},
		"spoken, and written up for less": {spoke, as, "rule 12,rule 17", ""},
		"a short abandon":                 {short, as, "order", "short abandon"},
		"an abandon":                      {long, as, "order", ""},
	} {
		c := read(test.text)
		test.edit(c)
		var rules []string
		for _, f := range arithmetic.Find(c) {
			rules = append(rules, f.Rule)
			if f.Exception != test.exception {
				t.Errorf("%s: %s is %q, want %q", name, f, f.Exception, test.exception)
			}
		}
		slices.Sort(rules)
		if got := strings.Join(slices.Compact(rules), ","); got != test.rules {
			t.Errorf("%s: got %q, want %q", name, arithmetic.Check(c), test.rules)
		}
	}
	if len(arithmetic.Exceptions) != 6 {
		t.Errorf("there are %d exceptions, and cases of 6", len(arithmetic.Exceptions))
	}
}
