package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// fixed holds the clients of this process alone, and their tokens. Safe for concurrent use.
type fixed struct {
	mu      sync.Mutex
	clients map[ClientID]fixedClient
	tokens  map[[sha256.Size]byte]fixedToken // by the hash of their text
	purge   time.Time                        // when to look for old ones again
}

// fixedClient has a fast hash of its secret, which need not be random: it is in memory only, where a program that can
// read it finds the requests as well.
type fixedClient struct {
	client Client
	secret [sha256.Size]byte
}

type fixedToken struct {
	client  ClientID
	expires time.Time
}

func newFixed() *fixed {
	return &fixed{clients: map[ClientID]fixedClient{}, tokens: map[[sha256.Size]byte]fixedToken{}}
}

// Fix makes a client of this process alone, with a secret of the caller's choice; only a hash of it is held. It wins
// over a client in the database with the same id, whose tokens are worth nothing here from then on. Fixed again, it is
// replaced and its tokens end. Its name may be left out, and what else may be: see WithDefaults.
func (s *Store) Fix(c Client, secret string) error {
	if c.Name == "" {
		c.Name = string(c.ID)
	}
	c = c.WithDefaults()
	if err := validateID(c.ID); err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return err
	}
	if secret == "" {
		return fault.Field("secret", "a client needs a secret")
	}
	c.Created = s.now()
	c.Rotated = c.Created
	s.fixed.set(fixedClient{c, sha256.Sum256([]byte(secret))})
	return nil
}

func (f *fixed) set(c fixedClient) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clients[c.client.ID] = c
	maps.DeleteFunc(f.tokens, func(_ [sha256.Size]byte, t fixedToken) bool { return t.client == c.client.ID })
}

func (f *fixed) has(id ClientID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.clients[id]
	return ok
}

// login checks the secret of a fixed client, in a time that does not depend on how much of it is right, and makes a
// token; known is false when there is no such client, and the token has no text when the secret is wrong.
func (f *fixed) login(id ClientID, secret string, now time.Time) (t Token, known bool) {
	given := sha256.Sum256([]byte(secret))
	f.mu.Lock()
	defer f.mu.Unlock()
	c, ok := f.clients[id]
	if !ok || subtle.ConstantTimeCompare(given[:], c.secret[:]) != 1 {
		return Token{}, ok
	}
	f.forgetOld(now)
	t = Token{Text: rand.Text(), Client: c.client, Lifetime: c.client.TokenLifetime}
	f.tokens[sha256.Sum256([]byte(t.Text))] = fixedToken{id, now.Add(t.Lifetime)}
	return t, true
}

// forgetOld drops the tokens that expired long ago; once an hour, since it looks at them all.
func (f *fixed) forgetOld(now time.Time) {
	if now.Before(f.purge) {
		return
	}
	f.purge = now.Add(rememberExpired)
	maps.DeleteFunc(f.tokens, func(_ [sha256.Size]byte, t fixedToken) bool { return !now.Before(t.expires.Add(rememberExpired)) })
}

// token gives the fixed client to whom a token was issued, and when that expires.
func (f *fixed) token(hash [sha256.Size]byte) (c Client, expires time.Time, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t, ok := f.tokens[hash]
	return f.clients[t.client].client, t.expires, ok
}
