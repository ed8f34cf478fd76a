package why

import (
	"fmt"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func quoted(texts []string) string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = quote(t)
	}
	return strings.Join(out, ", ")
}

func instant(at time.Time) string { return "TIMESTAMPTZ " + quote(conversation.FormatTime(at)) }

// widest is the interval that all clocks lie in.
func (s *Study) widest() (iv conversation.Interval) {
	iv = s.question.Interval
	for _, c := range s.clocks {
		if c.interval.Start.Before(iv.Start) {
			iv.Start = c.interval.Start
		}
		if c.interval.End.After(iv.End) {
			iv.End = c.interval.End
		}
	}
	return iv
}

// classes is the class of each emission that any reading may count, as a table of DuckDB's SQL over the views of a lake. The tables
// are sorted by conversation_start, so that the bound on it spares most of a large lake.
func (s *Study) classes() string {
	var class []string
	at := 0
	for _, f := range s.fields {
		class = append(class, fmt.Sprintf("(CAST(%s AS BIGINT) << %d)", f.sql, at))
		at += f.bits
	}
	wide := s.widest()
	bounds := func(table string) string {
		return fmt.Sprintf("%[1]sconversation_start < %[2]s AND (%[1]sconversation_end IS NULL OR %[1]sconversation_end >= %[3]s)", table, instant(wide.End), instant(wide.Start.Add(-afterEnd)))
	}
	where := []string{"name IN (" + quoted(s.metrics) + ")", bounds("m.")}
	q := s.question
	if q.Queues != nil {
		facts := queueFacts(q.Queues)
		where = append(where, "("+strings.Join(facts, " OR ")+")")
	}
	if q.Agents != nil {
		where = append(where, "m.user_id IN ("+quoted(q.Agents)+")")
	}
	if q.Media != nil {
		where = append(where, "m.media_type IN ("+quoted(q.Media)+")")
	}
	return "SELECT m.conversation_id AS id, m.conversation_start AS started, m.conversation_end AS ended, emit_date, value," +
		" CASE WHEN starts_with(name, 'n') THEN value ELSE 1 END AS times, " + // a count may be emitted with a value, and aggregates add it up
		strings.Join(class, " | ") + " AS class" +
		" FROM metrics m JOIN (SELECT conversation_id, extracted_at, queue_ids, first_queue_id, last_queue_id FROM conversations WHERE " + bounds("") + ") c" +
		" ON m.conversation_id = c.conversation_id WHERE " + strings.Join(where, " AND ")
}

// lists has a row for each conversation: its classes in order, and of each the emissions and the sum of their values.
func (s *Study) lists() string {
	return "WITH emitted AS (" + s.classes() + ")," +
		" classes AS (SELECT id, class, any_value(started) AS started, any_value(ended) AS ended, min(epoch_us(emit_date)) AS first, sum(times) AS n, CAST(sum(value) AS DOUBLE) AS total FROM emitted GROUP BY id, class)," +
		" told AS (SELECT id, any_value(started) AS started, any_value(ended) AS ended," +
		" list(class ORDER BY class) AS classes, list(CAST(n AS BIGINT) ORDER BY class) AS ns, list(total ORDER BY class) AS totals, list(first ORDER BY class) AS firsts FROM classes GROUP BY id)"
}

// Profiles is the statement of what [Study.Add] takes: profile, class, conversations, emissions and the sum of their values, rows of one
// profile after one another. Conversations of one profile have as many emissions of each class, so that rules change all of them or none.
func (s *Study) Profiles() string {
	return s.lists() +
		" SELECT profile, class, count(*), CAST(sum(n) AS BIGINT), sum(total)" +
		" FROM (SELECT array_to_string(classes, ' ') || ':' || array_to_string(ns, ' ') AS profile, unnest(classes) AS class, unnest(ns) AS n, unnest(totals) AS total FROM told)" +
		" GROUP BY 1, 2 ORDER BY 1, 2"
}

// Conversations is the statement of what [Study.Difference] takes: a row for each conversation, in order of their start.
func (s *Study) Conversations() string {
	return s.lists() + " SELECT id, started, ended, classes, ns, totals, firsts FROM told ORDER BY started, id"
}
