package sandboxtest

import (
	"encoding/json"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/sandbox/rule"
)

// Fault is what goes wrong, and at which calls. One member from Answer on is given. The members are those of a rule, which
// docs/faults.md describes with examples, and with what a client should do.
type Fault struct {
	Name        string  // unique; one is made if it is empty
	Route       string  // as "results": docs/faults.md lists them; or "GET /api/v2/users/{id}", or "any"; not needed for Job
	Client      string  // calls of the client with this id alone; empty means of any
	Nth         int     // from this call on, counted from 1; 0 means from the first. With Job it counts jobs
	Every       int     // from there on each so many calls; 0 means each
	Times       int     // how often it fires at most; 0 means without end
	Probability float64 // of each of these calls; 0 means all of them

	Answer      *Answer       // this answer in place of the platform's
	Delay       time.Duration // the request is looked at so much later, by the machine's clock
	FirstByte   time.Duration // the request is carried out at once, and its answer begins so much later
	Drip        *Drip         // the body comes a few bytes at a time
	Cut         *Cut          // the body ends too early
	Corrupt     Corrupt       // the body is damaged
	Close       Close         // the connection is closed without an answer
	ExpireToken bool          // the token of the request has expired, now and for ever
	Job         *Job          // of the job that is submitted
	Unreadable  string        // a day, 2026-11-03, whose data the row report that is submitted cannot read; with Route "query"
}

// Answer is an answer in place of the platform's. Without Body it is an error body as the platform's, with Code and
// Message, or with those that the platform has for the status.
type Answer struct {
	Status         int    // 200 to 599
	Code, Message  string // of the error body
	Body           string // the whole body, as it is; the Content-Type is application/json if Headers do not say otherwise
	Headers        map[string]string
	RetryAfter     time.Duration // the header Retry-After in whole seconds, rounded up
	RetryAfterDate time.Duration // the header Retry-After as a date, so far from now by the machine's clock; may be negative
}

// Drip is the pace of a body.
type Drip struct {
	Bytes int // at a time; 0 means 1
	Every time.Duration
}

// Cut is where a body ends too early: after Bytes, or if they are 0 after Share. The zero value leaves the headers alone.
type Cut struct {
	Bytes     int64   // as they are on the wire
	Share     float64 // of the body, from 0 up to 1
	Unnoticed bool    // the answer ends as if it were whole; otherwise the connection breaks
}

// Corrupt is a way to damage a body.
type Corrupt string

// The ways to damage a body.
const (
	Flip      = Corrupt(rule.Flip)      // one byte in a thousand is another
	BreakGzip = Corrupt(rule.BreakGzip) // compressed, and no good gzip from the middle on
)

// Close is when a connection is closed.
type Close string

// The times to close a connection.
const (
	Before = Close(rule.Before) // the request is lost
	After  = Close(rule.After)  // the request is carried out, and its answer is lost
)

// Job is what becomes of a job that is submitted from now on.
type Job struct {
	Fault   JobFault
	Page    int    // of which JobExpired to PageTwice take hold, counted from 1; 0 means the first that is possible
	Message string // errorMessage, of JobFailed
	Absent  bool   // of EmptyPage: the page has no conversations at all, in place of an empty list
}

// JobFault is what can go wrong with a job.
type JobFault string

// What can go wrong with a job.
const (
	StuckQueued   = JobFault(rule.StuckQueued)   // QUEUED for ever
	StuckPending  = JobFault(rule.StuckPending)  // PENDING for ever
	JobFailed     = JobFault(rule.JobFailed)     // FAILED where it would have been FULFILLED
	JobExpired    = JobFault(rule.JobExpired)    // FULFILLED until the page is asked for, and EXPIRED from then on
	CursorRefused = JobFault(rule.CursorRefused) // the cursors of the page, and of those behind it, are refused; not of page 1
	EmptyPage     = JobFault(rule.EmptyPage)     // the page is empty, with a cursor; what it should have is on the next
	PageTwice     = JobFault(rule.PageTwice)     // the page comes again as the next one, and then the others
)

// Fired is how far a fault has come.
type Fired struct {
	Name    string
	Matched int // calls; of a fault of jobs, jobs
	Fired   int // at how many of them it did what it says; a fault of jobs fires when it takes hold of a job
	Jobs    int // that it holds
}

func firedOf(l rule.Listed) Fired {
	return Fired{Name: l.Name, Matched: l.Matched, Fired: l.Fired, Jobs: l.Jobs}
}

func (f Fault) rule() rule.Rule {
	r := rule.Rule{
		Name: f.Name, Route: f.Route, Client: f.Client,
		Nth: f.Nth, Every: f.Every, Times: given(f.Times), Probability: given(f.Probability),
		Delay: rule.Duration(f.Delay), FirstByte: rule.Duration(f.FirstByte),
		Corrupt: rule.Corrupt(f.Corrupt), Close: rule.Close(f.Close), ExpireToken: f.ExpireToken, Unreadable: f.Unreadable,
	}
	if f.Answer != nil {
		r.Answer = new(f.Answer.rule())
	}
	if f.Drip != nil {
		r.Drip = &rule.Drip{Bytes: f.Drip.Bytes, Every: rule.Duration(f.Drip.Every)}
	}
	if f.Cut != nil {
		r.Cut = new(f.Cut.rule())
	}
	if f.Job != nil {
		r.Job = &rule.Job{Fault: rule.JobFault(f.Job.Fault), Page: f.Job.Page, Message: f.Job.Message, Absent: f.Job.Absent}
	}
	return r
}

func (a Answer) rule() rule.Answer {
	r := rule.Answer{
		Status: a.Status, Code: a.Code, Message: a.Message, Headers: a.Headers,
		RetryAfter: rule.Duration(a.RetryAfter), RetryAfterDate: given(rule.Duration(a.RetryAfterDate)),
	}
	if a.Body != "" {
		r.Body = quoted(a.Body)
	}
	return r
}

func (c Cut) rule() rule.Cut {
	if c.Bytes != 0 {
		return rule.Cut{Bytes: &c.Bytes, Share: given(c.Share), Unnoticed: c.Unnoticed}
	}
	return rule.Cut{Share: &c.Share, Unnoticed: c.Unnoticed}
}

// quoted is a text as a rule has it.
func quoted(text string) jsontext.Value {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err) // a text can always be written
	}
	return quoted
}

// given is what rules have for a value that may be missing.
func given[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}
