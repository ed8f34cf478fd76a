package extract

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/load"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the extraction's tables in the control database. Times are microseconds since 1970, misfits a JSON object.
var schema = state.Schema{Owner: "extract", Steps: []string{`
	CREATE TABLE extract_runs (
		run_id     {text} PRIMARY KEY,
		source     {text} NOT NULL,
		first      {text} NOT NULL, -- yyyy-mm-dd
		"end"      {text} NOT NULL,
		begun_at   {integer} NOT NULL,
		jobs       {integer} NOT NULL DEFAULT 0,
		pages      {integer} NOT NULL DEFAULT 0,
		received   {integer} NOT NULL DEFAULT 0,
		duplicates {integer} NOT NULL DEFAULT 0,
		conflicts  {integer} NOT NULL DEFAULT 0,
		elsewhere  {integer} NOT NULL DEFAULT 0,
		rejected   {integer} NOT NULL DEFAULT 0,
		commits    {integer} NOT NULL DEFAULT 0,
		added      {integer} NOT NULL DEFAULT 0,
		replaced   {integer} NOT NULL DEFAULT 0,
		unchanged  {integer} NOT NULL DEFAULT 0,
		stale      {integer} NOT NULL DEFAULT 0,
		unfit      {integer} NOT NULL DEFAULT 0,
		bytes      {integer} NOT NULL DEFAULT 0
	) {checked};
	CREATE TABLE extract_parts (
		run_id   {text} NOT NULL REFERENCES extract_runs,
		start    {integer} NOT NULL,
		"end"    {integer} NOT NULL,
		job_id   {text} NOT NULL DEFAULT '',
		cursor   {text} NOT NULL DEFAULT '',
		frontier {integer} NOT NULL, -- all that started before it has been staged
		ordered  {boolean} NOT NULL DEFAULT true, -- 0 once a page came out of order
		received {integer} NOT NULL DEFAULT 0,
		done     {boolean} NOT NULL DEFAULT false,
		PRIMARY KEY (run_id, start)
	) {by key}`, `
	ALTER TABLE extract_runs ADD COLUMN misfits {text} NOT NULL DEFAULT 'null';
	ALTER TABLE extract_runs ADD COLUMN outside {integer} NOT NULL DEFAULT 0;
	ALTER TABLE extract_runs ADD COLUMN refetched {integer} NOT NULL DEFAULT 0;
	ALTER TABLE extract_runs ADD COLUMN again {text} NOT NULL DEFAULT ''; -- days to be read again, as --again has them
	ALTER TABLE extract_runs ADD COLUMN commit_id {text} NOT NULL DEFAULT ''; -- of the commit whose outcome is not counted yet
	ALTER TABLE extract_runs ADD COLUMN commit_end {text} NOT NULL DEFAULT ''; -- it brings what is staged of the days before
	CREATE TABLE extract_days ( -- what a run has to remember of days
		run_id {text} NOT NULL REFERENCES extract_runs,
		day    {text} NOT NULL,
		what   {text} NOT NULL, -- see the constants of mark
		PRIMARY KEY (run_id, what, day)
	) {by key};
	CREATE TABLE extract_source ( -- where the lake's conversations come from: one row, or none before the first commit
		one  {integer} PRIMARY KEY CHECK (one = 1),
		id   {text} NOT NULL, -- of the organization; empty if the server does not tell
		name {text} NOT NULL,
		url  {text} NOT NULL  -- base URL of the API
	) {checked}`,
	// A run of before there was it staged nothing while it committed: its commit brings all.
	`ALTER TABLE extract_runs ADD COLUMN commit_last {integer} NOT NULL DEFAULT 4611686018427387904`, `
	ALTER TABLE extract_runs ADD COLUMN available {integer} NOT NULL DEFAULT 0; -- the platform's data was complete up to here when it began; 0: not noted
	ALTER TABLE extract_runs ADD COLUMN commit_at {integer} NOT NULL DEFAULT 0; -- when the commit was begun whose outcome is not counted yet
	ALTER TABLE extract_runs ADD COLUMN forgotten {integer} NOT NULL DEFAULT 0;
	ALTER TABLE extract_source ADD COLUMN filter {text} NOT NULL DEFAULT ''; -- stands for the filters of its requests; empty for none
	CREATE TABLE extract_tail ( -- conversations of the tail whose attributes were asked for, and came into the lake with them
		id   {text} PRIMARY KEY,
		day  {text} NOT NULL, -- on which it began
		hash {bytes} NOT NULL -- SHA-256 of the record that the query gave then
	) {by key}`,
	// It stands for the row report whose rows a lake has; empty for conversations.
	`ALTER TABLE extract_source ADD COLUMN report {text} NOT NULL DEFAULT ''`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// mark is what a run remembers of a day.
type mark string

const (
	markAgain mark = "again" // the lake has it whole, and it is to be read again
	markRead  mark = "read"  // it has been read again
	markNow   mark = "now"   // the commit that is made now, or was made last, makes it whole
	markEmpty mark = "empty" // nothing came of it, and the platform has nothing of it
	markGap   mark = "gap"   // the server says that its own data never had it
)

// Counters say what a run received and what became of it.
type Counters struct {
	Jobs      int64 `json:"jobs"`
	Pages     int64 `json:"pages"`
	Received  int64 `json:"received"`  // records that the platform sent
	Elsewhere int64 `json:"elsewhere"` // started in another part of the run than that they came with, which brings them
	Outside   int64 `json:"outside"`   // started on days that the run does not extract: left out
	Refetched int64 `json:"refetched"` // parts that were fetched again, because what was staged of them was damaged
	load.Counts
}

// fields gives the counters in the order of their columns.
func (c *Counters) fields() []any {
	return []any{&c.Jobs, &c.Pages, &c.Received, &c.Duplicates, &c.Conflicts, &c.Elsewhere, &c.Rejected, &c.Commits,
		&c.Added, &c.Replaced, &c.Unchanged, &c.Stale, &c.Unfit, &c.Bytes, (*misfits)(&c.Misfits), &c.Outside, &c.Refetched, &c.Forgotten}
}

// columns names the counters as the table has them, in the order of fields.
var columns = []string{"jobs", "pages", "received", "duplicates", "conflicts", "elsewhere", "rejected", "commits",
	"added", "replaced", "unchanged", "stale", "unfit", "bytes", "misfits", "outside", "refetched", "forgotten"}

// run is an extraction as the control database knows it.
type run struct {
	id         stage.RunID
	source     string // key of its identity; its base URL for a run of before there were identities
	first, end conversation.Day
	begun      time.Time
	again      string           // days to be read again, as --again has them
	commit     commitID         // of a commit whose outcome is not counted yet; empty if there is none
	commitEnd  conversation.Day // it brings what was staged of the days before,
	commitLast int              // and not later than this staged file
	commitAt   time.Time        // when it was begun
	available  time.Time        // the platform's data was complete up to here when the run began
	resumed    bool
	counters   Counters
	parts      []part // in order of time
}

// part is a stretch of time with one job.
type part struct {
	start, end time.Time
	job        platform.JobID
	cursor     platform.Cursor
	frontier   time.Time
	ordered    bool
	received   int64
	done       bool
	last       time.Time // start of the record that came last; not stored, and zero when it is not known
}

// newPart is a part of which nothing has come yet.
func newPart(start, end time.Time) part {
	return part{start: start, end: end, frontier: start, ordered: true}
}

// openPart is the first part that is not done, and of which nobody says that it is taken, by its start.
func (r *run) openPart(taken map[time.Time]bool) (part, bool) {
	for _, p := range r.parts {
		if !p.done && !taken[p.start] {
			return p, true
		}
	}
	return part{}, false
}

// covered is the end of the last part.
func (r *run) covered() time.Time {
	if len(r.parts) == 0 {
		return time.Time{}
	}
	return r.parts[len(r.parts)-1].end
}

// covers says whether the parts bring all of a day.
func (r *run) covers(day conversation.Day) bool {
	at := day.Start()
	for _, p := range r.parts {
		if !p.start.After(at) && p.end.After(at) {
			at = p.end
		}
	}
	return !at.Before(day.End())
}

// doneUntil is the end of the last part before the first one that is not done: all that the parts before it bring has
// been staged.
func (r *run) doneUntil() (at time.Time) {
	for _, p := range r.parts {
		if !p.done {
			break
		}
		at = p.end
	}
	return at
}

// set replaces the part that starts when p does.
func (r *run) set(p part) {
	for i := range r.parts {
		if r.parts[i].start.Equal(p.start) {
			r.parts[i] = p
		}
	}
}

type store struct{ db *state.DB }

func (s store) migrate(ctx context.Context) error {
	return s.db.Migrate(ctx, schema)
}

// openRun gives the run that was not ended, with its parts; an empty one if there is none.
func (s store) openRun(ctx context.Context) (run, error) {
	var r run
	var first, end string
	var begun, available, commitAt int64
	var commitEnd string
	to := append([]any{&r.id, &r.source, &first, &end, &begun, &r.again, &r.commit, &commitEnd, &r.commitLast, &available, &commitAt}, r.counters.fields()...)
	err := s.db.Row(ctx, `SELECT run_id, source, first, "end", begun_at, again, commit_id, commit_end, commit_last, available, commit_at, `+strings.Join(columns, ", ")+
		` FROM extract_runs LIMIT 1`).Scan(to...)
	if errors.Is(err, state.ErrNoRow) {
		return run{}, nil
	}
	if err != nil {
		return r, err
	}
	r.begun, r.commitAt, r.available = time.UnixMicro(begun), instant(cmp.Or(commitAt, begun)), instant(available)
	if available == 0 { // a run of before it was noted: it read nothing newer than this
		r.available = r.begun.Add(-24 * time.Hour)
	}
	if r.first, err = conversation.ParseDay(first); err != nil {
		return r, err
	}
	if r.end, err = conversation.ParseDay(end); err != nil {
		return r, err
	}
	if commitEnd != "" {
		if r.commitEnd, err = conversation.ParseDay(commitEnd); err != nil {
			return r, err
		}
	}
	r.parts, err = s.partsOf(ctx, r.id)
	return r, err
}

func (s store) partsOf(ctx context.Context, id stage.RunID) ([]part, error) {
	return state.All(s.db.Rows(ctx, `SELECT start, "end", job_id, cursor, frontier, ordered, received, done FROM extract_parts WHERE run_id = ? ORDER BY start`, id), readPart)
}

func readPart(r state.Row) (p part, err error) {
	var start, end, frontier int64
	err = r.Scan(&start, &end, &p.job, &p.cursor, &frontier, &p.ordered, &p.received, &p.done)
	p.start, p.end, p.frontier = instant(start), instant(end), instant(frontier)
	return p, err
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// begin enters a run; again are the days that it is to read again.
func (s store) begin(ctx context.Context, r run, again []conversation.Day) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO extract_runs (run_id, source, first, "end", begun_at, again, available) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			r.id, r.source, r.first.String(), r.end.String(), r.begun.UnixMicro(), r.again, r.available.UnixMicro())
		if err != nil {
			return err
		}
		return putMark(ctx, tx, r.id, markAgain, again)
	})
}

