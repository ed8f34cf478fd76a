package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/parley-hq/parley/internal/fault"
)

// Fault gives an error of the driver its kind. One that has a kind keeps it. Codes are those of Postgres's appendix A.
func Fault(err error) error {
	if err == nil {
		return nil
	}
	if _, told := errors.AsType[*fault.Error](err); told {
		return err
	}
	server, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return unreached(err)
	}
	switch server.Code {
	case "53100", "53400": // disk_full, configuration_limit_exceeded
		return fault.Because(fault.Full, err, "the control database cannot be written")
	case "53300", "57P01", "57P02", "57P03": // too many connections; it is shut down, crashed, or starts
		return fault.Because(fault.Unavailable, err, "the control database cannot be reached")
	case "55P03", "40001", "40P01": // held, not serializable, deadlock
		return fault.Because(fault.Conflict, err, "the control database is held by another process")
	case "42P01", "42703": // no such table, no such column
		return fault.Because(fault.Corrupt, err, "the control database is damaged")
	case "25006": // it may be read only
		return fault.Because(fault.Forbidden, err, "the control database may not be written; is it the copy of another one?")
	case "42501", "28000", "28P01", "3F000": // no right, no such user, wrong password, no right to any schema of the path
		return fault.Because(fault.Unauthorized, err, "the control database does not take these credentials, or they may not do this")
	case "3D000": // no such database
		return fault.Because(fault.Invalid, err, "there is no such database; make it first")
	case refusal:
		return fault.New(fault.Conflict, "%s", server.Message)
	case "XX001", "XX002": // damaged data, damaged index
		return fault.Because(fault.Corrupt, err, "the control database is damaged")
	}
	return err
}

// unreached gives errors of the connection their kind, and others back as they are.
func unreached(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	_, network := errors.AsType[net.Error](err)
	cut := pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
	if connecting || network || cut {
		return fault.Because(fault.Unavailable, err, "the control database cannot be reached")
	}
	return err
}
