package job

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the tables of jobs in the control database. Times are milliseconds since 1970, 0 for none.
var schema = state.Schema{Owner: "job", Steps: []string{
	`CREATE TABLE jobs (
		seq          {number},
		id           {text} NOT NULL UNIQUE,
		organisation {text} NOT NULL,
		client       {text} NOT NULL,
		"user"       {text} NOT NULL,
		state        {text} NOT NULL,
		body         {bytes},
		error        {text} NOT NULL DEFAULT '',
		submitted    {integer} NOT NULL,
		completed    {integer} NOT NULL DEFAULT 0,
		expires      {integer} NOT NULL DEFAULT 0,
		forget       {integer} NOT NULL DEFAULT 0,
		available    {integer} NOT NULL DEFAULT 0,
		records      {integer} NOT NULL DEFAULT 0,
		bytes        {integer} NOT NULL DEFAULT 0,
		stored       {integer} NOT NULL DEFAULT 0
	);
	CREATE INDEX jobs_state ON jobs (state, organisation, client);
	CREATE TABLE job_turns (organisation {text} NOT NULL, client {text} NOT NULL, turn {integer} NOT NULL, PRIMARY KEY (organisation, client));
	CREATE TABLE job_key (one {integer} PRIMARY KEY CHECK (one = 1), key {bytes} NOT NULL);`,
	// Days that the interval of a job touches and that never came into the data: 2026-11-03,2026-11-05..2026-11-07.
	`ALTER TABLE jobs ADD COLUMN missing {text} NOT NULL DEFAULT ''`,
	`ALTER TABLE jobs ADD COLUMN starts {integer} NOT NULL DEFAULT 0;`, // how often a runner began it, but for those that gave it back
	// Why a job failed, where the one who asked may not know: the name of the fault's kind, and its text.
	`ALTER TABLE jobs ADD COLUMN kind {text} NOT NULL DEFAULT '';
	ALTER TABLE jobs ADD COLUMN cause {text} NOT NULL DEFAULT ''`,
	// Of what the row says, so that damage shows; see entry.sum. Jobs of before have none.
	`ALTER TABLE jobs ADD COLUMN sum {bytes}`,
	// What a job is asked, see Kind, and what a report leaves out: start/end,start/end.
	`ALTER TABLE jobs ADD COLUMN asks {text} NOT NULL DEFAULT '';
	ALTER TABLE jobs ADD COLUMN lost {text} NOT NULL DEFAULT ''`,
	`ALTER TABLE jobs ADD COLUMN page {integer} NOT NULL DEFAULT 0`, // groups of a page of figures
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// registry keeps jobs in the control database. Each method is one step that happens as a whole or not at all, through a
// crash too. Safe for concurrent use, by several processes as well.
type registry struct{ db *state.DB }

func openRegistry(ctx context.Context, db *state.DB) (registry, error) {
	return registry{db}, db.Migrate(ctx, schema)
}

// key gives the secret that seals cursors. It is made with the tables and lasts as they do: cursors outlive the process
// that gave them out.
func (s registry) key(ctx context.Context) (key [32]byte, err error) {
	if _, err := rand.Read(key[:]); err != nil {
		return key, err
	}
	var text []byte
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO job_key VALUES (1, ?) ON CONFLICT DO NOTHING`, key[:]); err != nil {
			return err
		}
		return tx.Row(ctx, `SELECT key FROM job_key`).Scan(&text)
	})
	if err == nil && copy(key[:], text) != len(key) {
		err = fault.New(fault.Corrupt, "the key of cursors in the control database is damaged")
	}
	return key, err
}

// add queues a new job, unless a limit is in the way: its fault is then the error.
func (s registry) add(ctx context.Context, e entry, limits Limits) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error {
		if err := limits.admit(ctx, tx, e); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO jobs (id, organisation, client, "user", asks, state, body, submitted, forget, lost, page, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.id, e.owner.Organization, e.owner.Client, e.owner.User, e.kind, e.status.State, e.body, millis(e.status.SubmissionDate), millis(e.forget), intervalsText(e.lost), e.page, e.sum())
		return err
	})
}

const entryColumns = `id, organisation, client, "user", state, body, error, submitted, completed, expires, forget, available, records, bytes, stored, missing, kind, cause, asks, lost, page, sum`

// scan reads an entry. One that is damaged comes with fault.Corrupt.
func scan(r state.Row) (e entry, err error) {
	var submitted, completed, expires, forget, available int64
	var missing, lost string
	var sum []byte
	err = r.Scan(&e.id, &e.owner.Organization, &e.owner.Client, &e.owner.User, &e.status.State, &e.body, &e.status.ErrorMessage,
		&submitted, &completed, &expires, &forget, &available, &e.size.Records, &e.size.Bytes, &e.size.Stored, &missing, &e.cause.kind, &e.cause.text, &e.kind, &lost, &e.page, &sum)
	if err != nil {
		return e, err
	}
	e.status.SubmissionDate, e.status.CompletionDate, e.status.ExpirationDate = moment(submitted), moment(completed), moment(expires)
	e.forget, e.available = moment(forget), moment(available)
	e.missing, _ = conversation.ParseDays(missing) // what is no list of days is not what the sum is of
	e.lost = parseIntervals(lost)
	return e, e.sound(sum)
}

// scanAny reads an entry even if it is damaged.
func scanAny(r state.Row) (entry, error) {
	e, err := scan(r)
	if errors.Is(err, fault.Corrupt) {
		return e, nil
	}
	return e, err
}

// get gives what is known of a job.
func (s registry) get(ctx context.Context, id ID) (entry, bool, error) {
	e, err := scan(s.db.Row(ctx, `SELECT `+entryColumns+` FROM jobs WHERE id = ?`, id))
	if errors.Is(err, state.ErrNoRow) {
		return e, false, nil
	}
	return e, err == nil, err
}

// list gives the jobs for details that an owner sees, newest first.
func (s registry) list(ctx context.Context, o Owner) ([]entry, error) {
	return state.All(s.db.Rows(ctx, `SELECT `+entryColumns+` FROM jobs WHERE asks = '' AND organisation = ? AND ? IN ('', "user") ORDER BY seq DESC`, o.Organization, o.User), scan)
}

// next is the job whose turn it is: of the client that has the fewest running; of those with as few, of the one that
// has waited longest for its turn; of its jobs the oldest. So a client with a thousand jobs delays another's by no more
// than what is running. Jobs of other than these so many organizations wait for a runner that has their data.
func next(organizations int) string {
	return `SELECT j.id FROM jobs j LEFT JOIN job_turns t ON t.organisation = j.organisation AND t.client = j.client
	WHERE j.state = 'QUEUED' AND j.organisation IN (?` + strings.Repeat(`, ?`, organizations-1) + `)
	ORDER BY (SELECT count(*) FROM jobs p WHERE p.state = 'PENDING' AND p.organisation = j.organisation AND p.client = j.client),
		coalesce(t.turn, 0), j.seq LIMIT 1`
}

// take moves the job of one of these organizations whose turn it is to Pending. It says no when none is waiting. A job
// whose entry is damaged comes with fault.Corrupt.
func (s registry) take(ctx context.Context, organizations []any) (e entry, ok bool, err error) {
	if len(organizations) == 0 {
		return e, false, nil
	}
	next := next(len(organizations))
	switch err := s.db.Row(ctx, next, organizations...).Scan(&e.id); {
	case errors.Is(err, state.ErrNoRow):
		return e, false, nil // the usual case costs no write lock
	case err != nil:
		return e, false, err
	}
	var unsound error
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		e, unsound = scan(tx.Row(ctx, `UPDATE jobs SET state = 'PENDING', starts = starts + 1 WHERE id = (`+next+`) RETURNING `+entryColumns, organizations...))
		if unsound != nil && !errors.Is(unsound, fault.Corrupt) {
			return unsound
		}
		_, err = tx.Exec(ctx, `INSERT INTO job_turns SELECT ?, ?, 1 + coalesce(max(turn), 0) FROM job_turns WHERE true
			ON CONFLICT (organisation, client) DO UPDATE SET turn = excluded.turn`, e.owner.Organization, e.owner.Client)
		return err
	})
	if errors.Is(err, state.ErrNoRow) {
		return e, false, nil
	}
	return e, err == nil, cmp.Or(err, unsound)
}

// putBack moves Pending jobs back to the queue, where they stand as they stood: one of them, or all of them for want of
// an id, which a runner that was killed has left: those count as started. A job that was cancelled meanwhile stays as it
// is, and so does a paged report, which no runner answers.
func (s registry) putBack(ctx context.Context, id ID) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE jobs SET state = 'QUEUED', starts = starts - CASE WHEN ?1 = '' THEN 0 ELSE 1 END WHERE state = 'PENDING' AND asks <> 'pages' AND ?1 IN ('', id)`, id)
		return err
	})
}

