package trino

import (
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// dialect is Trino's SQL over the tables of one snapshot.
type dialect struct {
	schema string // with its catalog, quoted
	of     func(tables.Table) (snapshot int64, is bool)
}

var _ sqltext.Dialect = dialect{}

// Table implements sqltext.Dialect. The table is asked as it was in the snapshot, whatever was committed since. Of its files, those
// of the days are read that these files have: a file that was left out of a day has nothing that the statement wants.
func (d dialect) Table(t tables.Table, files []datafile.File) string {
	snapshot, is := d.of(t)
	if !is || len(files) == 0 {
		return nothing(tables.Columns(t))
	}
	return "(SELECT * FROM " + d.schema + "." + identifier(string(t)) + " FOR VERSION AS OF BIGINT '" + strconv.FormatInt(snapshot, 10) + //nolint:unqueryvet // the columns that are not read are not fetched
		"' WHERE " + within(files) + ")"
}

// within says that a row is of the days of files, which are in the order of days.
func within(files []datafile.File) string {
	var ranges []string
	for at := 0; at < len(files); {
		next := at + 1
		for next < len(files) && files[next].Day <= files[next-1].Day+1 {
			next++
		}
		ranges = append(ranges, "conversation_start >= "+instant(files[at].Day.Start())+" AND conversation_start < "+instant(files[next-1].Day.End()))
		at = next
	}
	return "(" + strings.Join(ranges, " OR ") + ")"
}

// instant writes an instant of ours in SQL.
func instant(t time.Time) string {
	return "TIMESTAMP '" + t.UTC().Format("2006-01-02 15:04:05") + " UTC'"
}

// identifier writes a name in SQL.
func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// nothing is a table without rows that has the columns.
func nothing(columns []tables.Column) string {
	types := map[string]string{
		"utf8": "VARCHAR", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN", "timestamp[us, tz=UTC]": "TIMESTAMP(6) WITH TIME ZONE",
		"list<item: utf8, nullable>": "ARRAY(VARCHAR)", "list<item: int64, nullable>": "ARRAY(BIGINT)",
	}
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "CAST(NULL AS " + types[c.Type] + ") AS " + c.Name
	}
	return "(SELECT " + strings.Join(list, ", ") + " WHERE false)"
}

// Sum implements sqltext.Dialect. A sum of BIGINT would fail where it is too large.
func (dialect) Sum(x string) string { return "sum(CAST(" + x + " AS DECIMAL(38, 0)))" }

// Milliseconds implements sqltext.Dialect.
func (d dialect) Milliseconds(instant string) string { return d.micros(instant) + " / 1e3" }

// micros are whole microseconds since 1970. Trino gives them as seconds in floating point, which is exact of an instant within a
// day of 1970.
func (dialect) micros(instant string) string {
	days := "date_diff('day', " + sqlEpoch + ", " + instant + ")"
	return "(" + days + " * 86400000000 + CAST(round(to_unixtime(date_add('day', -" + days + ", " + instant + ")) * 1e6) AS BIGINT))"
}

const sqlEpoch = "TIMESTAMP '1970-01-01 00:00:00.000000 UTC'"

// Steps implements sqltext.Dialect.
func (d dialect) Steps(instant string) string { return "(" + d.micros(instant) + " - ?) / ?" }

// The forms of numbers and instants in texts are those that package duck has; Java's expressions read them alike.
const (
	digits       = `[0-9](?:_?[0-9])*`
	decimalForm  = `[+-]?(?:` + digits + `\.?(?:` + digits + `)?|\.` + digits + `)(?:[eE][+-]?` + digits + `)?`
	infiniteForm = `(?i)[+-]?inf(?:inity)?`
	instantForm  = `[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:Z|[+-](?:[01][0-9]|2[0-4]):?(?:[0-5][0-9]|60))?)?`
	maxInstant   = 35
)

