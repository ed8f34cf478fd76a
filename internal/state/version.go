package state

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

const countVersions = `SELECT count(*) FROM sqlite_master WHERE name = 'schema_versions'`

// Version is the version of one owner's tables, 0 if there are none, for those who must not migrate them. A version
// above known is fault.Conflict, as from Migrate.
func Version(ctx context.Context, db *sql.DB, owner string, known int) (version int, err error) {
	var tables int
	if err := db.QueryRowContext(ctx, countVersions).Scan(&tables); err != nil || tables == 0 {
		return 0, Fault(err)
	}
	err = db.QueryRowContext(ctx, `SELECT version FROM schema_versions WHERE owner = ?`, owner).Scan(&version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, Fault(err)
	}
	return version, newer(owner, version, known)
}

// Owners are the packages that have tables in the control database at path. It changes nothing there.
func Owners(ctx context.Context, path string) (owners []string, err error) {
	r := NewReader(path)
	defer func() { err = errors.Join(err, r.Close()) }()
	return owners, r.View(ctx, func(db *sql.DB) error {
		var tables int
		if err := db.QueryRowContext(ctx, countVersions).Scan(&tables); err != nil || tables == 0 {
			return Fault(err)
		}
		var list string
		err := db.QueryRowContext(ctx, `SELECT coalesce(group_concat(owner), '') FROM schema_versions`).Scan(&list)
		owners = strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
		return Fault(err)
	})
}

// newer is the fault of tables that are further than the program knows.
func newer(owner string, version, known int) error {
	if version <= known {
		return nil
	}
	return fault.New(fault.Conflict, "the control database has %s tables of version %d and this parley knows version %d; use a newer parley",
		owner, version, known)
}
