// Package rule makes a simulated platform misbehave as it is told. A rule says of which requests it takes hold, by route,
// client and number of the call, and what becomes of them: another answer, a late one, a broken one or none; or what
// becomes of the job that they submit.
//
// A Set holds rules and stands before the handler that answers well. Its words: a call is a request that a rule matches,
// whether or not the rule fires then; a rule fires when it does what it says. Of the rules that match a request the first
// one added that is due fires, and all of them count the call. A rule about jobs counts jobs: the submissions that were
// accepted. It holds a job that it fires at until the job is deleted or the rule is removed.
//
// What a Set does follows from its seed and from what it was told: rules, calls, jobs held, tokens that it let expire.
// Each change of that is an Event, told before it counts; a Set with the same seed to which the events are replayed goes
// on as the first would have. No body, secret or token is in an event.
//
// Who may set rules, and where events are kept, is left to others.
package rule

import (
	"fmt"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Rule is one fault. Exactly one of those from Answer on is given.
type Rule struct {
	Name        string   `json:"name,omitzero"`        // unique; one is made if it is empty
	Route       string   `json:"route,omitzero"`       // a name of Routes, "METHOD /path/{id}", or "any"; a rule about jobs may leave it out
	Client      string   `json:"client,omitzero"`      // calls of this client alone; empty means of any, or of none
	Nth         int      `json:"nth,omitzero"`         // from this call on, counted from 1; 0 means from the first
	Every       int      `json:"every,omitzero"`       // from there on each so many calls; 0 means each
	Times       *int     `json:"times,omitzero"`       // how often it fires at most; nil means without end
	Probability *float64 `json:"probability,omitzero"` // of each of these calls; nil means all of them

	Answer      *Answer  `json:"answer,omitzero"`      // answers in place of the platform
	Delay       Duration `json:"delay,omitzero"`       // the request is looked at so much later
	FirstByte   Duration `json:"firstByte,omitzero"`   // the request is carried out at once, and its answer begins so much later
	Drip        *Drip    `json:"drip,omitzero"`        // the body comes a few bytes at a time
	Cut         *Cut     `json:"cut,omitzero"`         // the body ends too early
	Corrupt     Corrupt  `json:"corrupt,omitzero"`     // the body is damaged
	Close       Close    `json:"close,omitzero"`       // the connection is closed without an answer
	ExpireToken bool     `json:"expireToken,omitzero"` // the token of the request has expired, now and for ever
	Job         *Job     `json:"job,omitzero"`         // of the job that is submitted
	Unreadable  string   `json:"unreadable,omitzero"`  // a day, 2026-11-03, whose data the row report that is submitted cannot read
}

// Answer is an answer in place of the platform's. Without Body it is an error body, with the platform's code and message
// for the status where none are given.
type Answer struct {
	Status         int               `json:"status"`                  // 100 to 599
	Code           string            `json:"code,omitzero"`           // of the error body
	Message        string            `json:"message,omitzero"`        // of the error body
	Body           jsontext.Value    `json:"body,omitzero"`           // the whole body: a text as it is, anything else as JSON
	RetryAfter     Duration          `json:"retryAfter,omitzero"`     // Retry-After in whole seconds, rounded up
	RetryAfterDate *Duration         `json:"retryAfterDate,omitzero"` // Retry-After as an HTTP date, so far from now; may be past
	Headers        map[string]string `json:"headers,omitzero"`
}

// Drip is the pace of a body.
type Drip struct {
	Bytes int      `json:"bytes,omitzero"` // at a time; 0 means 1
	Every Duration `json:"every"`
}

// Cut is where a body ends. One of Bytes and Share is given.
type Cut struct {
	Bytes *int64   `json:"bytes,omitzero"` // after so many, as they are on the wire: 0 leaves the headers
	Share *float64 `json:"share,omitzero"` // after this part of it, from 0 up to 1
	// Unnoticed ends the answer as if the body were whole, as a proxy does that takes the length from what it has. Else
	// the connection breaks.
	Unnoticed bool `json:"unnoticed,omitzero"`
}

// Corrupt is a way to damage a body.
type Corrupt string

// The ways to damage a body.
const (
	Flip      Corrupt = "flip" // one byte in a thousand is another, at least one
	BreakGzip Corrupt = "gzip" // compressed, and no good gzip from the middle on
)

// Close is when a connection is closed.
type Close string

// The times to close a connection.
const (
	Before Close = "before" // the request is lost
	After  Close = "after"  // the request is carried out, and its answer is lost
)

// Job is what becomes of a job.
type Job struct {
	Fault JobFault `json:"fault"`
	// Page is that of which a fault of results takes hold, counted from 1. Default: 1, or 2 where there is none before.
	Page    int    `json:"page,omitzero"`
	Message string `json:"message,omitzero"` // errorMessage of a job that failed
	Absent  bool   `json:"absent,omitzero"`  // an empty page has no conversations at all, in place of an empty list
}

// JobFault is what can go wrong with a job.
type JobFault string

// What can go wrong with a job.
const (
	StuckQueued   JobFault = "stuck-queued"   // QUEUED for ever
	StuckPending  JobFault = "stuck-pending"  // PENDING for ever
	JobFailed     JobFault = "failed"         // FAILED where it would have been FULFILLED
	JobExpired    JobFault = "expired"        // FULFILLED until this page is asked for, and EXPIRED from then on
	CursorRefused JobFault = "cursor-refused" // the cursors of this page and of those behind it are refused
	EmptyPage     JobFault = "empty-page"     // this page is an empty one with a cursor; what it should have is on the next
	PageTwice     JobFault = "page-twice"     // this page comes again as the next one, and then the others
)

// Duration is a span of time that is written as "300ms", "1.5s", "2m".
type Duration time.Duration

// String writes it.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("is no span of time: %w", errDuration)
	}
	*d = Duration(v)
	return nil
}

// Does names what the rule does, as its member in JSON; several if it says several things.
func (r Rule) Does() (names []string) {
	for _, a := range []struct {
		name  string
		given bool
	}{
		{"answer", r.Answer != nil}, {"delay", r.Delay != 0}, {"firstByte", r.FirstByte != 0}, {"drip", r.Drip != nil},
		{"cut", r.Cut != nil}, {"corrupt", r.Corrupt != ""}, {"close", r.Close != ""}, {"expireToken", r.ExpireToken}, {"job", r.Job != nil},
		{"unreadable", r.Unreadable != ""},
	} {
		if a.given {
			names = append(names, a.name)
		}
	}
	return names
}

// page is the page of which a fault of results takes hold.
func (j Job) page() int {
	switch {
	case j.Page > 0:
		return j.Page
	case j.Fault == CursorRefused || j.Fault == EmptyPage:
		return 2
	}
	return 1
}
