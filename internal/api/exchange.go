package api

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/access"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
)

// exchange is one request on its way to its answer.
type exchange struct {
	server *Server
	id     string // correlation id: in the header, in an error's contextId and in the log
	r      *http.Request
	out    *response
	begun  time.Time
	route  *route            // nil if there is none
	params map[string]string // values of the route's {names}
	known  *access.Client    // who asks, if somebody has made sure of it before
	client access.Client     // who asks; without an id until that is known
	usage  limit.Usage       // of the client's requests
}

// serve answers one request, whatever happens.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, known *access.Client) {
	x := &exchange{server: s, id: uuid.NewString(), r: r, begun: time.Now(), usage: s.rate.Unused(), known: known}
	x.out = newResponse(w, r, s.encoders)
	x.awaitBody()
	x.setHeaders()
	defer x.log()
	defer x.rescue()
	if err := x.answer(); err != nil {
		x.fail(err)
	}
	x.out.close()
}

// answer finds out what is asked for and by whom, and has it answered.
func (x *exchange) answer() error {
	if x.isPreflight() {
		x.route = &preflight
		return x.answerPreflight()
	}
	route, params, allowed := x.server.find(x.r)
	x.route, x.params = route, params
	if route == nil && x.isIceberg() {
		return x.refuseEngine()
	}
	if route == nil {
		return x.noRoute(allowed)
	}
	if route.needs.token {
		if err := x.admit(); err != nil {
			return err
		}
	}
	return route.handle(x)
}

// admit lets a request with a good token pass as long as its client keeps to the rate and may do what it asks for. The
// owner may do everything.
func (x *exchange) admit() (err error) {
	if owner := x.server.cfg.Owner; owner != nil {
		x.client = *owner
		x.client.Permissions = access.All() // without any it would be confined to nobody
		return nil
	}
	if x.known != nil {
		x.client = *x.known
		return x.require(x.route.needs)
	}
	if x.client, err = x.server.cfg.Access.Authenticate(x.r.Context(), bearer(x.r)); err != nil {
		return err
	}
	x.usage = x.server.rate.Take(x.r.Context(), string(x.client.ID), x.server.cfg.Now())
	x.setUsage()
	if x.usage.Over {
		return overRate(x.usage)
	}
	return x.require(x.route.needs)
}

// require fails unless the client may do something.
func (x *exchange) require(n needs) error {
	if len(n.anyOf) == 0 {
		return nil
	}
	if err := x.client.Require(n.anyOf...); err != nil {
		return err
	}
	if user, confined := x.client.OnlyUser(); n.conversations && confined && user == "" {
		return x.client.Require(access.ViewDetails) // confined to nobody: to those who come next an empty user means all
	}
	return nil
}

// overRate is the error of a request that is over the rate. Clients look for the beginning of its message: the Splunk
// add-on for Genesys Cloud tells a rate from other failures by it.
func overRate(u limit.Usage) error {
	return &fault.Error{
		Kind: fault.Throttled, RetryAfter: u.Reset,
		Message: fmt.Sprintf("Rate limit exceeded the maximum. Retry the request in [%d] seconds", u.Seconds()),
		Limit:   &fault.Limit{Key: "client.credentials.token.rate.per.minute", Namespace: "platform.api", Value: u.Allowed},
	}
}

// views are what the client's organization is answered from.
func (x *exchange) views() (engine.Views, error) {
	if views := x.server.cfg.Views[x.client.Organization]; views != nil {
		return views, nil
	}
	return nil, fault.New(fault.Forbidden, "There is no data of the client's organization on this server")
}

// bearer is the token that a request carries; empty if none.
func bearer(r *http.Request) string {
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(text)
}

// noSuchRoute answers what this server does not have at all. It must not read as the platform's answer that a
// conversation is gone, in its text or in its code.
const noSuchRoute = "This server has no such route. It has a part of the platform's API, which docs/serve.md and docs/sandbox.md list. " +
	"This says nothing of whether what was asked for exists."

func (x *exchange) noRoute(allowed []string) error {
	if len(allowed) == 0 {
		return &fault.Error{Kind: fault.NotFound, Code: "route.not.found", Message: noSuchRoute}
	}
	x.out.Header().Set("Allow", strings.Join(allowed, ", "))
	x.sendProblem(problem{
		status: http.StatusMethodNotAllowed, code: "method.not.allowed",
		message: "The method is not allowed for this resource. Allowed: " + strings.Join(allowed, ", "),
	})
	return nil
}

// Prepare sets the headers that every answer carries, for whoever answers a request in place of the server.
func (s *Server) Prepare(w http.ResponseWriter, r *http.Request) {
	x := &exchange{server: s, id: uuid.NewString(), r: r, out: newResponse(w, r, s.encoders), usage: s.rate.Unused()}
	x.setHeaders()
}

// setHeaders sets what every response carries. Names are written into the map where upstream's spelling differs from
// Go's: the Java SDK looks for ININ-Correlation-Id letter by letter.
func (x *exchange) setHeaders() {
	h := x.out.Header()
	h["ININ-Correlation-Id"] = []string{x.id}
	x.allowOrigin()
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Pragma", "no-cache")
	h.Set("Expires", "0")
	h.Set("Strict-Transport-Security", "max-age=600")
	x.setUsage()
}

func (x *exchange) setUsage() {
	h := x.out.Header()
	h["inin-ratelimit-allowed"] = []string{strconv.Itoa(x.usage.Allowed)}
	h["inin-ratelimit-count"] = []string{strconv.Itoa(x.usage.Count)}
	h["inin-ratelimit-reset"] = []string{strconv.Itoa(x.usage.Seconds())}
}

// query reads the query string. A broken one is refused: a cursor that was dropped would mean "from the start".
func (x *exchange) query() (url.Values, error) {
	values, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.Invalid, "The query string is malformed; values must be URL-encoded")
	}
	return values, nil
}

// send answers with a value as JSON. What a client sent may be quoted in it, and need not be UTF-8.
func (x *exchange) send(status int, value any) error {
	text, err := encode(value)
	if err != nil {
		return err
	}
	return x.sendText(status, text)
}

func encode(value any) ([]byte, error) {
	text, err := json.Marshal(value, jsontext.AllowInvalidUTF8(true), json.Deterministic(true))
	if err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return text, nil
}

// sendText answers with JSON text.
func (x *exchange) sendText(status int, text []byte) error {
	_, err := x.json(status).Write(text)
	return err
}

// json answers with the JSON that is written.
func (x *exchange) json(status int) io.Writer {
	x.out.Header().Set("Content-Type", "application/json")
	x.out.WriteHeader(status)
	return x.out
}

// rescue turns a panic of a handler into an answer of status 500, if there is still time for that.
func (x *exchange) rescue() {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it this way
		panic(p)
	}
	x.fail(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
	x.out.close()
}

// log writes the one line about the request, and counts it: ids, never what was asked or answered.
func (x *exchange) log() {
	pattern, method, took := "unknown", x.r.Method, time.Since(x.begun)
	if x.route != nil {
		pattern = x.route.pattern
	} else {
		method = "any" // a client may invent methods, and the meter would keep them all
	}
	x.server.cfg.Meter.Request(pattern, method, x.out.status, took, x.out.wire.sent)
	level := slog.LevelInfo
	if x.known != nil {
		level = slog.LevelDebug // a page that is followed looks twice a second
	}
	x.server.cfg.Log.Log(x.r.Context(), level, "request", "request", x.id, "client", x.client.ID, "organization", x.client.Organization,
		"method", x.r.Method, "route", pattern, "status", x.out.status, "duration", took, "bytes", x.out.wire.sent)
}
