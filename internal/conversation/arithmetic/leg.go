package arithmetic

import (
	"strings"
	"time"
)

// Segment types that several rules speak of.
const (
	interact = "interact"
	hold     = "hold"
	wrapup   = "wrapup"
)

// leg checks what must hold inside one session.
func (a *check) leg(l *leg) {
	a.segmentOrder(l)
	a.states(l)
	a.ends(l)
	a.flowEnds(l)
	a.metricOrder(l)
	a.counts(l)
	a.emissions(l)
	a.passes(l)
	if len(l.s.Metrics) == 0 { // a session without any metric is real, and all there is in data before 2018
		return
	}
	switch l.p.Purpose {
	case "agent", "user":
		a.handling(l)
	case "acd":
		a.visit(l)
	case "ivr", "workflow", "voicesurveyflow", "botflow":
		a.flow(l)
	case "voicemail":
		a.lasts("rule 7", l, "tVoicemail", interact)
	case "customer", "external":
		a.connected(l)
	}
}

// segmentOrder is rule 11 and the order of segments: they follow one another, and only a wrap-up may come late.
func (a *check) segmentOrder(l *leg) {
	for i := 1; i < len(l.spans); i++ {
		before, sp := l.spans[i-1], l.spans[i]
		switch {
		case sp.start.Before(before.start):
			a.complain("order", "segment %d of session %s starts before segment %d", i, l.s.SessionID, i-1)
		case before.end.IsZero() || sp.start.Before(before.end):
			a.complain("rule 11", "segment %d of session %s overlaps segment %d", i, l.s.SessionID, i-1)
		case sp.start.After(before.end) && sp.kind != wrapup:
			a.complain("rule 11", "segment %d of session %s begins %d ms late", i, l.s.SessionID, sp.start.Sub(before.end).Milliseconds())
		}
	}
	for i, sp := range l.spans {
		if !sp.end.IsZero() && sp.end.Before(sp.start) {
			a.complain("rule 11", "segment %d of session %s ends before it starts", i, l.s.SessionID)
		}
	}
}

// metricOrder is the order of metrics: by emission, then by name.
func (a *check) metricOrder(l *leg) {
	var before time.Time
	var name string
	for i, m := range l.s.Metrics {
		at := l.emits[i]
		if at.IsZero() {
			continue
		}
		if at.Before(before) || at.Equal(before) && m.Name < name {
			a.excuse(l.outOfOrder(), "order", "metric %d (%s) of session %s comes too late", i, m.Name, l.s.SessionID)
		}
		before, name = at, m.Name
	}
}

// counts is rule 12: a count is 1 in each emission.
func (a *check) counts(l *leg) {
	for _, m := range l.s.Metrics {
		if strings.HasPrefix(m.Name, "n") && m.Value != 1 {
			a.complain("rule 12", "%s of session %s is %d, not 1", m.Name, l.s.SessionID, m.Value)
		}
	}
}

// handling is rules 1, 2 and 3, of an agent or user, and of rule 12 that the other parts of tHandle last as long as
// their segments.
func (a *check) handling(l *leg) {
	a.lasts("rule 2", l, "tTalk", interact)
	a.lasts("rule 2", l, "tHeld", hold)
	a.equal("rule 2", l, "tTalkComplete", l.sum("tTalk"))
	a.equal("rule 2", l, "tHeldComplete", l.sum("tHeld"))
	a.lasts("rule 3", l, "tAlert", "alert")
	a.equal("rule 3", l, "tNotResponding", l.sum("tAlert"))
	a.equal("rule 12", l, "tContacting", l.lasted("contacting"))
	a.equal("rule 12", l, "tDialing", l.lasted("dialing"))
	if l.sum("tAcw") != l.lasted(wrapup) && l.count("tAcw") > 0 {
		a.excuse(l.refused(), "rule 12", "tAcw of session %s is %d, its parts add up to %d", l.s.SessionID, l.sum("tAcw"), l.lasted(wrapup))
	}
	a.equal("rule 12", l, "tMonitoring", l.lasted("monitoring"))
	a.equal("rule 12", l, "tMonitoringComplete", l.sum("tMonitoring"))
	a.equal("rule 12", l, "tCoaching", l.lasted("coaching"))
	a.equal("rule 12", l, "tCoachingComplete", l.sum("tCoaching"))
	a.equal("rule 12", l, "tBarging", l.lasted("barging"))
	a.equal("rule 1", l, "tHandle",
		l.sum("tTalkComplete")+l.sum("tHeldComplete")+l.sum("tAcw")+l.sum("tDialing")+l.sum("tContacting"))
}

