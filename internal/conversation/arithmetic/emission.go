package arithmetic

import (
	"slices"
	"time"
)

// moment is when a metric is emitted: with the start or the end of a segment of one of some kinds.
type moment struct {
	purposes []string
	end      bool
	of       []string
	each     bool // the metric comes with each of them, and is as long: the others are held to their sum
}

var (
	people  = []string{"agent", "user"}
	agents  = []string{"agent"}
	outside = []string{"customer", "external"}
	queues  = []string{"acd"}
	spoken  = []string{interact, hold}
)

// moments are those of the metrics that were measured. Purposes that no measured record has may emit what they like.
var moments = map[string]moment{
	"nConnected":          {outside, false, []string{interact}, false},
	"tConnected":          {outside, true, []string{interact}, false},
	"tIvr":                {[]string{"ivr"}, true, []string{"ivr"}, false},
	"nOffered":            {queues, false, []string{interact}, false},
	"tAcd":                {queues, true, []string{interact}, false},
	"tAbandon":            {queues, true, []string{interact}, false},
	"tShortAbandon":       {queues, true, []string{interact}, false},
	"tFlowOut":            {queues, true, []string{interact}, false},
	"tAlert":              {people, true, []string{"alert"}, false},
	"tNotResponding":      {agents, true, []string{"alert"}, false},
	"tAnswered":           {agents, false, []string{interact}, false},
	"nOverSla":            {agents, false, []string{interact}, false},
	"nOutbound":           {agents, false, []string{"contacting"}, false},
	"tContacting":         {people, true, []string{"contacting"}, false},
	"tDialing":            {people, true, []string{"dialing"}, false},
	"tTalk":               {people, true, []string{interact}, true},
	"tHeld":               {people, true, []string{hold}, true},
	"tTalkComplete":       {people, true, spoken, false},
	"tHeldComplete":       {people, true, spoken, false},
	"tAcw":                {people, true, []string{wrapup}, false},
	"tHandle":             {people, true, []string{wrapup, interact, hold, "dialing", "contacting", "alert"}, false},
	"nTransferred":        {agents, true, spoken, false},
	"nBlindTransferred":   {agents, true, spoken, false},
	"nConsultTransferred": {agents, true, spoken, false},
	"tVoicemail":          {[]string{"voicemail"}, true, []string{interact}, false},
}

// emitters are the purposes of metrics whose instant follows from no segment.
var emitters = map[string][]string{
	"nFlow": {"ivr", "workflow"}, "tFlow": {"ivr", "workflow"}, "tFlowExit": {"ivr", "workflow"}, "tFlowDisconnect": {"ivr", "workflow"},
	"nFlowOutcome": {"ivr", "workflow"}, "tFlowOutcome": {"ivr", "workflow"}, "nFlowOutcomeFailed": {"ivr", "workflow"},
	"nConsult": agents, "nError": {"agent", "customer", "external"}, "tAgentResponseTime": agents, "oMessageTurn": agents,
}

// emissions is rule 17: a metric is on a session that has it, comes with what it measures, and is as long.
func (a *check) emissions(l *leg) {
	if !slices.Contains(measured, l.p.Purpose) {
		return
	}
	for i, m := range l.s.Metrics {
		w, timed := moments[m.Name]
		of, known := emitters[m.Name]
		if timed {
			of, known = w.purposes, true
		}
		switch {
		case !known:
		case !slices.Contains(of, l.p.Purpose):
			a.complain("rule 17", "%s is on session %s of purpose %s", m.Name, l.s.SessionID, l.p.Purpose)
		case timed && !l.emits[i].IsZero():
			a.emitted(l, i, w)
		}
	}
}

// emitted requires a segment with whose start or end a metric comes.
func (a *check) emitted(l *leg, n int, w moment) {
	m, found := &l.s.Metrics[n], false
	for _, sp := range l.near(w.end, l.emits[n]) {
		when := sp.start
		if w.end {
			when = sp.end
		}
		if !slices.Contains(w.of, sp.kind) || when.IsZero() || !when.Equal(l.emits[n]) {
			continue
		}
		if found = true; !w.each || sp.length() == m.Value {
			return
		}
	}
	if found {
		a.complain("rule 17", "%s of session %s is %d, and its segment is not as long", m.Name, l.s.SessionID, m.Value)
		return
	}
	excuse := ""
	if m.Name == "tAcw" || m.Name == "tHandle" {
		excuse = l.refused()
	}
	a.excuse(excuse, "rule 17", "%s of session %s comes with no %s", m.Name, l.s.SessionID, w.of[0])
}

// few is how many segments are looked through faster than found.
const few = 64

// edge is a start or an end of segments.
type edge struct {
	end bool
	at  int64 // nanoseconds since 1970
}

// near are segments, those that start or end at an instant among them. A session that somebody made may have a hundred thousand, and
// as many metrics.
func (l *leg) near(end bool, at time.Time) []span {
	if len(l.spans) <= few {
		return l.spans
	}
	if l.edges == nil {
		l.edges = map[edge][]span{}
		for _, sp := range l.spans {
			for _, e := range []edge{{false, sp.start.UnixNano()}, {true, sp.end.UnixNano()}} {
				l.edges[e] = append(l.edges[e], sp)
			}
		}
	}
	return l.edges[edge{end, at.UnixNano()}]
}

// passes is rule 18: who passes a customer on does so in one way, at one instant, and after a consult if that was it.
func (a *check) passes(l *leg) {
	passed, blind, consulted := l.count("nTransferred"), l.count("nBlindTransferred"), l.count("nConsultTransferred")
	if passed != blind+consulted {
		a.complain("rule 18", "session %s has %d nTransferred, %d nBlindTransferred and %d nConsultTransferred", l.s.SessionID, passed, blind, consulted)
	}
	if consulted > l.count("nConsult") {
		a.complain("rule 18", "session %s has %d nConsultTransferred and %d nConsult", l.s.SessionID, consulted, l.count("nConsult"))
	}
	if l.count("nOverSla") > l.count("tAnswered") {
		a.complain("rule 18", "session %s has nOverSla without tAnswered", l.s.SessionID)
	}
	for i, m := range l.s.Metrics {
		if at := l.emits[i]; m.Name == "nConsult" && !at.IsZero() && !l.during(at, spoken) {
			a.complain("rule 18", "nConsult of session %s comes outside its talk", l.s.SessionID)
		}
	}
}

// during says whether an instant lies in a segment of one of some kinds.
func (l *leg) during(at time.Time, kinds []string) bool {
	return slices.ContainsFunc(l.spans, func(sp span) bool {
		return slices.Contains(kinds, sp.kind) && !at.Before(sp.start) && (sp.end.IsZero() || !at.After(sp.end))
	})
}