// Number implements sqltext.Dialect.
func (d dialect) Number(text string) string {
	value := "TRY_CAST(replace(" + text + ", '_', '') AS DOUBLE)"
	return "(CASE WHEN " + d.FullMatch(text, "'"+infiniteForm+"'") + " THEN IF(starts_with(" + text + ", '-'), -infinity(), infinity())" +
		" WHEN " + d.FullMatch(text, "'"+decimalForm+"'") + " AND is_finite(" + value + ") THEN " + value + " END)"
}

// Instant implements sqltext.Dialect. Go's zero time is none. Trino knows no offsets of more than 14 hours: the time is read as
// one of UTC, and the offset taken from it.
func (d dialect) Instant(text string) string {
	part := func(pattern string) string { return "regexp_extract(" + text + ", '" + pattern + "', 1)" }
	const clock = `^.{10}T([0-9]+:[0-9]+(?::[0-9]+(?:\.[0-9]{1,6})?)?)`
	local := "TRY_CAST(substr(" + text + ", 1, 10) || ' ' || coalesce(" + part(clock) + ", '00:00') || ' UTC' AS TIMESTAMP(6) WITH TIME ZONE)"
	const hours, minutes = `^.{10}T.*([+-][0-9]{2}):?[0-9]{2}$`, `^.{10}T.*[+-][0-9]{2}:?([0-9]{2})$`
	offset := "coalesce(CAST(" + part(hours) + " AS BIGINT) * 60 + IF(" + part(hours) + " LIKE '-%', -1, 1) * CAST(" + part(minutes) + " AS BIGINT), 0)"
	return "(CASE WHEN length(to_utf8(" + text + ")) <= " + strconv.Itoa(maxInstant) + " AND " + d.FullMatch(text, "'"+instantForm+"'") +
		" THEN nullif(date_add('minute', -(" + offset + "), " + local + "), TIMESTAMP '0001-01-01 00:00:00.000000 UTC') END)"
}

// EndsWith implements sqltext.Dialect.
func (dialect) EndsWith(text, end string) string {
	return "starts_with(reverse(" + text + "), reverse(" + end + "))"
}

// FullMatch implements sqltext.Dialect.
func (dialect) FullMatch(text, pattern string) string {
	return "regexp_like(" + text + `, '\A(?:' || ` + pattern + ` || ')\z')`
}

// OneOf implements sqltext.Dialect.
func (dialect) OneOf(x string, n int) string { return x + " IN (" + sqltext.Parameters(n) + ")" }

// Each implements sqltext.Lists.
func (dialect) Each(column, rows string) string {
	return "(SELECT x FROM (SELECT " + column + " " + rows + ") CROSS JOIN UNNEST(" + column + ") AS spread(x))"
}

// Map implements sqltext.Lists.
func (dialect) Map(list, of string) string { return "transform(" + list + ", x -> " + of + ")" }

// Values implements sqltext.Lists.
func (dialect) Values(list string) string {
	return "array_sort(array_distinct(filter(" + list + ", x -> x <> '')))"
}

// Joined implements sqltext.Lists.
func (dialect) Joined(list string) string { return "nullif(array_join(" + list + ", ','), '')" }

// OrNull implements sqltext.Lists.
func (dialect) OrNull(list string) string {
	return "CASE WHEN cardinality(" + list + ") > 0 THEN " + list + " ELSE ARRAY[CAST(NULL AS VARCHAR)] END"
}

// Some implements sqltext.Lists.
func (dialect) Some(list, expression string) string {
	return "cardinality(filter(" + list + ", x -> " + expression + ")) > 0"
}

// Overlaps implements sqltext.Lists.
func (dialect) Overlaps(list string, n int) string {
	return "arrays_overlap(" + list + ", ARRAY[" + sqltext.Parameters(n) + "])"
}

// Zip implements sqltext.Lists.
func (dialect) Zip(lists ...string) string { return "zip(" + strings.Join(lists, ", ") + ")" }

// HasTuple implements sqltext.Lists. Trino's own function for it fails of tuples with a null.
func (d dialect) HasTuple(list string, n int) string {
	same := make([]string, n)
	for i := range same {
		same[i] = "x[" + strconv.Itoa(i+1) + "] = ?"
	}
	return d.Some(list, strings.Join(same, " AND "))
}
