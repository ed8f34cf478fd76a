package account_test

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/conversation"
)

// read makes a conversation of one line a session, times in seconds from the start:
//
//	purpose[:name] [medium] [direction] segment from-to[/disconnectType] metric=ms@emission
//
// Sessions of one purpose and name are of one participant, a name is the id of its user and that of a queue is its queue's. A
// word with a star is a leg of another conversation: *interact. for:NAME is the queue of all segments, code:NAME that of its
// wrap-up. An open segment has no to. "end" gives the conversation its end.
func read(text string) *conversation.Conversation {
	c := &conversation.Conversation{ConversationID: "c", ConversationStart: second("0")}
	places := map[string]int{}
	for line := range strings.Lines(strings.TrimSpace(text)) {
		words := strings.Fields(line)
		if words[0] == "end" {
			c.ConversationEnd = second(words[1])
			continue
		}
		place, ok := places[words[0]]
		if !ok {
			place = len(c.Participants)
			places[words[0]] = place
			c.Participants = append(c.Participants, participant(words[0]))
		}
		p := &c.Participants[place]
		p.Sessions = append(p.Sessions, session(p, strconv.Itoa(len(p.Sessions)), words[1:]))
	}
	return c
}

func participant(word string) conversation.Participant {
	purpose, name, _ := strings.Cut(word, ":")
	p := conversation.Participant{ParticipantID: word, Purpose: purpose}
	switch purpose {
	case "agent", "user":
		p.UserID, _, _ = strings.Cut(name, "#")
	case "acd", "customer", "external", "ivr", "workflow":
		p.ParticipantName = name
	}
	return p
}

func session(p *conversation.Participant, n string, words []string) conversation.Session {
	s := conversation.Session{SessionID: p.ParticipantID + n, MediaType: "voice", Direction: "inbound", Ani: "tel:+12025550100", Dnis: "tel:+18005550100"}
	queue, code := "", ""
	for _, word := range words {
		if name, of, ok := strings.Cut(word, ":"); ok && name == "for" {
			queue = of
		} else if ok && name == "code" {
			code = of
		}
	}
	words = slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.HasPrefix(word, "for:") || strings.HasPrefix(word, "code:") })
	for len(words) > 0 && slices.Contains([]string{"voice", "email", "message", "chat", "callback", "inbound", "outbound"}, words[0]) {
		if strings.HasSuffix(words[0], "bound") {
			s.Direction = words[0]
		} else {
			s.MediaType = words[0]
		}
		words = words[1:]
	}
	for len(words) > 0 {
		if name, rest, ok := strings.Cut(words[0], "="); ok {
			value, at, _ := strings.Cut(rest, "@")
			ms, _ := strconv.ParseInt(value, 10, 64)
			s.Metrics = append(s.Metrics, conversation.Metric{Name: name, Value: ms, EmitDate: second(at)})
			words = words[1:]
			continue
		}
		g := segment(p, words[0], words[1])
		if queue != "" {
			g.QueueID = queue
		}
		if g.SegmentType == "wrapup" {
			g.WrapUpCode = code
		}
		s.Segments = append(s.Segments, g)
		words = words[2:]
	}
	return s
}

func segment(p *conversation.Participant, kind, times string) conversation.Segment {
	span, how, _ := strings.Cut(times, "/")
	from, to, _ := strings.Cut(span, "-")
	g := conversation.Segment{SegmentStart: second(from), DisconnectType: how}
	if g.SegmentType = strings.TrimPrefix(kind, "*"); g.SegmentType != kind {
		g.SourceConversationID = "another"
	}
	if p.Purpose == "acd" || p.Purpose == "agent" {
		g.QueueID = "q"
	}
	if to != "" {
		g.SegmentEnd = second(to)
	}
	return g
}

func second(s string) string {
	n, _ := strconv.ParseFloat(s, 64)
	return conversation.FormatTime(time.UnixMilli(1_700_000_000_000 + int64(n*1000)))
}

