// Package job answers asynchronous queries. A job is submitted, waits its turn, is answered from the settled data of
// one moment, and keeps its results until they expire.
//
//	Submit ──> QUEUED ──worker──> PENDING ──worker──> FULFILLED ──clock──> EXPIRED
//	            │  ^               │ │ │
//	            │  └─service stops─┘ │ └─────worker──> FAILED
//	            │                    │
//	            └───────Delete───────┴───────────────> CANCELLED
//
// A job in one of the four states on the right can be deleted, and the manager forgets it in the end; either way it
// is not found from then on. Its words: the results of a job are the records that it found, in order; they are kept in
// a results file, a sequence of compressed blocks; a page is any run of results; a cursor is the sealed place of the
// page that follows. The query itself runs once, however often and in whatever pages its results are read.
//
// How records are found is left to package engine, how requests are read and answered to package api.
// Source: facts.md section 7.
package job

import (
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
)

// ID identifies a job: a version 4 UUID in lower case.
type ID string

func newID() ID { return ID(uuid.NewString()) }

// State is where a job stands, in the platform's words.
type State string

// States of a job.
const (
	// Queued waits for a worker. A worker moves it on to Pending, oldest first; Delete moves it to Cancelled.
	Queued State = "QUEUED"
	// Pending is being answered. Its worker moves it on to Fulfilled or Failed, or back to Queued when the service
	// stops; Delete moves it to Cancelled, and the worker then finds that and gives up.
	Pending State = "PENDING"
	// Fulfilled has results that can be read. The clock moves it on to Expired at its ExpirationDate; Delete removes it.
	Fulfilled State = "FULFILLED"
	// Failed has none, and says why. Delete removes it, and the manager after Config.Keep.
	Failed State = "FAILED"
	// Cancelled was deleted before it was done. A second Delete removes it, and the manager after Config.Keep.
	Cancelled State = "CANCELLED"
	// Expired had results once. Delete removes it, and the manager after a further Config.Keep.
	Expired State = "EXPIRED"
)

// Done says whether the job has come to its end, with results or without.
func (s State) Done() bool { return s != Queued && s != Pending }

// Status is what a job says of itself. A time that does not apply is zero.
type Status struct {
	State          State
	ErrorMessage   string    // why it failed, for the one who asked; only when Failed
	SubmissionDate time.Time // when it was submitted
	CompletionDate time.Time // when it was fulfilled or failed
	ExpirationDate time.Time // when its results expire; a midnight in UTC; only when Fulfilled or Expired
}

// at is the status as the clock shows it: results expire at their date, whether or not they were cleared away by then.
func (s Status) at(now time.Time) Status {
	if s.State == Fulfilled && !now.Before(s.ExpirationDate) {
		s.State = Expired
	}
	return s
}

// midnight is t if it is a midnight in UTC, else the next one.
func midnight(t time.Time) time.Time { return conversation.DayOf(t.Add(-1)).End() }
