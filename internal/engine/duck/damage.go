package duck

import (
	"errors"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/parley-hq/parley/internal/fault"
)

// damagedFile gives a failure of DuckDB its kind when it comes of a file of the lake: one that it cannot make sense of
// is fault.Corrupt. It is nil for any other failure. DuckDB has no type for it: a byte that is wrong in a Parquet file
// comes as one of three, of which "invalid input" is also what it says of a value in a statement.
func damagedFile(err error) error {
	var e *duckdb.Error
	if !errors.As(err, &e) {
		return nil
	}
	line, _, _ := strings.Cut(e.Msg, "\n") // an arrow under a place in the statement follows
	switch {
	case strings.Contains(line, "No space left on device"):
		return fault.Because(fault.Full, errors.New(line), "the question needs more room for temporary files than there is")
	case e.Type == duckdb.ErrorTypeIO, e.Type == duckdb.ErrorTypeInvalid, e.Type == duckdb.ErrorTypeSerialization, ofParquet(line):
		return fault.Because(fault.Corrupt, errors.New(line), "a data file of the lake cannot be read; see parley lake check")
	}
	return nil
}

// ofParquet says whether DuckDB's Parquet reader said it.
func ofParquet(message string) bool {
	for _, said := range []string{"Failed to read file", "Parquet file", "parquet file", "No magic bytes", "Footer length error", "ZSTD", "TProtocolException"} {
		if strings.Contains(message, said) {
			return true
		}
	}
	return false
}
