package platform

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"unicode"
)

// Most bytes that a message of ours takes over from others: a sentence or a few, and a word such as a code or an id.
const (
	maxText = 1000
	maxWord = 100
)

// clean makes a text of others fit for an error: without our secrets, should the other side echo what we sent; on one
// line, with control characters made visible; and of a bearable length.
func (c *Client) clean(text string, most int) string {
	text = line(c.secrets.hide(text))
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// cleanEnds cleans a sentence of others, and keeps its end in place of its middle: a list of what is allowed may stand
// there, and what was probably meant comes last.
func (c *Client) cleanEnds(text string, most int) string {
	const end = 200
	text = line(c.secrets.hide(text))
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-end], "") + " … " + strings.ToValidUTF8(text[len(text)-end:], "")
}

// line keeps a text of others on one line, and shows what would steer a terminal.
func line(text string) string {
	var out strings.Builder
	for _, r := range strings.Join(strings.Fields(strings.ToValidUTF8(text, "\ufffd")), " ") {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// secrets are the texts that must never be printed. Safe for concurrent use.
type secrets struct {
	mu    sync.Mutex
	texts []string // the client's secret in every form that is sent
	token [2]string
}

// shortest is the shortest text that counts as a secret: hiding a letter would make every message unreadable.
const shortest = 4

func secretsOf(cfg Config) secrets {
	id, secret := cfg.ClientID, string(cfg.ClientSecret)
	if len(secret) < shortest {
		return secrets{}
	}
	return secrets{texts: []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(id + ":" + secret))}}
}

// use adds a token. The one before it may still be in an answer that is on its way.
func (s *secrets) use(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token = [2]string{token, s.token[0]}
}

func (s *secrets) hide(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range append(s.token[:], s.texts...) {
		if len(secret) >= shortest {
			text = hidePart(strings.ReplaceAll(text, secret, hidden), secret)
		}
	}
	return text
}

// hidden stands where a secret was.
const hidden = "(secret)"

// fragment is how much of a secret is one by itself: who cuts what we sent may write back a part of it.
const fragment = 8

// hidePart hides every part of a secret that is a fragment or longer.
func hidePart(text, secret string) string {
	if len(secret) < fragment {
		return text
	}
	var out strings.Builder
	for len(text) >= fragment {
		n := 0
		for n+fragment <= len(text) && strings.Contains(secret, text[:n+fragment]) {
			n++
		}
		if n == 0 {
			out.WriteByte(text[0])
			text = text[1:]
			continue
		}
		out.WriteString(hidden)
		text = text[n+fragment-1:]
	}
	return out.String() + text
}