// flow is rule 6. A flow ends some ms after its session, so tFlow may still be missing.
func (a *check) flow(l *leg) {
	if l.p.Purpose == "ivr" {
		a.lasts("rule 6", l, "tIvr", "ivr")
	}
	exits, disconnects := l.count("tFlowExit"), l.count("tFlowDisconnect")
	if l.count("tFlow") != exits+disconnects || exits+disconnects > 1 {
		a.complain("rule 6", "session %s has %d tFlow, %d tFlowExit and %d tFlowDisconnect",
			l.s.SessionID, l.count("tFlow"), exits, disconnects)
	}
	a.equal("rule 6", l, "tFlowExit", l.sum("tFlow"))
	a.equal("rule 6", l, "tFlowDisconnect", l.sum("tFlow"))
	a.outcomes(l)
	a.exits(l)
	a.ran(l)
	if l.count("tIvr") == 1 && l.count("tFlow") == 1 && l.sum("tFlow") >= l.sum("tIvr") {
		a.complain("rule 6", "tFlow of session %s is %d, tIvr %d", l.s.SessionID, l.sum("tFlow"), l.sum("tIvr"))
	}
}

// exits is the part of rule 6 that a flow shows with its metrics: one that hands over exits, any other disconnects.
func (a *check) exits(l *leg) {
	if l.s.Flow == nil || l.s.Flow.ExitReason == "" || l.count("tFlow") == 0 {
		return
	}
	if hands := l.s.Flow.ExitReason == "TRANSFER"; hands != (l.count("tFlowExit") == 1) {
		a.complain("rule 6", "the flow of session %s ended by %s and has %d tFlowExit", l.s.SessionID, l.s.Flow.ExitReason, l.count("tFlowExit"))
	}
}

// ran is the part of rule 6 that tFlow lasts from the emission of nFlow to its own.
func (a *check) ran(l *leg) {
	var began time.Time
	for i, m := range l.s.Metrics {
		at := l.emits[i]
		switch {
		case at.IsZero():
		case m.Name == "nFlow":
			began = at
		case m.Name == "tFlow" && !began.IsZero() && at.Sub(began).Milliseconds() != m.Value:
			a.complain("rule 6", "tFlow of session %s is %d and came %d ms after nFlow", l.s.SessionID, m.Value, at.Sub(began).Milliseconds())
		}
	}
}

// outcomes is rule 12: an outcome lasts from its start to its end, which are rounded to milliseconds on their own.
func (a *check) outcomes(l *leg) {
	if l.s.Flow == nil || l.count("tFlowOutcome") == 0 {
		return
	}
	var want int64
	for _, o := range l.s.Flow.Outcomes {
		start, _ := a.time("flowOutcomeStartTimestamp", l.s.SessionID, o.FlowOutcomeStartTimestamp)
		end, _ := a.time("flowOutcomeEndTimestamp", l.s.SessionID, o.FlowOutcomeEndTimestamp)
		want += end.Sub(start).Milliseconds()
	}
	if off := l.sum("tFlowOutcome") - want; max(off, -off) > int64(len(l.s.Flow.Outcomes)) {
		a.complain("rule 12", "tFlowOutcome of session %s is %d ms from its outcomes", l.s.SessionID, off)
	}
}

// connected is the outside part of rule 7; tConnected is not emitted for web chat.
func (a *check) connected(l *leg) {
	if l.s.MediaType != "chat" {
		a.lasts("rule 7", l, "tConnected", interact)
	}
}

// lasts requires that the emissions of a metric add up to the session's ended segments of a type.
func (a *check) lasts(rule string, l *leg, metric, kind string) {
	if got, want := l.sum(metric), l.lasted(kind); got != want {
		a.complain(rule, "%s of session %s is %d, its ended %s segments last %d", metric, l.s.SessionID, got, kind, want)
	}
}

// equal requires a value of a metric, if it was emitted.
func (a *check) equal(rule string, l *leg, metric string, want int64) {
	if got := l.sum(metric); l.count(metric) > 0 && got != want {
		a.complain(rule, "%s of session %s is %d, its parts add up to %d", metric, l.s.SessionID, got, want)
	}
}

func (l *leg) sum(metric string) (total int64) {
	for _, m := range l.s.Metrics {
		if m.Name == metric {
			total += m.Value
		}
	}
	return total
}

func (l *leg) count(metric string) (n int) {
	for _, m := range l.s.Metrics {
		if m.Name == metric {
			n++
		}
	}
	return n
}

// lasted is the length of the ended segments of a type, in milliseconds.
func (l *leg) lasted(kind string) (total int64) {
	for _, sp := range l.spans {
		if sp.kind == kind && !sp.end.IsZero() {
			total += sp.length()
		}
	}
	return total
}

// has says whether the session has a segment of a type, and whether all of that type have ended.
func (l *leg) has(kind string) (some, ended bool) {
	ended = true
	for _, sp := range l.spans {
		if sp.kind == kind {
			some = true
			ended = ended && !sp.end.IsZero()
		}
	}
	return some, ended
}
