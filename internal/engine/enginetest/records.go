package enginetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/wire"
)

// epoch is the middle of the days on which the random records lie.
var epoch = time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)

// set is a kind of records that an engine is asked about, and the number of filtered questions about them.
type set struct {
	name     string
	filtered int
	make     func(t *testing.T, r *rand.Rand) []conversation.Record
}

var sets = []set{
	{"nothing", 20, func(*testing.T, *rand.Rand) []conversation.Record { return nil }},
	{"one record", 20, func(t *testing.T, r *rand.Rand) []conversation.Record { return random(t, r, 1) }},
	{"a few records", 50, func(t *testing.T, r *rand.Rand) []conversation.Record { return random(t, r, 12) }},
	{"records of all kinds", 20, func(t *testing.T, r *rand.Rand) []conversation.Record { return random(t, r, 300) }},
	{"records of every dimension", 200, everyDimension},
	{"large records", 0, large},
	{"simulated records", 0, func(t *testing.T, r *rand.Rand) []conversation.Record { return simulated(t, r, 120) }},
	{"few simulated records", 200, func(t *testing.T, r *rand.Rand) []conversation.Record { return simulated(t, r, 20) }},
}

// random makes records that try the edges: equal starts, exact midnights, ends that are missing, at once or days
// later, ids that differ in case only, segments that do not fit the conversation, or none.
func random(t *testing.T, r *rand.Rand, n int) []conversation.Record {
	m := maker{t, r}
	out := make([]conversation.Record, n)
	for i := range out {
		out[i] = m.record(i, nil)
	}
	return out
}

// large makes some records of which one in ten is larger than 100 kB.
func large(t *testing.T, r *rand.Rand) []conversation.Record {
	m := maker{t, r}
	out := make([]conversation.Record, 40)
	for i := range out {
		var attributes map[string]string
		if i%10 == 0 {
			attributes = map[string]string{"short": "x", "long": strings.Repeat("0123456789abcdef", 8_000+r.IntN(20_000))}
		}
		out[i] = m.record(i, attributes)
	}
	return out
}

// simulated gives three days of the simulated contact centre, cut at an instant of the last one.
func simulated(t *testing.T, r *rand.Rand, perDay int) (out []conversation.Record) {
	centre := sim.New(sim.Config{Seed: r.Uint64(), PerDay: perDay})
	first := conversation.DayOf(epoch)
	now := (first + 2).Start().Add(time.Duration(r.Int64N(int64(24 * time.Hour))))
	for day := first; day < first+3; day++ {
		for c := range centre.Day(day) {
			if c = sim.Cut(c, now); c != nil {
				out = append(out, parse(t, encode(t, c)))
			}
		}
	}
	return out
}

func encode(t *testing.T, c *conversation.Conversation) []byte {
	t.Helper()
	raw, err := wire.Encode(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func parse(t *testing.T, raw []byte) conversation.Record {
	t.Helper()
	record, err := wire.Record(raw)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// maker makes random records.
type maker struct {
	t *testing.T
	r *rand.Rand
}

func (m maker) record(i int, attributes map[string]string) conversation.Record {
	start := m.instant()
	c := &conversation.Conversation{
		ConversationID:    m.id(i),
		ConversationStart: conversation.FormatTime(start),
		DivisionIDs:       []string{"d1"},
	}
	if end, ok := m.end(start); ok {
		c.ConversationEnd = conversation.FormatTime(end)
	}
	for range m.r.IntN(4) {
		c.Participants = append(c.Participants, m.participant(start))
	}
	if attributes != nil {
		c.Participants = append(c.Participants, conversation.Participant{ParticipantID: "p", Purpose: "customer", Attributes: attributes})
	}
	raw := encode(m.t, c)
	if m.r.IntN(3) == 0 { // the text is not what our own encoder would write, and must stay so
		raw = append(raw[:len(raw)-1], `,"aNewKey":{"n":1.50,"e":1E+2,"text":"\u00e9é\/"}}`...)
	}
	return parse(m.t, raw)
}

// id is different for each i; some differ from their neighbour's in case only, one needs quoting.
func (m maker) id(i int) conversation.ID {
	switch {
	case i == 7:
		return `o'clock "7" \ %_`
	case i%4 == 1:
		return conversation.ID(fmt.Sprintf("%08d-ABCD", i/4))
	case i%4 == 2:
		return conversation.ID(fmt.Sprintf("%08d-abcd", i/4))
	}
	return conversation.ID(fmt.Sprintf("%08x-0000-4000-8000-%012d", m.r.Uint32(), i))
}

// instant is a start: often a midnight, often one that others share, else any millisecond of five days.
func (m maker) instant() time.Time {
	day := epoch.AddDate(0, 0, m.r.IntN(5)-2)
	switch m.r.IntN(5) {
	case 0:
		return day
	case 1:
		return day.Add(-time.Millisecond)
	case 2:
		return day.Add(time.Duration(m.r.IntN(4)) * 6 * time.Hour)
	}
	return day.Add(time.Duration(m.r.IntN(86_400_000)) * time.Millisecond)
}

// end is when the conversation ended, if it did.
func (m maker) end(start time.Time) (time.Time, bool) {
	switch m.r.IntN(6) {
	case 0:
		return time.Time{}, false
	case 1:
		return start, true
	case 2:
		return start.Truncate(24 * time.Hour).Add(24 * time.Hour), true
	case 3:
		return start.Add(time.Duration(m.r.IntN(5*86_400)) * time.Second), true
	}
	return start.Add(time.Duration(1+m.r.IntN(3_600_000)) * time.Millisecond), true
}

// participant has a few segments about the start, of which some do not end.
func (m maker) participant(start time.Time) conversation.Participant {
	s := conversation.Session{SessionID: "s", MediaType: "voice", Direction: "inbound"}
	at := start.Add(time.Duration(m.r.IntN(3)-1) * 20 * time.Millisecond)
	for range m.r.IntN(4) {
		g := conversation.Segment{SegmentStart: conversation.FormatTime(at), SegmentType: "interact", Conference: new(false)}
		at = at.Add(time.Duration(m.r.IntN(3)) * time.Duration(m.r.IntN(3_600_000)) * time.Millisecond)
		if m.r.IntN(6) > 0 {
			g.SegmentEnd = conversation.FormatTime(at)
		}
		s.Segments = append(s.Segments, g)
	}
	return conversation.Participant{ParticipantID: "p", Purpose: "customer", Sessions: []conversation.Session{s}}
}
