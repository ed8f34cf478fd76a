package account

import (
	"cmp"
	"slices"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// leg is a session as the account sees it.
type leg struct {
	p     *conversation.Participant
	s     *conversation.Session
	party int // the place of its participant in the record
	place int // of the session in the participant
	spans []span
}

// span is a segment with its times read.
type span struct {
	*conversation.Segment

	phase      string
	start, end time.Time // end is zero while it lasts
	place      int       // of the segment in the session
}

// open says whether it lasts.
func (s span) open() bool { return s.end.IsZero() }

// until is its end, or the instant at which it still lasted.
func (s span) until(asOf time.Time) time.Time {
	if s.open() || s.end.Before(s.start) {
		return latest(asOf, s.start)
	}
	return s.end
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// readLegs reads the times. A segment without a readable start is in no span: nothing can be said of when it was.
func (t *teller) readLegs() {
	t.makeRoom()
	for i := range t.c.Participants {
		p := &t.c.Participants[i]
		for j := range p.Sessions {
			t.readLeg(p, i, j)
		}
	}
	slices.SortStableFunc(t.legs, func(a, b *leg) int { return compareStart(a.start(), b.start()) })
	t.latest, t.main = latest(t.latest, instant(t.c.ConversationEnd)), t.mainParty()
	if t.AsOf = latest(t.AsOf, t.latest); t.AsOf.IsZero() {
		t.AsOf = instant(t.c.ConversationStart)
	}
	for _, l := range t.legs {
		if l.s.MediaType != "" && !slices.Contains(t.Media, l.s.MediaType) {
			t.Media = append(t.Media, l.s.MediaType)
		}
	}
}

// makeRoom makes room for all legs and spans at once.
func (t *teller) makeRoom() {
	legs, spans := 0, 0
	for i := range t.c.Participants {
		for j := range t.c.Participants[i].Sessions {
			legs, spans = legs+1, spans+len(t.c.Participants[i].Sessions[j].Segments)
		}
	}
	t.legs = slices.Grow(t.legs[:0], legs)
	t.made, t.spans = slices.Grow(t.made[:0], legs), slices.Grow(t.spans[:0], spans)
}

func (t *teller) readLeg(p *conversation.Participant, party, place int) {
	s := &p.Sessions[place]
	t.made = append(t.made, leg{p: p, s: s, party: party, place: place})
	l, from := &t.made[len(t.made)-1], len(t.spans)
	ordered := true
	for k := range s.Segments {
		ordered = t.readSpan(l, k, from) && ordered
	}
	l.spans = t.spans[from:len(t.spans):len(t.spans)]
	for i := range s.Metrics {
		t.latest = latest(t.latest, instant(s.Metrics[i].EmitDate))
	}
	if !ordered {
		slices.SortStableFunc(l.spans, func(a, b span) int { return a.start.Compare(b.start) })
	}
	t.legs = append(t.legs, l)
}

// compareStart orders by time; what has none comes last.
func compareStart(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		return cmp.Compare(boolInt(a.IsZero()), boolInt(b.IsZero()))
	}
	return a.Compare(b)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// readSpan reads the segment at a place of a leg whose spans begin at from. It says whether the segment starts no earlier than the one before.
func (t *teller) readSpan(l *leg, place, from int) (ordered bool) {
	g := &l.s.Segments[place]
	start := instant(g.SegmentStart)
	if start.IsZero() {
		return true
	}
	sp := span{g, phaseOf(l.p.Purpose, g.SegmentType), start, instant(g.SegmentEnd), place}
	ordered = len(t.spans) == from || !start.Before(t.spans[len(t.spans)-1].start)
	t.spans = append(t.spans, sp)
	t.latest = latest(latest(t.latest, start), sp.end)
	return ordered
}

// instant is a time as it is written; zero if there is none, or none that can be read.
func instant(text string) time.Time {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	return at
}

// start is when the leg began; zero if nothing says it.
func (l *leg) start() time.Time {
	if len(l.spans) == 0 {
		return time.Time{}
	}
	return l.spans[0].start
}

// left is the last span before a wrap-up, in which the leg ended; nil if the leg has none.
func (l *leg) left() *span {
	for i := len(l.spans) - 1; i >= 0; i-- {
		if l.spans[i].phase != WrapUpPhase {
			return &l.spans[i]
		}
	}
	return nil
}

// how is the disconnectType with which the leg ended.
func (l *leg) how() string {
	if sp := l.left(); sp != nil {
		return sp.DisconnectType
	}
	return ""
}

// ended is when the leg ended, wrap-up apart; zero while it lasts or if nothing says it.
func (l *leg) ended() time.Time {
	if sp := l.left(); sp != nil {
		return sp.end
	}
	return time.Time{}
}

// first is the leg's first span of a phase; nil if it has none.
func (l *leg) first(phase string) *span {
	for i := range l.spans {
		if l.spans[i].phase == phase {
			return &l.spans[i]
		}
	}
	return nil
}

// queue is the queue for which the leg was; empty if for none.
func (l *leg) queue() string {
	for _, sp := range l.spans {
		if sp.QueueID != "" {
			return sp.QueueID
		}
	}
	return ""
}

// lasts says whether any of its segments has no end.
func (l *leg) lasts() bool { return slices.ContainsFunc(l.spans, span.open) }

// lasted is how long the leg was in a phase, and how often; until is when what is open was looked at.
func (l *leg) lasted(phase string, until time.Time) (long time.Duration, times int) {
	for _, sp := range l.spans {
		if sp.phase == phase {
			long, times = long+sp.until(until).Sub(sp.start), times+1
		}
	}
	return long, times
}

// sum adds up the metrics of some names, and says how many there are.
func (l *leg) sum(names ...string) (ms int64, n int) {
	for _, m := range l.s.Metrics {
		if slices.Contains(names, m.Name) {
			ms, n = ms+m.Value, n+1
		}
	}
	return ms, n
}

// has says whether the leg emitted a metric.
func (l *leg) has(name string) bool {
	_, n := l.sum(name)
	return n > 0
}

func (l *leg) outside() bool { return conversation.Outside(l.p.Purpose) }

// handles says whether it is the leg of a person of ours.
func (l *leg) handles() bool { return handling(l.p.Purpose) }

func handling(purpose string) bool { return purpose == "agent" || purpose == "user" }

// flow says whether it is the leg of a flow or a bot.
func (l *leg) flow() bool { return flowing(l.p.Purpose) }

func flowing(purpose string) bool {
	return slices.Contains([]string{"ivr", "workflow", "botflow", "voicesurveyflow"}, purpose)
}

// spoken says whether the medium is one in which people speak: who writes does not call or hang up.
func (l *leg) spoken() bool {
	return slices.Contains([]string{"", "voice", "callback"}, l.s.MediaType)
}

// placed says whether the leg began by calling somebody.
func (l *leg) placed() bool { return len(l.spans) > 0 && l.spans[0].phase == Dialling }

// hungUp says whether a disconnectType says that the leg's own party ended it.
func hungUp(how string) bool { return how == "client" || how == "endpoint" }
