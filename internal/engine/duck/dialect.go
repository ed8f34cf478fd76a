package duck

import (
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// dialect is DuckDB's SQL.
type dialect struct {
	names func([]datafile.File) // is told of the files that are named; may be nil
}

var _ sqltext.Dialect = dialect{}

// Table implements sqltext.Dialect.
func (d dialect) Table(t tables.Table, files []datafile.File) string {
	if d.names != nil {
		d.names(files)
	}
	switch {
	case len(files) == 0:
		return nothing(tables.Columns(t))
	case t == tables.Conversations:
		return readParquet(files, ", file_row_number = true")
	default:
		return readParquet(files, "")
	}
}

// readParquet is the table function over exactly these files. Folders named day=... are no columns.
func readParquet(files []datafile.File, options string) string {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = sqltext.Quote(f.Local())
	}
	return "read_parquet([" + strings.Join(paths, ", ") + "], union_by_name = true, hive_partitioning = false" + options + ")"
}

// nothing is a table without rows that has the columns.
func nothing(columns []tables.Column) string {
	types := map[string]string{
		"utf8": "VARCHAR", "int64": "BIGINT", "float64": "DOUBLE", "bool": "BOOLEAN",
		"timestamp[us, tz=UTC]": "TIMESTAMPTZ", "list<item: utf8, nullable>": "VARCHAR[]", "list<item: int64, nullable>": "BIGINT[]",
	}
	list := make([]string, len(columns))
	for i, c := range columns {
		list[i] = "NULL::" + types[c.Type] + " AS " + c.Name
	}
	return "(SELECT " + strings.Join(list, ", ") + " WHERE false)"
}

// Sum implements sqltext.Dialect.
func (dialect) Sum(x string) string { return "sum(" + x + ")" }

// Milliseconds implements sqltext.Dialect.
func (dialect) Milliseconds(instant string) string { return "epoch_us(" + instant + ") / 1000.0" }

// Steps implements sqltext.Dialect.
func (dialect) Steps(instant string) string { return "(epoch_us(" + instant + ") - ?) // ?" }

// The values of custom properties are texts. They are read as strconv.ParseFloat and conversation.ParseTime read them,
// but for what nobody writes: hexadecimal numbers are not read here. Go takes offsets from UTC of up to 24 hours, with up
// to 60 minutes.
const (
	digits       = `[0-9](?:_?[0-9])*`
	decimalForm  = `[+-]?(?:` + digits + `\.?(?:` + digits + `)?|\.` + digits + `)(?:[eE][+-]?` + digits + `)?`
	infiniteForm = `(?i)[+-]?inf(?:inity)?`
	instantForm  = `[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:Z|[+-](?:[01][0-9]|2[0-4]):?(?:[0-5][0-9]|60))?)?`
	maxInstant   = 35
)

// Number implements sqltext.Dialect. DuckDB would take spaces, and reads what is too large as infinite; Go takes
// underscores between digits.
func (d dialect) Number(text string) string {
	value := "TRY_CAST(replace(" + text + ", '_', '') AS DOUBLE)"
	return "(CASE WHEN " + d.FullMatch(text, "'"+decimalForm+"'") + " AND isfinite(" + value + ")" +
		" OR " + d.FullMatch(text, "'"+infiniteForm+"'") + " THEN " + value + " END)"
}

// Instant implements sqltext.Dialect. Go's zero time is none. DuckDB wants seconds before a zone, and would take 24:00.
func (d dialect) Instant(text string) string {
	cut := `regexp_replace(` + text + `, '(\.[0-9]{6})[0-9]+', '\1')`
	whole := `regexp_replace(` + cut + `, '^(.{10}T[0-9]+:[0-9]+)(Z|[+-].*)$', '\1:00\2')`
	return "(CASE WHEN strlen(" + text + ") <= " + strconv.Itoa(maxInstant) + " AND " + d.FullMatch(text, "'"+instantForm+"'") +
		" THEN nullif(TRY_CAST(" + whole + " AS TIMESTAMPTZ), '0001-01-01T00:00:00Z'::TIMESTAMPTZ) END)"
}

// EndsWith implements sqltext.Dialect.
func (dialect) EndsWith(text, end string) string { return "ends_with(" + text + ", " + end + ")" }

// FullMatch implements sqltext.Dialect.
func (dialect) FullMatch(text, pattern string) string {
	return "regexp_full_match(" + text + ", " + pattern + ")"
}

// manyValues is the number from which on a join with a list is faster than comparing with each of it.
const manyValues = 16

// OneOf implements sqltext.Dialect.
func (dialect) OneOf(x string, n int) string {
	if n < manyValues {
		return x + " IN (" + sqltext.Parameters(n) + ")"
	}
	return x + " IN (SELECT unnest([" + sqltext.Parameters(n) + "]))"
}

// Each implements sqltext.Lists.
func (dialect) Each(column, rows string) string {
	return "(SELECT unnest(" + column + ") AS x " + rows + ")"
}

// Map implements sqltext.Lists.
func (dialect) Map(list, of string) string {
	return "list_transform(" + list + ", lambda x: " + of + ")"
}

// Values implements sqltext.Lists.
func (dialect) Values(list string) string {
	return "list_sort(list_distinct(list_filter(" + list + ", lambda x: x <> '')))"
}

// Joined implements sqltext.Lists.
func (dialect) Joined(list string) string { return "nullif(array_to_string(" + list + ", ','), '')" }

// OrNull implements sqltext.Lists.
func (dialect) OrNull(list string) string {
	return "CASE WHEN len(" + list + ") > 0 THEN " + list + " ELSE [NULL] END"
}

// Some implements sqltext.Lists.
func (dialect) Some(list, expression string) string {
	return "len(list_filter(" + list + ", lambda x: " + expression + ")) > 0"
}

// Overlaps implements sqltext.Lists.
func (dialect) Overlaps(list string, n int) string {
	return "list_has_any(" + list + ", [" + sqltext.Parameters(n) + "])"
}

// Zip implements sqltext.Lists.
func (dialect) Zip(lists ...string) string { return "list_zip(" + strings.Join(lists, ", ") + ")" }

// HasTuple implements sqltext.Lists.
func (dialect) HasTuple(list string, n int) string {
	return "list_contains(" + list + ", row(" + strings.TrimSuffix(strings.Repeat("?::VARCHAR, ", n), ", ") + "))"
}
