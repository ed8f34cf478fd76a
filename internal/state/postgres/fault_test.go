package postgres_test

import (
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state/postgres"
)

// A user who may use no schema is one without rights: Postgres says only that there is none to create in.
func TestNoRightToAnySchema(t *testing.T) {
	if err := postgres.Fault(&pgconn.PgError{Code: "3F000"}); !errors.Is(err, fault.Unauthorized) {
		t.Errorf("got %v", err)
	}
}
