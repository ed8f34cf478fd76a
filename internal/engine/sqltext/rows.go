package sqltext

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Part is a stretch of time in which conversations started. Rows are asked for part by part: what a part needs fits into
// memory, however many parts there are.
type Part struct {
	From, To time.Time // [From, To); zero bounds nothing
	Whole    bool      // it consists of days, and the files of these have nothing else
}

// AllParts is everything that a query selects.
var AllParts = Part{Whole: true}

// Within narrows a search to conversations that started in a part, and, if only is not empty, whose ids are in the table of
// that name.
func (s Search) Within(p Part, only string) Narrowed {
	if !p.To.IsZero() {
		s = s.between(p.From, p.To.Add(-time.Microsecond))
	}
	return Narrowed{s, p, only}
}

// Narrowed is a search for a part of what a query selects.
type Narrowed struct {
	Search

	part Part
	only string
}

// Rows asks for the rows of a selection in order of start, id and medium: for each of its columns one of the answer, but for
// attributes, of which there is a list at the end, if attributed says so: ReadAttribute reads its elements.
func (n Narrowed) Rows(sel column.Selection) (_ Text, attributed bool) {
	w := &rowWriter{narrowed: n, per: sel.Per}
	for _, c := range sel.Columns {
		w.column(c.Source)
	}
	if w.attributed {
		w.selects = append(w.selects, Of("a.entries"))
	}
	order := "p.conversation_start, p.conversation_id"
	if sel.Per == column.Interaction {
		w.need("media_types")
		order += ", p.medium"
	}
	return Concat("WITH picked AS (", n.picked(w.stored), ") SELECT ", list(w.selects, ", "), " FROM ", w.rows(), list(w.joins(), ""), " ORDER BY "+order), w.attributed
}

// picked are the conversations, with the columns of their table that are needed.
func (n Narrowed) picked(columns []string) Text {
	names := []string{"conversation_id", "conversation_start"}
	for _, c := range columns {
		if !slices.Contains(names, c) {
			names = append(names, c)
		}
	}
	return Concat(n.Hits(strings.Join(names, ", ")), n.within())
}

// within is what a part asks for beside the query.
func (n Narrowed) within() Text {
	t := Of("")
	if !n.part.Whole {
		t = Of(" AND conversation_start >= ? AND conversation_start < ?", n.part.From, n.part.To)
	}
	if n.only != "" {
		t = Concat(t, " AND conversation_id IN (SELECT conversation_id FROM "+n.only+")")
	}
	return t
}

// of are the rows of a companion that belong to what was picked. Where nearly all do they are not looked up: the join does that.
func (n Narrowed) of(t tables.Table) Text {
	rows := n.rows(t)
	if !n.part.Whole {
		rows = Concat(rows, Of(" AND conversation_start >= ? AND conversation_start < ?", n.part.From, n.part.To))
	}
	if Filtered(n.q) || n.only != "" {
		rows = Concat(rows, " AND conversation_id IN (SELECT conversation_id FROM picked)")
	}
	return rows
}

// rowWriter gathers what a selection needs.
type rowWriter struct {
	narrowed   Narrowed
	per        column.Per
	selects    []Text
	stored     []string // columns of conversations
	metrics    []string // names of metrics that are added up or counted
	wrapped    bool
	answered   bool
	attributed bool
	all        bool // attributes of all keys
	keys       []any
}

// column takes the source of a column into account.
func (w *rowWriter) column(from column.Source) {
	switch from := from.(type) {
	case column.Stored:
		w.selects = append(w.selects, Of("p."+w.need(string(from))))
	case column.Sum:
		w.selects = append(w.selects, Of("m.s"+itoa(w.metric(string(from)))))
	case column.Count:
		w.selects = append(w.selects, Of("coalesce(m.n"+itoa(w.metric(string(from)))+", 0)"))
	case column.Medium:
		w.selects = append(w.selects, Of("p."+w.medium()))
	case column.InteractionID:
		w.selects = append(w.selects, Of("p.medium || '-' || p.conversation_id"))
	case column.LastWrapUp:
		w.wrapped = true
		w.selects = append(w.selects, Of("w.wrap_up_code"))
	case column.FirstAnswer:
		w.answered = true
		w.selects = append(w.selects, Of("f.answered"))
	case column.Attributes:
		w.attributed, w.all = true, true
	case column.Attribute:
		w.attributed = true
		w.keys = append(w.keys, string(from))
	case column.AllAttributes: // a selection is spelled out before it is asked for
	}
}