// giveUp fails the Pending jobs whose runners were killed as often as this, and gives their ids.
func (s registry) giveUp(ctx context.Context, starts int, message string, now, forget time.Time) (out []ID, err error) {
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		out = nil
		given, err := state.All(tx.Rows(ctx, `SELECT `+entryColumns+` FROM jobs WHERE state = 'PENDING' AND starts >= ?`, starts), scanAny)
		if err != nil {
			return err
		}
		for _, e := range given {
			e.status.State, e.status.ErrorMessage, e.status.CompletionDate, e.forget = Failed, message, now, forget
			if _, err := end(ctx, tx, e); err != nil {
				return err
			}
			out = append(out, e.id)
		}
		return nil
	})
	return out, err
}

// finish brings a Pending job to the end that e says. It says no when the job is not Pending any more.
func (s registry) finish(ctx context.Context, e entry) (ok bool, err error) {
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		ok, err = end(ctx, tx, e)
		return err
	})
	return ok, err
}

// end does what finish does, in a transaction.
func end(ctx context.Context, tx *state.Tx, e entry) (ok bool, err error) {
	e.body = nil
	n, err := tx.Exec(ctx, `UPDATE jobs SET state = ?, body = NULL, error = ?, completed = ?, expires = ?, forget = ?, available = ?,
		records = ?, bytes = ?, stored = ?, missing = ?, kind = ?, cause = ?, lost = ?, sum = ? WHERE id = ? AND state = 'PENDING'`,
		e.status.State, e.status.ErrorMessage, millis(e.status.CompletionDate), millis(e.status.ExpirationDate), millis(e.forget),
		millis(e.available), e.size.Records, e.size.Bytes, e.size.Stored,
		conversation.DaysText(e.missing), e.cause.kind, e.cause.text, intervalsText(e.lost), e.sum(), e.id)
	return n > 0, err
}

