package sqltext

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
)

// Files are the data files of one snapshot of the tables.
type Files interface {
	// Files lists the files of a table by day.
	Files(t tables.Table) []datafile.File
	// Touched lists the files of conversations in which a conversation can lie that started in starts and whose lifetime
	// reaches beyond since.
	Touched(starts conversation.Interval, since time.Time) []datafile.File
}

// Search writes the statements that answer a query, over the files in which its answer can lie. A value that nobody
// changes.
type Search struct {
	dialect Dialect
	q       query.Query
	files   map[tables.Table][]datafile.File
	named   bool // write tables by their names instead of their files: for people
	covered bool // the interval covers the days of all files: every conversation in them lies to it as it must
}

// Found is what a search has found before: a table with the columns that it was asked for, of conversations that started
// from First to Last, both included. Without a table nothing was kept, and the search is part of every statement.
type Found struct {
	Table       string
	First, Last time.Time
}

// NewSearch chooses the files: of conversations those that the query touches, of the other tables those of the same days.
func NewSearch(d Dialect, s Files, q query.Query) Search {
	files, covered := touched(s, q)
	return Search{dialect: d, q: q, files: files, covered: covered}
}

// Planned is the size of the data files that are read to search, and of those of some other tables of the same days.
func Planned(s Files, q query.Query, beside ...tables.Table) (bytes int64) {
	files, _ := touched(s, q)
	for t, list := range files {
		if t != tables.Conversations && !asks(q, t) && !slices.Contains(beside, t) {
			continue
		}
		for _, f := range list {
			bytes += f.Bytes
		}
	}
	return bytes
}

// touched are the files in which an answer can lie, and whether the interval covers the days of all of them.
func touched(s Files, q query.Query) (_ map[tables.Table][]datafile.File, covered bool) {
	files := map[tables.Table][]datafile.File{tables.Conversations: s.Touched(q.Starts(), q.Interval.Start)}
	days := map[conversation.Day]bool{}
	covered = true
	for _, f := range files[tables.Conversations] {
		days[f.Day] = true
		covered = covered && covers(q.Interval, f.Day.Interval())
	}
	for _, t := range tables.All() {
		if t == tables.Conversations {
			continue
		}
		for _, f := range s.Files(t) {
			if days[f.Day] {
				files[t] = append(files[t], f)
			}
		}
	}
	return files, covered
}

func covers(iv, day conversation.Interval) bool {
	return !iv.Start.After(day.Start) && !iv.End.Before(day.End)
}

// Empty says that nothing can be found.
func (s Search) Empty() bool { return len(s.files[tables.Conversations]) == 0 }

// Files are those chosen of a table, in the order in which statements number them.
func (s Search) Files(t tables.Table) []datafile.File { return s.files[t] }

// Named is the search as people are to read it, with the names of tables in place of their files.
func (s Search) Named() Search {
	s.named = true
	return s
}

// Filtered says whether a query needs a search: one without filters is answered from conversations alone.
func Filtered(q query.Query) bool { return len(q.Filters) > 0 }

// Reads lists the tables that the search reads.
func (s Search) Reads() (out []tables.Table) {
	for _, t := range tables.All() {
		if t == tables.Conversations || asks(s.q, t) {
			out = append(out, t)
		}
	}
	return out
}

// asks says whether a query has a filter that is answered from a companion.
func asks(q query.Query, t tables.Table) bool {
	for _, f := range q.Filters {
		if tableOf[f.Kind] == t || t == tables.Metrics && f.Kind == query.OfConversation && asksMetric(f) {
			return true
		}
	}
	return false
}

func asksMetric(f query.Filter) bool {
	of := func(p query.Predicate) bool { return p.Dimension.Column == "" && !isProperty(p) }
	return slices.ContainsFunc(f.Predicates, of) ||
		slices.ContainsFunc(f.Clauses, func(c query.Clause) bool { return slices.ContainsFunc(c.Predicates, of) })
}

