package duck

import (
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/query"
)

// search writes the statements that find what a query selects, over the files in which it can lie.
type search struct {
	q     query.Query
	files map[lake.Table][]lake.File
	named bool // write tables by their names instead of their files: for people
	whole bool // the interval covers the days of all files: every conversation in them lies to it as it must
}

// newSearch chooses the files: of conversations those that the query touches, of the other tables those of the same days.
func newSearch(s *lake.Snapshot, q query.Query) search {
	files := map[lake.Table][]lake.File{lake.Conversations: s.Touched(q.Starts(), q.Interval.Start)}
	days, whole := map[conversation.Day]bool{}, true
	for _, f := range files[lake.Conversations] {
		days[f.Day] = true
		whole = whole && covers(q.Interval, f.Day.Interval())
	}
	for _, t := range lake.Tables() {
		if t == lake.Conversations {
			continue
		}
		for _, f := range s.Files(t) {
			if days[f.Day] {
				files[t] = append(files[t], f)
			}
		}
	}
	return search{q: q, files: files, whole: whole}
}

func covers(iv, day conversation.Interval) bool {
	return !iv.Start.After(day.Start) && !iv.End.Before(day.End)
}

// empty says that nothing can be found.
func (s search) empty() bool { return len(s.files[lake.Conversations]) == 0 }

// from is the table over the chosen files. Conversations have the number of their file and row as well.
func (s search) from(t lake.Table) fragment {
	switch files := s.files[t]; {
	case s.named:
		return sqlText("FROM " + string(t))
	case len(files) == 0:
		return sqlText("FROM " + nothing(lake.Columns(t)))
	case t == lake.Conversations:
		return sqlText("FROM " + readParquet(files, ", file_row_number = true"))
	default:
		return sqlText("FROM " + readParquet(files, ""))
	}
}

// rows are the rows of a table among which the query's items lie. Segments and metrics know the lifetime of their
// conversation; the other companions only its start, so that more of them come than belong to the query.
func (s search) rows(t lake.Table) fragment {
	if ofLifetime(t) {
		return concat(s.from(t), " WHERE ", s.lifetime())
	}
	return concat(s.from(t), " WHERE ", s.started())
}

// ofLifetime says whether a table has conversation_end.
func ofLifetime(t lake.Table) bool {
	return t == lake.Conversations || t == lake.Segments || t == lake.Metrics
}

// lifetime is query.Matches in SQL. Where it holds of every row it is not asked: to decode the times of all segments
// would cost a quarter of the search.
func (s search) lifetime() fragment {
	if s.whole {
		return sqlText("true")
	}
	since := s.q.Interval.Start
	return allOf(s.started(), sqlText("(conversation_end IS NULL OR conversation_end > ? OR conversation_start >= ?)", since, since))
}

// started is the part of lifetime about the start.
func (s search) started() fragment {
	if s.whole {
		return sqlText("true")
	}
	starts := s.q.Starts()
	parts := []fragment{sqlText("conversation_start < ?", starts.End)}
	if !starts.Start.IsZero() {
		parts = append(parts, sqlText("conversation_start >= ?", starts.Start))
	}
	return allOf(parts...)
}

// hits are the conversations that satisfy every filter: a condition on typed columns of conversations, and for each
// kind of companion the set of ids that a pass over it gives, joined by id alone.
func (s search) hits(columns string) fragment {
	m := &metrics{}
	conditions := []fragment{s.lifetime()}
	for _, f := range s.q.Filters {
		if f.Kind == query.OfConversation {
			conditions = append(conditions, items{m}.filter(f))
		}
	}
	for _, p := range passes(s.q.Filters) {
		conditions = append(conditions, concat("conversation_id IN (", s.satisfying(p), ")"))
	}
	from := s.from(lake.Conversations)
	if len(m.names) > 0 {
		from = concat(from, " LEFT JOIN (", m.grouped(s.rows(lake.Metrics)), ") USING (conversation_id)")
	}
	return concat("SELECT "+columns+" ", from, " WHERE ", list(conditions, " AND "))
}

// satisfying gives the ids of the conversations that have an item for each of the filters of a pass.
func (s search) satisfying(p *pass) fragment {
	rows := s.rows(tables[p.kind])
	conditions := make([]fragment, len(p.filters))
	for i, f := range p.filters {
		conditions[i] = items{}.filter(f)
	}
	switch {
	case p.properties:
		return propertied(rows, p, conditions)
	case len(conditions) == 1:
		return concat("SELECT conversation_id ", rows, " AND ", conditions[0])
	}
	columns, some, every := []fragment{sqlText("conversation_id")}, []fragment{}, []fragment{}
	for i, c := range conditions {
		name := "e" + itoa(i)
		columns = append(columns, concat(c, " AS "+name))
		some, every = append(some, sqlText(name)), append(every, sqlText("bool_or("+name+")"))
	}
	return concat("SELECT conversation_id FROM (SELECT ", list(columns, ", "), " ", rows, ") WHERE ", anyOf(some...),
		" GROUP BY conversation_id HAVING ", allOf(every...))
}

// between narrows a search to conversations that started from first to last, both included: hits are known to lie
// there.
func (s search) between(first, last time.Time) search {
	files := map[lake.Table][]lake.File{}
	for t, list := range s.files {
		for _, f := range list {
			if f.Day >= conversation.DayOf(first) && f.Day <= conversation.DayOf(last) {
				files[t] = append(files[t], f)
			}
		}
	}
	s.files = files
	return s
}

// order is what query says of Order and OrderBy: what has no end yet ends last.
func order(q query.Query) string {
	by := map[query.OrderBy]string{
		query.ByConversationStart: "conversation_start",
		query.ByConversationEnd:   "coalesce(conversation_end, 'infinity'::TIMESTAMPTZ)",
		query.BySegmentStart:      "coalesce(first_segment_start, 'infinity'::TIMESTAMPTZ)",
		query.BySegmentEnd:        "coalesce(last_segment_end, 'infinity'::TIMESTAMPTZ)",
	}[q.OrderBy]
	if q.Order == query.Descending {
		return by + " DESC, conversation_id"
	}
	return by + ", conversation_id"
}
