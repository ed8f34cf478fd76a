// Package job answers asynchronous queries. A job is submitted, waits its turn, is answered from the settled data of
// one moment, and keeps its results until they expire.
//
//	Submit ──> QUEUED ──runner──> PENDING ──runner──> FULFILLED ──clock──> EXPIRED
//	            │  ^               │ │ │
//	            │  └─runner ends───┘ │ └─────runner──> FAILED
//	            │                    │
//	            └───────Delete───────┴───────────────> CANCELLED
//
// A job in one of the four states on the right can be deleted, and is forgotten in the end; either way it is not found
// from then on. Its words: the results of a job are the records that it found, in order; they are kept in a results
// file, a sequence of compressed blocks; a page is any run of results; a cursor is the sealed place of the page that
// follows. The query itself runs once, however often and in whatever pages its results are read.
//
// Every change of state is one transaction in the control database, so that a process that is killed leaves each job in
// a state that is true. Any number of processes over one database take, show, delete and page jobs. Whoever answers them is a runner: it
// holds the lock of a slot, and what it answers is entered with the slot. In a folder there is one slot. Whoever gets the lock of a slot
// puts back what its last holder left; other runners look after it. A runner that loses its lock without noticing, as one
// that sleeps, can harm nobody: the end of a job is entered only for the attempt that it is at, and results
// are named by that.
//
// How records are found is left to package engine, how requests are read and answered to package api.
//
// What the platform says of its own jobs:
// https://developer.genesys.cloud/api/rest/v2/analytics/conversation_details_job
package job

import (
	"time"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

// ID identifies a job: a version 4 UUID in lower case.
type ID = wire.JobID

func newID() ID { return ID(uuid.NewString()) }

// Kind is what a job is asked. A job of one kind does not exist for those who ask for another.
type Kind string

// The kinds.
const (
	Details Kind = ""       // records of conversations
	Reports Kind = "report" // rows, by an asynchronous report
	Pages   Kind = "pages"  // rows of a paged report: it is answered at once, and kept for its pages
	Figures Kind = "figure" // groups with figures, by a query for aggregates
)

// ofPlatform says that the platform has jobs of the kind: all kinds of them live alike.
func (k Kind) ofPlatform() bool { return k == Details || k == Figures }

// Owner is who asks. Jobs belong to organizations: their clients see each other's jobs, unless a client is confined to
// the conversations of one user; it then sees the jobs of clients that are confined to the same.
type Owner struct {
	Organization string
	Client       string // whose turn and whose limits count
	User         string // the user to whose conversations the client is confined; empty if to none
}

// sees says whether an owner may know of a job.
func (o Owner) sees(e entry) bool {
	return o.Organization == e.owner.Organization && (o.User == "" || o.User == e.owner.User)
}

// State is where a job stands, in the platform's words.
type State = wire.JobState

// States of a job.
const (
	// Queued waits for a runner, which moves it on to Pending; Delete moves it to Cancelled.
	Queued = wire.Queued
	// Pending is being answered. Its runner moves it on to Fulfilled or Failed, or back to Queued when the service stops
	// or the data cannot be opened; a runner that finds it after a crash does so too. Delete moves it to Cancelled, and its
	// runner gives up.
	Pending = wire.Pending
	// Fulfilled has results that can be read. The clock moves it on to Expired at its ExpirationDate; Delete removes it.
	Fulfilled = wire.Fulfilled
	// Failed has none, and says why. Delete removes it, and the runner after Config.Keep.
	Failed = wire.Failed
	// Cancelled was deleted before it was done. A second Delete removes it, and the runner after Config.Keep.
	Cancelled = wire.Cancelled
	// Expired had results once. Delete removes it, and the runner after a further Config.Keep.
	Expired = wire.Expired
)

// Status is what a job says of itself. A time that does not apply is zero. Times are whole milliseconds, as on the wire.
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

// Wire writes the status as a server sends it.
func (s Status) Wire() wire.JobStatus {
	return wire.JobStatus{
		State: s.State, ErrorMessage: s.ErrorMessage, ExpirationDate: wire.Date(s.ExpirationDate),
		SubmissionDate: wire.Date(s.SubmissionDate), CompletionDate: wire.Date(s.CompletionDate),
	}
}

// Listed is a job as its owners see it in a list.
type Listed struct {
	ID     ID
	Client string // who submitted it
	Status Status
	Size   Size
}

// Wire writes the job as a server sends it in a list.
func (l Listed) Wire() wire.ListedJob {
	out := wire.ListedJob{ID: l.ID, Client: l.Client, JobStatus: l.Status.Wire(), StoredBytes: l.Size.Stored}
	if l.Status.State == Fulfilled || l.Status.State == Expired {
		out.Records, out.Bytes = &l.Size.Records, &l.Size.Bytes
	}
	return out
}

// Size is how much a job has found.
type Size struct {
	Records int64
	Bytes   int64 // JSON of the records
	Stored  int64 // bytes on the disk
}

// entry is all that is known of one job.
type entry struct {
	id        ID
	kind      Kind
	owner     Owner
	body      []byte // the request; nil once the job is done, because it may name customers
	status    Status
	available time.Time           // dataAvailabilityDate at the moment the job ran
	missing   []conversation.Days // that the job touches and that had never come into the data at that moment
	cause     cause               // of a failure, which outsiders may not know
	forget    time.Time           // when nothing needs to be known of the job any more; zero while it is not done
	size      Size
	lost      []conversation.Interval // that a report leaves out, because their data cannot be read
	page      int                     // groups of a page of figures: whoever submits says so, and the body goes
	attempt   int64                   // how often it was begun; 0 for a paged report, which is answered once
	progress  float64                 // from 0 to 1, as its runner last entered it
}

// listed is the entry as its owners see it in a list.
func (e entry) listed() Listed {
	return Listed{ID: e.id, Client: e.owner.Client, Status: e.status, Size: e.size}
}

// midnight is t if it is a midnight in UTC, else the next one.
func midnight(t time.Time) time.Time { return conversation.DayOf(t.Add(-1)).End() }
