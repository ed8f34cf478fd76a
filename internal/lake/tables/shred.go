package tables

import (
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/conversation/dimension"
	"github.com/parley-hq/parley/internal/wire"
)

// Shredder turns versions into rows of every table, and hands them on table by table as they become many.
type Shredder struct {
	conversations *rows[conversationRow]
	segments      *rows[segmentRow]
	metrics       *rows[metricRow]
	attributes    *rows[attributeRow]
	evaluations   *rows[dimension.Item]
	surveys       *rows[dimension.Item]
	resolutions   *rows[dimension.Item]
	changes       *rows[Change]
	derived       *deriver // nil where nothing is derived
}

// NewShredder makes a shredder that gives rows away in record batches, whose memory is from mem.
func NewShredder(mem memory.Allocator, by Deriving, give func(Table, arrow.RecordBatch)) *Shredder {
	return NewShredderOf(RowsAtOnce, mem, by, give)
}

// NewShredderOf is NewShredder for about so many versions, fewer than RowsAtOnce: memory is made ready for no more.
func NewShredderOf(versions int, mem memory.Allocator, by Deriving, give func(Table, arrow.RecordBatch)) *Shredder {
	to := func(t Table) func(arrow.RecordBatch) { return func(rows arrow.RecordBatch) { give(t, rows) } }
	versions = max(1, min(RowsAtOnce, versions))
	companions := versions * companionsAtOnce / RowsAtOnce
	return &Shredder{
		newRows(mem, conversationColumns(), versions, to(Conversations)),
		newRows(mem, segmentColumns(), companions, to(Segments)),
		newRows(mem, metricColumns(), companions, to(Metrics)),
		newRows(mem, attributeColumns(), companions, to(Attributes)),
		newRows(mem, itemColumns(dimension.Evaluation), companions, to(Evaluations)),
		newRows(mem, itemColumns(dimension.Survey), companions, to(Surveys)),
		newRows(mem, itemColumns(dimension.Resolution), companions, to(Resolutions)),
		newRows(mem, changeColumns(), companions, to(Changes)),
		newDeriver(mem, by, versions, companions, to),
	}
}

// Add shreds one version and tells what of its record does not fit the schema. Nothing is derived from that; the verbatim
// text has it.
func (s *Shredder) Add(v conversation.Version) wire.Misfits { return s.AddCounting(v, nil) }

// AddCounting does what Add does, and counts the keys of the record.
func (s *Shredder) AddCounting(v conversation.Version, keys *wire.Keys) wire.Misfits {
	c, misfits := keys.Decode(v.Record)
	s.AddDecoded(v, c)
	return misfits
}

// AddChange takes a difference to what was there before.
func (s *Shredder) AddChange(c Change) { s.changes.add(&c) }

// AddDecoded shreds a version of which c is known.
func (s *Shredder) AddDecoded(v conversation.Version, c *conversation.Conversation) {
	hash := v.Sum()
	it := &dimension.Item{ID: v.ID, Start: v.Start, End: v.End, Conversation: c}
	s.conversations.add(&conversationRow{it, v, conversation.Summarize(c), hex.EncodeToString(hash[:])})
	size := int64(len(v.JSON)) // the texts of a row are part of it
	for i := range c.Participants {
		it.Participant = &c.Participants[i]
		s.participant(it, int64(i), size)
	}
	for i := range c.Evaluations {
		it.Evaluation = &c.Evaluations[i]
		s.evaluations.add(it)
	}
	for i := range c.Surveys {
		it.Survey = &c.Surveys[i]
		s.surveys.add(it)
	}
	for i := range c.Resolutions {
		it.Resolution = &c.Resolutions[i]
		s.resolutions.add(it)
	}
	s.derived.add(v, c)
}

func (s *Shredder) participant(it *dimension.Item, pi, size int64) {
	p := it.Participant
	for i := range p.Sessions {
		it.Session, it.Flow = &p.Sessions[i], dimension.FlowOf(&p.Sessions[i])
		s.session(sessionRow{it, pi, int64(i)}, size)
	}
	keys := make([]string, 0, len(p.Attributes))
	for k := range p.Attributes {
		keys = append(keys, k)
	}
	slices.Sort(keys) // maps have no order, and the same record must always give the same rows
	for _, k := range keys {
		s.attributes.add(&attributeRow{it, pi, k, p.Attributes[k]})
	}
}

func (s *Shredder) session(at sessionRow, size int64) {
	segment := segmentRow{sessionRow: at}
	s.segments.addRun(len(at.Session.Segments), size, func(i int) *segmentRow {
		segment.Segment, segment.gi = &at.Session.Segments[i], int64(i)
		return &segment
	})
	metric := metricRow{sessionRow: at}
	s.metrics.addRun(len(at.Session.Metrics), size, func(i int) *metricRow {
		m := &at.Session.Metrics[i]
		metric.m, metric.mi, metric.queueID = m, int64(i), queueAt(at.Session.Segments, m.EmitDate)
		return &metric
	})
}

// queueAt is the queue of the last segment that had started by then; metrics are emitted in the segment they end. It
// falls back to the session's first queue.
func queueAt(segments []conversation.Segment, emitDate string) string {
	var queue, first string
	emitted := parsed(emitDate)
	for i := range segments {
		g := &segments[i]
		if first == "" {
			first = g.QueueID
		}
		if g.QueueID != "" && !parsed(g.SegmentStart).After(emitted) {
			queue = g.QueueID
		}
	}
	if queue == "" {
		return first
	}
	return queue
}

func parsed(s string) time.Time {
	t, _ := conversation.ParseTime(s)
	return t
}

// Flush hands on the rows gathered so far.
func (s *Shredder) Flush() {
	s.conversations.flush()
	s.segments.flush()
	s.metrics.flush()
	s.attributes.flush()
	s.evaluations.flush()
	s.surveys.flush()
	s.resolutions.flush()
	s.changes.flush()
	s.derived.flush()
}

func runes(s string) int { return utf8.RuneCountInString(s) }
