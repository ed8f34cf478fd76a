package state

import (
	"context"
	"database/sql"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
)

// Version is the version of one owner's tables, 0 if there are none, for those who must not migrate them. A version
// above known is fault.Conflict, as from Migrate.
func Version(ctx context.Context, db *sql.DB, owner string, known int) (version int, err error) {
	var tables int
	if err := db.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'schema_versions'`).Scan(&tables); err != nil || tables == 0 {
		return 0, Fault(err)
	}
	err = db.QueryRowContext(ctx, `SELECT version FROM schema_versions WHERE owner = ?`, owner).Scan(&version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, Fault(err)
	}
	return version, newer(owner, version, known)
}

// newer is the fault of tables that are further than the program knows.
func newer(owner string, version, known int) error {
	if version <= known {
		return nil
	}
	return fault.New(fault.Conflict, "the control database has %s tables of version %d and this parley knows version %d; use a newer parley",
		owner, version, known)
}