const answered = `
customer:Ann system 0-0.2 interact 0.2-188/peer nConnected=1@0.2 tConnected=187800@188
ivr:Welcome system 0.1-0.2 ivr 0.2-5/transfer nFlow=1@0.3 tIvr=4800@5 tFlow=4700@5 tFlowExit=4700@5
acd:Sales delay 5-5.1 interact 5.1-7/transfer nOffered=1@5.1 tAcd=1900@7
agent:bo alert 6-7 interact 7-100 hold 100-120 interact 120-188/client wrapup 188-198/client tAlert=1000@7 tAnswered=1900@7 tTalk=93000@100 tHeld=20000@120 tHeldComplete=20000@188 tTalk=68000@188 tTalkComplete=161000@188 tAcw=10000@198 tHandle=191000@198
end 198`

// What people ask of a call, each as it was thought out from what happened.
func TestSentences(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"answered": {answered, "A caller reached Sales in 7 seconds, talked with Agent bo for 3 minutes and was held once; Agent bo hung up."},
		"flow ends": {`
external system 0-0.2 interact 0.2-31/peer
ivr:Welcome system 0.1-0.2 ivr 0.2-31/system
end 31`, "A caller was in the flow Welcome for 31 seconds; the flow Welcome ended it."},
		"caller leaves the flow": {`
external system 0-0.2 interact 0.2-31/endpoint
ivr:Welcome system 0.1-0.2 ivr 0.2-31/peer
end 31`, "A caller was in the flow Welcome for 31 seconds; the caller hung up in the flow Welcome."},
		"abandoned": {`
customer system 0-0.2 interact 0.2-30/endpoint
acd:Sales delay 5-6 interact 6-30/peer nOffered=1@6 tAbandon=24000@30 tAcd=24000@30
end 30`, "A caller waited 24 seconds for Sales and reached nobody; the caller hung up while waiting in the queue Sales."},
		"refused, then answered": {`
customer interact 0-60/endpoint
acd:Sales interact 0-20/transfer nOffered=1@0 tAcd=20000@20
agent:al alert 1-10/client tAlert=9000@10 tNotResponding=9000@10
agent:bo alert 12-20 interact 20-60/peer tAnswered=20000@20
end 60`, "A caller reached Sales in 20 seconds (after 1 offer that nobody took) and talked with Agent bo for 40 seconds; the caller hung up."},
		"transfer after a consult": {`
customer interact 0-300/endpoint
acd:Sales interact 0-10/transfer nOffered=1@0 tAcd=10000@10
agent:al alert 5-10 interact 10-100/transfer tAnswered=10000@10 nConsult=1@60 nConsultTransferred=1@100 nTransferred=1@100
acd:Claims interact 61-65/transfer nOffered=1@61 tAcd=4000@65
agent:bo alert 62-65 interact 65-300/peer tAnswered=4000@65
end 300`, "A caller reached Sales in 10 seconds, talked with Agent al for 90 seconds and was passed on to Agent bo; the caller hung up."},
		"consult": {`
customer interact 0-300/endpoint
acd:Sales interact 0-10/transfer nOffered=1@0 tAcd=10000@10
agent:al alert 5-10 interact 10-300/peer tAnswered=10000@10 nConsult=1@60
user:bo alert 61-65 interact 65-90/client
end 300`, "A caller reached Sales in 10 seconds, talked with Agent al for 5 minutes and waited while Agent al asked User bo; the caller hung up."},
		"to a user, then voicemail": {`
external interact 0-60/endpoint
ivr:Welcome ivr 0-10/transfer
user:al alert 10-30/noAnswerTransfer
voicemail system 30-31 interact 31-60/peer
end 60`, "A caller called User al, who did not answer, and left a voicemail of 29 seconds; the caller hung up after leaving a voicemail."},
		"internal": {`
user:al outbound contacting 0-1 dialing 1-6 interact 6-66/client
user:bo alert 1-6 interact 6-66/peer
end 66`, "User al called User bo, who answered after 6 seconds, and they talked for 60 seconds; User al hung up."},
		"internal, given up": {`
user:al outbound contacting 0-1 dialing 1-6/client
user:bo alert 1-6/peer
end 6`, "User al called User bo, who was rung until the caller gave up; User al hung up."},
		"outbound": {`
user:al outbound contacting 0-1 dialing 1-12 interact 12-72/peer
external outbound dialing 1-12 interact 12-72/endpoint
end 72`, "User al called somebody outside, who answered after 12 seconds, and they talked for 60 seconds; the called party hung up."},
		"outbound, not answered": {`
agent:al outbound contacting 0-1 dialing 1-12/client
customer outbound dialing 1-12/peer
end 12`, "Agent al on behalf of q called somebody outside, who did not answer; Agent al hung up."},
		"to a number outside": {`
external interact 0-400/peer
ivr:Welcome ivr 0-80/transfer
external:other outbound dialing 78-80 interact 80-400/endpoint
end 400`, "A caller was in the flow Welcome for 80 seconds and was joined by a third party; third party 1 hung up."},
		"a callback that nobody took": {`
customer interact 0-100/endpoint
customer callback outbound uploading 60-101 interact 101-5097701/client
voicemail interact 60-100/peer
acd:Sales callback outbound uploading 60-101 interact 101-5097701/peer nOffered=1@101 tAcd=5097600000@5097701
end 5097701`, "A caller left a voicemail of 40 seconds for Sales; the platform closed the callback, which nobody had taken for 59 days."},
		"a conference that outlives its agent": {`
customer interact 0-600/peer
agent:al alert 1-10 interact 10-300/client
external:other outbound *interact 200-5000000
end 5000000`, "A caller reached Agent al in 10 seconds, talked for 5 minutes and was joined by a third party; Agent al left first, 5 minutes before the caller."},
		"email": {`
customer email interact 0-20000/peer
acd:Mail email interact 1-19000/transfer nOffered=1@1 tAcd=18999000@19000
agent:al email alert 18990-19000 interact 19000-20000/client tAnswered=18999000@19000
agent:al email outbound interact 19100-19900/client
end 20000`, "An email came from a customer, waited 5 hours for Mail and was taken by Agent al, for 17 minutes in all; Agent al ended it."},
		"chat that times out": {`
customer chat interact 0-900/timeout
acd:Web chat interact 0-10/transfer nOffered=1@0 tAcd=10000@10
agent:al chat alert 1-10 interact 10-400 hold 400-900/peer tAnswered=10000@10
end 900`, "A chat came from a customer, waited 10 seconds for Web and was taken by Agent al, for 15 minutes in all; the customer did not answer any more."},
		"still ringing": {`
customer interact 0-
acd:Sales interact 0- nOffered=1@0
agent:al alert 5-`, "A caller waited 5 seconds for Sales and reached nobody; it is still going on."},
		"nobody":     {"end 5", "The record does not say what happened: it has no participants with sessions."},
		"line fails": {"external system 0-3/error\nend 3", "A caller came in and met neither a flow nor a queue nor a person; the line failed."},
	} {
		if got := account.Of(read(c.text), account.Options{}).Sentence; got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

// kinds are those of the doubts of an account.
func kinds(a account.Account) (out []string) {
	for _, d := range a.Doubts {
		out = append(out, d.Kind)
	}
	return out
}

// What a record misleads about is said, and nothing else is doubted.
func TestDoubts(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
		says string
	}{
		"nothing to doubt": {answered, nil, ""},
		"a leg that nobody ended": {`
customer interact 0-600/endpoint
agent:al alert 1-10 interact 10-600/peer
external:other outbound interact 200-5000000
end 5000000`, []string{account.Lingering, account.ThirdDirection, account.NoMetrics}, "The record says 58 days; the call lasted 10 minutes: nobody hung up on third party 1, and the platform closed that leg on 11 January 2024."},
		"a leg that ended alone": {`
customer interact 0-600/endpoint
agent:al alert 1-10 interact 10-600/peer
external:other interact 200-50000/error
end 50000`, []string{account.Lingering, account.NoMetrics}, "ended by error"},
		"a callback that was swept": {`
customer callback interact 0-5097601/client
acd:Sales callback interact 0-5097601/peer
end 5097601`, []string{account.SweptCallback, account.NoMetrics}, "Nobody took the callback"},
		"a night in the queue": {`
customer email interact 0-40000/peer
agent:al email interact 39000-40000/client
end 40000`, []string{account.IdleTime, account.NoMetrics}, "The record says 11 hours; in nearly all of that nobody was at work on it."},
		"long after-call work": {`
customer interact 0-100/endpoint
agent:al interact 0-100/peer wrapup 100-2000/peer
end 2000`, []string{account.AfterWork, account.NoMetrics}, "The record says 33 minutes; the caller was there for 2 minutes, and the rest is after-call work."},
		"no end": {`
customer interact 0-100/endpoint tConnected=100000@100 nConnected=1@0
agent:al interact 0-100/peer wrapup 100-110/peer tTalk=100000@100 tTalkComplete=100000@100 tAcw=10000@110 tHandle=110000@110`, []string{account.NoEnd}, "that of its last segment"},
		"another conversation's leg": {`
user:al outbound contacting 400-401 dialing 401-402 interact 402-500/client
external outbound dialing 401-402 interact 402-500/peer
customer:in *interact 450-490/endpoint
end 500`, []string{account.ThirdDirection, account.OtherStart, account.Merged, account.NoMetrics}, "The record starts 6:40 before its first segment"},
		"one person twice": {`
customer interact 0-100/endpoint
agent:al#1 interact 0-50/client
agent:al#2 interact 50-100/peer
end 100`, []string{account.SameUser, account.NoMetrics}, "2 participants of agents and users; they are one person"},
		"a metric that contradicts its segment": {strings.Replace(answered, "tAcw=10000", "tAcw=9000", 1), []string{account.Contradiction, account.Contradiction}, "tAcw"},
		"no participants":                       {"end 5", []string{account.NoParticipants}, "nothing of what happened"},
	} {
		a := account.Of(read(c.text), account.Options{})
		if got := kinds(a); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q: %+v", name, got, c.want, a.Doubts)
			continue
		}
		if c.says != "" && !slices.ContainsFunc(a.Doubts, func(d account.Doubt) bool { return strings.Contains(d.Text, c.says) && d.Why != "" }) {
			t.Errorf("%s: nothing says %q: %+v", name, c.says, a.Doubts)
		}
	}
}

