package account

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/axis"
	"github.com/parley-hq/parley/internal/conversation/arithmetic"
)

// Doubt is something that the record misleads about, lacks, or says in two ways that cannot both be true.
type Doubt struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
	Why  string `json:"why"`
}

// The kinds of doubts.
const (
	NoParticipants = "no participants"
	Lingering      = "lingering leg"
	SweptCallback  = "swept callback"
	IdleTime       = "idle time"
	AfterWork      = "after-call work"
	ThirdDirection = "direction of a third party"
	NoEnd          = "no end"
	OtherStart     = "another start"
	Merged         = "another conversation's leg"
	SameUser       = "one person, several turns"
	NoMetrics      = "no metrics"
	Contradiction  = "contradiction"
	KnownOddity    = "known exception"
)

// doubt notes a doubt, and has it told where somebody reads.
func (t *teller) doubt(kind string, tell func() (text, why string)) {
	d := Doubt{Kind: kind}
	if !t.brief {
		d.Text, d.Why = tell()
	}
	t.Doubts = append(t.Doubts, d)
}

// doubts are told in the order of how far they mislead.
func (t *teller) doubts() {
	if len(t.legs) == 0 {
		t.doubt(NoParticipants, func() (string, string) {
			return "The record has no participants with sessions: it says that the conversation was, and nothing of what happened.",
				"participants is missing or holds no sessions"
		})
		return
	}
	t.departed()
	if !t.tooLong() {
		t.restLong()
	}
	t.provisional()
	t.directed()
	t.taken()
	t.turns()
	t.unmeasured()
}

// aloneFor is how long a leg must have stayed after everybody else had gone for the platform to have missed its end. Real ones
// stayed 12 hours to 60 days; a quick one may be a person who forgot to hang up.
const aloneFor = time.Hour

// lingering are the outside legs that stayed open when everybody else had gone.
func (t *teller) lingering() (out []*leg) {
	for _, l := range t.legs {
		if !l.outside() || l.ended().IsZero() || l.s.MediaType == "callback" {
			continue
		}
		if others := t.othersGone(l); !others.IsZero() && l.ended().Sub(others) >= aloneFor {
			out = append(out, l)
		}
	}
	return out
}

// departure is when the last leg of a party ended, or lasted until.
type departure struct {
	party int
	at    time.Time
}

// departed finds the two parties that left last. Outside legs whose end nobody heard do not count: several of one conversation
// stay open together.
func (t *teller) departed() {
	of := map[int]time.Time{}
	for _, l := range t.legs {
		if l.outside() && l.how() == "" {
			continue
		}
		for _, s := range l.spans {
			of[l.party] = latest(of[l.party], s.until(t.AsOf))
		}
	}
	t.gone = make([]departure, 2)
	for party, at := range of {
		switch {
		case at.After(t.gone[0].at):
			t.gone = []departure{{party, at}, t.gone[0]}
		case at.After(t.gone[1].at):
			t.gone[1] = departure{party, at}
		}
	}
}

// othersGone is when the last of the others left; zero if there are none.
func (t *teller) othersGone(l *leg) time.Time {
	if t.gone[0].party == l.party {
		return t.gone[1].at
	}
	return t.gone[0].at
}

// tooLong says that the record is longer than what happened; false if it is not, by a leg that nobody ended.
func (t *teller) tooLong() bool {
	if l := t.sweptLeg(); l != nil {
		t.doubt(SweptCallback, func() (string, string) {
			return fmt.Sprintf("The record says %s; %sNobody took the callback, and the platform closed it on %s.", Length(t.long()).Words(), t.spokenBefore(), onDay(l.ended())),
				"a callback waited over 58 days and ended by client, which no person did; it has neither tAnswered nor tAbandon, so figures of answered and abandoned calls miss it"
		})
		return true
	}
	all := t.lingering()
	if len(all) > 0 {
		t.doubt(Lingering, func() (string, string) { return t.lingered(all) })
	}
	return len(all) > 0
}

// lingered tells of legs that stayed open when everybody else had gone.
func (t *teller) lingered(all []*leg) (text, why string) {
	var who []string
	var gone, last time.Time
	nobody := true
	for _, l := range all {
		who = append(who, t.the(l.party))
		gone, last = latest(gone, t.othersGone(l)), latest(last, l.ended())
		nobody = nobody && l.how() == ""
	}
	text = "nobody hung up on " + joined(who) + ", and the platform closed that leg on " + onDay(last)
	if !nobody {
		text = "the leg of " + joined(who) + " stayed open alone until " + onDay(last) + ", when it ended by " + said(all[len(all)-1].how())
	}
	return fmt.Sprintf("The record says %s; the %s lasted %s: %s.", Length(t.long()).Words(), t.contact(), Length(gone.Sub(t.legs[0].start())).Words(), text),
		fmt.Sprintf("the session outlived all others by %s; figures that use the end of the conversation, or tConnected of this session, are wrong for it", Length(last.Sub(gone)))
}

