package budget

import (
	"bytes"
	"fmt"
	"time"
)

// spacing is how far slots lie apart, and how many may be taken at once after a pause.
type spacing struct {
	every  time.Duration
	ahead  time.Duration // how much earlier than its time a slot may be taken
	beyond time.Duration // how far ahead a plan can lie; one that lies further is damaged, or the clock was set back
}

// spacingOf spaces n requests a minute of those that are allowed. Some of them may come at once: of a larger share more,
// so that whoever has one, a person as a rule, finds a slot where those of a smaller share already wait for theirs. In any
// minute there are at most n: those at once, burst, and after them one every 1/(n-burst+1) of a minute.
func spacingOf(n, allowed int) spacing {
	burst := max(1, n*n/(6*allowed))
	rest := time.Duration(n - burst + 1)
	every := (time.Minute + rest - 1) / rest
	return spacing{every: every, ahead: time.Duration(burst-1) * every, beyond: 2*time.Minute + 32*every}
}

// plan is when the next slot is free: the theoretical arrival time of the algorithm.
type plan struct{ next time.Time }

// slot is one that was taken.
type slot struct {
	at   time.Time // when its request may be sent
	next time.Time // what the plan said before
	left time.Time // and after it
}

// take takes the next slot.
func (p *plan) take(now time.Time, s spacing) slot {
	before := p.next
	next := later(p.next, now)
	at := later(next.Add(-s.ahead), now)
	p.next = next.Add(s.every)
	return slot{at: at, next: before, left: p.next}
}

// giveBack gives a slot back that was not used, unless somebody has one behind it.
func (p *plan) giveBack(s slot) {
	if p.next.Equal(s.left) {
		p.next = s.next
	}
}

// forget drops what cannot be so.
func (p *plan) forget(now time.Time, s spacing) {
	if p.next.After(now.Add(s.beyond)) {
		*p = plan{}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// The plan as it is written: always as many bytes, so that a write replaces all of the one before.
const (
	form   = "parley budget 1 %019d\n"
	length = len("parley budget 1 ") + 19 + 1
)

func (p *plan) text() []byte { return fmt.Appendf(nil, form, max(0, p.next.UnixNano())) }

// read reads a plan. What is none, cut or of somebody else, is as good as nothing.
func read(text []byte) plan {
	var next int64
	if n, err := fmt.Sscanf(string(text), form, &next); err != nil || n != 1 || next < 0 || !bytes.Equal(text, fmt.Appendf(nil, form, next)) {
		return plan{}
	}
	return plan{next: time.Unix(0, next)}
}
