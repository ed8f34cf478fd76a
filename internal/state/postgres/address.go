package postgres

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// Catalog is the schema of what all the schemas of a database have in common: the tables of Iceberg's catalog, so that other programs
// find the lakes of a database in one place.
const Catalog = "parley_catalog"

// defaultSchema is the schema of an address that names none.
const defaultSchema = "public"

// named is what a schema may be called: it needs no quotes in anybody's SQL, and it is the name of a namespace of Iceberg's, too.
var named = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)

// Scheme says whether an address is one of Postgres.
func Scheme(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Schema is the schema that an address names: postgres://user@host/database?schema=acme.
func Schema(address string) (string, error) {
	_, schema, err := split(address)
	return schema, err
}

// InSchema is an address with another schema.
func InSchema(address, schema string) (string, error) {
	rest, _, err := split(address)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(rest)
	if err != nil {
		return "", notAnAddress()
	}
	query := u.Query()
	query.Set("schema", schema)
	u.RawQuery = query.Encode()
	_, _, err = split(u.String())
	return u.String(), err
}

// HasSchema says whether an address names a schema.
func HasSchema(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Query().Has("schema")
}

// Shown is an address for people to read: without a password, nor what else an address may have that is secret.
func Shown(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a Postgres"
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	if schema := u.Query().Get("schema"); schema != "" {
		shown.RawQuery = url.Values{"schema": {schema}}.Encode()
	}
	return shown.String()
}

// split takes the schema out of an address: the rest is as Postgres's own programs take it.
func split(address string) (rest, schema string, err error) {
	u, err := url.Parse(address)
	if err != nil { // the error has the address, with its password
		return "", "", notAnAddress()
	}
	query := u.Query()
	schema = defaultSchema
	if query.Has("schema") {
		schema = query.Get("schema")
		query.Del("schema")
		u.RawQuery = query.Encode()
	}
	if !named.MatchString(schema) || schema == Catalog || strings.HasPrefix(schema, "pg_") {
		return "", "", fault.New(fault.Invalid, "the schema of the control database is named %q; it takes lower-case letters, digits and _, does not begin with a digit or pg_, "+
			"and is not %s", schema, Catalog)
	}
	return u.String(), schema, nil
}

func notAnAddress() error {
	return fault.New(fault.Invalid, "this is no address of a Postgres; it is written postgres://user@host/database")
}