// from is the table over the chosen files.
func (s Search) from(t tables.Table) Text {
	if s.named {
		return Of("FROM " + string(t))
	}
	return Of("FROM " + s.dialect.Table(t, s.files[t]))
}

// rows are the rows of a table among which the query's items lie. Segments and metrics know the lifetime of their
// conversation; the other companions only its start, so that more of them come than belong to the query.
func (s Search) rows(t tables.Table) Text {
	if ofLifetime(t) {
		return Concat(s.from(t), " WHERE ", s.lifetime())
	}
	return Concat(s.from(t), " WHERE ", s.started())
}

// ofLifetime says whether a table has conversation_end.
func ofLifetime(t tables.Table) bool {
	return t == tables.Conversations || t == tables.Segments || t == tables.Metrics
}

// lifetime is query.Matches in SQL. Where it holds of every row it is not asked: to decode the times of all segments
// would cost a quarter of the search.
func (s Search) lifetime() Text {
	if s.covered {
		return Of("true")
	}
	since := s.q.Interval.Start
	return allOf(s.started(), Of("(conversation_end IS NULL OR conversation_end > ? OR conversation_start >= ?)", since, since))
}

// started is the part of lifetime about the start.
func (s Search) started() Text {
	if s.covered {
		return Of("true")
	}
	starts := s.q.Starts()
	parts := []Text{Of("conversation_start < ?", starts.End)}
	if !starts.Start.IsZero() {
		parts = append(parts, Of("conversation_start >= ?", starts.Start))
	}
	return allOf(parts...)
}

// Hits are the conversations that satisfy every filter: an expression on typed columns of conversations, and for each
// kind of companion the set of ids that a pass over it gives, joined by id alone.
func (s Search) Hits(columns string) Text {
	m := &metrics{}
	expressions := []Text{s.lifetime()}
	for _, f := range s.q.Filters {
		if f.Kind == query.OfConversation {
			expressions = append(expressions, items{s.dialect, m}.filter(f))
		}
	}
	for _, p := range passes(s.q.Filters) {
		expressions = append(expressions, Concat("conversation_id IN (", s.satisfying(p), ")"))
	}
	from := s.from(tables.Conversations)
	if len(m.names) > 0 {
		from = Concat(from, " LEFT JOIN (", m.grouped(s.dialect, s.rows(tables.Metrics)), ") USING (conversation_id)")
	}
	return Concat("SELECT "+columns+" ", from, " WHERE ", list(expressions, " AND "))
}

// satisfying gives the ids of the conversations that have an item for each of the filters of a pass.
func (s Search) satisfying(p *pass) Text {
	rows := s.rows(tableOf[p.kind])
	expressions := make([]Text, len(p.filters))
	item := items{dialect: s.dialect}
	for i, f := range p.filters {
		expressions[i] = item.filter(f)
	}
	switch {
	case p.properties:
		return item.propertied(rows, p, expressions)
	case len(expressions) == 1:
		return Concat("SELECT conversation_id ", rows, " AND ", expressions[0])
	}
	columns, some, every := []Text{Of("conversation_id")}, []Text{}, []Text{}
	for i, c := range expressions {
		name := "e" + itoa(i)
		columns = append(columns, Concat(c, " AS "+name))
		some, every = append(some, Of(name)), append(every, Of("bool_or("+name+")"))
	}
	return Concat("SELECT conversation_id FROM (SELECT ", list(columns, ", "), " ", rows, ") WHERE ", anyOf(some...),
		" GROUP BY conversation_id HAVING ", allOf(every...))
}

