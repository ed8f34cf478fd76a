package access

import (
	"bytes"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// row gives the values of a client's row, without its sum.
func row(c Client, v verifier) []any {
	permissions := make([]string, len(c.Permissions))
	for i, p := range c.Permissions {
		permissions[i] = string(p)
	}
	return []any{
		c.ID, c.Name, c.Organization, c.UserID, strings.Join(permissions, " "), int64(c.TokenLifetime / time.Second),
		c.Created.UnixMicro(), c.Rotated.UnixMicro(), v.hash, v.key,
	}
}

// sum is the checksum that is kept beside a client. A flipped bit could give it the conversations of another organization,
// or of another user.
func sum(c Client, v verifier) []byte { return state.Sum(row(c, v)...) }

// sumOfToken is the checksum that is kept beside a token, by its hash. A flipped bit could make it last for years.
func sumOfToken(hash []byte, id ClientID, expires int64) []byte { return state.Sum(hash, id, expires) }

// soundToken fails with fault.Corrupt when a token is not what was written. Tokens of before there were sums have none.
func soundToken(written, hash []byte, id ClientID, expires int64) error {
	if written == nil || bytes.Equal(written, sumOfToken(hash, id, expires)) {
		return nil
	}
	return fault.New(fault.Corrupt, "a token of client %s in the control database is damaged", id)
}
