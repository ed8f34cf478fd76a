package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// Token is what a client shows with its requests. Its text is a secret.
type Token struct {
	Text     string
	Client   Client
	Lifetime time.Duration
}

// String leaves the text out.
func (t Token) String() string { return "token of client " + string(t.Client.ID) }

// GoString leaves the text out.
func (t Token) GoString() string { return t.String() }

// rememberExpired is how long an expired token is still told from an unknown one, and how often old ones are purged.
const rememberExpired = time.Hour

// Login makes a token for a client with the right secret. It fails with fault.Unauthorized, "client not found" or
// "authentication failed": the platform tells the two apart, so that it is no use to take equally long for both. After
// 10 failures of one client within a minute, the next ones until that has passed are fault.Throttled. The right secret is never refused for
// what others tried.
func (s *Store) Login(ctx context.Context, id ClientID, secret string) (Token, error) {
	t, known := s.fixed.login(id, secret, s.now())
	if known && t.Text == "" {
		return Token{}, s.wrong(ctx, attempt{id, false})
	}
	if known {
		return t, nil
	}
	c, v, err := s.find(ctx, id)
	if errors.Is(err, fault.NotFound) {
		s.checker.forget(id) // another process has removed it
		return Token{}, fault.New(fault.Unauthorized, "client not found")
	}
	if err != nil {
		return Token{}, err
	}
	if err := s.check(ctx, id, v, secret); err != nil {
		return Token{}, err
	}
	t = Token{Text: rand.Text(), Client: c, Lifetime: c.TokenLifetime}
	if err := s.keep(ctx, t, v); err != nil {
		return Token{}, err
	}
	return t, nil
}

// check holds a secret against what is kept of the client's, the cheap ways first.
func (s *Store) check(ctx context.Context, id ClientID, v verifier, secret string) error {
	if !v.sealed(id, secret) {
		return s.wrong(ctx, attempt{id, false})
	}
	if s.checker.known(id, v.hash, secret) {
		return nil
	}
	done, err := s.checker.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	if s.checker.known(id, v.hash, secret) {
		return nil // found right while we waited
	}
	forged := attempt{id, true} // if it is wrong after all
	if err := s.failures.refusal(ctx, forged, s.now()); err != nil {
		return err
	}
	if !s.checker.check(id, v.hash, secret) {
		return s.wrong(ctx, forged)
	}
	return nil
}

// wrong counts a failure and says so.
func (s *Store) wrong(ctx context.Context, a attempt) error {
	if err := s.failures.add(ctx, a, s.now()); err != nil {
		return err
	}
	return authenticationFailed()
}

func authenticationFailed() error { return fault.New(fault.Unauthorized, "authentication failed") }

// keep enters a token in the database, if the secret that was right still is: it may have been rotated, or the client
// removed, since it was read.
func (s *Store) keep(ctx context.Context, t Token, v verifier) error {
	now := s.now()
	hash := sha256.Sum256([]byte(t.Text))
	return s.db.Tx(ctx, func(tx *state.Tx) error {
		if s.purgeIsDue(now) {
			if _, err := tx.Exec(ctx, `DELETE FROM access_tokens WHERE expires <= ?`, now.Add(-rememberExpired).UnixMicro()); err != nil {
				return err
			}
		}
		expires := now.Add(t.Lifetime).UnixMicro()
		kept, err := tx.Exec(ctx, `INSERT INTO access_tokens (hash, client, expires, sum) SELECT ?, id, ?, ? FROM access_clients WHERE id = ? AND secret_hash = ?`,
			hash[:], expires, sumOfToken(hash[:], t.Client.ID, expires), t.Client.ID, v.hash)
		if err == nil && kept == 0 {
			return authenticationFailed()
		}
		return err
	})
}

// purgeIsDue says, once an hour, that old tokens are to be purged. Of several processes each does it.
func (s *Store) purgeIsDue(now time.Time) bool {
	s.purging.Lock()
	defer s.purging.Unlock()
	if now.Before(s.purge) {
		return false
	}
	s.purge = now.Add(rememberExpired)
	return true
}

// Authenticate gives the client to whom a token was issued, as it is now. Its faults are Unauthorized, with the
// platform's codes for a token that is missing, unknown or expired.
//
// A token of the database is found by its hash. How long that takes may tell how much of a hash is right, but nobody can choose a text
// for the hash that it will have.
func (s *Store) Authenticate(ctx context.Context, token string) (Client, error) {
	if token == "" {
		return Client{}, unauthorized("authentication.required", "No authentication bearer token specified in authorization header.")
	}
	c, expires, err := s.issued(ctx, token)
	switch {
	case errors.Is(err, state.ErrNoRow):
		return Client{}, unauthorized("bad.credentials", "Invalid login credentials.")
	case err != nil:
		return Client{}, err
	case !s.now().Before(expires):
		return Client{}, unauthorized("credentials.expired", "The credentials have expired.") // its text on the platform is not known
	}
	return c, nil
}

// issued finds a token; state.ErrNoRow.
func (s *Store) issued(ctx context.Context, token string) (Client, time.Time, error) {
	hash := sha256.Sum256([]byte(token))
	if c, expires, ok := s.fixed.token(token); ok && s.now().Before(expires.Add(rememberExpired)) {
		return c, expires, nil
	}
	if s.db == nil {
		return Client{}, time.Time{}, state.ErrNoRow
	}
	var id ClientID
	var expires int64
	var written []byte
	c, _, err := scanClient(s.byToken.Row(ctx, hash[:]), &id, &expires, &written)
	if err == nil {
		err = soundToken(written, hash[:], id, expires)
	}
	if err == nil && s.fixed.has(c.ID) {
		return Client{}, time.Time{}, state.ErrNoRow // a fixed client has its place here, and may have other rights
	}
	return c, time.UnixMicro(expires), err
}

func unauthorized(code, message string) error {
	return &fault.Error{Kind: fault.Unauthorized, Code: code, Message: message}
}
