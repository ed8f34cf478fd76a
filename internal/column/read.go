package column

import (
	"math"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// Of reads the value of a column from a record in memory.
func (c Column) Of(it *Item) any {
	switch from := c.Source.(type) {
	case Sum:
		return it.sum(string(from))
	case Count:
		return it.count(string(from))
	case Medium:
		return it.medium()
	case InteractionID:
		return it.Medium + "-" + string(it.ID)
	case LastWrapUp:
		return it.lastWrapUp()
	case FirstAnswer:
		return instant(it.firstAnswer())
	case Attributes:
		if all := it.gathered(); len(all) > 0 {
			return all
		}
	case Attribute:
		if value, ok := it.gathered()[string(from)]; ok {
			return value
		}
	case Stored:
		return c.Value(c.read(it))
	case AllAttributes: // no column before it is spelled out
	}
	return nil
}

func (it *Item) metrics(name string, visit func(value int64)) {
	it.sessions(func(_ *conversation.Participant, s *conversation.Session) {
		for _, m := range s.Metrics {
			if m.Name == name {
				visit(m.Value)
			}
		}
	})
}

// sum is absent as well when it is too large for a number.
func (it *Item) sum(name string) any {
	total, some, fits := int64(0), false, true
	it.metrics(name, func(v int64) {
		some = true
		fits = fits && (v <= 0 || total <= math.MaxInt64-v) && (v >= 0 || total >= math.MinInt64-v)
		total += v
	})
	if !some || !fits {
		return nil
	}
	return total
}

func (it *Item) count(name string) any {
	n := int64(0)
	it.metrics(name, func(int64) { n++ })
	return n
}

func (it *Item) medium() any {
	if it.Medium != "" {
		return it.Medium
	}
	return text(it.Summary.MediaType)
}

func (it *Item) lastWrapUp() any {
	var last time.Time
	code := ""
	it.sessions(func(_ *conversation.Participant, s *conversation.Session) {
		for i := range s.Segments {
			g := &s.Segments[i]
			start, _ := conversation.ParseTime(g.SegmentStart) // what has no time comes before all
			start = start.Truncate(time.Microsecond)
			if g.WrapUpCode != "" && !start.Before(last) {
				code, last = g.WrapUpCode, start
			}
		}
	})
	return text(code)
}

func (it *Item) firstAnswer() (first time.Time) {
	it.sessions(func(p *conversation.Participant, s *conversation.Session) {
		for i := range s.Segments {
			g := &s.Segments[i]
			start, _ := conversation.ParseTime(g.SegmentStart)
			if p.Purpose == "agent" && g.SegmentType == "interact" && !start.IsZero() && (first.IsZero() || start.Before(first)) {
				first = start
			}
		}
	})
	return first
}

// gathered are the attributes of all participants.
func (it *Item) gathered() map[string]string {
	if it.attributes == nil {
		it.attributes = map[string]string{}
		for i := range it.Conversation.Participants {
			for key, value := range it.Conversation.Participants[i].Attributes {
				if _, taken := it.attributes[key]; !taken {
					it.attributes[key] = value
				}
			}
		}
	}
	return it.attributes
}

func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func texts(list []string) any {
	if len(list) == 0 {
		return nil
	}
	return list
}

// instant is a time to the microsecond, as the tables keep it.
func instant(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Truncate(time.Microsecond)
}

func pointed[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}
