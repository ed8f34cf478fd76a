package postgres

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func TestSchemaOfAnAddress(t *testing.T) {
	for address, want := range map[string]struct{ rest, schema string }{
		"postgres://u@h/db":                             {"postgres://u@h/db", "public"},
		"postgres://u@h/db?schema=acme":                 {"postgres://u@h/db", "acme"},
		"postgres://u@h/db?sslmode=disable&schema=a_1":  {"postgres://u@h/db?sslmode=disable", "a_1"},
		"postgresql://u:p%40ss@h:1/db?schema=lake_0123": {"postgresql://u:p%40ss@h:1/db", "lake_0123"},
	} {
		rest, schema, err := split(address)
		if rest != want.rest || schema != want.schema || err != nil {
			t.Errorf("%s: %s, %s, %v", address, rest, schema, err)
		}
	}
	for _, schema := range []string{"", "Acme", "a-b", "a;drop schema b", "1a", "pg_x", Catalog, strings.Repeat("x", 64)} {
		if got, err := InSchema("postgres://u@h/db?schema=other", schema); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %s, %v", schema, got, err)
		}
	}
	if got, err := InSchema("postgres://u:p@h/db?schema=other&sslmode=disable", "acme"); got != "postgres://u:p@h/db?schema=acme&sslmode=disable" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// What is shown of an address, and what is wrong with one, never has its password.
func TestPasswordsAreNotShown(t *testing.T) {
	const secret = "s3cret"
	for address, want := range map[string]string{
		"postgres://u:s3cret@h:5432/db?schema=acme&sslmode=disable": "postgres://u@h:5432/db?schema=acme",
		"postgres://h/db?user=u&password=s3cret":                    "postgres://h/db",
		"postgres://u:s3cret@h/db?sslpassword=s3cret":               "postgres://u@h/db",
		"postgres://u:s3cret@h:port/db":                             "a Postgres",
		"postgres://u:s3cret@h/%zz":                                 "a Postgres",
	} {
		if got := Shown(address); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for _, address := range []string{
		"postgres://u:s3cret@h:port/db", "postgres://u:s3cret@h/%zz", "postgres://u:s3cret@h/db?schema=A", "postgres://u:s3cret@h/db?sslmode=no",
		"postgres://u:s3cret@127.0.0.1:1/db", "postgres://u:s3cret@/db?host=/nowhere", "postgres://127.0.0.1:1/db?user=u&password=s3cret",
	} {
		for _, open := range []func() error{
			func() error { _, err := Open(t.Context(), address); return err },
			func() error { _, err := Make(t.Context(), address); return err },
			func() error { _, err := InSchema(address, "-"); return err },
		} {
			if err := open(); err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", strings.ReplaceAll(address, secret, "…"), err)
			}
		}
	}
}