// spokenBefore says how long the call was from which a callback came.
func (t *teller) spokenBefore() string {
	var gone time.Time
	for _, l := range t.legs {
		if l.s.MediaType == "voice" {
			gone = latest(gone, l.ended())
		}
	}
	if gone.IsZero() {
		return "nobody was at work in them. "
	}
	return "the call lasted " + Length(gone.Sub(t.legs[0].start())).Words() + ". "
}

// sweptLeg is the leg of a callback that the platform closed; nil if there is none.
func (t *teller) sweptLeg() *leg {
	for i := range t.Visits {
		if v := &t.Visits[i]; v.leg.s.MediaType == "callback" && time.Duration(v.Waited) >= sweptAfter && v.Became != Waiting {
			return v.leg
		}
	}
	return nil
}

// long is how long the record says that the conversation was.
func (t *teller) long() time.Duration {
	end := t.End.Time
	if end.IsZero() {
		end = t.AsOf
	}
	return end.Sub(t.Start.Time)
}

// contact is the word for what the conversation is.
func (t *teller) contact() string {
	switch l := t.mainLeg(); {
	case l == nil || l.s.MediaType == "voice" || l.s.MediaType == "callback":
		return "call"
	case l.s.MediaType == "email", l.s.MediaType == "chat":
		return l.s.MediaType
	}
	return "thread"
}

// mostlyIdle is the part of a record in which nobody was at work that is worth telling.
const mostlyIdle = 0.5

// idleLeast is the least time of nobody at work that is worth telling.
const idleLeast = time.Hour

// rests is how long nobody was at work, as far as it is worth telling: the folds of the time axis, which what is shorter needs
// not be drawn for.
func (t *teller) rests(long time.Duration) (idle time.Duration) {
	if long < idleLeast {
		return 0
	}
	along := t.Axis
	if along == nil {
		along = t.axis()
	}
	for _, s := range along {
		if s.Kind == axis.Fold && !s.Busy {
			idle += s.Length()
		}
	}
	return idle
}

// restLong tells of records whose length is not what people take it for, without anything being wrong.
func (t *teller) restLong() {
	long := t.long()
	idle, after := t.rests(long), t.End.Sub(t.Left.Time)
	switch {
	case idle >= idleLeast && float64(idle) > mostlyIdle*float64(long):
		t.doubt(IdleTime, func() (string, string) {
			return fmt.Sprintf("%s; in %s nobody was at work on it.", t.saysLong(), ofThem(long, idle)),
				"the folds of the time axis: no flow, agent or user was at work in them, and no two outside parties were there"
		})
	case !t.Left.IsZero() && !t.End.IsZero() && after >= time.Minute && float64(after) > float64(long)/3:
		t.doubt(AfterWork, func() (string, string) {
			return fmt.Sprintf("The record says %s; %s was there for %s, and the rest is after-call work.", Length(long).Words(), t.the(t.main), Length(t.Left.Sub(t.Start.Time)).Words()),
				"conversationEnd counts wrap-up segments; the last segment of " + t.the(t.main) + " ends before them"
		})
	}
}

// saysLong is how long the record says that the conversation was, or has been up to now.
func (t *teller) saysLong() string {
	if t.End.IsZero() {
		return "The conversation has been open for " + Length(t.long()).Words()
	}
	return "The record says " + Length(t.long()).Words()
}

// ofThem is a part of a length, in words.
func ofThem(whole, part time.Duration) string {
	if Length(whole).Words() == Length(part).Words() {
		return "nearly all of that"
	}
	return Length(part).Words() + " of them"
}

func (t *teller) provisional() {
	if t.EndFact.Value == Ended {
		return
	}
	t.doubt(NoEnd, func() (string, string) {
		switch t.EndFact.Value {
		case Provisional:
			return "The record has no end; the one told here is that of its last segment.", t.EndFact.Why
		case GoingOn:
			return "The conversation was going on when the record was read: lengths and counts are those up to then.", t.EndFact.Why
		}
		return "No time of the end can be read from the record.", t.EndFact.Why
	})
}

