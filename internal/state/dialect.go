package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/state/sqlite"
)

// Dialect is what differs between the databases that can be the control database. All else is written once, by the owners
// of the tables, in SQL that every one of them knows: TestStatementsAreOfNoDialect says what that is.
type Dialect interface {
	speech
	carrier
	// Begin begins a transaction that is to write. Until it ends nobody else writes, in any process: what it has read stays
	// true, and it fails for no other reason than a statement of its own. commit commits it, and fails only if it is not in; with
	// fault.InDoubt if nobody can tell.
	Begin(ctx context.Context, db *sql.DB) (tx *sql.Tx, commit func() error, err error)
	// Common runs statements that make tables which all the control databases of one Postgres share, unless they are there.
	Common(ctx context.Context, db *sql.DB, statements string) error
	// OneWriter says that those who write in this process had better stand in line before they ask the database.
	OneWriter() bool
	// Scrub removes what was deleted from every file of the database. It is a held database while somebody reads all along.
	Scrub(ctx context.Context, db *sql.DB) error
	// Fault gives an error of the driver its kind: a full disk, a database that somebody else holds, damage. Any other error
	// is given back as it is.
	Fault(err error) error
	// Cut says whether an error is that of a connection which was there and is no more, so that what changes nothing may be asked once more.
	Cut(err error) bool
}

// speech is how statements are written.
type speech interface {
	// Name is what Iceberg's library calls the dialect: it writes tables of its own.
	Name() string
	// Bind gives a statement as the driver takes it. Its arguments are written ? in turn, or ?1, ?2 by number.
	Bind(statement string) string
	// Words are what the words of migrations stand for. All of them: see words.
	Words() map[string]string
	// Tables asks how many tables have the name ?: one or none.
	Tables() string
	// InsertNew inserts rows of all the columns of a table, and passes over those whose key is there. It does not fail for
	// a single one.
	InsertNew(table string, columns, rows int) string
	// InsertNumbered inserts rows of these columns, among which may be one that counts up.
	InsertNumbered(table string, columns []string, rows int) string
}

// carrier is what a database has to do that is copied into another, or is the copy.
type carrier interface {
	// Numbered is the last number that the column of a table has given that counts up; 0 if none.
	Numbered(ctx context.Context, db *sql.DB, table, column string) (int64, error)
	// NumberOn has the column go on after a number.
	NumberOn(ctx context.Context, tx *sql.Tx, table, column string, last int64) error
	// Guard has the database refuse every transaction that is to change it, with a message of fault.Conflict. Unguard ends that.
	Guard(ctx context.Context, tx *sql.Tx, message string) error
	Unguard(ctx context.Context, db *sql.DB) error
}

// words are what migrations write, in braces, for what each dialect has its own word for.
var words = []string{
	"text",    // UTF-8, compared byte by byte
	"integer", // of 64 bits
	"boolean",
	"bytes",
	"empty",   // no bytes, as a default
	"number",  // a key that counts up, and gives no number twice
	"checked", // behind a table: what is no value of its column's type is refused
	"by key",  // behind a table: checked, and kept in the order of its key, by which alone it is looked up
}

var braced = regexp.MustCompile(`\{([^{}]*)\}`)

// spelled gives a migration in the words of a dialect.
func spelled(d Dialect, step string) (string, error) {
	own := d.Words()
	var err error
	out := braced.ReplaceAllStringFunc(step, func(word string) string {
		name := strings.Trim(word, "{}")
		text, ok := own[name]
		if !ok || !slices.Contains(words, name) {
			err = errors.Join(err, fmt.Errorf("migrations have no word %s, but %v", word, slices.Sorted(maps.Keys(own))))
		}
		return text
	})
	return out, err
}

// Fault gives an error of any dialect's driver its kind, for those who have it from a library that uses the handle.
func Fault(err error) error { return sqlite.Dialect{}.Fault(err) }
