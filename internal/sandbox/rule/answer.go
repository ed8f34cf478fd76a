package rule

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// standard is what the platform says with a status. Source: its swagger of 2018, in older releases of its SDKs; of the
// codes for 401, clients' messages.
var standard = map[int][2]string{
	http.StatusBadRequest:            {"bad.request", "The request could not be understood by the server due to malformed syntax."},
	http.StatusUnauthorized:          {"bad.credentials", "Invalid login credentials."},
	http.StatusForbidden:             {"not.authorized", "You are not authorized to perform the requested action."},
	http.StatusNotFound:              {"not.found", "The requested resource was not found."},
	http.StatusRequestTimeout:        {"client.timeout", "The client did not produce a request within the server timeout limit."},
	http.StatusConflict:              {"general.conflict", "The request conflicts with the current state of the target resource."},
	http.StatusRequestEntityTooLarge: {"request.entity.too.large", "The request is over the size limit."},
	http.StatusUnsupportedMediaType:  {"unsupported.media.type", "Unsupported Media Type - Unsupported or incorrect media type, such as an incorrect Content-Type value in the header."},
	http.StatusTooManyRequests:       {"too.many.requests", "Rate limit exceeded the maximum."},
	http.StatusInternalServerError:   {"internal.server.error", "The server encountered an unexpected condition which prevented it from fulfilling the request."},
	http.StatusServiceUnavailable:    {"service.unavailable", "Service Unavailable - The server is currently unavailable (because it is overloaded or down for maintenance)."},
	http.StatusGatewayTimeout:        {"request.timeout", "The request timed out."},
}

// problem is a refusal.
type problem struct {
	status        int
	code, message string // the platform's for the status if they are empty
	id            string // the correlation id
}

func (p problem) body() wire.Problem {
	said, known := standard[p.status]
	if !known {
		said = [2]string{strings.ReplaceAll(strings.ToLower(http.StatusText(p.status)), " ", "."), http.StatusText(p.status)}
	}
	if p.code == "" {
		p.code = said[0]
	}
	if p.message == "" {
		p.message = said[1]
	}
	b := wire.Problem{Message: p.message, Code: p.code, Status: p.status, ContextID: p.id}
	if p.status == http.StatusTooManyRequests {
		b.Limit = &fault.Limit{Key: "client.credentials.token.rate.per.minute", Namespace: "platform.api", Value: 300}
	}
	return b
}

// correlation is the header with the id of a request, as the platform spells it.
const correlation = "ININ-Correlation-Id"

// prepare sets the headers that each answer carries.
func (h *Handler) prepare(w http.ResponseWriter, r *http.Request) {
	if h.set.cfg.Prepare != nil {
		h.set.cfg.Prepare(w, r)
	} else {
		w.Header()[correlation] = []string{uuid.NewString()}
	}
}

// refuse answers with an error body, when the headers that each answer carries are set.
func refuse(w http.ResponseWriter, p problem) {
	if id := w.Header()[correlation]; len(id) == 1 {
		p.id = id[0]
	}
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	sendJSON(w, p.status, p.body())
}

func sendJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // our own types, with nothing in them that could not be written
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs to be told nothing
}

// tokenExpired answers as the platform does when a token has expired; its text there is not known.
func (h *Handler) tokenExpired(w http.ResponseWriter, r *http.Request) {
	h.prepare(w, r)
	refuse(w, problem{status: http.StatusUnauthorized, code: "credentials.expired", message: "The credentials have expired."})
}

// answer answers in place of the platform.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, by Rule, n int) {
	h.prepare(w, r)
	a, head, id := by.Answer, w.Header(), uuidOf(hashed(h.set.cfg.Seed, by.Name, n))
	head[correlation] = []string{id}
	for _, name := range []string{"inin-ratelimit-allowed", "inin-ratelimit-count", "inin-ratelimit-reset"} {
		delete(head, name) // clients wait for the reset of a window when there is no Retry-After: that is for the rule to say
	}
	switch {
	case a.RetryAfter != 0:
		seconds := strconv.FormatInt(int64((time.Duration(a.RetryAfter)+time.Second-1)/time.Second), 10)
		head.Set("Retry-After", seconds)
		head["inin-ratelimit-reset"] = []string{seconds}
	case a.RetryAfterDate != nil:
		// By the machine's clock: the client has no other to hold it against.
		head.Set("Retry-After", time.Now().Add(time.Duration(*a.RetryAfterDate)).UTC().Format(http.TimeFormat))
	}
	p := problem{status: a.Status, code: a.Code, message: a.Message, id: id}
	if text, ok := body(*a, p, asked(r) == tokenRoute); ok {
		head.Set("Content-Type", "application/json")
		for name, value := range a.Headers {
			head.Set(name, value)
		}
		head.Set("Content-Length", strconv.Itoa(len(text)))
		w.WriteHeader(a.Status)
		_, _ = w.Write(text)
		return
	}
	for name, value := range a.Headers {
		head.Set(name, value)
	}
	w.WriteHeader(a.Status)
}

// body is what is answered; ok is false where there is no body.
func body(a Answer, p problem, login bool) (text []byte, ok bool) {
	var value any = p.body()
	switch {
	case a.Status == http.StatusNoContent, a.Status == http.StatusNotModified:
		return nil, false
	case a.Body != nil && a.Body.Kind() == '"':
		var plain string
		if err := json.Unmarshal(a.Body, &plain); err == nil {
			return []byte(plain), true
		}
		return a.Body, true
	case a.Body != nil:
		return a.Body, true
	case a.Status < http.StatusBadRequest && a.Code == "" && a.Message == "":
		value = struct{}{}
	case login: // which is refused in a form of its own
		b := p.body()
		value = wire.RefusedLogin{Error: b.Code, Description: b.Message, ErrorDescription: b.Message}
	}
	text, err := json.Marshal(value, jsontext.AllowInvalidUTF8(true))
	if err != nil {
		panic(err) // our own types, with nothing in them that could not be written
	}
	return text, true
}

// uuidOf makes an id of chance that was had.
func uuidOf(sum [32]byte) string {
	sum[6], sum[8] = sum[6]&0x0f|0x40, sum[8]&0x3f|0x80
	x := hex.EncodeToString(sum[:16])
	return fmt.Sprintf("%s-%s-%s-%s-%s", x[:8], x[8:12], x[12:16], x[16:20], x[20:])
}
