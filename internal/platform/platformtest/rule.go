package platformtest

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"time"
)

// Always is a Last that never comes.
const Always = math.MaxInt

// Rule makes some requests on a route go wrong: the calls First to Last, counted from 1; a Last of 0 means First alone.
type Rule struct {
	Route       Route
	First, Last int
	Do          Misdeed     // answers in place of the fake; nil to answer as usual
	Edit        func(*Page) // changes a page of results before it is sent
}

func (r Rule) applies(to Route, n int) bool {
	return r.Route == to && n >= r.First && (n <= r.Last || n == r.First)
}

// Misdeed answers a request in place of usual, which would answer it well.
type Misdeed func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc)

// Counted tells of each time that a misdeed is done, before it is.
func Counted(do Misdeed, tell func()) Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		tell()
		do(w, r, usual)
	}
}

// Refuse answers with a status and an error body; headers are names and values in turn.
func Refuse(status int, code, message string, headers ...string) Misdeed {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		refuse(w, status, code, message)
	}
}

// Throttle answers 429 and asks in a header to wait: Retry-After, inin-ratelimit-reset.
func Throttle(header string, seconds int) Misdeed {
	return Refuse(http.StatusTooManyRequests, "too.many.requests", "Rate limit exceeded the maximum.", header, strconv.Itoa(seconds))
}

// Say answers 200 with a body of any kind.
func Say(body string) Misdeed {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { _, _ = w.Write([]byte(body)) }
}

// Answer answers with any status, Content-Type and body; an empty type leaves it out.
func Answer(status int, kind, body string) Misdeed {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		w.Header()["Content-Type"] = []string{kind}
		if kind == "" {
			w.Header()["Content-Type"] = nil // net/http would guess one
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Trickle answers as usual, but a few bytes at a time, with a pause before each.
func Trickle(bytes int, pause time.Duration) Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		whole := httptest.NewRecorder()
		usual(whole, r)
		w.WriteHeader(whole.Code)
		for piece := range slices.Chunk(whole.Body.Bytes(), bytes) {
			select {
			case <-time.After(pause):
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
			_, _ = w.Write(piece)
			w.(http.Flusher).Flush()
		}
	}
}

// HangUp closes the connection before an answer.
func HangUp(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }

// Cut closes the connection in the middle of the body.
func Cut(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
	half(w, r, usual)
	panic(http.ErrAbortHandler)
}

// Stall stops in the middle of the body and keeps the connection open.
func Stall(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
	half(w, r, usual)
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

// Ignore never answers.
func Ignore(_ http.ResponseWriter, r *http.Request, _ http.HandlerFunc) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func half(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
	whole := httptest.NewRecorder()
	usual(whole, r)
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
	w.(http.Flusher).Flush()
}

// refuse writes an error body as upstream does (schema ErrorBody).
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, `{"message":%q,"code":%q,"status":%d,"messageParams":{},"contextId":%q,"details":[],"errors":[]}`,
		message, code, status, correlationID)
}

// route counts the calls, applies the rules and checks the token before a request is answered.
func (f *Fake) route(name Route, usual func(w http.ResponseWriter, r *http.Request, n int)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.calls[name]++
		n := f.calls[name]
		rules := f.cfg.Rules
		f.mu.Unlock()
		answer := func(w http.ResponseWriter, r *http.Request) {
			// Written down first: the lock must not be held while a client takes its time to read.
			whole := httptest.NewRecorder()
			maps.Copy(whole.Header(), w.Header()) // without a Content-Type the recorder would guess one
			if name == Token || f.admit(whole, r) {
				usual(whole, r, n)
			}
			maps.Copy(w.Header(), whole.Header())
			w.WriteHeader(whole.Code)
			_, _ = w.Write(whole.Body.Bytes())
		}
		for _, rule := range rules {
			if rule.Do != nil && rule.applies(name, n) {
				rule.Do(w, r, answer)
				return
			}
		}
		answer(w, r)
	}
}
