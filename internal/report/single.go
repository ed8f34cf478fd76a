package report

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/column/jsonvalue"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// One gives the members of a conversation that a single report selects, as a JSON object; none where the conversation was not
// going on in the interval.
func (r *Request) One(record conversation.Record) (text []byte, in bool) {
	if !r.Interval.Overlaps(record.Start, record.End) {
		return nil, false
	}
	c, _ := wire.Decode(record.JSON) // what cannot be read is absent
	item := column.Items(conversation.Version{Record: record}, c, column.Conversation)[0]
	sel, p := r.Selection, &plan{}
	if r.participants >= 0 {
		sel.Columns = slices.Insert(slices.Clone(sel.Columns), r.participants, listed)
	}
	w := newWriter(p, sel)
	row := p.read.Row(&item)
	if r.participants >= 0 {
		row[p.need(listed.Column)] = appendParticipants(nil, c.Participants)
	}
	return w.row(row), true
}

// listed stands for the participants among columns.
var listed = column.Selected{Name: participants, Column: column.Column{Name: participants}}

// appendParticipants writes those of a conversation, in their order.
func appendParticipants(to jsontext.Value, list []conversation.Participant) jsontext.Value {
	to = append(to, '[')
	for i := range list {
		p := &list[i]
		if i > 0 {
			to = append(to, ',')
		}
		to = jsonvalue.Append(append(to, `{"id":`...), present(p.ParticipantID))
		to = jsonvalue.Append(append(to, `,"name":`...), present(p.ParticipantName))
		to = jsonvalue.Append(append(to, `,"role":`...), present(p.Purpose))
		to = jsonvalue.Append(append(to, `,"duration_seconds":`...), secondsOf(p))
		to = append(to, '}')
	}
	return append(to, ']')
}

func present(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// secondsOf is how long a participant was there, from the first segment to the end of the last; absent while one is open.
func secondsOf(p *conversation.Participant) any {
	var first, last time.Time
	for i := range p.Sessions {
		for k := range p.Sessions[i].Segments {
			g := &p.Sessions[i].Segments[k]
			start, err := conversation.ParseTime(g.SegmentStart)
			if err != nil {
				continue
			}
			end, err := conversation.ParseTime(g.SegmentEnd)
			if err != nil {
				return nil
			}
			if first.IsZero() || start.Before(first) {
				first = start
			}
			if end.After(last) {
				last = end
			}
		}
	}
	if first.IsZero() || last.Before(first) {
		return nil
	}
	return float64(last.Sub(first).Milliseconds()) / 1000
}
