package access

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/parley-hq/parley/internal/fault"
)

// Stamp follows from a client and its secret: it is another one when the secret is. Kept where others read it, it would let them try
// secrets; keep it closed.
type Stamp [sha256.Size]byte

// stamp makes the stamp of a client from a hash of its secret.
func stamp(id ClientID, hash []byte) Stamp {
	return sha256.Sum256(append([]byte("parley stamp "+string(id)+"\x00"), hash...))
}

// Stamped gives a client as it is now, one of this process or of the database, and its stamp; fault.NotFound.
func (s *Store) Stamped(ctx context.Context, id ClientID) (Client, Stamp, error) {
	if c, hash, ok := s.fixed.get(id); ok {
		return c, stamp(id, hash), nil
	}
	c, v, err := s.find(ctx, id)
	return c, stamp(id, []byte(v.hash)), err
}

// Still gives a client as it is now, if it has the secret that it had when its stamp was taken; fault.Unauthorized.
func (s *Store) Still(ctx context.Context, id ClientID, was Stamp) (Client, error) {
	c, now, err := s.Stamped(ctx, id)
	if errors.Is(err, fault.NotFound) || err == nil && subtle.ConstantTimeCompare(now[:], was[:]) != 1 {
		return Client{}, unauthorized("bad.credentials", "Invalid login credentials.")
	}
	return c, err
}
