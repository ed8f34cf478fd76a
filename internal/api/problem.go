package api

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/limit"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
)

// problem is a failure as the one who asked may see it.
type problem struct {
	status  int
	code    string
	message string
	details []wire.ProblemDetail // the fields at fault
	several []problem            // what each finding says, if there are several
	limit   *fault.Limit
	retry   time.Duration // zero: when the client's window ends
}

// standard is the platform's text for a code, where we have nothing better to say. Source: its swagger of March 2018,
// in github.com/MyPureCloud/platform-client-sdk-python 28.0.0.
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

// problemOf turns an error into what may be seen of it: the message of a fault, or else the standard text. Several faults
// each have a problem of their own within the first one's. An internal error shows nothing of itself.
func problemOf(err error) problem {
	p := problem{status: fault.HTTPStatus(err), code: fault.Code(err)}
	f, ok := errors.AsType[*fault.Error](err)
	if p.status == http.StatusInternalServerError || !ok {
		p.message = standard[p.code]
		return p
	}
	p.message, p.limit, p.retry = f.Message, f.Limit, f.RetryAfter
	all, several := errors.AsType[query.Faults](err)
	if !several || len(all) == 1 {
		p.details = detailsOf(f)
		return p
	}
	p.message = joined(all)
	for _, f := range all {
		one := problem{status: fault.HTTPStatus(f), code: fault.Code(f), message: f.Message, details: detailsOf(f)}
		p.details, p.several = append(p.details, one.details...), append(p.several, one)
	}
	return p
}

func detailsOf(f *fault.Error) []wire.ProblemDetail {
	if f.Field == "" {
		return nil
	}
	return []wire.ProblemDetail{{ErrorCode: fault.Code(f), FieldName: f.Field}}
}

// longMessage is how long a message may grow, in bytes, before further findings are only named in it.
const longMessage = 2000

// joined names every finding in one message, because most clients show their user nothing else: the texts as long as
// there is room, and then the fields.
func joined(all query.Faults) string {
	text := all[0].Message
	for i, f := range all[1:] {
		if len(text)+len(f.Message) > longMessage {
			return text + "; and " + strings.Join(fieldsOf(all[1+i:]), ", ")
		}
		text += "; " + f.Message
	}
	return text
}

func fieldsOf(all query.Faults) []string {
	fields := make([]string, len(all))
	for i, f := range all {
		fields[i] = cmp.Or(f.Field, "the body")
	}
	return fields
}

func (p problem) body(contextID string) wire.Problem {
	b := wire.Problem{Message: p.message, Code: p.code, Status: p.status, ContextID: contextID, Details: p.details, Limit: p.limit}
	for _, one := range p.several {
		b.Errors = append(b.Errors, one.body(contextID))
	}
	return b
}

// fail answers with an error, and logs what the one who asked must not or cannot act on. Of an answer that is on its
// way already it breaks the connection, so that a part cannot pass for the whole.
func (x *exchange) fail(err error) {
	if inside, ok := x.out.w.(interface{ Fail(err error) }); ok {
		inside.Fail(err) // who asks in this process may know what it is
	}
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
	body := any(p.body(x.id))
	if x.isIceberg() {
		body = p.icebergBody()
	}
	if err := x.send(p.status, body); err != nil {
		x.server.cfg.Log.WarnContext(x.r.Context(), "send an error", "request", x.id, "err", err)
	}
}
