package web

import (
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/access"
)

// told is the answer to a request, with what the log and the counters are told of it: the pattern of its route and never its address,
// which has ids and questions.
type told struct {
	http.ResponseWriter

	id     string // in the log, in the header and on a page that says what went wrong
	begun  time.Time
	who    access.Client // without an id as long as nobody is signed in
	status int
	sent   int64 // bytes of the body
}

func newTold(out http.ResponseWriter) *told {
	t := &told{ResponseWriter: out, id: uuid.NewString(), begun: time.Now(), status: http.StatusOK}
	out.Header()["ININ-Correlation-Id"] = []string{t.id} // spelled as the API spells it
	return t
}

// Unwrap lets deadlines be set, and streams be flushed.
func (t *told) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// WriteHeader notes the status.
func (t *told) WriteHeader(status int) {
	t.status = status
	t.ResponseWriter.WriteHeader(status)
}

// Write counts what is sent.
func (t *told) Write(b []byte) (int, error) {
	n, err := t.ResponseWriter.Write(b)
	t.sent += int64(n)
	return n, err
}

// log writes the one line about a request, and counts it, as the API does with its own. A stream is told of when it ends.
func (w *Web) log(t *told, r *http.Request) {
	method, route, found := strings.Cut(r.Pattern, " ")
	if !found {
		method, route = "any", "unknown" // whoever asks may invent both, and the counters would keep them all
	}
	took := time.Since(t.begun)
	w.cfg.Count(route, method, t.status, took, t.sent)
	w.cfg.Log.InfoContext(r.Context(), "request", "request", t.id, "client", t.who.ID, "organization", t.who.Organization,
		"method", r.Method, "route", route, "status", t.status, "duration", took, "bytes", t.sent)
}

// tell tells the log who asks.
func (v *visit) tell() {
	if t, is := v.out.(*told); is {
		t.who = v.who
	}
}

// id is that of the request.
func (v *visit) id() string {
	if t, is := v.out.(*told); is {
		return t.id
	}
	return uuid.NewString()
}
