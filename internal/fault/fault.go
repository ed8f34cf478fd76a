// Package fault is the vocabulary of failure: a short list of kinds, and one table that turns a kind into an
// HTTP status, the platform's error code and the exit code of a command. Callers branch on kinds and on nothing else.
//
// A fault has two readers. Its message is for the person or program that asked, and never holds what a customer said
// or who they are: ids, names of fields and numbers only. The chain below it is for the log.
package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"
)

// Kinds of failure. An error is of a kind when errors.Is says so.
var (
	Invalid      = errors.New("invalid request")        // the caller must change the request
	Unauthorized = errors.New("not authorized")         // credentials or token are missing, wrong or expired
	Forbidden    = errors.New("forbidden")              // the client is known and may not do this
	ReadOnly     = errors.New("read only")              // the lake may be read, and not be written
	NotFound     = errors.New("not found")              // no such job, conversation, file or lake
	Expired      = errors.New("expired")                // a cursor or result set outlived its expirationDate
	TooLarge     = errors.New("too large")              // the request body exceeds the limit
	MediaType    = errors.New("unsupported media type") // the request body is not JSON
	Throttled    = errors.New("throttled")              // asked to slow down; later is right
	Unavailable  = errors.New("unavailable")            // the other side cannot be reached or is failing; later may be right
	Conflict     = errors.New("conflict")               // another writer holds or moved the lake
	InDoubt      = errors.New("outcome unknown")        // the commit may have landed: look before any retry or clean-up
	Corrupt      = errors.New("corrupt data")           // stored or received bytes disagree with their checksum or schema
	Drifted      = errors.New("unknown members")        // records have members that this version does not know, and they were to be refused
	Full         = errors.New("no space left")          // the disk is full
	Incomplete   = errors.New("incomplete")             // done, but something that was asked for had to be left out
)

// Error is a failure that somebody outside can act on.
type Error struct {
	Kind    error  // one of the kinds above
	Code    string // the platform's error code; empty means the kind's own
	Message string // for the person who asked: what is wrong and what to do
	Field   string // path of the field at fault in the request, "paging.pageSize"; empty if none
	Limit   *Limit // the limit that was hit, if one was
	// RetryAfter is when trying again may help, if it may: whole seconds reach the caller.
	RetryAfter time.Duration
	Err        error // the cause, for the log; may be nil
}

// Limit names a limit of the platform that a request ran into.
type Limit struct {
	Key       string `json:"key"`
	Namespace string `json:"namespace"`
	Value     int    `json:"value"`
}

// Error is the message and the cause, on one line.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap gives the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Err == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Err}
}

// New makes a fault of a kind.
func New(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Field makes an Invalid fault about one field of a request.
func Field(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

// Because makes a fault with a cause.
func Because(kind, cause error, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...), Err: cause}
}

// IsFull says whether a failure is that of a full disk: by its kind, or as the operating system tells it. A quota that is used up, and
// a file that may not grow any more, are the same to whoever has to make room.
func IsFull(err error) bool {
	return errors.Is(err, Full) || errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

// OfPath is the kind of a failure to read, write or make a file or folder that somebody named: the one rule for all
// of them. Where a right is missing its owner has to give it, and elsewhere another path has to be named.
func OfPath(err error) error {
	switch {
	case IsFull(err):
		return Full
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS):
		return Forbidden
	}
	return Invalid
}

// AtPath says of such a failure what to do about the path. A full disk needs no other path, and is told as it is.
func AtPath(err error, format string, args ...any) error {
	if err == nil || IsFull(err) {
		return err
	}
	return Because(OfPath(err), err, format, args...)
}

// Wrap says what was being done when *err happened. It is deferred on the first line of a function that crosses a seam.
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}

// row is what a kind means to the outside.
type row struct {
	kind   error
	status int
	code   string
	exit   int
	help   string
}

