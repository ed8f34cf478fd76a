package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// Client is a program that may ask for tokens.
type Client struct {
	ID            string
	Secret        string
	Organisation  string        // whose jobs it sees; the clients of one organisation share them
	TokenLifetime time.Duration // whole seconds; default 24 hours (facts.md section 2)
}

// String leaves the secret out.
func (c Client) String() string { return "client " + c.ID }

// GoString leaves the secret out.
func (c Client) GoString() string { return c.String() }

// clients knows the clients by id. It keeps a hash of each secret in place of the secret.
type clients map[string]credential

type credential struct {
	client Client // without its secret
	secret [sha256.Size]byte
}

func newClients(list []Client) (clients, error) {
	known := clients{}
	for _, c := range list {
		if c.ID == "" || c.Secret == "" || c.TokenLifetime < 0 {
			return nil, fault.New(fault.Invalid, "a client needs an id, a secret and a positive token lifetime")
		}
		if _, twice := known[c.ID]; twice {
			return nil, fault.New(fault.Invalid, "there are two clients with the id %s", c.ID)
		}
		if c.TokenLifetime == 0 {
			c.TokenLifetime = 24 * time.Hour
		}
		secret := sha256.Sum256([]byte(c.Secret))
		c.Secret = ""
		known[c.ID] = credential{client: c, secret: secret}
	}
	return known, nil
}

// check says whether the secret is the client's, in a time that does not depend on how much of it is right.
func (c credential) check(secret string) bool {
	given := sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(given[:], c.secret[:]) == 1
}
