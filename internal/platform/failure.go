package platform

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/inside"
	"github.com/parley-hq/parley/internal/wire"
)

// Refusal is an answer of the platform that is no success.
type Refusal struct {
	Status int
	Code   string
	Text   string
	ID     string        // correlation id, for the platform's support
	After  time.Duration // how long the platform asks to wait; 0 if it does not
}

func (r *Refusal) Error() string {
	out := "the platform answers " + strconv.Itoa(r.Status)
	if r.Text != "" {
		out += ": " + r.Text
	}
	if r.Code != "" {
		out += " (" + r.Code + ")"
	}
	if r.ID != "" {
		out += ", correlation id " + r.ID
	}
	return out
}

// Unwrap is the kind of failure.
func (r *Refusal) Unwrap() error {
	switch {
	case r.Status == http.StatusUnauthorized:
		return fault.Unauthorized
	case r.Status == http.StatusForbidden:
		return fault.Forbidden
	case r.Status == http.StatusNotFound:
		return fault.NotFound
	case r.Status == http.StatusTooManyRequests:
		return fault.Throttled
	case r.Status == http.StatusRequestTimeout || r.Status >= 500:
		return fault.Unavailable
	case r.Status < 400:
		return fault.Unavailable // a redirect: something stands between us and the platform
	}
	return fault.Invalid
}

// maxErrorBody is as much of an error's body as is read.
const maxErrorBody = 64 << 10

// failure reads an error answer. Its body may be anything: proxies answer too.
func (c *Client) failure(resp *http.Response) error {
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if speaksTLS(resp, text) {
		return errSpeaksTLS(resp.Request.URL.Host)
	}
	r := &Refusal{Status: resp.StatusCode, ID: c.clean(resp.Header.Get("Inin-Correlation-Id"), maxWord), After: retryAfter(resp.Header)}
	p, ok := wire.ReadProblem(text)
	if !ok {
		return r
	}
	if r.After == 0 {
		r.After = waitInWords(p.Message)
	}
	r.Code, r.Text = c.clean(p.Code, maxWord), c.cleanEnds(p.Message, maxText)
	if p.ContextID != "" {
		r.ID = c.clean(p.ContextID, maxWord)
	}
	return r
}

// retryAfter is how long the platform asks to wait, by Retry-After or by the end of the limit's window.
func retryAfter(h http.Header) time.Duration {
	for _, name := range []string{"Retry-After", "Inin-Ratelimit-Reset"} {
		if sec, err := strconv.Atoi(h.Get(name)); err == nil && sec >= 0 {
			return seconds(sec)
		}
		if at, err := http.ParseTime(h.Get(name)); err == nil {
			return seconds(int(at.Sub(clockOf(h)).Seconds()))
		}
	}
	return 0
}

// seconds is a wait of so many, with one on top.
func seconds(n int) time.Duration {
	return time.Duration(min(max(n, 0), 86_400))*time.Second + time.Second
}

// clockOf is the time on the server's clock, by which it says until when to wait.
func clockOf(h http.Header) time.Time {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at
	}
	return time.Now()
}

// inWords is how the platform's message about a rate ends, as the command line of the vendor's quotes it.
var inWords = regexp.MustCompile(`Retry the request in \[?(\d{1,5})\]? seconds`)

// waitInWords is how long a message asks to wait; 0 if it does not.
func waitInWords(message string) time.Duration {
	if found := inWords.FindStringSubmatch(message); found != nil {
		n, _ := strconv.Atoi(found[1])
		return seconds(n)
	}
	return 0
}

func askedWait(err error) time.Duration {
	if r, ok := errors.AsType[*Refusal](err); ok && (r.Status == http.StatusTooManyRequests || r.Status == http.StatusServiceUnavailable) {
		return r.After
	}
	return 0
}

// longest is what is worth waiting for at all. Who says to come again after days means something that has to change
// first.
const longest = 24 * time.Hour

// lasting is a failure that no other try will mend.
type lasting struct{ error }

func (l lasting) Unwrap() error { return l.error }

// temporary says whether the same request may succeed later.
func temporary(err error) bool {
	if r, ok := errors.AsType[*Refusal](err); ok && r.After > longest {
		return false
	} else if ok {
		// A token that was fetched for this try and is refused may have been ended in between: one that never works is told in
		// the end, after as many tries as anything else.
		return r.Status == http.StatusTooManyRequests || r.Status == http.StatusRequestTimeout || r.Status == http.StatusUnauthorized ||
			r.Status >= 500 && r.Status != http.StatusNotImplemented
	}
	if _, ok := errors.AsType[lasting](err); ok || errors.Is(err, wire.ErrLimit) {
		return false
	}
	return errors.Is(err, fault.Unavailable) || errors.Is(err, fault.Corrupt)
}

// cut gives a failure to read a body its kind: the connection broke, unless the body itself is damaged.
func (c *Client) cut(err error) error {
	if f, ok := errors.AsType[*inside.Failure](err); ok {
		return f.Err
	}
	switch {
	case err == nil || errors.Is(err, fault.Corrupt):
		return err
	case isDamage(err):
		return fault.New(fault.Corrupt, "the answer's gzip is damaged")
	}
	return fault.New(fault.Unavailable, "the answer was cut: %s", c.clean(err.Error(), maxText))
}

// isDamage says whether err is what gzip ends with when what it reads is not what was written.
func isDamage(err error) bool {
	_, deflate := errors.AsType[flate.CorruptInputError](err)
	return deflate || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader)
}

// RefusalOf gives the answer that an error is about, if it is about one, that to a login too.
func RefusalOf(err error) (*Refusal, bool) {
	if login, is := errors.AsType[*loginRefused](err); is {
		return login.answer, true
	}
	return errors.AsType[*Refusal](err)
}
