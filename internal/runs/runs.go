// Package runs keeps in a lake's control database what extractions are doing, and what those before came to, for people to look at.
// Nothing is decided by it: what an extraction has to know of itself is elsewhere.
package runs

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the table in the control database. Times are microseconds since 1970.
var schema = state.Schema{Owner: "runs", Steps: []string{`
	CREATE TABLE runs (
		run_id   {text} PRIMARY KEY,
		begun_at {integer} NOT NULL,
		about    {text} NOT NULL -- Run, as JSON
	) {checked}`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// Most is how many runs are kept: more than a year of nights.
const Most = 400

// DayState is how far a run is with a day.
type DayState byte

// The states of days.
const (
	Before  DayState = '-' // is not read by this run: the lake had it whole, or the platform does not have it yet
	Waiting DayState = '.' // has not been reached
	Reading DayState = 'r' // is being read
	Read    DayState = 's' // was read, and waits for its commit
	Whole   DayState = 'w' // is whole in the lake
)

// Run is an extraction. It has ended, goes on, or was interrupted: then it says so, or nothing is heard of it, and the next one takes it up.
type Run struct {
	ID        string           `json:"run"`
	Source    string           `json:"source"`
	URL       string           `json:"url,omitzero"` // where the platform is that it asks; empty of runs of earlier versions
	First     conversation.Day `json:"from"`
	End       conversation.Day `json:"to"`
	Begun     time.Time        `json:"begun"`
	Seen      time.Time        `json:"seen"`                 // when it was heard of last
	Ended     time.Time        `json:"ended,omitzero"`       // zero before
	Stopped   time.Time        `json:"stopped,omitzero"`     // when it was left before its end; zero while somebody is at it
	Why       string           `json:"stopped_why,omitzero"` // it was left; empty if it was told to stop
	GivenUp   bool             `json:"given_up,omitzero"`
	Again     string           `json:"again,omitzero"` // days that it reads once more, as --again has them
	Step      string           `json:"step,omitzero"`  // what it does
	Days      string           `json:"days"`           // the state of each day from First on
	Jobs      int64            `json:"jobs"`
	Pages     int64            `json:"pages"`
	Commits   int64            `json:"commits"`
	Received  int64            `json:"received"` // records that the platform sent
	Added     int64            `json:"added"`
	Replaced  int64            `json:"replaced"`
	Unchanged int64            `json:"unchanged"`
	Rejected  int64            `json:"rejected,omitzero"` // values that came in place of records
	Bytes     int64            `json:"bytes"`             // of records that came into the lake, JSON
	Rate      float64          `json:"records_per_second,omitzero"`
	Lacking   string           `json:"lacking,omitzero"` // what was left out
	Warnings  []string         `json:"warnings,omitzero"`
	Upstream  *Upstream        `json:"upstream,omitzero"` // nil of runs of earlier versions
}

// Count counts the days in a state.
func (r Run) Count(s DayState) int { return strings.Count(r.Days, string(s)) }

// State is what became of a run.
type State string

// The states.
const (
	Running State = "running"
	Stopped State = "interrupted" // it said so; the next extraction takes it up
	Silent  State = "silent"      // nothing is heard of it: it was interrupted
	Done    State = "done"
	Lacks   State = "something is missing" // it has ended, and something was left out
	GivenUp State = "given up"             // it was interrupted, and an extraction of other days took its place
)

// How long nothing may be heard of a run that goes on. It tells of itself every second, also while it waits for the platform; runs of
// earlier versions did so at every step only, and a step may wait for a job.
const (
	stillAfter        = time.Minute
	stillAfterOfSteps = 5 * time.Minute
)

func (r Run) stillAfter() time.Duration {
	if r.Upstream == nil {
		return stillAfterOfSteps
	}
	return stillAfter
}

// State is what became of the run by a moment.
func (r Run) State(now time.Time) State {
	switch {
	case r.GivenUp:
		return GivenUp
	case r.Ended.IsZero() && !r.Stopped.IsZero():
		return Stopped
	case r.Ended.IsZero() && now.Sub(r.Seen) > r.stillAfter():
		return Silent
	case r.Ended.IsZero():
		return Running
	case r.Lacking != "":
		return Lacks
	}
	return Done
}

// Store keeps runs.
type Store struct{ db *state.DB }

// In gives the runs in a control database.
func In(db *state.DB) Store { return Store{db} }

// Migrate makes the table.
func (s Store) Migrate(ctx context.Context) error { return s.db.Migrate(ctx, schema) }

// Put enters what there is to say of a run, and forgets the oldest beyond Most.
func (s Store) Put(ctx context.Context, r Run) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error { return PutIn(ctx, tx, r) })
}

// PutIn is Put within a transaction of the caller's.
func PutIn(ctx context.Context, tx *state.Tx, r Run) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO runs VALUES (?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET about = excluded.about`, r.ID, r.Begun.UnixMicro(), string(text))
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `DELETE FROM runs WHERE run_id IN (SELECT run_id FROM runs ORDER BY begun_at DESC, run_id DESC LIMIT ? OFFSET ?)`, Most, Most)
	return err
}

// GiveUp says of a run that nobody goes on with it. One that is not known stays so.
func (s Store) GiveUp(ctx context.Context, id string, at time.Time) error {
	list, err := s.List(ctx)
	for _, r := range list {
		if r.ID == id {
			r.Ended, r.GivenUp, r.Step = at, true, ""
			return s.Put(ctx, r)
		}
	}
	return err
}

// List gives the runs, newest first; none where no run has entered itself.
func (s Store) List(ctx context.Context) (list []Run, err error) {
	err = s.db.View(ctx, func(db *state.DB) error {
		version, err := db.Version(ctx, schema)
		if err != nil || version < len(schema.Steps) {
			return err
		}
		list, err = state.All(db.Rows(ctx, `SELECT about FROM runs ORDER BY begun_at DESC, run_id DESC`), read)
		return err
	})
	return list, err
}

func read(row state.Row) (r Run, err error) {
	var text string
	if err := row.Scan(&text); err != nil {
		return r, err
	}
	return r, json.Unmarshal([]byte(text), &r)
}
