// Package sqltext writes the SQL that answers questions over the tables of a lake: the search for the conversations that a
// query selects, their places, and what is counted over them. It runs nothing and opens nothing: which system runs the
// statements, and what in SQL is that system's own, an engine says by a Dialect.
//
// Filters on companions of conversations are answered from their own tables, each giving a set of ids. A Text carries
// the values of a request as parameters; the SQL itself has none of them.
package sqltext

import (
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// Dialect is what systems write each in their own way. Arguments and answers are expressions, in which ? stands for a
// parameter; each argument comes in the answer as often as its parameters are to be given, which is once.
type Dialect interface {
	// Table is a relation with the rows of a table in these files, of which there may be none, to stand behind FROM.
	// Conversations have two more columns: file_index, the place of their file among these, and file_row_number.
	Table(t tables.Table, files []datafile.File) string

	// Sum is the aggregate function that adds up whole numbers, however large the sum becomes.
	Sum(x string) string
	// Milliseconds since 1970 of an instant, with their fraction.
	Milliseconds(instant string) string
	// Steps is how many whole times the second parameter, in microseconds, lies between the first, in microseconds since 1970,
	// and an instant that is not earlier.
	Steps(instant string) string
	// Number is the number that a text has, null if it has none: as strconv.ParseFloat reads it.
	Number(text string) string
	// Instant is the instant that a text has, null if it has none: as conversation.ParseTime reads it.
	Instant(text string) string

	// EndsWith says whether a text ends with another.
	EndsWith(text, end string) string
	// FullMatch says whether the whole of a text matches a regular expression in the syntax of RE2.
	FullMatch(text, pattern string) string
	// OneOf says whether a value is one of n parameters.
	OneOf(x string, n int) string

	Lists
}

// Lists is what systems write of lists each in their own way. An element is called x in the expression that is made of it.
type Lists interface {
	// Each has a row x for every element of a column in the rows of a relation that begins with FROM.
	Each(column, rows string) string
	// Map gives the list of what an expression makes of every element.
	Map(list, of string) string
	// Values are those of a list of texts that are not empty, each once, in order.
	Values(list string) string
	// Joined is the text of a list of texts, with commas between them; null if there are none.
	Joined(list string) string
	// OrNull is a list, and one of a null in place of one without elements.
	OrNull(list string) string
	// Some says whether an expression holds of an element.
	Some(list, expression string) string
	// Overlaps says whether a list has one of n parameters.
	Overlaps(list string, n int) string
	// Zip makes of lists one of tuples, whose parts are x[1] and so on.
	Zip(lists ...string) string
	// HasTuple says whether a list of tuples has the one of n parameters, which are texts.
	HasTuple(list string, n int) string
}
