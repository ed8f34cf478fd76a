package job

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"

	"github.com/parley-hq/parley/internal/fault"
)

// sealer makes cursors and opens them. A cursor is, in base64,
//
//	nonce (12 bytes) | AES-256-GCM of version (1) and number of the next record (8), over job and organization | tag (16)
//
// The nonce is an HMAC of what is sealed, so that the same place always has the same cursor; two places share a nonce
// by chance only, with 96 bits against it. Of details the base64 is the standard one. The 37 bytes are one more than a multiple
// of three: the text always ends in "==", as a reminder to every client that a cursor must be URL-encoded. Of reports it is
// that of URLs, without padding: their clients cut it out of a URL and send it back as it stands there. Safe for concurrent
// use.
type sealer struct {
	aead     cipher.AEAD
	nonceKey []byte
}

const (
	cursorVersion = 1
	placeSize     = 1 + 8
)

func newSealer(key [32]byte) (*sealer, error) {
	sealKey, err := hkdf.Key(sha256.New, key[:], nil, "parley cursor", 32)
	if err != nil {
		return nil, err
	}
	nonceKey, err := hkdf.Key(sha256.New, key[:], nil, "parley cursor nonce", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &sealer{aead: aead, nonceKey: nonceKey}, err
}

// seal makes the cursor of a place in the results of a job.
func (s *sealer) seal(e entry, place int64) string {
	plain := binary.BigEndian.AppendUint64([]byte{cursorVersion}, uint64(place))
	bound := boundTo(e)
	mac := hmac.New(sha256.New, s.nonceKey)
	mac.Write(plain)
	mac.Write(bound)
	nonce := mac.Sum(nil)[:s.aead.NonceSize()]
	return encoding(e).EncodeToString(s.aead.Seal(nonce, nonce, plain, bound))
}

func encoding(e entry) *base64.Encoding {
	if e.kind == Details {
		return base64.StdEncoding.Strict()
	}
	return base64.RawURLEncoding.Strict()
}

// boundTo is what a cursor is good for: one job of one organization. An id has no zero byte in it.
func boundTo(e entry) []byte { return []byte(string(e.id) + "\x00" + e.owner.Organization) }

// place opens a cursor of a job; an empty one is the start. Anything but a cursor that seal made for this job is
// fault.Invalid.
func (s *sealer) place(e entry, cursor string) (int64, error) {
	if cursor == "" {
		return 0, nil
	}
	place, ok := s.open(e, cursor)
	// The decoder passes over line breaks: only the text that seal gives is the cursor.
	if !ok || s.seal(e, place) != cursor {
		name := e.kind.cursor()
		return 0, fault.Field(name, "The %s is not one of this job; start again without a %s. In a URL, a %s must be URL-encoded", name, name, name)
	}
	return place, nil
}

func (s *sealer) open(e entry, cursor string) (int64, bool) {
	sealed, err := encoding(e).DecodeString(cursor)
	if err != nil || len(sealed) != s.aead.NonceSize()+placeSize+s.aead.Overhead() {
		return 0, false
	}
	nonce, text := sealed[:s.aead.NonceSize()], sealed[s.aead.NonceSize():]
	plain, err := s.aead.Open(nil, nonce, text, boundTo(e))
	if err != nil || plain[0] != cursorVersion {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(plain[1:])), true
}

// cursor is what requests call the mark of the next page.
func (k Kind) cursor() string {
	if k == Reports {
		return "pageToken"
	}
	return "cursor"
}