// directed tells of a direction that is of both ways because of somebody who joined.
func (t *teller) directed() {
	if t.Direction.Value != BothWays {
		return
	}
	var own []string
	for _, l := range t.legs {
		if l.party == t.main && l.s.Direction != "" && !slices.Contains(own, l.s.Direction) {
			own = append(own, l.s.Direction)
		}
	}
	if len(own) == 1 {
		t.doubt(ThirdDirection, func() (string, string) {
			return fmt.Sprintf("It counts as %s only because of who joined it: with %s it was %s.", t.Direction.Value, t.the(t.main), own[0]), t.Direction.Why
		})
	}
}

// taken tells of legs of other conversations, and of a start that is not that of the first segment.
func (t *teller) taken() {
	started, first := instant(t.c.ConversationStart), t.legs[0].start()
	if early := first.Sub(started); !started.IsZero() && !first.IsZero() && early.Abs() >= time.Second {
		t.doubt(OtherStart, func() (string, string) {
			const why = "conversationStart and the earliest segmentStart differ"
			if early < 0 {
				return fmt.Sprintf("The record starts %s after its first segment.", Length(early.Abs())), why
			}
			return fmt.Sprintf("The record starts %s before its first segment: it took over a conversation that began earlier.", Length(early.Abs())), why
		})
	}
	var from []string
	seen := map[string]bool{"": true}
	for _, l := range t.legs {
		for _, s := range l.spans {
			if !seen[s.SourceConversationID] {
				seen[s.SourceConversationID], from = true, append(from, s.SourceConversationID)
			}
		}
	}
	if len(from) > 0 {
		t.doubt(Merged, func() (string, string) {
			return fmt.Sprintf("Legs of %s were merged into this one. What has a record of its own as well counts twice in sums over all records.", others(len(from), "conversation")),
				"sourceConversationId: " + strings.Join(from[:min(len(from), 5)], ", ")
		})
	}
}

// turns tells that participants are not people.
func (t *teller) turns() {
	turns, people := 0, 0
	for i := range t.Handlers {
		if t.Handlers[i].UserID == "" {
			continue
		}
		turns++
		if t.firstTurn(i) {
			people++
		}
	}
	if people < turns {
		t.doubt(SameUser, func() (string, string) {
			return fmt.Sprintf("The record has %s of agents and users; they are %s.", counted(turns, "participant"), persons(people)), "userId, not participantId, says who somebody is"
		})
	}
}

// others is so many other things.
func others(n int, what string) string {
	if n == 1 {
		return "another " + what
	}
	return counted(n, "other "+what)
}

func persons(n int) string {
	if n == 1 {
		return "one person"
	}
	return fmt.Sprintf("%d people", n)
}

func (t *teller) unmeasured() {
	for _, l := range t.legs {
		if len(l.s.Metrics) > 0 {
			return
		}
	}
	t.doubt(NoMetrics, func() (string, string) {
		return "The record has no metrics: all lengths are those of segments, and it adds nothing to the platform's figures.", "no session has metrics, as in records before 2018"
	})
}

// told are the known exceptions that another doubt tells, and those that no reader meets: the order of lists.
var told = []string{"closed after 59 days", "took over a session", "started late", "short abandon"}

// contradictions are the rules of arithmetic that the record breaks. Some do so for a reason that is known. A record without
// sessions breaks none that says more than that.
func (t *teller) contradictions() {
	if len(t.legs) == 0 {
		return
	}
	says := map[string]string{}
	for _, r := range slices.Concat(arithmetic.Rules, arithmetic.Exceptions) {
		says[r.Name] = r.Says
	}
	var broken []arithmetic.Finding
	known := map[string]bool{}
	for _, f := range arithmetic.Find(t.c) {
		switch {
		case f.Rule == "order" || slices.Contains(told, f.Exception):
		case f.Exception == "":
			broken = append(broken, f)
		case !known[f.Exception]:
			known[f.Exception] = true
			t.doubt(KnownOddity, func() (string, string) { return capital(says[f.Exception]) + ".", "known of real records: " + f.Text })
		}
	}
	const most = 5
	for i, f := range broken {
		if i == most {
			t.doubt(Contradiction, func() (string, string) {
				return "The record breaks " + counted(len(broken)-most, "more rule") + " of arithmetic besides.", "parley lint-records lists all"
			})
			break
		}
		t.doubt(Contradiction, func() (string, string) {
			return "The record contradicts itself: " + f.Text + ".", f.Rule + " of parley lint-records: " + says[f.Rule]
		})
	}
}

// onDay writes a day as a sentence has it: 16 April 2024.
func onDay(at time.Time) string { return at.UTC().Format("2 January 2006") }

// joined writes a list as a sentence has it: a, b and c.
func joined(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
