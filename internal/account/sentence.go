package account

import (
	"slices"
	"strings"
	"time"
)

// sentence answers in one sentence: who reached whom and how fast, what happened, how it ended.
func (t *teller) sentence() string {
	if len(t.legs) == 0 {
		return "The record does not say what happened: it has no participants with sessions."
	}
	text := t.story()
	end := t.Ending.Value
	if first := t.leftFirst(); first != "" {
		end = first
	}
	if end != "" {
		text += "; " + end
	}
	return capital(strings.Join(strings.Fields(text), " ")) + "." // names have spaces of their own
}

// story is the sentence up to how it ended.
func (t *teller) story() string {
	l, calling := t.mainLeg(), "a caller"
	switch {
	case l != nil && !l.spoken():
		return joined(t.writtenStory(l))
	case l == nil && t.internal():
		return t.andThen(t.internalStory())
	case l != nil && l.s.Direction == "outbound" && l.s.MediaType == "voice" || l == nil && len(t.talkers()) < 2 && t.From.Party != "":
		return t.andThen(t.outboundStory(l))
	case l == nil && t.From.Party != "":
		calling = t.From.Party
	case l == nil:
		calling = "somebody of ours"
	}
	return joined(append(t.inboundStory(calling), t.middle()...))
}

// andThen adds what happened to a call that was told of both its ends.
func (t *teller) andThen(story string) string {
	if middle := t.middle(); len(middle) > 0 {
		return story + "; the call " + joined(middle)
	}
	return story
}

// talkers are the handlers who came to a talk, by when they did.
func (t *teller) talkers() (out []*Handler) {
	for i := range t.Handlers {
		if h := &t.Handlers[i]; h.talkAt() != nil {
			out = append(out, h)
		}
	}
	return out
}

// talkAt is the first talk of a handler; nil if none came.
func (h *Handler) talkAt() *span {
	for _, l := range h.legs {
		if s := l.first(Talk); s != nil && !l.reply() {
			return s
		}
	}
	return nil
}

// with is what a talk was: with whom, and for how long.
func with(h *Handler) string { return h.Label + " for " + h.Talked.Words() }

// inboundStory is of somebody who called.
func (t *teller) inboundStory(who string) []string {
	var out []string
	talkers := t.talkers()
	if l := t.mainLeg(); l == nil && len(talkers) > 1 {
		talkers = talkers[1:] // the first one called
	} else if l != nil && l.s.MediaType == "callback" {
		return t.callbackStory()
	}
	switch {
	case t.recorded() > 0:
		out = t.voicemailStory(who)
	case len(talkers) > 0:
		out = t.reached(who, talkers[0])
	case t.connectedOutside() != nil:
		out = []string{who + " was connected by " + t.Passes[0].By + " to a number outside", t.outsideTalk()}
	case len(t.Visits) > 0:
		out = []string{who + " waited " + t.Visits[0].Waited.Words() + " for " + t.Visits[0].Queue, "reached nobody"}
	case len(t.Flows) > 0:
		out = []string{who + " was in " + t.flowNames() + " for " + t.inFlows().Words()}
	case len(t.Handlers) > 0:
		out = []string{who + " called " + t.Handlers[0].Label + ", who " + t.Handlers[0].refusal()}
	default:
		out = []string{who + " came in and met neither a flow nor a queue nor a person"}
	}
	return out
}

// callbackStory is of a callback that began by itself: a campaign, or a customer on the web, wanted a call.
func (t *teller) callbackStory() []string {
	talkers := t.talkers()
	if len(talkers) == 0 {
		return []string{"a callback was taken by nobody"}
	}
	h := talkers[0]
	out := []string{"a callback was taken by " + h.Label + " after " + Length(h.talkAt().start.Sub(t.legs[0].start())).Words()}
	for _, h := range talkers {
		if h.Did == DidPlace || h.Did == DidBoth {
			return append(out, "the customer was called")
		}
	}
	return out
}

// outsideTalk is how long a caller spoke with a number outside.
func (t *teller) outsideTalk() string {
	for _, l := range t.legs {
		if long, n := l.lasted(Present, t.AsOf); l.outside() && l.party != t.main && n > 0 {
			return "spoke there for " + Length(long).Words()
		}
	}
	return "reached nobody there"
}

