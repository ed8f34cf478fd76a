package rows

import (
	"fmt"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/conversation"
)

// clockOff is by how much a timestamp may lie beyond what was asked for before it is told.
const clockOff = time.Second

// sums are what is noticed of all reports.
type sums struct {
	doubles int64
	beyond  int64
	first   time.Time // of those beyond, the earliest and the latest
	last    time.Time
	unread  map[string]bool // stretches of time that could not be read
	rows    int64           // of the reports that have such
}

// notes are what is noticed of one page, before it is known to be taken.
type notes struct {
	of      conversation.Interval
	doubles int64
	beyond  []time.Time // the earliest and the latest
	n       int64
}

func (n *notes) doubled() { n.doubles++ }

// took looks whether a row lies where it was asked for.
func (n *notes) took(r row) {
	if !r.at.Before(n.of.Start.Add(-clockOff)) && r.at.Before(n.of.End.Add(clockOff)) {
		return
	}
	n.n++
	switch {
	case n.beyond == nil:
		n.beyond = []time.Time{r.at, r.at}
	case r.at.Before(n.beyond[0]):
		n.beyond[0] = r.at
	case r.at.After(n.beyond[1]):
		n.beyond[1] = r.at
	}
}

// add takes the notes of a page.
func (s *sums) add(n notes) {
	s.doubles += n.doubles
	if n.n == 0 {
		return
	}
	if s.beyond == 0 || n.beyond[0].Before(s.first) {
		s.first = n.beyond[0]
	}
	if s.beyond == 0 || n.beyond[1].After(s.last) {
		s.last = n.beyond[1]
	}
	s.beyond += n.n
}

// partial takes note of a report whose rest is taken.
func (s *sums) partial(iv conversation.Interval, r client.Report) {
	if s.unread == nil {
		s.unread = map[string]bool{}
	}
	if !s.unread[iv.String()] && r.Rows > 0 {
		s.rows += r.Rows
	}
	s.unread[iv.String()] = true
}

// Warnings are what a person should look at, of the reports since it was asked last.
func (r *Reports) Warnings() (out []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.sums
	r.sums = sums{}
	if s.doubles > 0 {
		out = append(out, fmt.Sprintf("rows came twice, on one page or on two that follow one another, and were taken once: %d", s.doubles))
	}
	if s.beyond > 0 {
		out = append(out, fmt.Sprintf("rows have timestamps more than %v beyond what was asked for: %d, from %s to %s; look at the server's clock and time zone",
			clockOff, s.beyond, conversation.FormatTime(s.first), conversation.FormatTime(s.last)))
	}
	if len(s.unread) > 0 {
		out = append(out, fmt.Sprintf("the server could not read all data of %s; what else there is of that time came, %d rows as far as the server says, and the days stay open",
			stretches(s.unread), s.rows))
	}
	return out
}