// cancel moves a job that is not done to Cancelled, to be forgotten at the given time. It says no when the job is done.
func (s registry) cancel(ctx context.Context, id ID, forget time.Time) (ok bool, err error) {
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		e, err := scan(tx.Row(ctx, `SELECT `+entryColumns+` FROM jobs WHERE id = ? AND state IN ('QUEUED', 'PENDING')`, id))
		if ok = false; errors.Is(err, state.ErrNoRow) {
			return nil
		}
		if err != nil {
			return err
		}
		e.body = nil
		n, err := tx.Exec(ctx, `UPDATE jobs SET state = 'CANCELLED', body = NULL, forget = ?, sum = ? WHERE id = ? AND state IN ('QUEUED', 'PENDING')`,
			millis(forget), e.sum(), id)
		ok = n > 0
		return err
	})
	return ok, err
}

// remove forgets a job.
func (s registry) remove(ctx context.Context, id ID) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM jobs WHERE id = ?`, id)
		return err
	})
}

// expire moves the Fulfilled jobs whose time has come to Expired, gives their ids, and forgets what is long past.
func (s registry) expire(ctx context.Context, now time.Time) (expired []ID, err error) {
	due := false
	row := s.db.Row(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'FULFILLED' AND expires <= ?1 OR forget > 0 AND forget <= ?1)`, millis(now))
	if err := row.Scan(&due); err != nil || !due {
		return nil, err
	}
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		if expired, err = ids(tx.Rows(ctx, `UPDATE jobs SET state = 'EXPIRED', stored = 0 WHERE state = 'FULFILLED' AND expires <= ? RETURNING id`, millis(now))); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM jobs WHERE forget > 0 AND forget <= ?`, millis(now))
		return err
	})
	return expired, err
}

func ids(rows iter.Seq2[state.Row, error]) ([]ID, error) {
	return state.All(rows, func(r state.Row) (id ID, err error) { return id, r.Scan(&id) })
}

// pending gives the ids of the jobs that are being answered.
func (s registry) pending(ctx context.Context) ([]ID, error) {
	return ids(s.db.Rows(ctx, `SELECT id FROM jobs WHERE state = 'PENDING'`))
}

// pages gives the ids of the paged reports that some process is answering.
func (s registry) pages(ctx context.Context) ([]ID, error) {
	return ids(s.db.Rows(ctx, `SELECT id FROM jobs WHERE state = 'PENDING' AND asks = 'pages'`))
}

// intervalsText writes intervals with commas between them.
func intervalsText(list []conversation.Interval) string {
	texts := make([]string, len(list))
	for i, iv := range list {
		texts[i] = iv.String()
	}
	return strings.Join(texts, ",")
}

// parseIntervals reads what intervalsText wrote. What is no interval is not what the sum of an entry is of.
func parseIntervals(text string) (list []conversation.Interval) {
	for part := range strings.SplitSeq(text, ",") {
		if iv, err := conversation.ParseInterval(part); err == nil {
			list = append(list, iv)
		}
	}
	return list
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
