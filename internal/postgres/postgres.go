// Package postgres keeps a copy of a lake's tables in a Postgres database, for people whose tools ask a database. The tables
// have the names, columns and types of the lake's, in a schema of their own, with views for the usual questions.
//
// A day is copied in one transaction, with the note of which files of the lake it was copied from. So an export that was
// killed goes on with the first day that has no such note or another one, and days in which nothing has changed cost
// nothing. Of a day that has changed only the conversations that did are written anew.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/parley-hq/parley/internal/fault"
)

// Config says where the copy is.
type Config struct {
	URL    string // postgres://user@host:port/database, or what else libpq takes; it may have a password in it
	Schema string // of the tables
	Source string // where the lake's conversations come from: a schema holds those of one source
	DryRun bool   // nothing is written
}

// Copy is a copy of a lake's tables, for one process at a time. Not for concurrent use.
type Copy struct {
	cfg  Config
	conn *pgx.Conn
}

// Open connects, and, but for a dry run, makes the schema and its tables, or brings them up to date. It is fault.Conflict when somebody else is
// exporting into the schema, and when it has tables that are not of Parley or of another source.
func Open(ctx context.Context, cfg Config) (_ *Copy, err error) {
	if err := checkSchema(cfg.Schema); err != nil {
		return nil, err
	}
	c := &Copy{cfg: cfg}
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close(ctx))
		}
	}()
	if cfg.DryRun {
		return c, nil
	}
	return c, c.prepare(ctx)
}

// connect connects, and keeps others out for as long as the connection lasts.
func (c *Copy) connect(ctx context.Context) error {
	config, err := pgx.ParseConfig(c.cfg.URL)
	if err != nil {
		return fault.Field("--to", "--to is no address of a Postgres database, such as postgres://user@host:5432/database; a password is best given by PGPASSWORD or a .pgpass file")
	}
	config.RuntimeParams["application_name"] = "parley export"
	config.RuntimeParams["timezone"] = "UTC"
	if c.cfg.DryRun {
		config.RuntimeParams["default_transaction_read_only"] = "on"
	}
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return asFault(ctx, err) // and the connection that was lost stays, for Close
	}
	c.conn = conn
	if in := conn.PgConn().ParameterStatus("server_encoding"); in != "UTF8" {
		return errors.Join(fault.Field("--to", "the database has the encoding %s, which lacks most letters of the world; make one with ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0", in), c.Close(ctx))
	}
	if err := c.settle(ctx); err != nil {
		return errors.Join(err, c.Close(ctx))
	}
	if err := c.lock(ctx); err != nil {
		return errors.Join(err, c.Close(ctx))
	}
	return nil
}

// patience is for how long, in milliseconds, the schema may be held: a connection that was lost is let go of within that.
const patience = "2000"

// settle takes the limits away that a role or database has for the questions of people: a day takes as long as it takes, and
// statements are written for quotes as the standard has them.
func (c *Copy) settle(ctx context.Context) error {
	_, err := c.conn.Exec(ctx, "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET standard_conforming_strings = on; SET lock_timeout = "+patience)
	return asFault(ctx, err)
}

// lock keeps others out of the schema for as long as the connection lasts.
func (c *Copy) lock(ctx context.Context) error {
	_, err := c.conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended('parley export ' || $1, 0))", c.cfg.Schema)
	if codeOf(err) == "55P03" { // lock_not_available
		return fault.New(fault.Conflict, "another process is exporting into the schema %s; wait until it is done", c.cfg.Schema)
	}
	if err == nil {
		_, err = c.conn.Exec(ctx, "SET lock_timeout = 0")
	}
	return asFault(ctx, err)
}

// longestName is how many bytes of a name Postgres keeps: it cuts longer ones, without saying so.
const longestName = 63

// checkSchema says what is wrong with the name of a schema.
func checkSchema(name string) error {
	switch {
	case name == "":
		return fault.Field("--schema", "--schema is empty; without it the schema is parley")
	case len(name) > longestName:
		return fault.Field("--schema", "--schema has %d bytes, and Postgres keeps %d of a name", len(name), longestName)
	case !utf8.ValidString(name) || strings.Contains(name, "\x00"):
		return fault.Field("--schema", "--schema is not UTF-8")
	case strings.HasPrefix(name, "pg_"):
		return fault.Field("--schema", "--schema begins with pg_, as Postgres has it for itself alone; choose another name")
	}
	return nil
}

// Close gives the schema free.
func (c *Copy) Close(ctx context.Context) error {
	if err := c.conn.Close(context.WithoutCancel(ctx)); err != nil && !c.conn.IsClosed() {
		return fmt.Errorf("close the connection to Postgres: %w", err)
	}
	return nil
}

// table is a table or view of the copy, for a statement.
func (c *Copy) table(name string) string { return pgx.Identifier{c.cfg.Schema, name}.Sanitize() }

// tx does something in a transaction.
func (c *Copy) tx(ctx context.Context, do func(pgx.Tx) error) error {
	return asFault(ctx, pgx.BeginFunc(ctx, c.conn, do))
}

// asFault says of a failure of Postgres what kind it is. The details that Postgres gives may hold values of rows, and are left
// out.
func asFault(ctx context.Context, err error) error {
	var known *fault.Error
	if err == nil || ctx.Err() != nil || errors.As(err, &known) {
		return errors.Join(err, ctx.Err())
	}
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return fault.New(kindOf(refused.Code), "Postgres: %s (SQLSTATE %s)", refused.Message, refused.Code)
	}
	if unreachable, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return fault.New(fault.Unavailable, "Postgres cannot be reached: %s", reason(unreachable))
	}
	return fault.New(fault.Unavailable, "the connection to Postgres was lost: %s", reason(err))
}

// codeOf is the SQLSTATE of a refusal; empty for anything else.
func codeOf(err error) string {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.Code
	}
	return ""
}

// reason is what went wrong at the network, without the address, in which a name of a user is.
func reason(err error) string {
	if at, ok := errors.AsType[*net.OpError](err); ok {
		return at.Err.Error()
	}
	if at, ok := errors.AsType[*net.DNSError](err); ok {
		return at.Error()
	}
	last, _, _ := strings.Cut(err.Error(), "\n")
	if i := strings.LastIndex(last, ": "); i >= 0 {
		last = last[i+2:]
	}
	return last
}

// kindOf says by the class of its SQLSTATE what kind a refusal is.
func kindOf(code string) error {
	switch code {
	case "53100": // disk_full
		return fault.Full
	case "42501": // insufficient_privilege
		return fault.Forbidden
	case "3D000": // invalid_catalog_name: there is no such database
		return fault.NotFound
	case "25006": // read_only_sql_transaction
		return fault.Forbidden
	}
	switch code[:min(2, len(code))] {
	case "28": // invalid_authorization_specification
		return fault.Unauthorized
	case "08", "53", "55", "57", "40": // connection, resources, locks, operator, transactions that met
		return fault.Unavailable
	case "42", "22", "23": // tables that somebody has changed
		return fault.Conflict
	}
	return fault.Unavailable
}
