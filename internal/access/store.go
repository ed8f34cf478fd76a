package access

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the tables in the control database. Instants are microseconds since 1970.
var schema = state.Schema{Owner: "access", Steps: []string{`
	CREATE TABLE access_clients (
		id           {text} PRIMARY KEY,
		name         {text} NOT NULL,
		organisation {text} NOT NULL,
		user_id      {text} NOT NULL,    -- empty: confined to none
		permissions  {text} NOT NULL,    -- with spaces between
		lifetime     {integer} NOT NULL, -- of its tokens, seconds
		created      {integer} NOT NULL,
		rotated      {integer} NOT NULL,
		secret_hash  {text} NOT NULL,    -- bcrypt
		seal_key     {bytes} NOT NULL    -- tells secrets that we made from others; see secret.go
	) {by key};
	CREATE TABLE access_tokens (
		hash    {bytes} PRIMARY KEY, -- SHA-256 of the token's text
		client  {text} NOT NULL REFERENCES access_clients (id) ON DELETE CASCADE,
		expires {integer} NOT NULL
	) {by key};
	CREATE INDEX access_tokens_client ON access_tokens (client);
	CREATE INDEX access_tokens_expires ON access_tokens (expires)`,
	// Of what the rows say, so that damage shows; see sum.go. Rows of before have none.
	`ALTER TABLE access_clients ADD COLUMN sum {bytes};
	ALTER TABLE access_tokens ADD COLUMN sum {bytes}`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

const clientColumns = `c.id, c.name, c.organisation, c.user_id, c.permissions, c.lifetime, c.created, c.rotated, c.secret_hash, c.seal_key, c.sum`

const byID = `SELECT ` + clientColumns + ` FROM access_clients c WHERE c.id = ?`

// Store keeps the clients and their tokens. Several processes may have one over the same database: what one of them
// does, the others see at once. Safe for concurrent use.
type Store struct {
	now      func() time.Time
	fixed    *fixed
	failures *failures
	checker  *checker
	cost     int // of bcrypt

	db      *state.DB // nil: fixed clients only
	byID    *state.Stmt
	byToken *state.Stmt

	purging sync.Mutex
	purge   time.Time // when to look for old tokens again
}

// InMemory makes a store that knows fixed clients alone, for a server that keeps nothing.
func InMemory(now func() time.Time) *Store {
	return &Store{now: now, fixed: newFixed(), failures: newFailures(limit.InMemory), checker: newChecker(), cost: bcryptCost}
}

// Open opens the store in a control database, which stays the caller's. Closing that ends the store.
func Open(ctx context.Context, db *state.DB, now func() time.Time) (*Store, error) {
	if err := db.Migrate(ctx, schema); err != nil {
		return nil, err
	}
	s := InMemory(now)
	s.db = db
	var err error
	if s.byID, err = db.Prepare(ctx, byID); err != nil {
		return nil, err
	}
	s.byToken, err = db.Prepare(ctx, `SELECT `+clientColumns+`, t.client, t.expires, t.sum FROM access_tokens t JOIN access_clients c ON c.id = t.client WHERE t.hash = ?`)
	return s, err
}

// Rates has failed logins counted by limits of others than this process alone. It comes before anybody logs in.
func (s *Store) Rates(in limit.Maker) { s.failures = newFailures(in) }

// Add keeps a new client and gives it with its secret, which nobody can give again. Without an id it gets one; one that
// is taken is fault.Conflict. It fails as Validate does.
func (s *Store) Add(ctx context.Context, c Client) (_ Client, secret string, err error) {
	if c.ID == "" {
		c.ID = ClientID(uuid.NewString())
	}
	c = c.WithDefaults()
	c.Created = s.now().UTC().Truncate(time.Microsecond)
	c.Rotated = c.Created
	if err := validateID(c.ID); err != nil {
		return Client{}, "", err
	}
	if err := c.Validate(); err != nil {
		return Client{}, "", err
	}
	secret, v, err := newSecret(c.ID, s.cost)
	if err != nil {
		return Client{}, "", err
	}
	if err := s.insert(ctx, c, v); err != nil {
		return Client{}, "", err
	}
	return c, secret, nil
}

func (s *Store) insert(ctx context.Context, c Client, v verifier) error {
	if s.db == nil {
		return fault.New(fault.Invalid, "this server keeps no clients")
	}
	added, err := s.db.Exec(ctx, `INSERT INTO access_clients (id, name, organisation, user_id, permissions, lifetime, created, rotated, secret_hash, seal_key, sum)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`, append(row(c, v), sum(c, v))...)
	if err == nil && added == 0 {
		return fault.New(fault.Conflict, "there is a client with the id %s already", c.ID)
	}
	return err
}

// List gives the clients in the database, of one organization or, if that is empty, of all, in the order of
// organization, name and id.
func (s *Store) List(ctx context.Context, organization string) ([]Client, error) {
	if s.db == nil {
		return nil, nil
	}
	return state.All(s.db.Rows(ctx, `SELECT `+clientColumns+` FROM access_clients c
		WHERE ? IN ('', c.organisation) ORDER BY c.organisation, c.name, c.id`, organization), func(r state.Row) (Client, error) {
		c, _, err := scanClient(r)
		return c, err
	})
}

// Get gives a client of the database; fault.NotFound.
func (s *Store) Get(ctx context.Context, id ClientID) (Client, error) {
	c, _, err := s.find(ctx, id)
	return c, err
}

func (s *Store) find(ctx context.Context, id ClientID) (c Client, v verifier, err error) {
	if s.db == nil {
		return c, v, notFound(id)
	}
	c, v, err = scanClient(s.byID.Row(ctx, id))
	if errors.Is(err, state.ErrNoRow) {
		return c, v, notFound(id)
	}
	return c, v, err
}

func notFound(id ClientID) error {
	return fault.New(fault.NotFound, "there is no client %s; parley client list shows those that there are", id)
}

// scanClient reads the columns of a client and those that follow. The error of no row is left as it is; a client that is
// damaged is fault.Corrupt.
func scanClient(row state.Row, more ...any) (c Client, v verifier, err error) {
	var permissions string
	var lifetime, created, rotated int64
	var written []byte
	err = row.Scan(append([]any{&c.ID, &c.Name, &c.Organization, &c.UserID, &permissions, &lifetime, &created, &rotated, &v.hash, &v.key, &written}, more...)...)
	if err != nil {
		return Client{}, v, err
	}
	for p := range strings.FieldsSeq(permissions) {
		c.Permissions = append(c.Permissions, Permission(p))
	}
	c.TokenLifetime = time.Duration(lifetime) * time.Second
	c.Created, c.Rotated = time.UnixMicro(created).UTC(), time.UnixMicro(rotated).UTC()
	if written != nil && !bytes.Equal(written, sum(c, v)) {
		return Client{}, verifier{}, fault.New(fault.Corrupt, "the entry of client %s in the control database is damaged; remove the client and add it again", c.ID)
	}
	return c, v, nil
}

// Rotate gives a client a new secret. The old one and its tokens are worth nothing from then on. It fails with
// fault.NotFound.
func (s *Store) Rotate(ctx context.Context, id ClientID) (secret string, err error) {
	if s.db == nil {
		return "", notFound(id)
	}
	secret, v, err := newSecret(id, s.cost)
	if err != nil {
		return "", err
	}
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		c, _, err := scanClient(tx.Row(ctx, byID, id))
		if errors.Is(err, state.ErrNoRow) {
			return notFound(id)
		}
		if err != nil {
			return err
		}
		c.Rotated = s.now()
		_, err = tx.Exec(ctx, `UPDATE access_clients SET secret_hash = ?, seal_key = ?, rotated = ?, sum = ? WHERE id = ?`,
			v.hash, v.key, c.Rotated.UnixMicro(), sum(c, v), id)
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM access_tokens WHERE client = ?`, id)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	s.checker.forget(id)
	return secret, nil
}

// Remove forgets a client; its tokens go with it. It fails with fault.NotFound.
func (s *Store) Remove(ctx context.Context, id ClientID) error {
	if s.db == nil {
		return notFound(id)
	}
	removed, err := s.db.Exec(ctx, `DELETE FROM access_clients WHERE id = ?`, id)
	if err == nil && removed == 0 {
		return notFound(id)
	}
	s.checker.forget(id)
	return err
}