// The states of an end: of the record, derived, not yet, unknown.
func TestEnds(t *testing.T) {
	for name, c := range map[string]struct{ text, want, end string }{
		"of the record":         {"customer interact 0-10/endpoint\nend 12", account.Ended, second("12")},
		"derived":               {"customer interact 0-10/endpoint", account.Provisional, second("10")},
		"going on":              {"customer interact 0-", account.GoingOn, ""},
		"after-call work lacks": {"customer interact 0-10/peer\nagent:al interact 0-10/client tTalk=10000@10", account.Provisional, second("10")},
		"no time at all":        {"customer", account.NoTimes, ""},
	} {
		a := account.Of(read(c.text), account.Options{})
		end := ""
		if !a.End.IsZero() {
			end = conversation.FormatTime(a.End.Time)
		}
		if a.EndFact.Value != c.want || end != c.end || a.EndFact.Why == "" {
			t.Errorf("%s: got %+v, %s", name, a.EndFact, end)
		}
	}
	a := account.Of(read("customer interact 0-10/peer\nagent:al interact 0-10/client tTalk=10000@10"), account.Options{})
	if !strings.Contains(a.EndFact.Why, "after-call work") {
		t.Errorf("got %s", a.EndFact.Why)
	}
}

// Which way a conversation went follows from the sessions of those outside.
func TestDirections(t *testing.T) {
	for text, want := range map[string]string{
		"customer inbound interact 0-1\nexternal:x inbound interact 0-1":  "inbound",
		"customer outbound interact 0-1":                                  "outbound",
		"customer inbound interact 0-1\nexternal:x outbound interact 0-1": "inbound / outbound",
		"user:a outbound dialing 0-1\nuser:b inbound alert 0-1":           "internal",
		"user:a outbound dialing 0-1\nvoicemail inbound interact 0-1":     "internal",
		"user:a outbound dialing 0-1":                                     "outbound", // called somebody whom the record lacks
		"user:a outbound dialing 0-1\nacd:q inbound interact 0-1":         "outbound", // began it
	} {
		if got := account.Of(read(text), account.Options{}).Direction; got.Value != want || got.Why == "" {
			t.Errorf("%s: got %+v", text, got)
		}
	}
	c := read("ivr inbound ivr 0-1")
	c.OriginatingDirection = "outbound"
	if got := account.Of(c, account.Options{}).Direction; got.Value != "outbound" {
		t.Errorf("got %+v", got)
	}
}

