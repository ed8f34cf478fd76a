package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/job"
	"github.com/parley-hq/parley/internal/wire"
)

// cursors makes the cursors of searches and opens them. One is, in base64, a MAC (16 bytes) of what follows and of what it
// is good for; the instant of a row, in microseconds (8); its id. The key lasts as the jobs do, and all servers that share them have the
// same one: a cursor is good at each. Without jobs it is made by chance. Safe for concurrent use.
type cursors struct{ key []byte }

func newCursors(jobs *job.Manager) (cursors, error) {
	if jobs == nil {
		key := make([]byte, sha256.Size)
		_, _ = rand.Read(key) // never fails
		return cursors{key}, nil
	}
	key, err := jobs.Secret("parley search cursor")
	return cursors{key}, err
}

const macSize = 16

// boundTo is what a cursor is good for: one search of one organization, or of one of its users.
func boundTo(c access.Client, of wire.AttributeSearch) ([]byte, error) {
	of.Cursor = ""
	text, err := encode(of)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(text)
	return append(sum[:], c.Organization+"\x00"+c.UserID+"\x00"...), nil
}

func (c cursors) seal(bound []byte, p place) string {
	return base64.StdEncoding.EncodeToString(c.sealed(bound, append(binary.BigEndian.AppendUint64(nil, uint64(p.at.UnixMicro())), p.id...)))
}

func (c cursors) sealed(bound, text []byte) []byte {
	mac := hmac.New(sha256.New, c.key)
	mac.Write(bound)
	mac.Write(text)
	return append(mac.Sum(nil)[:macSize], text...)
}

// open gives the place of a cursor; none is before all rows. Anything but a cursor that seal made for the same search is
// fault.Invalid.
func (c cursors) open(bound []byte, cursor string) (p place, err error) {
	if cursor == "" {
		return p, nil
	}
	sealed, err := base64.StdEncoding.Strict().DecodeString(cursor)
	// The decoder passes over line breaks: only the text that seal gives is the cursor.
	if err != nil || len(sealed) <= macSize+8 || base64.StdEncoding.EncodeToString(sealed) != cursor || !hmac.Equal(c.sealed(bound, sealed[macSize:]), sealed) {
		return p, fault.Field("cursor", "The cursor is not one of this search; start again without a cursor")
	}
	text := sealed[macSize:]
	return place{time.UnixMicro(int64(binary.BigEndian.Uint64(text))).UTC(), conversation.ID(text[8:])}, nil
}