func (w *rowWriter) need(stored string) string {
	if !slices.Contains(w.stored, stored) {
		w.stored = append(w.stored, stored)
	}
	return stored
}

func (w *rowWriter) metric(name string) int {
	if i := slices.Index(w.metrics, name); i >= 0 {
		return i
	}
	w.metrics = append(w.metrics, name)
	return len(w.metrics) - 1
}

func (w *rowWriter) medium() string {
	if w.per == column.Interaction {
		return "medium"
	}
	return w.need("media_type")
}

// rows are what was picked, for interactions once for each medium.
func (w *rowWriter) rows() Text {
	if w.per == column.Conversation {
		return Of("picked AS p")
	}
	return Of("(SELECT picked.*, t.medium FROM picked CROSS JOIN UNNEST(picked.media_types) AS t(medium)) AS p") //nolint:unqueryvet // what was picked has the columns that are read
}

// joins are what is known of each row beside the table conversations.
func (w *rowWriter) joins() (joins []Text) {
	join := func(name string, rows Text, by string) {
		joins = append(joins, Concat(" LEFT JOIN (", rows, ") AS "+name+" ON "+name+".conversation_id = p.conversation_id"+by))
	}
	medium := ""
	if w.per == column.Interaction {
		medium = ".media_type = p.medium"
	}
	same := func(name string) string {
		if medium == "" {
			return ""
		}
		return " AND " + name + medium
	}
	if len(w.metrics) > 0 {
		join("m", w.sums(), same("m"))
	}
	if w.wrapped {
		join("w", w.lastWrapUps(), same("w"))
	}
	if w.answered {
		join("f", w.firstAnswers(), same("f"))
	}
	if w.attributed {
		join("a", w.gathered(), "")
	}
	return joins
}

// by is what the rows of sessions are grouped by.
func (w *rowWriter) by() string {
	if w.per == column.Interaction {
		return "conversation_id, media_type"
	}
	return "conversation_id"
}

// sums adds up and counts metrics. A sum that is too large for a number is null.
func (w *rowWriter) sums() Text {
	columns := []Text{Of(w.by())}
	names := make([]Text, len(w.metrics))
	for i, name := range w.metrics {
		names[i] = Of(Quote(name))
		of := " FILTER (WHERE name = " + Quote(name) + ")"
		columns = append(columns, Of("TRY_CAST("+w.narrowed.dialect.Sum("value")+of+" AS BIGINT) AS s"+itoa(i)), Of("count(*)"+of+" AS n"+itoa(i)))
	}
	return Concat("SELECT ", list(columns, ", "), " ", w.narrowed.of(tables.Metrics), " AND name IN (", list(names, ", "), ") GROUP BY "+w.by())
}

// lastWrapUps are the codes of the segments that began last, later ones in the record last.
func (w *rowWriter) lastWrapUps() Text {
	return Concat("SELECT "+w.by()+", wrap_up_code FROM (SELECT "+w.by()+", wrap_up_code, row_number() OVER (PARTITION BY "+w.by()+
		" ORDER BY segment_start DESC NULLS LAST, participant_index DESC, session_index DESC, segment_index DESC) AS place ",
		w.narrowed.of(tables.Segments), " AND wrap_up_code IS NOT NULL) WHERE place = 1")
}

func (w *rowWriter) firstAnswers() Text {
	return Concat("SELECT "+w.by()+", min(segment_start) AS answered ", w.narrowed.of(tables.Segments), " AND purpose = 'agent' AND segment_type = 'interact' GROUP BY "+w.by())
}