// between narrows a search to conversations that started from first to last, both included: hits are known to lie
// there.
func (s Search) between(first, last time.Time) Search {
	files := map[tables.Table][]datafile.File{}
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

// place is where a record lies.
const place = "SELECT file_index, file_row_number "

// All is how many conversations there are of a query without filters.
func (s Search) All() Text { return Concat("SELECT count(*) ", s.rows(tables.Conversations)) }

// Places are where the records lie, in the order asked for, from offset on, at most limit; limit 0 means all. Found is nil
// for a query without filters.
func (s Search) Places(found *Found, limit, offset int) Text {
	p := s.page(limit, offset)
	switch {
	case found == nil:
		return Concat(place, s.rows(tables.Conversations), p)
	case found.Table == "":
		return Concat(place, "FROM (", s.Hits(HitColumns), ")", p)
	}
	return Concat(place, "FROM "+found.Table, p)
}

// page orders what is selected and cuts a page out of it.
func (s Search) page(limit, offset int) Text {
	p := Of(" ORDER BY " + order(s.q))
	if offset > 0 {
		p = Concat(p, Of(" OFFSET ?", offset))
	}
	if limit > 0 {
		p = Concat(p, Of(" LIMIT ?", limit))
	}
	return p
}

// Descending says whether what starts last comes first.
func (s Search) Descending() bool { return s.q.Order == query.Descending }

// recordColumns are what a record is made of.
const recordColumns = "conversation_id, conversation_start, conversation_end, record"

// Records are the records themselves, in place of where they lie: id, start, end, which may be null, and text. They come as Places
// has them.
func (s Search) Records(limit, offset int) Text {
	if !Filtered(s.q) {
		return Concat("SELECT "+recordColumns+" ", s.rows(tables.Conversations), s.page(limit, offset))
	}
	return Concat("SELECT "+recordColumns+" FROM (", s.Hits(recordColumns+", first_segment_start, last_segment_end"), ")", s.page(limit, offset))
}

// Unsorted are all records, as Records gives them but in no order, and what they are sorted by, if that is none of their columns.
func (s Search) Unsorted() Text {
	columns := recordColumns
	if by := s.Sorting().Column; by != startColumn && by != endColumn {
		columns += ", " + by
	}
	if !Filtered(s.q) {
		return Concat("SELECT "+columns+" ", s.rows(tables.Conversations))
	}
	return s.Hits(columns)
}

// RecordsOf are the records with these ids, as Records gives them, in order of start.
func RecordsOf(d Dialect, files []datafile.File, ids []conversation.ID) Text {
	return withIDs(recordColumns, d, files, ids)
}

// HitColumns are those that Found must have: the id of a conversation, what it is ordered by, and where its record lies.
const HitColumns = "conversation_id, conversation_start, conversation_end, first_segment_start, last_segment_end, file_index, file_row_number"

// PlacesOf are where the records with these ids lie, in order of start.
func PlacesOf(d Dialect, files []datafile.File, ids []conversation.ID) Text {
	return withIDs("file_index, file_row_number", d, files, ids)
}

func withIDs(columns string, d Dialect, files []datafile.File, ids []conversation.ID) Text {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = string(id)
	}
	return Concat("SELECT "+columns+" FROM "+d.Table(tables.Conversations, files)+" WHERE ", Of(d.OneOf("conversation_id", len(args)), args...),
		" ORDER BY conversation_start, conversation_id")
}

// Columns by which a conversation is ordered that are part of a record.
const (
	startColumn = "conversation_start"
	endColumn   = "conversation_end"
)

// Sorting is the order of records: by a column that may be null, which counts as later than all else, and then by conversation_id from the
// smallest on.
type Sorting struct {
	Column     string
	Descending bool
}

// Sorting is what query says of Order and OrderBy: what has no end yet ends last.
func (s Search) Sorting() Sorting { return sortingOf(s.q) }

func sortingOf(q query.Query) Sorting {
	by := map[query.OrderBy]string{
		query.ByConversationStart: startColumn,
		query.ByConversationEnd:   endColumn,
		query.BySegmentStart:      "first_segment_start",
		query.BySegmentEnd:        "last_segment_end",
	}[q.OrderBy]
	return Sorting{by, q.Order == query.Descending}
}

// Terms are what SQL sorts by.
func (s Sorting) Terms() []string {
	if s.Descending {
		return []string{s.Column + " DESC NULLS FIRST", "conversation_id"}
	}
	return []string{s.Column + " NULLS LAST", "conversation_id"}
}

func order(q query.Query) string { return strings.Join(sortingOf(q).Terms(), ", ") }
