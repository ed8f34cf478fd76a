package why

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// moment is by which instant something lies in the interval.
type moment int

const (
	emitted  moment = iota // the metric's
	began                  // conversationStart
	over                   // conversationEnd
	overlaps               // any between the two
	moments
)

// clock is how somebody may have read the interval.
type clock struct {
	name, text string
	interval   conversation.Interval
}

// clocks are the readings of an interval, ours first: those that are different.
func clocks(iv conversation.Interval, zone *time.Location) []clock {
	utc := func(at time.Time) time.Time {
		at = at.In(zone)
		return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), time.UTC)
	}
	from, to := iv.Start.In(zone), iv.End.In(zone)
	wall := utc(to).Sub(utc(from)) // how long it is if every day has 24 hours
	moved := func(by time.Duration) conversation.Interval {
		return conversation.Interval{Start: iv.Start.Add(by), End: iv.End.Add(by)}
	}
	all := []clock{
		{"", "", iv},
		{"utc", "days begin by UTC, and not in " + zone.String(), conversation.Interval{Start: utc(from), End: utc(to)}},
		{"24-hour-days", "every day has 24 hours: the change of the clocks is left out, and the interval ends an hour off", conversation.Interval{Start: iv.Start, End: iv.Start.Add(wall)}},
		{"24-hour-days-back", "every day has 24 hours: the change of the clocks is left out, and the interval begins an hour off", conversation.Interval{Start: iv.End.Add(-wall), End: iv.End}},
		{"hour-earlier", "the interval lies an hour earlier: clocks that were not put back, or were put forward too soon", moved(-time.Hour)},
		{"hour-later", "the interval lies an hour later: clocks that were not put forward, or were put back too soon", moved(time.Hour)},
		{"one-day-more", "the day of --to counts too", conversation.Interval{Start: iv.Start, End: to.AddDate(0, 0, 1)}},
	}
	var out []clock
	for _, c := range all {
		same := func(o clock) bool {
			return o.interval.Start.Equal(c.interval.Start) && o.interval.End.Equal(c.interval.End)
		}
		if !slices.ContainsFunc(out, same) {
			out = append(out, c)
		}
	}
	return out
}

// Which queue an emission is of, as bits.
const (
	queueInEffect = 1 << iota // of the segment in effect, which is ours
	queueNone                 // none is
	queueVisited              // the conversation visited it
	queueFirst                // it visited it first
	queueLast                 // it visited it last
)

const queueBits = 5

// The directions of a leg, or of a conversation.
const (
	inbound   = 1
	outbound  = 2
	direction = 2 // bits
)

// longestWait is where seconds of an abandoned wait end to be told apart.
const (
	longestWait = 61
	waitBits    = 6
)

// mediaTypes are those that rules know; any other is 0. Source: the platform's schema of sessions.
var mediaTypes = []string{"voice", "callback", "chat", "cobrowse", "email", "internalmessage", "message", "screenshare", "screenmonitoring", "video"}

// emission is what rules know of an emission.
type emission struct {
	metric        int           // by its place among the question's
	within        [moments]uint // a bit for each clock
	queue         uint
	medium        int // 1 is the first of mediaTypes
	leg, first    int // directions of the session, and of the conversation when it began
	open, changes bool
	waited        int // seconds, of an abandoned wait
}

// field is a part of the number of a class.
type field struct {
	bits int
	sql  string
	set  func(*emission, uint)
}

// layout says how a class is written as a number, by fields from the lowest bits up.
func layout(q Question, metrics []string, times []clock) (fields []field) {
	add := func(bits int, sql string, set func(*emission, uint)) { fields = append(fields, field{bits, sql, set}) }
	add(4, numbered("name", metrics), func(e *emission, v uint) { e.metric = int(v) - 1 })
	for m := range moments {
		for c := range times {
			add(1, bit(m.within(times[c].interval)), func(e *emission, v uint) { e.within[m] |= v << c })
		}
	}
	for i, sql := range queueFacts(q.Queues) {
		add(1, bit(sql), func(e *emission, v uint) { e.queue |= v << i })
	}
	add(4, numbered("m.media_type", mediaTypes), func(e *emission, v uint) { e.medium = int(v) })
	add(direction, numbered("m.direction", []string{"inbound", "outbound"}), func(e *emission, v uint) { e.leg = int(v) })
	add(direction, numbered("m.originating_direction", []string{"inbound", "outbound"}), func(e *emission, v uint) { e.first = int(v) })
	add(1, bit("m.conversation_end IS NULL"), func(e *emission, v uint) { e.open = v == 1 })
	add(1, bit("c.extracted_at < m.conversation_start + INTERVAL 48 HOURS"), func(e *emission, v uint) { e.changes = v == 1 })
	add(waitBits, "CASE WHEN name = 'tAbandon' THEN greatest(0, least("+strconv.Itoa(longestWait)+", value // 1000)) ELSE 0 END", func(e *emission, v uint) { e.waited = int(v) })
	return fields
}

// read gives the emissions of a class.
func read(fields []field, class uint64) (e emission) {
	for _, f := range fields {
		f.set(&e, uint(class&(1<<f.bits-1)))
		class >>= f.bits
	}
	return e
}

// numbered is the place of a value in a list, from 1 on; 0 if it is not in it.
func numbered(of string, values []string) string {
	var s strings.Builder
	s.WriteString("CASE " + of)
	for i, v := range values {
		s.WriteString(" WHEN " + quote(v) + " THEN " + strconv.Itoa(i+1))
	}
	return s.String() + " ELSE 0 END"
}

func bit(condition string) string { return "CASE WHEN " + condition + " THEN 1 ELSE 0 END" }

// within is whether something lies in an interval.
func (m moment) within(iv conversation.Interval) string {
	from, to := instant(iv.Start), instant(iv.End)
	in := func(column string) string { return column + " >= " + from + " AND " + column + " < " + to }
	overlapping := func(from string) string {
		return "m.conversation_start < " + to + " AND (m.conversation_end IS NULL OR m.conversation_end >= " + from + ")"
	}
	switch m {
	case began:
		return in("m.conversation_start")
	case over:
		return in("m.conversation_end")
	case overlaps:
		return overlapping(from)
	case emitted, moments:
	}
	// What is emitted more than a day after its conversation ended does not count in aggregates.
	return in("emit_date") + " AND " + overlapping(instant(iv.Start.Add(-afterEnd)))
}

// afterEnd is how long after the end of its conversation something may be emitted: see package query.
const afterEnd = 24 * time.Hour

// queueFacts are the conditions of the bits of the queue. Without queues asked for, any is meant.
func queueFacts(ids []string) []string {
	none := "m.queue_id IS NULL"
	if ids == nil {
		return []string{"true", none, "true", "true", "true"}
	}
	list := quoted(ids)
	return []string{
		"m.queue_id IN (" + list + ")", none, "list_has_any(c.queue_ids, [" + list + "])", "c.first_queue_id IN (" + list + ")", "c.last_queue_id IN (" + list + ")",
	}
}