// flowNames are the flows of the conversation: one by its name, several by their number.
func (t *teller) flowNames() string {
	if len(t.Flows) > 1 {
		return counted(len(t.Flows), "flow")
	}
	return "the flow " + strings.TrimPrefix(t.Flows[0].Name, "Flow ")
}

// reached is of somebody who came to a person.
func (t *teller) reached(who string, h *Handler) []string {
	took := " in " + Length(h.talkAt().start.Sub(t.legs[0].start())).Words()
	if n := t.refusals(h); n > 0 {
		took += " (after " + counted(n, "offer") + " that nobody took)"
	}
	for _, l := range h.legs {
		if v := t.visitOf(l); v != nil {
			return []string{who + " reached " + v.Queue + took, "talked with " + with(h)}
		}
	}
	return []string{who + " reached " + h.Label + took, "talked for " + h.Talked.Words()}
}

// refusals are the offers before the one that a handler took.
func (t *teller) refusals(taken *Handler) (n int) {
	began := taken.talkAt().start
	for i := range t.Handlers {
		if h := &t.Handlers[i]; h.Did == WasOffered && h.At.Before(began) {
			n++
		}
	}
	return n
}

// connectedOutside is the pass of a flow to a number outside; nil if there is none.
func (t *teller) connectedOutside() *Pass {
	if len(t.Passes) > 0 && t.Passes[0].Kind == Connected {
		return &t.Passes[0]
	}
	return nil
}

// inFlows is how long the flows of the conversation took.
func (t *teller) inFlows() (sum Length) {
	for _, f := range t.Flows {
		sum += f.Lasted
	}
	return sum
}

// recorded is how long a mailbox recorded.
func (t *teller) recorded() (sum Length) {
	for _, l := range t.legs {
		long, _ := l.lasted(Voicemail, t.AsOf)
		sum += Length(long)
	}
	return sum
}

// voicemailStory is of a caller who spoke to a mailbox, and of what became of that.
func (t *teller) voicemailStory(who string) []string {
	out := []string{who + " left a voicemail of " + t.recorded().Words()}
	if h := t.unanswered(); h != nil {
		out[0] = who + " called " + h.Label + ", who " + h.refusal() + ", and left a voicemail of " + t.recorded().Words()
	}
	for _, v := range t.Visits {
		if v.leg.s.MediaType == "callback" {
			out[0] += " for " + v.Queue
			break
		}
	}
	if talkers := t.talkers(); len(talkers) > 0 {
		h := talkers[0]
		out = append(out, h.Label+" took it after "+Length(h.talkAt().start.Sub(t.legs[0].start())).Words())
		if h.Did == DidBoth {
			out[len(out)-1] += " and called back"
		}
	}
	return out
}

// unanswered is the first handler who was offered the call and did not answer; nil if there is none.
func (t *teller) unanswered() *Handler {
	for i := range t.Handlers {
		if t.Handlers[i].Did == WasOffered {
			return &t.Handlers[i]
		}
	}
	return nil
}

// outboundStory is of a call that was placed.
func (t *teller) outboundStory(l *leg) string {
	by, whom := t.From.Party, "somebody outside"
	if by == "" {
		by = "a campaign"
	}
	for _, h := range t.Handlers {
		if h.Label == by && h.Queue != "" {
			by += " on behalf of " + h.Queue
			break
		}
	}
	talkers := t.talkers()
	if l == nil {
		return by + " called somebody whom the record does not have"
	}
	present := l.first(Present)
	out := by + " called " + whom
	if present == nil {
		return out + ", who did not answer"
	}
	if rang := Length(present.start.Sub(t.legs[0].start())); l.placed() {
		out += ", who answered after " + rang.Words()
	}
	switch {
	case len(talkers) == 0:
		return out + " and came to nobody"
	case t.From.Party != "":
		return out + ", and they talked for " + talkers[0].Talked.Words()
	}
	return out + " and talked with " + with(talkers[len(talkers)-1])
}

