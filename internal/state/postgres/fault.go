package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql/driver"
	"errors"
	"io"
	"io/fs"
	"net"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/parley-hq/parley/internal/fault"
)

// Fault gives an error of the driver its kind. One that has a kind keeps it. Codes are those of Postgres's appendix A.
//
// What the driver says around a refusal, and what the server says of who connects, has the name of a user in it: neither is part of
// what is given back.
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
	at := where(err)
	switch server.Code {
	case "53100", "53400": // disk_full, configuration_limit_exceeded
		return fault.Because(fault.Full, server, "the control database cannot be written")
	case "53300":
		return fault.New(fault.Unavailable, "the control database%s has no connection left for this process: raise its max_connections, or let each process have fewer by pool_max_conns in the address, and run again", at)
	case "57P01", "57P02", "57P03": // it is shut down, crashed, or starts
		return fault.Because(fault.Unavailable, server, "the control database%s cannot be reached; run again when Postgres is up", at)
	case "55P03", "40001", "40P01": // held, not serializable, deadlock
		return fault.Because(fault.Conflict, server, "the control database is held by another process")
	case "42P01", "42703": // no such table, no such column
		return fault.Because(fault.Corrupt, server, "the control database is damaged")
	case "25006": // it may be read only
		return fault.Because(fault.Forbidden, server, "the control database%s may not be written: it is the copy of another one, or is set to be read only; give the address of the one that is written", at)
	case "28000", "28P01": // no such user, wrong password, or refused by pg_hba.conf
		return fault.New(fault.Unauthorized, "the control database%s does not take these credentials (SQLSTATE %s); see the user in the address, PGPASSWORD or ~/.pgpass, and pg_hba.conf of the server", at, server.Code)
	case "42501", "3F000": // no right, no right to any schema of the path
		return fault.Because(fault.Unauthorized, server, "the user of the control database%s may not do this; it must own the database, or be given the right", at)
	case "3D000": // no such database
		return fault.New(fault.Invalid, "there is no database%s; make it first, or give the address of another one", at)
	case refusal:
		return fault.New(fault.Conflict, "%s", server.Message)
	case "XX001", "XX002": // damaged data, damaged index
		return fault.Because(fault.Corrupt, server, "the control database is damaged")
	}
	return server
}

// unreached gives errors of the connection their kind, and others back as they are.
func unreached(err error) error {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled // and nothing of where it was going
	case connecting:
	case errors.Is(err, context.DeadlineExceeded):
		return err
	case !lost(err):
		return err
	}
	return fault.New(fault.Unavailable, "the control database%s cannot be reached: %s", where(err), reason(err))
}

// lost says whether an error is that of a connection.
func lost(err error) bool {
	_, network := errors.AsType[net.Error](err)
	return network || pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

// Cut says whether an error is that of a connection which was there and is no more: the server was stopped, or another took over from it.
func (Dialect) Cut(err error) bool {
	if server, ok := errors.AsType[*pgconn.PgError](err); ok {
		return server.Code == "57P01" || server.Code == "57P02" // it was told to end, or another process has crashed
	}
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return lost(err) && !connecting && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}

// where is the database and the host that could not be connected to, as far as the error has them, and nothing of who connects.
func where(err error) string {
	connect, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok || connect.Config == nil {
		return ""
	}
	c := connect.Config
	return " " + strconv.Quote(c.Database) + " at " + net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
}

// reason is why a database cannot be reached, and what to do.
func reason(err error) string {
	const look = "; see whether Postgres runs there and this machine may reach it, and run again"
	network, _ := errors.AsType[net.Error](err)
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case errors.As(err, new(*net.DNSError)):
		return "there is no host of that name, or nobody who knows; see the address and the name server"
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return "nothing answers there" + look
	case errors.Is(err, fs.ErrPermission):
		return "its socket may not be used; run as a user who may"
	case ofTLS(err):
		return "a connection with TLS does not come about; sslmode and sslrootcert in the address say what is asked of the server"
	case network != nil && network.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "no answer came in time" + look
	case errors.Is(err, pgconn.ErrReadOnlyConnection), errors.Is(err, pgconn.ErrStandbyConnection):
		return "what answers there may only be read; give the address of the one that is written"
	case connecting:
		return "no connection comes about" + look
	}
	return "the connection was lost" + look
}

// ofTLS says whether TLS is what is in the way: the server has none, or its certificate is not the one that is asked for.
func ofTLS(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) || errors.As(err, new(x509.HostnameError)) ||
		errors.As(err, new(tls.RecordHeaderError)) || errors.As(err, new(tls.AlertError)) || strings.Contains(err.Error(), "server refused TLS connection")
}
