package account

import (
	"fmt"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/nearest"
)

// Visit is one stay in one queue.
type Visit struct {
	Queue   string  `json:"queue"` // its name, or the beginning of its id
	QueueID string  `json:"queueId,omitempty"`
	At      Instant `json:"at,omitzero"` // when it began to wait
	Waited  Length  `json:"waitedMs"`
	Became  string  `json:"became"` // answered, abandoned, "left the queue", "closed by the platform", waiting, unknown
	By      string  `json:"by,omitempty"`
	Why     string  `json:"why"`

	leg, answer *leg
}

// What became of a visit.
const (
	Answered  = "answered"
	Abandoned = "abandoned"
	LeftQueue = "left the queue"
	Swept     = "closed by the platform"
	Waiting   = "waiting"
	Unknown   = "unknown"
)

// Flow is a run of a flow or a bot.
type Flow struct {
	Name   string  `json:"name"`
	FlowID string  `json:"flowId,omitempty"`
	At     Instant `json:"at,omitzero"`
	Lasted Length  `json:"lastedMs"`
	Became string  `json:"became"` // in words: where it sent the conversation, or who ended it
	Why    string  `json:"why"`

	leg *leg
}

// flows are the runs of flows, but for those that only entertain who waits in a queue.
func (t *teller) flows() {
	for _, l := range t.legs {
		if !l.flow() {
			continue
		}
		f := Flow{Name: t.who(l), At: Instant{l.start()}, leg: l}
		long, _ := l.lasted(IVR, t.AsOf)
		wrote, _ := l.lasted(FlowPhase, t.AsOf)
		f.Lasted = Length(long + wrote)
		if !t.brief {
			f.Became, f.Why = flowEnd(l)
		}
		if l.s.Flow != nil {
			f.FlowID = l.s.Flow.FlowID
		}
		t.Flows = append(t.Flows, f)
	}
}

// sentTo are the ways on which a flow sends a conversation, by its transferType.
var sentTo = map[string]string{
	"ACD": "sent it to a queue", "FLOW": "sent it to another flow", "USER": "sent it to a user", "NUMBER": "connected it to a number outside",
	"GROUP_VOICEMAIL": "sent it to the voicemail of a group", "ACD_VOICEMAIL": "sent it to the voicemail of a queue",
	"USER_VOICEMAIL": "sent it to the voicemail of a user", "RETURN_TO_AGENT": "gave it back to the agent", "GROUP": "sent it to a group",
}

// flowEnd says what a flow did in the end.
func flowEnd(l *leg) (became, why string) {
	f := l.s.Flow
	if l.lasts() {
		return "still runs", "a segment of it has no end"
	}
	if f == nil || f.ExitReason == "" {
		switch l.how() {
		case "transfer":
			return "sent it on", "its segment ended by transfer"
		case "peer":
			return "was left by the other side", "its segment ended by peer"
		}
		return "ended", "neither exitReason nor disconnectType says more"
	}
	switch f.ExitReason {
	case "TRANSFER":
		text := sentTo[f.TransferType]
		if text == "" {
			text = "sent it on"
		}
		if f.TransferTargetName != "" {
			text += ": " + f.TransferTargetName
		}
		return text, "exitReason TRANSFER, transferType " + f.TransferType
	case "DISCONNECT":
		return "was left by the other side", "exitReason DISCONNECT: the other side hung up"
	case "FLOW_DISCONNECT":
		return "ended the conversation", "exitReason FLOW_DISCONNECT"
	}
	return "ended", "exitReason " + f.ExitReason
}

// visits are the stays in queues.
func (t *teller) visits() {
	t.readTalks()
	t.answered = map[*leg]int{}
	for _, l := range t.legs {
		if l.p.Purpose != "acd" {
			continue
		}
		v := Visit{Queue: t.queueName(l.queue(), l.p.ParticipantName), QueueID: l.queue(), At: Instant{l.start()}, leg: l}
		if waits := l.first(QueuePhase); waits != nil {
			v.At = Instant{waits.start}
		}
		waited, _ := l.lasted(QueuePhase, t.AsOf)
		v.Waited = Length(waited)
		t.became(&v)
		if _, before := t.answered[v.answer]; v.Became == Answered && !before {
			t.answered[v.answer] = len(t.Visits)
		}
		t.Visits = append(t.Visits, v)
	}
}

