package client

import (
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
)

// What an error can be, for errors.Is. Of what is none of these, and no error of a context, errors.As may find a
// *[ServerError].
var (
	ErrInvalid      = fault.Invalid      // the platform refuses the request as it is, or it was never sent: change it
	ErrUnauthorized = fault.Unauthorized // the id or the secret is wrong
	ErrForbidden    = fault.Forbidden    // the OAuth client lacks a permission
	ErrNotFound     = fault.NotFound     // there is no such job or conversation
	ErrExpired      = fault.Expired      // the results of a job are not kept any more: submit another one
	ErrThrottled    = fault.Throttled    // the platform asks to slow down, for longer than was waited
	ErrUnavailable  = fault.Unavailable  // the platform cannot be reached, or fails, or a job takes too long: later may be right
	ErrCorrupt      = fault.Corrupt      // what came is not what the API says, again and again
	ErrIncomplete   = fault.Incomplete   // the records that were given are not all that there are
)

// ServerError is an answer that is no success, and was the last one.
type ServerError struct {
	Status        int // of HTTP
	Code          string
	Message       string
	CorrelationID string        // for the platform's support
	RetryAfter    time.Duration // how long the platform asks to wait; 0 if it does not
	err           error
}

// Error is the whole story, of which the answer is the end.
func (e *ServerError) Error() string { return e.err.Error() }

// Unwrap is what it is about.
func (e *ServerError) Unwrap() error { return e.err }

// told makes a *ServerError of an error that an answer caused.
func told(err error) error {
	if r, ok := platform.RefusalOf(err); ok {
		return &ServerError{Status: r.Status, Code: r.Code, Message: r.Text, CorrelationID: r.ID, RetryAfter: r.After, err: err}
	}
	return err
}
