// Package hostile is a platform that means harm: what a server, a proxy or a broken disk on the other side can answer.
// Its misdeeds are used by rule, as those of platformtest: the n-th call of a route. The test beside it runs the program
// through all of them, and `make bench ARGS=--soak` mixes them by chance.
package hostile

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// Answer answers with a status, a content type and a body of any kind.
func Answer(status int, contentType, body string) platformtest.Misdeed {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body) //nolint:gosec // a hostile platform sends what it likes
	}
}

// Tell answers 200 with a body of its own for each call.
func Tell(body func() string) platformtest.Misdeed {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { _, _ = io.WriteString(w, body()) }
}

// Alter changes what would have been answered.
func Alter(change func(body string) string) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		whole := record(r, usual)
		w.WriteHeader(whole.Code)
		_, _ = io.WriteString(w, change(whole.Body.String()))
	}
}

// WithStatus answers as usual, but for the status.
func WithStatus(status int) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		whole := record(r, usual)
		w.WriteHeader(status)
		_, _ = w.Write(whole.Body.Bytes())
	}
}

func record(r *http.Request, usual http.HandlerFunc) *httptest.ResponseRecorder {
	whole := httptest.NewRecorder()
	usual(whole, r)
	return whole
}

// Shorten leaves the second half of the body out, as a proxy does that takes the length from what it has.
func Shorten(body string) string { return body[:len(body)/2] }

// Append puts members at the end of the object that is answered.
func Append(members string) func(string) string {
	return func(body string) string { return strings.TrimSuffix(body, "}") + "," + members + "}" }
}

// BreakGzip answers with a body that is no good gzip from its middle on.
func BreakGzip(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
	packed := pack(record(r, usual).Body.String())
	for i := len(packed) / 2; i < len(packed); i++ {
		packed[i] ^= 0x55
	}
	w.Header().Set("Content-Encoding", "gzip")
	_, _ = w.Write(packed)
}

func pack(text string) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = io.WriteString(z, text)
	_ = z.Close() // a buffer takes everything
	return out.Bytes()
}

// Bomb answers with begin and then, until the client hangs up or has read so many MiB, with filler over and over, all of
// it compressed a thousandfold.
func Bomb(begin, filler string, mib int) platformtest.Misdeed {
	head, block := pack(begin), pack(strings.Repeat(filler, 1<<20/len(filler)))
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		w.Header().Set("Content-Encoding", "gzip")
		_, err := w.Write(head)
		for n := 0; n < mib && err == nil && r.Context().Err() == nil; n++ {
			_, err = w.Write(block)
		}
	}
}

// Drip answers as usual, one byte at a time.
func Drip(every time.Duration) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for _, b := range record(r, usual).Body.Bytes() {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
			_, _ = w.Write([]byte{b})
			w.(http.Flusher).Flush()
		}
	}
}

// Redirect sends the client elsewhere, to where it must not take its token.
func Redirect(to string) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		http.Redirect(w, r, to, http.StatusTemporaryRedirect)
	}
}

// Echo refuses a request with the caller's own Authorization, and with what would change a terminal.
func Echo(status int) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
		message := `\u001b[2J\u001b]0;owned\u0007\r\u009b31m not with ` + strings.ReplaceAll(r.Header.Get("Authorization"), `"`, "")
		Answer(status, "application/json", `{"code":"bad\u001b[31mcode","message":"`+message+`","contextId":"\u001b[7mid"}`)(w, r, nil)
	}
}

// RetryAt refuses for now and says, as an HTTP date, when to come again.
func RetryAt(status int, after time.Duration) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		at := time.Now().Add(after).UTC().Format(http.TimeFormat)
		platformtest.Refuse(status, "too.many.requests", "Rate limit exceeded the maximum.", "Retry-After", at)(w, r, usual)
	}
}