// sweptAfter is how long a callback at least waits that the platform closes: two real ones waited 59 days and a second.
const sweptAfter = 58 * day

// became says how a visit ended.
func (t *teller) became(v *Visit) {
	l := v.leg
	v.answer = t.answerOf(v)
	switch {
	case l.lasts():
		v.Became, v.Why = Waiting, "the segment of the queue has no end"
	case l.has("tAbandon"):
		v.Became, v.Why = Abandoned, "tAbandon: the other side left before an answer"
	case l.s.MediaType == "callback" && time.Duration(v.Waited) >= sweptAfter:
		v.Became, v.Why = Swept, "a callback that waited 59 days: the platform closes those that nobody takes"
	case l.has("tFlowOut"):
		v.Became, v.Why = LeftQueue, "tFlowOut: it left the queue without answer or abandon"
	case v.answer != nil:
		v.Became, v.By = Answered, t.who(v.answer)
		v.Why = "of the agents' sessions of this queue, the one whose interact begins nearest to the end of the wait"
	case l.how() == "peer":
		v.Became, v.Why = Abandoned, "no agent of this queue follows, and the other side ended it (peer); no metric says so"
	case l.how() == "transfer":
		v.Became, v.Why = LeftQueue, "its segment ended by transfer, and no agent of this queue follows"
	default:
		v.Became, v.Why = Unknown, "neither a metric nor a disconnectType says it"
	}
}

// near is how far from the end of a wait the answer may be. The two ends of an event are up to some hundred milliseconds apart;
// the instants of different participants are never compared for equality.
const near = 2 * time.Second

// readTalks finds the talks of agents. A record may have as many visits as talks, and each visit looks for its own.
func (t *teller) readTalks() {
	t.talksOf = map[string]*nearest.List[*leg]{}
	for _, l := range t.legs {
		talk, queue := l.first(Talk), l.queue()
		if l.p.Purpose != "agent" || talk == nil {
			continue
		}
		if t.talksOf[queue] == nil {
			t.talksOf[queue] = &nearest.List[*leg]{}
		}
		t.talksOf[queue].Add(talk.start, l)
		t.talks.Add(talk.start, l)
	}
}

// answerOf is the leg of the agent who took a visit: of its queue, or of none that is named; nil if none did.
func (t *teller) answerOf(v *Visit) (found *leg) {
	among := []*nearest.List[*leg]{t.talksOf[v.QueueID], t.talksOf[""]}
	if v.QueueID == "" {
		among = []*nearest.List[*leg]{&t.talks}
	}
	ended, best := v.leg.ended(), near+1
	for _, talks := range among {
		if talks == nil || ended.IsZero() {
			continue
		}
		if l, far, ok := talks.To(ended); ok && far < best {
			found, best = l, far
		}
	}
	return found
}

// Handler is what one turn of an agent or user came to. One person who serves twice has two turns.
type Handler struct {
	Label  string  `json:"label"`
	UserID string  `json:"userId,omitempty"`
	Queue  string  `json:"queue,omitempty"`
	Did    string  `json:"did"` // answered, placed, "answered and placed", offered, listened
	At     Instant `json:"at,omitzero"`
	Waited Length  `json:"waitedMs"` // the wait in its queue before the answer
	Rang   Length  `json:"rangMs"`
	Talked Length  `json:"talkedMs"`
	Held   Length  `json:"heldMs"`
	Holds  int     `json:"holds"`
	WrapUp Length  `json:"wrapUpMs"`
	Left   Instant `json:"left,omitzero"` // when the last leg ended, wrap-up apart
	How    string  `json:"how,omitempty"` // the disconnectType with which it did
	Why    string  `json:"why"`

	legs []*leg
}

// What a handler did.
const (
	DidAnswer  = "answered"
	DidPlace   = "placed the call"
	DidBoth    = "answered and placed the call"
	WasOffered = "was offered it"
	Listened   = "listened in"
	TookPart   = "took part"
)

