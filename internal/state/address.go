package state

import "github.com/parley-hq/parley/internal/state/postgres"

// IsShared says whether an address is that of a Postgres, and not the path of a file.
func IsShared(at string) bool { return postgres.Scheme(at) }

// HasSchema says whether the address of a Postgres names a schema.
func HasSchema(at string) bool { return postgres.HasSchema(at) }

// SchemaOf is the schema that the address of a Postgres names, or means if it names none.
func SchemaOf(at string) (string, error) { return postgres.Schema(at) }

// InSchema is the address of a Postgres with a schema, in place of another that it may have. A name that no schema can have is
// fault.Invalid.
func InSchema(at, schema string) (string, error) { return postgres.InSchema(at, schema) }

// Shown is where a control database is, for people to read: without the password of an address.
func Shown(at string) string {
	if postgres.Scheme(at) {
		return postgres.Shown(at)
	}
	return at
}
