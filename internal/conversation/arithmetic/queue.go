package arithmetic

import "github.com/parley-hq/parley/internal/nearest"

// visit is the part of rules 4 and 5 that one queue visit shows alone: one offer, one wait, and the abandon lasts as
// long as the wait.
func (a *check) visit(l *leg) {
	waited, over := l.has(interact)
	if offers := l.count("nOffered"); waited && offers != 1 {
		a.complain("rule 5", "queue visit %s has %d nOffered", l.s.SessionID, offers)
	}
	if waits := l.count("tAcd"); waited && over && waits != 1 {
		a.complain("rule 5", "queue visit %s has %d tAcd", l.s.SessionID, waits)
	}
	a.lasts("rule 4", l, "tAcd", interact)
	a.equal("rule 5", l, "tAbandon", l.sum("tAcd"))
	a.equal("rule 5", l, "tShortAbandon", l.sum("tAbandon"))
}

// visits is the part of rules 4 and 5 that queue visits and agents show together: an answer took as long as its wait,
// and a visit ends in one way. Once the conversation is over each visit has ended in exactly one way, but for media
// messages, where that does not hold.
func (a *check) visits() {
	outcomes := make(map[*leg]int)
	a.readWaits()
	for i := range a.legs {
		if l := &a.legs[i]; l.p.Purpose == "agent" && l.count("tAnswered") > 0 {
			a.answer(l, outcomes)
		}
	}
	for i := range a.legs {
		l := &a.legs[i]
		if l.p.Purpose != "acd" || len(l.s.Metrics) == 0 || l.s.MediaType == "message" {
			continue
		}
		a.visitEnds(l, outcomes[l] > 0)
		n := outcomes[l] + l.count("tAbandon") + l.count("tFlowOut")
		if _, over := l.has(interact); n > 1 || n < 1 && over && a.c.ConversationEnd != "" {
			a.excuse(l.swept(), "rule 5", "queue visit %s was answered, abandoned or left %d times", l.s.SessionID, n)
		}
	}
}

// answer checks tAnswered of an agent against its visit. A visit that has not ended yet cannot be told from it: an
// agent may be heard some ms before the visit ends.
func (a *check) answer(agent *leg, outcomes map[*leg]int) {
	visit, open := a.visitOf(agent)
	switch {
	case visit != nil && !open:
		outcomes[visit]++
		a.equal("rule 4", agent, "tAnswered", visit.sum("tAcd"))
	case !open:
		a.complain("rule 4", "session %s has tAnswered and no visit to its queue", agent.s.SessionID)
	}
}

// queueWaits are those in one queue: the visits by when each wait ended, and whether one still goes on.
type queueWaits struct {
	ended nearest.List[*leg]
	open  bool
}

func (a *check) readWaits() {
	a.waits = map[string]*queueWaits{}
	for i := range a.legs {
		l := &a.legs[i]
		if l.p.Purpose != "acd" || len(l.spans) == 0 {
			continue
		}
		w := a.waits[l.spans[0].queue]
		if w == nil {
			w = &queueWaits{}
			a.waits[l.spans[0].queue] = w
		}
		for _, sp := range l.spans {
			if sp.kind == interact {
				w.open = w.open || sp.end.IsZero()
				w.ended.Add(sp.end, l)
			}
		}
	}
}

// visitOf is the visit to the agent's queue whose wait ended nearest to the agent's first interact, and whether a
// visit to that queue still goes on. Nil if there is none.
func (a *check) visitOf(agent *leg) (visit *leg, open bool) {
	answered := agent.first(interact)
	w := a.waits[answered.queue]
	if w == nil {
		return nil, false
	}
	visit, _, _ = w.ended.To(answered.start)
	return visit, w.open
}

// first is the session's first segment of a type; zero if it has none.
func (l *leg) first(kind string) span {
	for _, sp := range l.spans {
		if sp.kind == kind {
			return sp
		}
	}
	return span{}
}
