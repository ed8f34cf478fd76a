package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"sync"

	"golang.org/x/crypto/bcrypt"
)

// A secret is 26 random characters, 130 bits, and 13 more that follow from them: its seal. The key of the seal is the
// client's own and changes with each secret. So a secret that we never made is told at the cost of one HMAC, and bcrypt,
// which is slow on purpose, is left to the right one: strangers can neither keep the processor busy with it nor use up
// what may be tried, and so lock nobody out. The key proves nothing of the random part: who reads the database still
// has to go through bcrypt.
const (
	randomLength = 26
	sealLength   = 13
	bcryptCost   = 10
)

// verifier is what is kept of a secret.
type verifier struct {
	hash secretHash
	key  []byte // of the seal
}

// secretHash is bcrypt's; it holds a salt, and so names the secret as well.
type secretHash string

// newSecret makes a secret for a client.
func newSecret(id ClientID, cost int) (secret string, v verifier, err error) {
	v.key = make([]byte, sha256.Size)
	if _, err := rand.Read(v.key); err != nil {
		return "", v, err
	}
	random := rand.Text()[:randomLength]
	secret = random + v.seal(id, random)
	hash, err := bcrypt.GenerateFromPassword([]byte(secret), cost)
	v.hash = secretHash(hash)
	return secret, v, err
}

// seal is the end of a secret that begins with random. The id is in it, so that no two clients could share a secret.
func (v verifier) seal(id ClientID, random string) string {
	mac := hmac.New(sha256.New, v.key)
	mac.Write([]byte(random + string(id))) // random has one length, so the two cannot be confused
	return base32.StdEncoding.EncodeToString(mac.Sum(nil))[:sealLength]
}

// sealed says whether the secret bears our seal, in a time that does not depend on how much of it is right. What is
// longer, such as the 72 bytes that bcrypt takes, has none.
func (v verifier) sealed(id ClientID, secret string) bool {
	if len(secret) != randomLength+sealLength {
		return false
	}
	want := v.seal(id, secret[:randomLength])
	return subtle.ConstantTimeCompare([]byte(want), []byte(secret[randomLength:])) == 1
}

// checker compares secrets with bcrypt, few at once, and remembers of each client the last one that was right: a client
// that logs in before every request pays for bcrypt once. Safe for concurrent use.
type checker struct {
	compare func(hash, secret []byte) error
	slots   chan struct{} // one for each comparison that runs

	mu    sync.Mutex
	right map[ClientID]remembered // by client
}

// remembered is a secret that was right, by its hash: a fast one suffices for 130 random bits that only stay in memory.
type remembered struct {
	hash   secretHash // that it was right for: another process may have rotated the secret since
	secret [sha256.Size]byte
}

// atOnce is how many comparisons run at once: each takes a core for about 60 ms.
const atOnce = 2

func newChecker() *checker {
	return &checker{compare: bcrypt.CompareHashAndPassword, slots: make(chan struct{}, atOnce), right: map[ClientID]remembered{}}
}

// known says whether the secret is the one that was right for this hash before.
func (c *checker) known(id ClientID, hash secretHash, secret string) bool {
	given := sha256.Sum256([]byte(secret))
	c.mu.Lock()
	last, ok := c.right[id]
	c.mu.Unlock()
	return ok && last.hash == hash && subtle.ConstantTimeCompare(given[:], last.secret[:]) == 1
}

// turn waits until another comparison may run; done must be called after it. It fails only when ctx ends before.
func (c *checker) turn(ctx context.Context) (done func(), err error) {
	select {
	case c.slots <- struct{}{}:
		return func() { <-c.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// check compares the secret with the hash, and remembers one that is right.
func (c *checker) check(id ClientID, hash secretHash, secret string) bool {
	if c.compare([]byte(hash), []byte(secret)) != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.right[id] = remembered{hash, sha256.Sum256([]byte(secret))}
	return true
}

// forget drops what is remembered of a client.
func (c *checker) forget(id ClientID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.right, id)
}
