package api

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/query"
)

// problem is a failure as the one who asked may see it.
type problem struct {
	status  int
	code    string
	message string
	details []problemDetail // the fields at fault
	limit   *fault.Limit
	retry   time.Duration // zero: when the client's window ends
}

// problemBody is a problem on the wire (schema ErrorBody; which members are always there: facts.md section 3).
type problemBody struct {
	Message       string            `json:"message"`
	Code          string            `json:"code"`
	Status        int               `json:"status"`
	MessageParams map[string]string `json:"messageParams"`
	ContextID     string            `json:"contextId"`
	Details       []problemDetail   `json:"details"`
	Errors        []problemBody     `json:"errors"`
	Limit         *fault.Limit      `json:"limit,omitzero"`
}

type problemDetail struct {
	ErrorCode string `json:"errorCode"`
	FieldName string `json:"fieldName"`
}

// standard is the platform's text for a code, where we have nothing better to say. Source: facts.md section 3.
var standard = map[string]string{
	"bad.request":              "The request could not be understood by the server due to malformed syntax.",
	"bad.credentials":          "Invalid login credentials.",
	"not.authorized":           "You are not authorized to perform the requested action.",
	"not.found":                "The requested resource was not found.",
	"general.conflict":         "The request conflicts with the current state of the target resource.",
	"request.entity.too.large": "The request is over the size limit.",
	"unsupported.media.type":   "Unsupported Media Type - Unsupported or incorrect media type, such as an incorrect Content-Type value in the header.",
	"too.many.requests":        "Rate limit exceeded the maximum.",
	"internal.server.error":    "The server encountered an unexpected condition which prevented it from fulfilling the request.",
	"service.unavailable":      "Service Unavailable - The server is currently unavailable (because it is overloaded or down for maintenance).",
	"request.timeout":          "The request timed out.",
}

// problemOf turns an error into what may be seen of it: the message of a fault, or else the standard text. Of several
// faults the first speaks, and the details name the field of each. An internal error shows nothing of itself.
func problemOf(err error) problem {
	p := problem{status: fault.HTTPStatus(err), code: fault.Code(err)}
	f, ok := errors.AsType[*fault.Error](err)
	if p.status == http.StatusInternalServerError || !ok {
		p.message = standard[p.code]
		return p
	}
	p.message, p.limit, p.retry = f.Message, f.Limit, f.RetryAfter
	all, several := errors.AsType[query.Faults](err)
	if !several {
		all = query.Faults{f}
	}
	for _, f := range all {
		if f.Field != "" {
			p.details = append(p.details, problemDetail{ErrorCode: fault.Code(f), FieldName: f.Field})
		}
	}
	return p
}

func (p problem) body(contextID string) problemBody {
	return problemBody{Message: p.message, Code: p.code, Status: p.status, ContextID: contextID, Details: p.details, Limit: p.limit}
}

// fail answers with an error, and logs what the one who asked must not or cannot act on. Of an answer that is on its
// way already it breaks the connection, so that a part cannot pass for the whole.
func (x *exchange) fail(err error) {
	p := problemOf(err)
	gone := x.r.Context().Err() != nil // the client has left: nobody's fault
	if p.status >= http.StatusInternalServerError && !gone {
		x.server.cfg.Log.ErrorContext(x.r.Context(), "request failed", "request", x.id, "err", err)
	}
	if !x.out.reset() {
		panic(http.ErrAbortHandler)
	}
	x.sendProblem(p)
}

// retryAfter is when the client should come again, in whole seconds.
func (x *exchange) retryAfter(p problem) int {
	if p.retry == 0 {
		return x.usage.Seconds()
	}
	return limit.Usage{Reset: p.retry}.Seconds()
}

func (x *exchange) sendProblem(p problem) {
	if p.limit != nil {
		x.server.cfg.Meter.Limit(p.limit.Key)
	}
	switch p.status {
	case http.StatusTooManyRequests:
		x.out.Header().Set("Retry-After", strconv.Itoa(x.retryAfter(p)))
	case http.StatusUnauthorized:
		x.out.Header().Set("WWW-Authenticate", "Bearer")
	}
	if err := x.send(p.status, p.body(x.id)); err != nil {
		x.server.cfg.Log.WarnContext(x.r.Context(), "send an error", "request", x.id, "err", err)
	}
}
