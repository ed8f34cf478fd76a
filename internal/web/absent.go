package web

import (
	"cmp"
	"fmt"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/ledger"
	"github.com/parley-hq/parley/internal/query"
)

// absence says that the data has nothing of some days.
type absence struct {
	Text    string
	Command string // that brings them; empty: nothing does now
}

// stretch is days that follow each other.
type stretch struct{ first, last conversation.Day }

// unlisted are the days of an interval that are not on the list of the data's days: nobody has asked for them, or they are yet to come.
func unlisted(at conversation.Interval, days []ledger.Day) (out []stretch) {
	next, end := at.Days()
	for _, d := range days {
		if d.Day < next || d.Day >= end {
			continue
		}
		if d.Day > next {
			out = append(out, stretch{next, d.Day - 1})
		}
		next = d.Day + 1
	}
	if next < end {
		out = append(out, stretch{next, end - 1})
	}
	return out
}

// absences say which days of an interval the data does not have and the calendar does not list as missing. Of no data there is nothing to
// say by days.
func (v *visit) absences(at conversation.Interval, days Days) (out []absence) {
	if len(days.Days) == 0 {
		return nil
	}
	come := conversation.DayOf(v.web.cfg.Now())
	if past := conversation.DayOf(days.Available); past > come { // data that was made may be of days to come
		come = past
	}
	for _, s := range unlisted(at, days.Days) {
		if over := (stretch{s.first, min(s.last, come-1)}); over.first <= over.last {
			out = append(out, v.neverBrought(over, days))
		}
		if ahead := (stretch{max(s.first, come), s.last}); ahead.first <= ahead.last {
			out = append(out, absence{Text: fmt.Sprintf("%s %s not there yet.", ahead, ahead.is("is", "are"))})
		}
	}
	return out
}

// neverBrought says of days that are over why the data does not have them, and what brings them.
func (v *visit) neverBrought(s stretch, days Days) absence {
	if v.web.cfg.Live {
		begin := days.Days[0].Day
		return absence{Text: "The data of the platform begins with " + stretch{begin, begin}.String() + "."}
	}
	out := absence{Command: fmt.Sprintf("parley extract%s --from %s --to %s", lakeAndPlatform(days.Name, days.Platform), s.first, s.last+1)}
	if s.first > days.Days[len(days.Days)-1].Day {
		out.Text = fmt.Sprintf("%s %s not been brought yet:", s, s.is("has", "have"))
	} else {
		out.Text = fmt.Sprintf("The lake was never asked for %s:", s)
	}
	return out
}

// nothingOf is the headline in place of an answer that found nothing, because the data has nothing of any day that was asked for. It is
// empty if the data has one of them.
func (v *visit) nothingOf(at conversation.Interval, days Days) string {
	first, end := at.Days()
	for _, d := range days.Days {
		if d.Day >= first && d.Day < end && (d.Verdict != ledger.Gap || d.Records > 0) {
			return ""
		}
	}
	whose := "The lake"
	if v.web.cfg.Live {
		whose = "The platform"
	}
	return fmt.Sprintf("%s does not have %s.", whose, stretch{first, end - 1})
}

// lacking tells beside an answer which days the data does not have. The conversations of a number of a figure are looked for on days before
// it too, of which nobody has asked.
func (b *exploreBody) lacking(v *visit, body []byte, days Days) {
	q, err := query.DecodeDetail(body, query.OwnLimits())
	if err != nil || b.Answer == nil {
		return
	}
	at := q.Interval
	if b.Figure != nil {
		at = b.Figure.at
	}
	b.Absent = v.absences(at, days)
	if b.Answer.Total == 0 && len(days.Days) > 0 {
		b.Sentence = cmp.Or(v.nothingOf(at, days), b.Sentence)
	}
}

// is gives the word for one day, or for many.
func (s stretch) is(one, many string) string {
	if s.first == s.last {
		return one
	}
	return many
}

// String implements fmt.Stringer.
func (s stretch) String() string {
	a, b := s.first.Start(), s.last.Start()
	switch {
	case s.first == s.last:
		return a.Format("Monday 2 January 2006")
	case a.Year() == b.Year():
		return daysText(s.first, s.last) + b.Format(" 2006")
	}
	const layout = "2 January 2006"
	return a.Format(layout) + " to " + b.Format(layout)
}
