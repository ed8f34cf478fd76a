package api

import (
	"crypto/rand"
	"crypto/sha256"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// tokens holds the tokens that were issued, by the hash of their text: who reads the memory cannot use them. A client
// may have several at a time. They end with the process. Safe for concurrent use.
type tokens struct {
	mu     sync.Mutex
	issued map[[sha256.Size]byte]token
	purge  time.Time // when to look for old ones again
}

type token struct {
	client  *Client
	expires time.Time
}

// rememberExpired is how long an expired token is still told from an unknown one.
const rememberExpired = time.Hour

func newTokens() *tokens { return &tokens{issued: map[[sha256.Size]byte]token{}} }

// issue makes a token for a client: at least 128 random bits, in letters and digits.
func (t *tokens) issue(c *Client, now time.Time) string {
	text := rand.Text()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forgetOld(now)
	t.issued[sha256.Sum256([]byte(text))] = token{client: c, expires: now.Add(c.TokenLifetime)}
	return text
}

// forgetOld drops the tokens that expired long ago; once an hour, since it looks at them all.
func (t *tokens) forgetOld(now time.Time) {
	if now.Before(t.purge) {
		return
	}
	t.purge = now.Add(rememberExpired)
	maps.DeleteFunc(t.issued, func(_ [sha256.Size]byte, tok token) bool {
		return !now.Before(tok.expires.Add(rememberExpired))
	})
}

// client is the one to whom a token was issued. Its faults are Unauthorized, with the platform's codes for a token that
// is missing, unknown or expired.
func (t *tokens) client(text string, now time.Time) (*Client, error) {
	if text == "" {
		return nil, unauthorized("authentication.required")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	tok, ok := t.issued[sha256.Sum256([]byte(text))]
	if !ok {
		return nil, unauthorized("bad.credentials")
	}
	if !now.Before(tok.expires) {
		return nil, unauthorized("credentials.expired")
	}
	return tok.client, nil
}

func unauthorized(code string) error {
	return &fault.Error{Kind: fault.Unauthorized, Code: code, Message: standard[code]}
}

// bearer is the token that a request carries; empty if none.
func bearer(r *http.Request) string {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(text)
}