// Who from and to: the outside party's number, and who of ours called; of an internal call both users.
func TestAddresses(t *testing.T) {
	for text, want := range map[string][2]string{
		"customer:Ann interact 0-1": {"Caller|Ann|tel:+12025550100", "||tel:+18005550100"},
		"agent:al outbound contacting 0-1\ncustomer:Ann outbound dialing 0-1": {"Agent al||tel:+12025550100", "Called party|Ann|tel:+18005550100"},
		"user:al outbound dialing 0-1\nuser:bo alert 0-1":                     {"User al||tel:+12025550100", "User bo||tel:+18005550100"},
		"user:al outbound dialing 0-1":                                        {"User al||tel:+12025550100", "||tel:+18005550100"},
		"end 1":                                                               {"||", "||"},
	} {
		a := account.Of(read(text), account.Options{})
		said := func(x account.Address) string { return x.Party + "|" + x.Name + "|" + x.Address }
		if got := [2]string{said(a.From), said(a.To)}; got != want || a.From.Why == "" || a.To.Why == "" {
			t.Errorf("%s: got %q, %+v %+v", text, got, a.From, a.To)
		}
	}
}

// Mapped attributes and outcomes come first, then what every record has.
func TestReasons(t *testing.T) {
	c := read(answered)
	c.Participants[0].Attributes = map[string]string{"menu": "1", "other": "x"}
	c.Participants[2].Attributes = map[string]string{"menu": "2"}
	c.Participants[1].Sessions[0].Flow = &conversation.Flow{
		TransferTargetName: "Sales team", TransferTargetAddress: "q2",
		Outcomes: []conversation.FlowOutcome{{FlowOutcomeID: "o1", FlowOutcomeValue: "SUCCESS"}, {FlowOutcomeID: "o2", FlowOutcomeValue: "FAILURE"}},
	}
	o := account.Options{
		ReasonRules: []account.ReasonRule{{Label: "Menu", Attribute: "menu", Values: map[string]string{"1": "sales"}}, {Label: "Ordered", Outcome: "o1", Values: map[string]string{"SUCCESS": "yes"}}},
		Names: func(of account.Noun, id string) string {
			if of == account.Outcome && id == "o2" {
				return "Paid"
			}
			return ""
		},
	}
	var got []string
	for _, r := range account.Of(c, o).Reasons {
		got = append(got, r.Label+": "+r.Value)
		if r.Why == "" {
			t.Errorf("%s does not say why", r.Label)
		}
	}
	want := []string{"Menu: sales", "Menu: 2", "Ordered: yes", "Outcome: Paid: FAILURE", "Chosen in Flow Welcome: Sales team", "Queue reached: Sales"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// Metrics stand beside their segments; one that differs is told with both numbers, and the sum of all does not hide it.
func TestAMetricThatContradictsItsSegment(t *testing.T) {
	a := account.Of(read(strings.Replace(answered, "tAcw=10000", "tAcw=9000", 1)), account.Options{})
	for _, k := range a.Checks {
		if wrong := k.Phase == account.WrapUpPhase; k.Agrees == wrong {
			t.Errorf("%+v", k)
		}
	}
	for _, p := range a.Phases {
		if p.Name == account.WrapUpPhase && (p.Agrees || time.Duration(p.Measured) != 9*time.Second || time.Duration(p.Lasted) != 10*time.Second) {
			t.Errorf("%+v", p)
		}
	}
}

// A refused call that was written up counts less than the wrap-up: it is marked, with the reason that is known.
func TestKnownExceptionsOfSums(t *testing.T) {
	a := account.Of(read(`
customer interact 0-60/endpoint nConnected=1@0
agent:al alert 1-10/client wrapup 10-71/client tAlert=9000@10 tNotResponding=9000@10 tAcw=57000@67 tHandle=57000@67
agent:bo alert 12-20 interact 20-
agent:cy alert 21-22/client
end 71`), account.Options{})
	found := map[string]int{}
	for _, k := range a.Checks {
		found[k.Exception]++
	}
	if found[account.NotWorked] != 1 || found[account.Lasts] != 2 || found[account.Unmeasured] != 1 {
		t.Errorf("got %v", found)
	}
}

// An open segment lasts until the record was read; if nobody knows when that was, until the last time that it tells.
func TestOpenSegmentsLastUntilTheRecordWasRead(t *testing.T) {
	c := read("customer interact 0-\nagent:al interact 5-\nagent:bo alert 1-4/client")
	for _, q := range []struct {
		asOf time.Time
		want time.Duration
	}{{time.Time{}, 0}, {time.UnixMilli(1_700_000_065_000), time.Minute}} {
		a := account.Of(c, account.Options{AsOf: q.asOf})
		if got := time.Duration(a.Phases[slices.IndexFunc(a.Phases, func(p account.Phase) bool { return p.Name == account.Talk })].Lasted); got != q.want {
			t.Errorf("as of %v the talk lasted %v", q.asOf, got)
		}
	}
}

// The same members are in the JSON of every account: lists are empty, never null.
func TestAccountsAsData(t *testing.T) {
	for _, text := range []string{answered, "end 5"} {
		out, err := json.Marshal(account.Of(read(text), account.Options{}))
		if err != nil || strings.Contains(string(out), ":null") {
			t.Errorf("%s, %v", out, err)
		}
	}
	out, err := json.Marshal(struct {
		At account.Instant `json:"at"`
		Of account.Length  `json:"of"`
	}{account.Instant{Time: time.UnixMilli(1_700_000_000_000)}, account.Length(90 * time.Second)})
	if err != nil || string(out) != `{"at":"2023-11-14T22:13:20.000Z","of":90000}` {
		t.Errorf("%s, %v", out, err)
	}
}

func TestLengths(t *testing.T) {
	for d, want := range map[time.Duration][2]string{
		284 * time.Millisecond:                {"284 ms", "less than a second"},
		time.Second:                           {"1.0 s", "1 second"},
		9949 * time.Millisecond:               {"9.9 s", "10 seconds"},
		42 * time.Second:                      {"42 s", "42 seconds"},
		99 * time.Second:                      {"1:39", "99 seconds"},
		100 * time.Second:                     {"1:40", "2 minutes"},
		49*time.Minute + 12*time.Second:       {"49:12", "49 minutes"},
		3*time.Hour + 5*time.Minute:           {"3 h 5 min", "3 hours"},
		59*24*time.Hour + 20*time.Hour:        {"59 d 20 h", "60 days"},
		24 * time.Hour:                        {"1 d", "24 hours"},
		59*time.Second + 700*time.Millisecond: {"1:00", "60 seconds"},
		-42 * time.Second:                     {"-42 s", "less than a second"},
		math.MinInt64:                         {"-106751 d 23 h", "less than a second"},
	} {
		if got := [2]string{account.Length(d).String(), account.Length(d).Words()}; got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

// Two thousand participants are some lanes: those who did alike share one.
func TestLanesOfMany(t *testing.T) {
	var text strings.Builder
	text.WriteString("customer interact 0-100/endpoint\nacd:Sales interact 0-90/transfer\n")
	for n := range 2000 {
		text.WriteString("agent:a" + strconv.Itoa(n) + " alert " + strconv.Itoa(n%80) + "-" + strconv.Itoa(n%80+5) + "/client\n")
	}
	text.WriteString("agent:last alert 80-90 interact 90-100/peer\nend 100")
	a := account.Of(read(text.String()), account.Options{})
	var got []string
	parties := 0
	for _, l := range a.Lanes(40) {
		got = append(got, l.Label)
		parties += len(l.Parties)
	}
	if want := []string{"Caller", "Queue Sales", "2000 of agent", "Agent last"}; !slices.Equal(got, want) || parties != 2003 {
		t.Errorf("got %q of %d", got, parties)
	}
	if few := a.Lanes(3); len(few) != 3 {
		t.Errorf("got %d lanes", len(few))
	}
	if all := a.Lanes(5000); len(all) != 2003 {
		t.Errorf("got %d lanes", len(all))
	}
}

// Whatever a record says, however oddly: an account of it is told.
func FuzzAccounts(f *testing.F) {
	f.Add([]byte(`{"conversationId":"c","participants":[{"sessions":[{"segments":[{"segmentStart":"2026-11-08T10:00:00Z"}]}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var c conversation.Conversation
		if json.Unmarshal(text, &c) != nil {
			return
		}
		if a := account.Of(&c, account.Options{}); a.Sentence == "" {
			t.Error("the account says nothing")
		}
	})
}