// internalStory is of a call from one user to another.
func (t *teller) internalStory() string {
	out := t.From.Party + " called " + t.To.Party
	if t.To.Party == "" {
		out = t.From.Party + " placed a call inside the organization"
	}
	for i := range t.Handlers {
		h := &t.Handlers[i]
		switch talk := h.talkAt(); {
		case h.Label != t.To.Party:
		case talk != nil:
			return out + ", who answered after " + Length(talk.start.Sub(t.legs[0].start())).Words() + ", and they talked for " + h.Talked.Words()
		case t.recorded() > 0:
			return out + ", who " + h.refusal() + ", and left a voicemail of " + t.recorded().Words()
		default:
			return out + ", who " + h.refusal()
		}
	}
	return out
}

// writtenStory is of a conversation in writing.
func (t *teller) writtenStory(l *leg) []string {
	what := map[string]string{"email": "an email", "chat": "a chat", "message": "a message"}[l.s.MediaType]
	if what == "" {
		what = "a conversation by " + l.s.MediaType
	}
	if l.s.Direction == "outbound" {
		what += " was sent to a customer"
	} else {
		what += " came from a customer"
	}
	out := []string{what}
	talkers := t.talkers()
	if len(t.Visits) > 0 {
		out = append(out, "waited "+t.Visits[0].Waited.Words()+" for "+t.Visits[0].Queue)
	}
	if len(talkers) > 0 {
		var worked Length
		for _, h := range talkers {
			worked += h.Talked + h.Held
		}
		who := talkers[0].Label
		switch n := distinct(talkers) - 1; {
		case n == 1:
			who += " and another"
		case n > 1:
			who += " and " + counted(n, "other")
		}
		out = append(out, "was taken by "+who+", for "+worked.Words()+" in all")
	} else {
		out = append(out, "was taken by nobody")
	}
	return out
}

// distinct is how many people some turns are of.
func distinct(turns []*Handler) int {
	people := map[string]bool{}
	for _, h := range turns {
		people[h.UserID] = true
	}
	return len(people)
}

// middle is what happened in a call: holds, passes, those who joined.
func (t *teller) middle() (out []string) {
	holds, joins := 0, 0
	for _, h := range t.Handlers {
		holds += h.Holds
	}
	if holds > 0 {
		out = append(out, "was held "+times(holds))
	}
	var passed, asked []string
	for _, p := range t.Passes {
		to := p.To
		if p.Then != "" {
			to = p.Then
		}
		switch {
		case p.Kind == Joined:
			joins++
		case to == "":
		case p.Kind == Blind || p.Kind == Warm:
			passed = append(passed, to)
		case p.Kind == Consult:
			asked = append(asked, "waited while "+p.By+" asked "+to)
		}
	}
	const most = 3
	if len(asked) > most {
		asked = []string{"waited " + times(len(asked)) + " while others were asked"}
	}
	out = append(out, asked...)
	switch n := len(passed); {
	case n > most:
		out = append(out, "was passed on "+times(n)+", last to "+passed[n-1])
	case n > 0:
		out = append(out, "was passed on to "+joined(passed))
	}
	if joins > 0 {
		word := "a third party"
		if joins > 1 {
			word = counted(joins, "third part")
			word = strings.Replace(word, "parts", "parties", 1)
		}
		out = append(out, "was joined by "+word)
	}
	return out
}

// leftFirst says of a handler who left before the other side did, and after whom nobody of ours came.
func (t *teller) leftFirst() string {
	talkers := t.talkers()
	if len(talkers) == 0 || t.Left.IsZero() || t.EndFact.Value == GoingOn || t.sweptLeg() != nil {
		return ""
	}
	var last *Handler
	for _, h := range talkers {
		if last == nil || h.Left.After(last.Left.Time) {
			last = h
		}
	}
	if t.machineAfter(last) {
		return ""
	}
	if stayed := t.Left.Sub(last.Left.Time); hungUp(last.How) && !last.Left.IsZero() && stayed > 2*time.Second && t.mainLeg().spoken() {
		return last.Label + " left first, " + Length(stayed).Words() + " before " + t.the(t.main)
	}
	return ""
}

// machineAfter says whether a flow, a queue or a mailbox still had the conversation when a handler had gone.
func (t *teller) machineAfter(h *Handler) bool {
	return slices.ContainsFunc(t.legs, func(l *leg) bool {
		return !l.outside() && !l.handles() && l.ended().Sub(h.Left.Time) > near
	})
}