// handlers are the turns of people.
func (t *teller) handlers() {
	turns := make([]int, len(t.c.Participants)) // from 1, by the place of the party
	for _, l := range t.legs {
		if !l.handles() {
			continue
		}
		if turns[l.party] == 0 {
			t.Handlers = append(t.Handlers, Handler{Label: t.who(l), UserID: l.p.UserID})
			turns[l.party] = len(t.Handlers)
		}
		t.turn(&t.Handlers[turns[l.party]-1], l)
	}
	for i := range t.Handlers {
		t.Handlers[i].did()
	}
}

// firstTurn says whether a turn is the first one of a person.
func (t *teller) firstTurn(i int) bool {
	user := t.Handlers[i].UserID
	if user == "" {
		return false
	}
	if t.first == nil && len(t.Handlers) > 1 {
		t.first = make(map[string]int, len(t.Handlers))
		for i, h := range slices.Backward(t.Handlers) {
			t.first[h.UserID] = i
		}
	}
	return t.first[user] == i
}

// turn adds a leg to a turn.
func (t *teller) turn(h *Handler, l *leg) {
	h.legs = append(h.legs, l)
	if h.Queue == "" && l.queue() != "" && l.p.Purpose == "agent" {
		h.Queue = t.queueName(l.queue(), "")
	}
	if h.At.IsZero() {
		h.At = Instant{l.start()}
	}
	if !l.reply() {
		talked, _ := l.lasted(Talk, t.AsOf)
		held, holds := l.lasted(Hold, t.AsOf)
		h.Talked, h.Held, h.Holds = h.Talked+Length(talked), h.Held+Length(held), h.Holds+holds
	}
	rang, _ := l.lasted(Ringing, t.AsOf)
	wrote, _ := l.lasted(WrapUpPhase, t.AsOf)
	h.Rang, h.WrapUp = h.Rang+Length(rang), h.WrapUp+Length(wrote)
	if waited, n := l.sum("tAnswered"); n > 0 {
		h.Waited += Length(time.Duration(waited) * time.Millisecond)
	} else if v := t.visitOf(l); v != nil {
		h.Waited += v.Waited
	}
	if at := l.ended(); !at.Before(h.Left.Time) {
		h.Left, h.How = Instant{at}, l.how()
	}
}

// visitOf is the visit that a leg answered; nil if it answered none.
func (t *teller) visitOf(l *leg) *Visit {
	if i, is := t.answered[l]; is {
		return &t.Visits[i]
	}
	return nil
}

// did says what the legs of a turn come to.
func (h *Handler) did() {
	placed := slices.ContainsFunc(h.legs, func(l *leg) bool { return l.placed() })
	answered := slices.ContainsFunc(h.legs, func(l *leg) bool { return !l.placed() && !l.reply() && l.first(Talk) != nil })
	supervised := slices.ContainsFunc(h.legs, func(l *leg) bool { return l.first(Supervising) != nil })
	rang := slices.ContainsFunc(h.legs, func(l *leg) bool { return l.first(Ringing) != nil })
	switch {
	case placed && answered:
		h.Did, h.Why = DidBoth, "one session has an interact, and another begins with contacting or dialing"
	case placed:
		h.Did, h.Why = DidPlace, "the session begins with contacting or dialing"
	case answered:
		h.Did, h.Why = DidAnswer, "the session has an interact segment"
	case supervised:
		h.Did, h.Why = Listened, "the session has supervising segments only"
	case rang:
		h.Did, h.Why = WasOffered, "the session has an alert and no interact; it ended by "+said(h.How)
	default:
		h.Did, h.Why = TookPart, "the session has neither alert nor interact"
	}
}

// said is a disconnectType, or that there is none.
func said(how string) string {
	if how == "" {
		return "nothing that the record says"
	}
	return how
}

// refusal says in words why an offer was not answered.
func (h *Handler) refusal() string {
	switch h.How {
	case "client":
		return "refused it"
	case "noAnswerTransfer", "notAvailableTransfer", "timeout":
		return "did not answer"
	case "peer":
		return "was rung until the caller gave up"
	case "transfer":
		return "was rung until another took it"
	}
	return fmt.Sprintf("did not answer (%s)", said(h.How))
}
