package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// fixed holds the clients that this process was given. Their tokens it does not hold: each has a seal. Safe for concurrent use.
type fixed struct {
	mu      sync.Mutex
	key     []byte // of the seals
	clients map[ClientID]fixedClient
}

// fixedClient has a fast hash of its secret, which need not be random: it is in memory only, where a program that can
// read it finds the requests as well.
type fixedClient struct {
	client Client
	secret [sha256.Size]byte
}

func newFixed() *fixed {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it never fails
	return &fixed{key: key, clients: map[ClientID]fixedClient{}}
}

// Fix makes a client of this process, with a secret of the caller's choice; only a hash of it is held. It wins
// over a client in the database with the same id, whose tokens are worth nothing here from then on. Fixed again with another secret,
// it is replaced and its tokens end. Its name may be left out, and what else may be: see WithDefaults.
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
	s.fixed.mu.Lock()
	defer s.fixed.mu.Unlock()
	s.fixed.clients[c.ID] = fixedClient{c, sha256.Sum256([]byte(secret))}
	return nil
}

// Seal has the tokens of fixed clients be sealed by a key. Processes that have one key take each other's, of clients that they were
// given with the same secret. Without it the key is of this process alone.
func (s *Store) Seal(key []byte) {
	s.fixed.mu.Lock()
	defer s.fixed.mu.Unlock()
	s.fixed.key = key
}

func (f *fixed) has(id ClientID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.clients[id]
	return ok
}

// get gives a fixed client, and the hash of its secret.
func (f *fixed) get(id ClientID) (c Client, hash []byte, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	known, ok := f.clients[id]
	return known.client, known.secret[:], ok
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
	return Token{Text: f.sealed(c, now.Add(c.client.TokenLifetime)), Client: c.client, Lifetime: c.client.TokenLifetime}, true
}

// A token is when it expires and some chance, and the seal of these.
const (
	expiryLength = 8
	plainLength  = expiryLength + 16
	tokenLength  = plainLength + sha256.Size
)

// sealed makes the text of a token.
func (f *fixed) sealed(c fixedClient, expires time.Time) string {
	plain := make([]byte, plainLength, tokenLength)
	binary.BigEndian.PutUint64(plain, uint64(expires.UnixMicro()))
	_, _ = rand.Read(plain[expiryLength:]) // it never fails
	return base64.RawURLEncoding.EncodeToString(append(plain, f.seal(c, plain)...))
}

// seal follows from the key, the client and its secret, so that none who has not all of them makes one, and from what is sealed.
func (f *fixed) seal(c fixedClient, plain []byte) []byte {
	h := hmac.New(sha256.New, f.key)
	h.Write(c.secret[:])
	h.Write(plain)
	h.Write([]byte(c.client.ID))
	return h.Sum(nil)
}

// token gives the fixed client to whom a token was issued, here or by a process with the same key, and when that expires.
func (f *fixed) token(text string) (c Client, expires time.Time, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) != tokenLength {
		return Client{}, time.Time{}, false
	}
	plain, seal := raw[:plainLength], raw[plainLength:]
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, known := range f.clients {
		if hmac.Equal(seal, f.seal(known, plain)) {
			return known.client, time.UnixMicro(int64(binary.BigEndian.Uint64(plain))), true
		}
	}
	return Client{}, time.Time{}, false
}
