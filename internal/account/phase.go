package account

import (
	"slices"
	"strings"
	"time"
)

// The phases, in the words of people. A phase that no rule knows has the name of its segment type.
const (
	SetUp       = "set-up"
	IVR         = "ivr"
	FlowPhase   = "flow" // of a digital medium, or of a bot
	QueuePhase  = "queue"
	Ringing     = "ringing"
	Dialling    = "dialling"
	Talk        = "talk"
	Present     = "present" // the stay of somebody from outside
	Hold        = "hold"
	WrapUpPhase = "wrap-up"
	Voicemail   = "voicemail"
	Parked      = "parked"
	Scheduled   = "scheduled"
	Supervising = "supervising"
)

// phaseOf is what a party of some purpose does in a segment. An interact is the state proper of each party: waiting for a
// queue, talk for a handler, recording for a mailbox, presence for the outside.
func phaseOf(purpose, segmentType string) string {
	switch segmentType {
	case "interact":
		return interacting(purpose)
	case "system", "delay", "uploading", "transmitting", "converting":
		return SetUp
	case "ivr":
		return IVR
	case "alert":
		return Ringing
	case "contacting", "dialing":
		return Dialling
	case "hold":
		return Hold
	case "wrapup":
		return WrapUpPhase
	case "voicemail":
		return Voicemail
	case "parked":
		return Parked
	case "scheduled", "callback":
		return Scheduled
	case "coaching", "monitoring", "barging", "screenmonitoring":
		return Supervising
	}
	return segmentType
}

func interacting(purpose string) string {
	switch {
	case purpose == "customer" || purpose == "external":
		return Present
	case purpose == "acd":
		return QueuePhase
	case purpose == "voicemail":
		return Voicemail
	case flowing(purpose):
		return FlowPhase
	}
	return Talk
}

// Phase is how long something took in all, and what the platform measured of it.
type Phase struct {
	Name   string `json:"name"`
	Lasted Length `json:"lastedMs"` // the segments added up; one that is open until the record was read
	Times  int    `json:"segments"`
	// Metric is the metric that should equal it, and Measured the sum of what was emitted; of legs without any metric nothing
	// was, and they are in no sum of either side.
	Metric   string `json:"metric,omitempty"`
	Measured Length `json:"measuredMs"`
	Compared Length `json:"comparedMs"` // what the segments of the measured legs add up to
	Agrees   bool   `json:"agrees"`
	Why      string `json:"why"`
}

// measures say by which metrics each phase is measured, on which purposes. Source: the platform's documentation of metrics
// and 171 measured records, in which they hold but for a few known exceptions.
var measures = []struct {
	phase    string
	of       []string // purposes
	metrics  []string
	segments string
}{
	{IVR, []string{"ivr"}, []string{"tIvr"}, "the ivr segments of flows"},
	{FlowPhase, []string{"workflow", "botflow", "voicesurveyflow", "ivr"}, nil, "the interact segments of flows"},
	{QueuePhase, []string{"acd"}, []string{"tAcd"}, "the interact segments of queue visits; the delay before them does not count, the ringing of agents does"},
	{Ringing, []string{"agent", "user"}, []string{"tAlert"}, "the alert segments of agents and users, answered or not"},
	{Dialling, []string{"agent", "user"}, []string{"tContacting", "tDialing"}, "the contacting and dialing segments of agents and users"},
	{Talk, []string{"agent", "user"}, []string{"tTalkComplete"}, "the interact segments of agents and users"},
	{Hold, []string{"agent", "user"}, []string{"tHeldComplete"}, "the hold segments of agents and users; of a chat or message, when the agent worked on another"},
	{Voicemail, []string{"voicemail"}, []string{"tVoicemail"}, "the interact segments of mailboxes"},
	{WrapUpPhase, []string{"agent", "user"}, []string{"tAcw"}, "the wrapup segments of agents and users"},
	{Parked, []string{"agent", "user"}, nil, "the parked segments of agents and users"}, // tParkComplete is documented, and no record was found that has it
	{Scheduled, []string{"acd"}, nil, "the scheduled segments of queues"},
}

// Check is a metric of a leg beside the segments that it should equal.
type Check struct {
	Party     int    `json:"party"` // by its place among Parties
	Session   string `json:"sessionId"`
	Phase     string `json:"phase"`
	Metric    string `json:"metric"`
	Measured  Length `json:"measuredMs"`
	Segments  Length `json:"segmentsMs"`
	Agrees    bool   `json:"agrees"`
	Exception string `json:"exception,omitempty"` // why it need not agree, where that is known
}

// The known kinds of exceptions.
const (
	// Unmeasured: the leg has no metric at all, as all records before 2018 and the replies of agents to an email.
	Unmeasured = "the session has no metrics"
	// Lasts: the leg has not ended, and its sums come when it does.
	Lasts = "the session has not ended"
	// NotWorked: a call that an agent refused and wrote up; what counts then is less than the wrap-up.
	NotWorked = "refused, and written up all the same"
)

// phases add up what the legs did.
func (t *teller) phases() {
	for _, m := range measures {
		p := Phase{Name: m.phase, Agrees: true}
		if len(m.metrics) > 0 && !t.brief {
			p.Metric = strings.Join(m.metrics, " + ")
		}
		for _, l := range t.legs {
			if !slices.Contains(m.of, l.p.Purpose) || l.reply() {
				continue
			}
			long, times := l.lasted(m.phase, t.AsOf)
			p.Lasted, p.Times = p.Lasted+Length(long), p.Times+times
			if len(m.metrics) > 0 {
				t.check(&p, l, long, times, m.metrics)
			}
		}
		if p.Times == 0 && p.Measured == 0 {
			continue
		}
		p.Why = t.text(func() string { return "the sum of " + m.segments })
		t.Phases = append(t.Phases, p)
	}
}

// reply says whether a leg is an agent's answer to an email. It is written while the email is worked on, and the time is
// measured there: counted too, it would be counted twice.
func (l *leg) reply() bool {
	return l.handles() && l.s.MediaType == "email" && l.s.Direction == "outbound" && len(l.s.Metrics) == 0
}

// check sets a leg's metrics beside its segments.
func (t *teller) check(p *Phase, l *leg, long time.Duration, times int, metrics []string) {
	ms, n := l.sum(metrics...)
	if times == 0 && n == 0 {
		return
	}
	k := Check{
		Party: l.party, Session: l.s.SessionID, Phase: p.Name, Metric: p.Metric,
		Measured: Length(time.Duration(ms) * time.Millisecond), Segments: Length(long),
	}
	k.Agrees = k.Measured == Length(long.Truncate(time.Millisecond))
	switch {
	case l.lasts():
		k.Exception = Lasts
	case len(l.s.Metrics) == 0:
		k.Exception = Unmeasured
	case p.Name == WrapUpPhase && !k.Agrees && l.has("tNotResponding") && l.first(Talk) == nil && k.Measured < k.Segments:
		k.Exception = NotWorked
	}
	if k.Agrees {
		k.Exception = ""
	}
	if k.Exception != Unmeasured && k.Exception != Lasts {
		p.Measured, p.Compared, p.Agrees = p.Measured+k.Measured, p.Compared+k.Segments, p.Agrees && k.Agrees
	}
	if !k.Agrees && k.Exception == "" {
		t.wrong++
	}
	if !t.brief {
		t.Checks = append(t.Checks, k)
	}
}