// nothingMore is done at the end of a run of which there is nothing to tell.
func nothingMore(*state.Tx) error { return nil }

// end forgets a run, and does something more in the same transaction; what the run did is in the lake.
func (s store) end(ctx context.Context, id stage.RunID, more func(*state.Tx) error) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error {
		for _, table := range []string{"extract_parts", "extract_days"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE run_id = ?`, id); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM extract_runs WHERE run_id = ?`, id)
		if err != nil {
			return err
		}
		return more(tx)
	})
}

// addPart adds a part to the run, in the database and in r.
func (s store) addPart(ctx context.Context, r *run, p part) error {
	if err := s.db.Tx(ctx, func(tx *state.Tx) error { return putPart(ctx, tx, r.id, p) }); err != nil {
		return err
	}
	r.parts = append(r.parts, p)
	return nil
}

// replaceParts puts other parts in the place of those of the run, in the database and in r.
func (s store) replaceParts(ctx context.Context, r *run, parts []part) error {
	err := s.db.Tx(ctx, func(tx *state.Tx) error { return s.putParts(ctx, tx, r.id, parts) })
	if err == nil {
		r.parts = parts
	}
	return err
}

// putParts is replaceParts within a transaction of the caller's, who tells r when it has been committed.
func (store) putParts(ctx context.Context, tx *state.Tx, id stage.RunID, parts []part) error {
	if _, err := tx.Exec(ctx, `DELETE FROM extract_parts WHERE run_id = ?`, id); err != nil {
		return err
	}
	for _, p := range parts {
		if err := putPart(ctx, tx, id, p); err != nil {
			return err
		}
	}
	return nil
}

