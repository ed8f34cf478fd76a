package platform

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/fault"
)

// refusal is an answer of the platform that is no success.
type refusal struct {
	status int
	code   string
	text   string
	id     string        // correlation id, for the platform's support
	after  time.Duration // how long the platform asks to wait; 0 if it does not
}

func (r *refusal) Error() string {
	out := "the platform answers " + strconv.Itoa(r.status)
	if r.text != "" {
		out += ": " + r.text
	}
	if r.code != "" {
		out += " (" + r.code + ")"
	}
	if r.id != "" {
		out += ", correlation id " + r.id
	}
	return out
}

// Unwrap is the kind of failure.
func (r *refusal) Unwrap() error {
	switch {
	case r.status == http.StatusUnauthorized:
		return fault.Unauthorized
	case r.status == http.StatusForbidden:
		return fault.Forbidden
	case r.status == http.StatusNotFound:
		return fault.NotFound
	case r.status == http.StatusTooManyRequests:
		return fault.Throttled
	case r.status == http.StatusRequestTimeout || r.status >= 500:
		return fault.Unavailable
	case r.status < 400:
		return fault.Unavailable // a redirect: something stands between us and the platform
	}
	return fault.Invalid
}

// maxErrorBody is as much of an error's body as is read.
const maxErrorBody = 64 << 10

// failure reads an error answer. Its body may be anything: proxies answer too.
func failure(resp *http.Response) error {
	r := &refusal{status: resp.StatusCode, id: resp.Header.Get("Inin-Correlation-Id"), after: retryAfter(resp.Header)}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	var body struct {
		Message     string `json:"message"`
		Code        string `json:"code"`
		ContextID   string `json:"contextId"`
		Error       string `json:"error"`
		Description string `json:"description"`
	}
	if json.Unmarshal(text, &body) == nil {
		r.code, r.text = line(body.Code), line(body.Message)
		if body.Error != "" {
			r.code, r.text = line(body.Error), line(body.Description)
		}
		if body.ContextID != "" {
			r.id = line(body.ContextID)
		}
	}
	return r
}

// line keeps a text of others on one line and of a bearable length.
func line(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// retryAfter is how long the platform asks to wait, by Retry-After or by the end of the limit's window.
func retryAfter(h http.Header) time.Duration {
	for _, name := range []string{"Retry-After", "Inin-Ratelimit-Reset"} {
		if sec, err := strconv.Atoi(h.Get(name)); err == nil && sec >= 0 {
			return time.Duration(min(sec, 86_400))*time.Second + time.Second
		}
	}
	return 0
}

func askedWait(err error) time.Duration {
	if r, ok := errors.AsType[*refusal](err); ok && (r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable) {
		return r.after
	}
	return 0
}

// longest is what is worth waiting for at all. Who says to come again after days means something that has to change
// first.
const longest = 24 * time.Hour

// temporary says whether the same request may succeed later.
func temporary(err error) bool {
	if r, ok := errors.AsType[*refusal](err); ok && r.after > longest {
		return false
	} else if ok {
		return r.status == http.StatusTooManyRequests || r.status == http.StatusRequestTimeout || r.status >= 500 && r.status != http.StatusNotImplemented
	}
	return errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Corrupt)
}

// cut gives a failure to read a body its kind: the connection broke, unless the body itself is damaged.
func cut(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, fault.Corrupt) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fault.Because(fault.Unavailable, err, "the answer was cut")
}
