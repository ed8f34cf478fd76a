package postgres_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/postgres/postgrestest"
	"github.com/parley-hq/parley/internal/state/postgres"
)

var server *postgrestest.Server

func TestMain(m *testing.M) { postgrestest.Main(m, &server) }

// A user who may use no schema is one without rights: Postgres says only that there is none to create in.
func TestNoRightToAnySchema(t *testing.T) {
	if err := postgres.Fault(&pgconn.PgError{Code: "3F000"}); !errors.Is(err, fault.Unauthorized) {
		t.Errorf("got %v", err)
	}
}

// someone and hush are who connects, and must be in no message.
const someone, hush = "jane.doe", "correcthorse"

// listening is the address of a server that answers every connection so.
func listening(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				answer(c)
			}()
		}
	}()
	return l.Addr().String()
}

// refusing answers whoever connects with an error of the server, in its own words.
func refusing(code, message string) func(net.Conn) {
	return func(c net.Conn) {
		b := pgproto3.NewBackend(c, c)
		if _, err := b.ReceiveStartupMessage(); err != nil {
			return
		}
		b.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: code, Message: message})
		_ = b.Flush() // whoever connected may have gone
	}
}

// withoutTLS answers that the server has no TLS.
func withoutTLS(c net.Conn) {
	if _, err := io.ReadFull(c, make([]byte, 8)); err == nil {
		_, _ = c.Write([]byte{'N'}) // whoever connected may have gone
	}
}

// silent reads and never answers.
func silent(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// hangsUp closes the connection.
func hangsUp(net.Conn) {}

// Who cannot connect is told the database, the host and what to do, and nothing of who connects: messages end in logs and in answers.
func TestConnectionsThatFail(t *testing.T) {
	closed := listening(t, hangsUp)
	refused := func() string {
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}()
	for name, c := range map[string]struct {
		host, more string
		kind       error
		want       string
	}{
		"nothing listens":   {refused, "", fault.Unavailable, "see whether Postgres runs there"},
		"unknown host":      {"db.invalid:5432", "", fault.Unavailable, "see the address"},
		"it hangs up":       {closed, "", fault.Unavailable, "run again"},
		"no TLS":            {listening(t, withoutTLS), "&sslmode=require", fault.Unavailable, "sslmode"},
		"no answer":         {listening(t, silent), "&connect_timeout=1", fault.Unavailable, "no answer came in time"},
		"wrong password":    {listening(t, refusing("28P01", `password authentication failed for user "`+someone+`"`)), "", fault.Unauthorized, "PGPASSWORD"},
		"not let in":        {listening(t, refusing("28000", `no pg_hba.conf entry for host "10.0.0.1", user "`+someone+`", database "calls"`)), "", fault.Unauthorized, "pg_hba.conf"},
		"no such database":  {listening(t, refusing("3D000", `database "calls" does not exist`)), "", fault.Invalid, "make it first"},
		"too many":          {listening(t, refusing("53300", `too many connections for role "`+someone+`"`)), "", fault.Unavailable, "pool_max_conns"},
		"it starts":         {listening(t, refusing("57P03", "the database system is starting up")), "", fault.Unavailable, "run again when Postgres is up"},
		"it may not log in": {listening(t, refusing("42501", "permission denied for database calls")), "", fault.Unauthorized, "must own the database"},
		"something else":    {listening(t, refusing("XX000", "cache lookup failed")), "", nil, "cache lookup failed"},
	} {
		t.Run(name, func(t *testing.T) {
			mode := "&sslmode=disable"
			if strings.Contains(c.more, "sslmode") {
				mode = ""
			}
			_, err := postgres.Open(t.Context(), "postgres://"+someone+":"+hush+"@"+c.host+"/calls?schema=acme"+c.more+mode)
			if err == nil || c.kind != nil && !errors.Is(err, c.kind) {
				t.Fatalf("got %v", err)
			}
			text := err.Error()
			if !strings.Contains(text, c.want) {
				t.Errorf("it does not say what to do: %s", text)
			}
			if c.kind != nil && (!strings.Contains(text, `"calls" at `+c.host)) {
				t.Errorf("it does not say where: %s", text)
			}
			said(t, text)
		})
	}
}

// said holds a message to saying nothing of who connects, on one line.
func said(t *testing.T, text string) {
	t.Helper()
	for _, secret := range []string{someone, hush, "user=", "\n"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in it: %s", secret, text)
		}
	}
}

// The same of a real server: a user and a database that are not there, one that may not be written, and an end in between.
func TestARealServerThatRefuses(t *testing.T) {
	good := server.Database(t)
	at := func(change func(*url.URL)) string {
		u, err := url.Parse(good)
		if err != nil {
			t.Fatal(err)
		}
		change(u)
		return u.String()
	}
	for name, c := range map[string]struct {
		address string
		kind    error
	}{
		"user":     {at(func(u *url.URL) { u.User = url.UserPassword(someone, hush) }), fault.Unauthorized},
		"database": {at(func(u *url.URL) { u.Path = "/nosuch" }), fault.Invalid},
		"copy":     {at(func(u *url.URL) { u.RawQuery += "&default_transaction_read_only=on" }), fault.Forbidden},
		"only to write": {at(func(u *url.URL) {
			u.RawQuery += "&default_transaction_read_only=on&target_session_attrs=read-write"
		}), fault.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := postgres.Make(t.Context(), c.address)
			if !errors.Is(err, c.kind) {
				t.Fatalf("got %v", err)
			}
			said(t, err.Error())
		})
	}
}

// Who interrupts is told no more than that.
func TestInterruptedWhileConnecting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := listening(t, func(c net.Conn) {
		cancel()
		silent(c)
	})
	_, err := postgres.Open(ctx, "postgres://"+someone+":"+hush+"@"+address+"/calls?sslmode=disable")
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	said(t, err.Error())
}