// table is the one table from kind to HTTP status, platform code and exit code. The first row that matches wins.
var table = []row{
	{Full, 503, "service.unavailable", 9, "the disk is full"},
	{syscall.ENOSPC, 503, "service.unavailable", 9, "the disk is full"},
	{Unauthorized, 401, "bad.credentials", 4, "credentials are missing or wrong, or a permission is"},
	{Forbidden, 403, "not.authorized", 4, "the client may not do this"},
	{ReadOnly, 500, "internal.server.error", 4, "the lake may only be read"},
	{Invalid, 400, "bad.request", 2, "a flag, a file or the request is wrong"},
	{TooLarge, 413, "request.entity.too.large", 2, "the request is too large"},
	{MediaType, 415, "unsupported.media.type", 2, "the request is not JSON"},
	{NotFound, 404, "not.found", 5, "no such lake, file, job or conversation"},
	{Expired, 400, "bad.request", 5, "a job or cursor has expired"},
	{Unavailable, 503, "service.unavailable", 6, "the platform cannot be reached, fails, or asks to slow down for too long; run again later"},
	{Throttled, 429, "too.many.requests", 6, "the platform asked to slow down for too long"},
	{Conflict, 409, "general.conflict", 7, "another process is writing to the lake, or the lake was moved or needs a newer parley"},
	{InDoubt, 503, "service.unavailable", 7, "the outcome of a commit is unknown; run again"},
	{Corrupt, 500, "internal.server.error", 8, "the lake, a file, or what the platform sent, is damaged"},
	{Drifted, 500, "internal.server.error", 8, "what the platform sent has members that this version does not know, and --on-drift fail was given"},
	{Incomplete, 500, "internal.server.error", 3, "done, but something was left out: see the summary"},
	{fs.ErrPermission, 500, "internal.server.error", 4, "a right to a file or folder is missing"},
	{context.DeadlineExceeded, 504, "request.timeout", 6, "it took too long"},
	{context.Canceled, 503, "service.unavailable", 130, "interrupted"},
}

// find gives the row of err: that of the outermost fault's own kind, whatever its cause is of, else the first that
// anything in the chain is of.
func find(err error) row {
	if e, ok := errors.AsType[*Error](err); ok && !errors.Is(err, Full) {
		for _, r := range table {
			if e.Kind == r.kind { //nolint:errorlint // the kind itself, not what it wraps
				return r
			}
		}
	}
	for _, r := range table {
		if errors.Is(err, r.kind) {
			return r
		}
	}
	return row{status: 500, code: "internal.server.error", exit: 1}
}

// HTTPStatus is the status that a server answers the failure with.
func HTTPStatus(err error) int { return find(err).status }

// Outward says whether the message of err may be told to whoever asked: it is no internal error.
func Outward(err error) bool { return HTTPStatus(err) != 500 }

// Name is that of a failure's kind, for what is written down; empty for an unexpected failure.
func Name(err error) string {
	if kind := find(err).kind; kind != nil {
		return kind.Error()
	}
	return ""
}

// Named is the kind of that name; nil if there is none.
func Named(name string) error {
	for _, r := range table {
		if r.kind.Error() == name {
			return r.kind
		}
	}
	return nil
}

// Code is the platform's error code of the failure.
func Code(err error) string {
	if e, ok := errors.AsType[*Error](err); ok && e.Code != "" {
		return e.Code
	}
	return find(err).code
}

// ExitCode is the exit code of a command that ended with err; 0 for nil.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	return find(err).exit
}

// ExitCodes lists every exit code with its meaning, in order, for help texts.
func ExitCodes() []string {
	text := map[int]string{0: "success", 1: "an unexpected failure"}
	top := 1
	for _, r := range table {
		if _, ok := text[r.exit]; !ok {
			text[r.exit] = r.help
		}
		top = max(top, r.exit)
	}
	var out []string
	for code := range top + 1 {
		if help, ok := text[code]; ok {
			out = append(out, fmt.Sprintf("%4d  %s", code, help))
		}
	}
	return out
}
