// Package box keeps something that only a text opens: whoever reads where it is kept, and does not know the text, has nothing.
package box

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
)

// NewText makes a text of 260 bits by chance.
func NewText() string { return rand.Text() + rand.Text() }

// Hash is by what a box is found again. It does not tell the text.
func Hash(text string) []byte {
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// Seal puts something into a box that a text opens. The text must be made by chance and seal nothing else for the same purpose, so
// that the nonce may be the same.
func Seal(purpose, text string, what []byte) ([]byte, error) {
	a, err := lock(purpose, text)
	if err != nil {
		return nil, err
	}
	return a.Seal(nil, make([]byte, a.NonceSize()), what, nil), nil //nolint:gosec // the key is used once
}

// Open gives what is in a box. It fails when the text or the purpose is another one.
func Open(purpose, text string, box []byte) ([]byte, error) {
	a, err := lock(purpose, text)
	if err != nil {
		return nil, err
	}
	return a.Open(nil, make([]byte, a.NonceSize()), box, nil)
}

func lock(purpose, text string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(text), nil, purpose, sha256.Size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