// gathered are the attributes of each conversation, of all keys or of some, in no order, those of a key by each participant that
// has it. To sort them here, or to take the first of each key, takes DuckDB ten times the memory. An empty text is null in
// the table.
func (w *rowWriter) gathered() Text {
	rows := w.narrowed.of(tables.Attributes)
	if !w.all {
		rows = Concat(rows, " AND ", Of(w.narrowed.dialect.OneOf("coalesce(key, '')", len(w.keys)), w.keys...))
	}
	entry := "CAST(participant_index AS VARCHAR) || ' ' || CAST(length(coalesce(key, '')) AS VARCHAR) || ' ' || coalesce(key, '') || coalesce(value, '')"
	return Concat("SELECT conversation_id, array_agg("+entry+") AS entries ", rows, " GROUP BY conversation_id")
}

// ReadAttribute reads an element of the list of attributes: whose it is, by position in the record, key and value.
func ReadAttribute(entry string) (participant int, key, value string) {
	position, rest, _ := strings.Cut(entry, " ")
	length, text, _ := strings.Cut(rest, " ")
	participant, _ = strconv.Atoi(position) // what is written above
	n, _ := strconv.Atoi(length)
	at := 0
	for range n { // characters, and not bytes
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return participant, text[:at], text[at:]
}

// Count counts the conversations.
func (n Narrowed) Count() Text { return Concat("SELECT count(*) FROM (", n.picked(nil), ")") }

// IDs asks for the ids of the conversations.
func (n Narrowed) IDs() Text {
	return Concat("SELECT conversation_id FROM (", n.picked(nil), ")")
}

// Places are where the records lie, in order of start.
func (n Narrowed) Places() Text {
	return Concat(place, "FROM (", n.picked([]string{"file_index", "file_row_number"}), ") ORDER BY conversation_start, conversation_id")
}

// Without asks for the ids of the conversations that these files have in a version which the others do not have.
func Without(d Dialect, files, others []datafile.File) Text {
	version := func(files []datafile.File) string {
		return "SELECT conversation_id, record_hash FROM " + d.Table(tables.Conversations, files)
	}
	return Of("SELECT DISTINCT conversation_id FROM (" + version(files) + " EXCEPT " + version(others) + ")")
}

// Keys asks for the keys of attributes of what is selected, in order, at most so many.
func (n Narrowed) Keys(most int) Text {
	return Concat("WITH picked AS (", n.picked(nil), ") SELECT DISTINCT coalesce(key, '') AS k FROM (SELECT key ", n.from(tables.Attributes),
		" WHERE conversation_id IN (SELECT conversation_id FROM picked)) ORDER BY k LIMIT ?", Of("", most))
}

// Table asks for the rows of a table that belong to what is selected, with all of its columns, in its order.
func (n Narrowed) Table(t tables.Table) Text {
	names, places := make([]string, 0, len(tables.Columns(t))), []string{"conversation_start", "conversation_id"}
	for _, c := range tables.Columns(t) {
		names = append(names, c.Name)
		switch c.Name {
		case "participant_index", "session_index", "segment_index", "metric_index", "key", "event_time", "found_at", "path":
			places = append(places, c.Name)
		}
	}
	columns, order := strings.Join(names, ", "), " ORDER BY "+strings.Join(places, ", ")
	rows := Concat(n.rows(t), n.within())
	if t != tables.Conversations {
		rows = Concat(rows, " AND conversation_id IN (SELECT conversation_id FROM (", n.picked(nil), "))")
	} else if Filtered(n.q) {
		return Concat("SELECT "+columns+" FROM (", n.picked(names), ")"+order)
	}
	return Concat("SELECT "+columns+" ", rows, order)
}

// Starts asks for the start of every so-manieth conversation of a day, from the first on: where to cut a day into parts.
func (s Search) Starts(day conversation.Day, every int) Text {
	of := s.between(day.Start(), day.Start())
	return Concat("SELECT conversation_start FROM (SELECT conversation_start, row_number() OVER (ORDER BY conversation_start) AS place ", of.from(tables.Conversations),
		") WHERE place % ? = 1 ORDER BY conversation_start", Of("", every))
}
