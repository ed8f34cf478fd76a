package lake

import (
	"encoding/hex"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// Version is a record as it was received at one time. The newest version of a conversation replaces the older as a
// whole; there is no version number upstream.
type Version struct {
	conversation.Record
	Run string    // extraction or import that received it
	At  time.Time // when it was received
}

// shredder turns versions into rows of every table, and hands them on table by table as they become many.
type shredder struct {
	conversations *rows[conversationRow]
	segments      *rows[segmentRow]
	metrics       *rows[metricRow]
	attributes    *rows[attributeRow]
	evaluations   *rows[evaluationRow]
	surveys       *rows[surveyRow]
	resolutions   *rows[resolutionRow]
	changes       *rows[Change]
}

func newShredder(mem memory.Allocator, give func(Table, arrow.RecordBatch)) *shredder {
	to := func(t Table) func(arrow.RecordBatch) { return func(batch arrow.RecordBatch) { give(t, batch) } }
	return &shredder{
		newRows(mem, conversationColumns(), batchRows, to(Conversations)),
		newRows(mem, segmentColumns(), companionBatchRows, to(Segments)),
		newRows(mem, metricColumns(), companionBatchRows, to(Metrics)),
		newRows(mem, attributeColumns(), companionBatchRows, to(Attributes)),
		newRows(mem, evaluationColumns(), companionBatchRows, to(Evaluations)),
		newRows(mem, surveyColumns(), companionBatchRows, to(Surveys)),
		newRows(mem, resolutionColumns(), companionBatchRows, to(Resolutions)),
		newRows(mem, changeColumns(), companionBatchRows, to(Changes)),
	}
}

// add shreds one version and tells what of its record does not fit the schema. Nothing is derived from that; the verbatim
// text has it.
func (s *shredder) add(v Version) wire.Misfits {
	c, misfits := wire.Decode(v.JSON)
	s.addDecoded(v, c)
	return misfits
}

// addDecoded shreds a version of which c is known.
func (s *shredder) addDecoded(v Version, c *conversation.Conversation) {
	hash := v.Sum()
	row := &conversationRow{version: v, c: c, sum: conversation.Summarize(c), hash: hex.EncodeToString(hash[:])}
	s.conversations.add(row)
	for i := range c.Participants {
		s.participant(row, int64(i))
	}
	for i := range c.Evaluations {
		s.evaluations.add(&evaluationRow{row, &c.Evaluations[i]})
	}
	for i := range c.Surveys {
		s.surveys.add(&surveyRow{row, &c.Surveys[i]})
	}
	for i := range c.Resolutions {
		s.resolutions.add(&resolutionRow{row, &c.Resolutions[i]})
	}
}

func (s *shredder) participant(row *conversationRow, pi int64) {
	p := &row.c.Participants[pi]
	for i := range p.Sessions {
		s.session(sessionRow{conversationRow: row, p: p, s: &p.Sessions[i], pi: pi, si: int64(i), flow: flowOf(&p.Sessions[i])})
	}
	keys := make([]string, 0, len(p.Attributes))
	for k := range p.Attributes {
		keys = append(keys, k)
	}
	slices.Sort(keys) // maps have no order, and the same record must always give the same rows
	for _, k := range keys {
		s.attributes.add(&attributeRow{row, p, pi, k, p.Attributes[k]})
	}
}

func (s *shredder) session(at sessionRow) {
	size := int64(len(at.version.JSON)) // its texts are part of it
	segment := segmentRow{sessionRow: at}
	s.segments.addRun(len(at.s.Segments), size, func(i int) *segmentRow {
		segment.g, segment.gi = &at.s.Segments[i], int64(i)
		return &segment
	})
	metric := metricRow{sessionRow: at}
	s.metrics.addRun(len(at.s.Metrics), size, func(i int) *metricRow {
		m := &at.s.Metrics[i]
		metric.m, metric.mi, metric.queueID = m, int64(i), queueAt(at.s.Segments, m.EmitDate)
		return &metric
	})
}

func flowOf(s *conversation.Session) *conversation.Flow {
	if s.Flow != nil {
		return s.Flow
	}
	return &conversation.Flow{}
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

// flush hands on the rows gathered so far.
func (s *shredder) flush() {
	s.conversations.flush()
	s.segments.flush()
	s.metrics.flush()
	s.attributes.flush()
	s.evaluations.flush()
	s.surveys.flush()
	s.resolutions.flush()
	s.changes.flush()
}

func runes(s string) int { return utf8.RuneCountInString(s) }
