package state

import (
	"context"
	"errors"
	"fmt"

	"github.com/parley-hq/parley/internal/fault"
)

// Schema is the tables of one owner: the package that alone reads and writes them.
type Schema struct {
	Owner string
	// Steps make the tables, one version after the other. Their types are words in braces: see Dialect. A step that was ever
	// released stays as it is: there are databases in which it has run.
	Steps []string
}

const versionOf = `SELECT version FROM schema_versions WHERE owner = ?`

// Migrate brings the tables of an owner to the newest version by running the steps that are missing, each once. A
// database that is further than the program knows is fault.Conflict: the program must be renewed, not the data.
func (db *DB) Migrate(ctx context.Context, s Schema) error {
	var version int
	err := db.Row(ctx, versionOf, s.Owner).Scan(&version)
	if err == nil && version == len(s.Steps) {
		return nil // nothing to do, and so nobody to wait for
	}
	return db.Tx(ctx, func(tx *Tx) error {
		if err := tx.spell(ctx, `CREATE TABLE IF NOT EXISTS schema_versions (owner {text} PRIMARY KEY, version {integer} NOT NULL)`); err != nil {
			return err
		}
		var version int
		err := tx.Row(ctx, versionOf, s.Owner).Scan(&version)
		if err != nil && !errors.Is(err, ErrNoRow) {
			return err
		}
		if err := s.newer(version); err != nil {
			return err
		}
		for _, step := range s.Steps[version:] {
			if err := tx.spell(ctx, step); err != nil {
				return fmt.Errorf("migrate %s: %w", s.Owner, err)
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET version = excluded.version`, s.Owner, len(s.Steps))
		return err
	})
}

// spell runs a step of a migration.
func (tx *Tx) spell(ctx context.Context, step string) error {
	text, err := spelled(tx.dialect, step)
	if err == nil {
		_, err = tx.exec(ctx, text, nil)
	}
	return err
}

// Version is the version of an owner's tables, 0 if there are none, for those who must not migrate them. One that is
// further than the program knows is fault.Conflict, as from Migrate.
func (db *DB) Version(ctx context.Context, s Schema) (version int, err error) {
	if there, err := db.Has(ctx, "schema_versions"); err != nil || !there {
		return 0, err
	}
	err = db.Row(ctx, versionOf, s.Owner).Scan(&version)
	if err != nil && !errors.Is(err, ErrNoRow) {
		return 0, err
	}
	return version, s.newer(version)
}

// Owners are the packages that have tables in the control database in the file at path. It changes nothing there.
func Owners(ctx context.Context, path string) (owners []string, err error) {
	db := OpenToRead(path, nil)
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.View(ctx, func(db *DB) error {
		if there, err := db.Has(ctx, "schema_versions"); err != nil || !there {
			return err
		}
		owners, err = All(db.Rows(ctx, `SELECT owner FROM schema_versions ORDER BY owner`), func(r Row) (owner string, err error) {
			return owner, r.Scan(&owner)
		})
		return err
	})
	return owners, err
}

// newer is the fault of tables that are further than the program knows.
func (s Schema) newer(version int) error {
	if version <= len(s.Steps) {
		return nil
	}
	return fault.New(fault.Conflict, "the control database has %s tables of version %d and this parley knows version %d; use a newer parley",
		s.Owner, version, len(s.Steps))
}
