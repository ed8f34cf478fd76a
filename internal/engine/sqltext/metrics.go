package sqltext

import (
	"slices"

	"github.com/parley-hq/parley/internal/query"
)

// metrics are the metrics of conversations that a query asks for. They become the columns of one grouped pass over the
// table metrics, which is joined to conversations as m.
type metrics struct {
	names   []string // the sum of names[i] is column s<i>, null if there is no emission
	columns []Text   // the columns beside the sums: a<i> says whether any value lies in a range
}

// sum is the column with the sum of a metric.
func (m *metrics) sum(name string) string {
	i := slices.Index(m.names, name)
	if i < 0 {
		i = len(m.names)
		m.names = append(m.names, name)
	}
	return "s" + itoa(i)
}

// predicate answers a predicate about a metric: of its sum, or of any value of it.
func (m *metrics) predicate(p query.Predicate) Text {
	sum := m.sum(p.Dimension.Name)
	switch {
	case p.Operator == query.Exists:
		return Of(sum + " IS NOT NULL")
	case p.Operator == query.NotExists:
		return Of(sum + " IS NULL")
	case !p.Dimension.List:
		return within(sum, p.Range)
	}
	column := "a" + itoa(len(m.columns))
	m.columns = append(m.columns, Concat("bool_or(", within(cast("value", "DOUBLE"), p.Range), ") FILTER (WHERE name = "+Quote(p.Dimension.Name)+") AS "+column))
	return Of(column)
}

// grouped is the pass: one row for each conversation that has emitted one of the metrics.
func (m *metrics) grouped(dialect Dialect, from Text) Text {
	columns := []Text{Of("conversation_id")}
	var names []Text
	for i, n := range m.names {
		columns = append(columns, Of(cast(dialect.Sum("value")+" FILTER (WHERE name = "+Quote(n)+")", "DOUBLE")+" AS s"+itoa(i)))
		names = append(names, Of(Quote(n)))
	}
	columns = append(columns, m.columns...)
	return Concat("SELECT ", list(columns, ", "), " ", from, " AND name IN (", list(names, ", "), ") GROUP BY conversation_id")
}
