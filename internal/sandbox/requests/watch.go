package requests

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// Wrap remembers what a handler is asked. What lies under /_sandbox/ it does not: who looks would see himself looking.
func (l *Log) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/_sandbox/") {
			next.ServeHTTP(w, r)
			return
		}
		l.watch(w, r, next)
	})
}

// name is that of a rule; it is set while the request is answered.
type name struct{}

// Harmed says by which rule the request of a context was harmed; the last one counts.
func Harmed(ctx context.Context, rule string) {
	if at, ok := ctx.Value(name{}).(*atomic.Pointer[string]); ok {
		at.Store(&rule)
	}
}

func (l *Log) watch(w http.ResponseWriter, r *http.Request, next http.Handler) {
	begun, rule := time.Now(), &atomic.Pointer[string]{}
	e := Entry{At: l.cfg.Now().Truncate(time.Millisecond), Method: clip(r.Method, 16), Path: clip(r.URL.EscapedPath(), 256), Query: parameters(r.URL)}
	if l.cfg.Client != nil {
		e.Client = clip(l.cfg.Client(r), 128)
	}
	seen := &counter{ResponseWriter: w}
	whole := false
	defer func() { // a handler that breaks off panics, and goes on doing so
		e.Status, e.Bytes, e.Broken = seen.status, seen.bytes, !whole || seen.failed
		e.Duration = float64(time.Since(begun).Microseconds()) / 1000
		if by := rule.Load(); by != nil {
			e.Rule = *by
		}
		l.add(e)
	}()
	next.ServeHTTP(seen, r.WithContext(context.WithValue(r.Context(), name{}, rule)))
	if whole = true; seen.status == 0 {
		seen.status = http.StatusOK // as net/http says for a handler that says nothing
	}
}

// parameters are what may be kept of a query.
func parameters(u *url.URL) []string {
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return []string{"(malformed)"}
	}
	var out []string
	for name, all := range values {
		name = clip(name, 64)
		if name == "pageSize" || name == "pageNumber" {
			name += "=" + clip(strings.Map(digit, all[0]), 16)
		}
		if out = append(out, name); len(out) == 20 {
			break
		}
	}
	slices.Sort(out)
	return out
}

// digit keeps numbers alone: whatever else somebody puts there may be anything.
func digit(c rune) rune {
	if c >= '0' && c <= '9' {
		return c
	}
	return -1
}

func clip(s string, most int) string {
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "\ufffd")
}

// counter counts what is answered.
type counter struct {
	http.ResponseWriter

	status int
	bytes  int64
	failed bool // to write: the client has gone
}

// Unwrap lets answers be flushed, and deadlines be set.
func (c *counter) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// WriteHeader sends the headers.
func (c *counter) WriteHeader(status int) {
	if c.status == 0 && status >= http.StatusOK {
		c.status = status
	}
	c.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (c *counter) Write(b []byte) (int, error) {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	n, err := c.ResponseWriter.Write(b)
	c.bytes += int64(n)
	c.failed = c.failed || err != nil && !errors.Is(err, http.ErrBodyNotAllowed)
	return n, err
}