// savePart records how far a part is, and the counters with it, in the database and in r.
func (s store) savePart(ctx context.Context, r *run, p part) error {
	err := s.db.Tx(ctx, func(tx *state.Tx) error { return s.save(ctx, tx, r, p) })
	if err == nil {
		r.set(p)
	}
	return err
}

// save is savePart within a transaction of the caller's, who tells r when it has been committed.
func (s store) save(ctx context.Context, tx *state.Tx, r *run, p part) error {
	if err := putPart(ctx, tx, r.id, p); err != nil {
		return err
	}
	return saveCounters(ctx, tx, r.id, r.counters)
}

func putPart(ctx context.Context, tx *state.Tx, id stage.RunID, p part) error {
	_, err := tx.Exec(ctx, `INSERT INTO extract_parts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id, start) DO UPDATE SET
		"end" = excluded."end", job_id = excluded.job_id, cursor = excluded.cursor, frontier = excluded.frontier,
		ordered = excluded.ordered, received = excluded.received, done = excluded.done`,
		id, p.start.UnixMicro(), p.end.UnixMicro(), string(p.job), string(p.cursor), p.frontier.UnixMicro(), p.ordered, p.received, p.done)
	return err
}

func saveCounters(ctx context.Context, tx *state.Tx, id stage.RunID, c Counters) error {
	_, err := tx.Exec(ctx, `UPDATE extract_runs SET `+strings.Join(columns, " = ?, ")+` = ? WHERE run_id = ?`, append(c.fields(), id)...)
	return err
}
