package job

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"
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
	// Who answers a Pending job: the runner in this slot, for the so many-th time, and how much of it is done, in thousandths. Attempts are
	// never counted back. Which lake an organization's jobs are answered from, and when its results were last listed.
	`ALTER TABLE jobs ADD COLUMN attempt {integer} NOT NULL DEFAULT 0;
	ALTER TABLE jobs ADD COLUMN slot {integer} NOT NULL DEFAULT 0;
	ALTER TABLE jobs ADD COLUMN progress {integer} NOT NULL DEFAULT 0;
	CREATE TABLE job_lakes (organisation {text} PRIMARY KEY, lake {text} NOT NULL, listed {integer} NOT NULL DEFAULT 0)`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// registry keeps jobs in the control database. Each method is one step that happens as a whole or not at all, through a
// crash too. Safe for concurrent use, by several processes as well.
type registry struct {
	db    *state.DB
	lakes *sync.Map // by organization, the lake that this process answers its jobs from, once it is bound to it; see Place.Lake
}

func openRegistry(ctx context.Context, db *state.DB) (registry, error) {
	return registry{db, new(sync.Map)}, db.Migrate(ctx, schema)
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
		if err := s.bound(ctx, tx, e.owner.Organization); err != nil {
			return err
		}
		if err := limits.admit(ctx, tx, e); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO jobs (id, organisation, client, "user", asks, state, body, submitted, forget, lost, page, sum) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.id, e.owner.Organization, e.owner.Client, e.owner.User, e.kind, e.status.State, e.body, millis(e.status.SubmissionDate), millis(e.forget), intervalsText(e.lost), e.page, e.sum())
		return err
	})
}

const entryColumns = `id, organisation, client, "user", state, body, error, submitted, completed, expires, forget, available, records, bytes, stored, missing, kind, cause, asks, lost, page, attempt, progress, sum`

// scan reads an entry. One that is damaged comes with fault.Corrupt.
func scan(r state.Row) (e entry, err error) {
	var submitted, completed, expires, forget, available, thousandths int64
	var missing, lost string
	var sum []byte
	err = r.Scan(&e.id, &e.owner.Organization, &e.owner.Client, &e.owner.User, &e.status.State, &e.body, &e.status.ErrorMessage,
		&submitted, &completed, &expires, &forget, &available, &e.size.Records, &e.size.Bytes, &e.size.Stored, &missing, &e.cause.kind, &e.cause.text, &e.kind, &lost, &e.page, &e.attempt, &thousandths, &sum)
	if err != nil {
		return e, err
	}
	e.status.SubmissionDate, e.status.CompletionDate, e.status.ExpirationDate = moment(submitted), moment(completed), moment(expires)
	e.forget, e.available = moment(forget), moment(available)
	e.missing, _ = conversation.ParseDays(missing) // what is no list of days is not what the sum is of
	e.lost, e.progress = parseIntervals(lost), float64(thousandths)/1000
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

// turns says which queued jobs a runner may take: those of organizations whose data it has, but for some.
type turns struct {
	of     []any // organizations
	except []any // ids of jobs
}

// where is the condition on such jobs, with its arguments.
func (t turns) where() (condition string, args []any) {
	condition = `j.state = 'QUEUED' AND j.organisation IN (` + marks(t.of) + `)`
	if len(t.except) > 0 {
		condition += ` AND j.id NOT IN (` + marks(t.except) + `)`
	}
	return condition, slices.Concat(t.of, t.except)
}

// marks is a question mark for each argument.
func marks(args []any) string { return strings.Repeat("?, ", len(args)-1) + "?" }

// next is the job whose turn it is: of the client that has the fewest running; of those with as few, of the one that
// has waited longest for its turn; of its jobs the oldest. So a client with a thousand jobs delays another's by no more
// than what is running.
func (t turns) next() (sql string, args []any) {
	condition, args := t.where()
	return `SELECT j.id FROM jobs j LEFT JOIN job_turns t ON t.organisation = j.organisation AND t.client = j.client
	WHERE ` + condition + `
	ORDER BY (SELECT count(*) FROM jobs p WHERE p.state = 'PENDING' AND p.organisation = j.organisation AND p.client = j.client),
		coalesce(t.turn, 0), j.seq LIMIT 1`, args
}

// waiting counts the jobs that a runner may take.
func (s registry) waiting(ctx context.Context, t turns) (n int, err error) {
	if len(t.of) == 0 {
		return 0, nil
	}
	condition, args := t.where()
	return n, s.db.Row(ctx, `SELECT count(*) FROM jobs j WHERE `+condition, args...).Scan(&n)
}

// take moves the job whose turn it is to Pending, for the runner in a slot. It says no when none is waiting. A job
// whose entry is damaged comes with fault.Corrupt. Who takes at the same time elsewhere waits: the transactions of a control database
// are one after the other, so that turns are the same however many take.
func (s registry) take(ctx context.Context, slot int, t turns) (e entry, ok bool, err error) {
	if len(t.of) == 0 {
		return e, false, nil
	}
	next, args := t.next()
	switch err := s.db.Row(ctx, next, args...).Scan(&e.id); {
	case errors.Is(err, state.ErrNoRow):
		return e, false, nil // the usual case costs no write lock
	case err != nil:
		return e, false, err
	}
	var unsound error
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		e, unsound = scan(tx.Row(ctx, `UPDATE jobs SET state = 'PENDING', starts = starts + 1, attempt = attempt + 1, progress = 0, slot = ? WHERE id = (`+next+`) RETURNING `+entryColumns,
			append([]any{slot}, args...)...))
		if unsound != nil && !errors.Is(unsound, fault.Corrupt) {
			return unsound
		}
		if err := s.bound(ctx, tx, e.owner.Organization); err != nil {
			return err
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

// giveBack moves a Pending job back to the queue, where it stands as it stood, and does not count it as started. One that
// somebody else answers by now, or that was cancelled, stays as it is.
func (s registry) giveBack(ctx context.Context, n named) error {
	_, err := s.db.Exec(ctx, `UPDATE jobs SET state = 'QUEUED', starts = starts - 1 WHERE state = 'PENDING' AND id = ? AND attempt = ?`, n.id, n.attempt)
	return err
}

// putBack moves the Pending jobs of a slot back to the queue, which a runner that was killed has left: they count as started. Paged
// reports are answered by no runner.
func (s registry) putBack(ctx context.Context, slot int) error {
	_, err := s.db.Exec(ctx, `UPDATE jobs SET state = 'QUEUED' WHERE state = 'PENDING' AND asks <> 'pages' AND slot = ?`, slot)
	return err
}

// slots are those that have Pending jobs.
func (s registry) slots(ctx context.Context) ([]int, error) {
	return state.All(s.db.Rows(ctx, `SELECT DISTINCT slot FROM jobs WHERE state = 'PENDING' AND asks <> 'pages' ORDER BY slot`), func(r state.Row) (n int, err error) {
		return n, r.Scan(&n)
	})
}

// giveUp fails the Pending jobs of a slot whose runners were killed as often as this, and gives their ids.
func (s registry) giveUp(ctx context.Context, slot, starts int, message string, now, forget time.Time) (out []ID, err error) {
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		out = nil
		given, err := state.All(tx.Rows(ctx, `SELECT `+entryColumns+` FROM jobs WHERE state = 'PENDING' AND slot = ? AND starts >= ?`, slot, starts), scanAny)
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

// finish brings a Pending job to the end that e says. It says no when the job is not Pending any more, or somebody else answers it by now.
func (s registry) finish(ctx context.Context, e entry) (ok bool, err error) {
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		if ok, err = end(ctx, tx, e); ok || err != nil {
			return err
		}
		ok, err = ended(ctx, tx, e)
		return err
	})
	return ok, err
}

// end does what finish does, in a transaction.
func end(ctx context.Context, tx *state.Tx, e entry) (ok bool, err error) {
	e.body = nil
	n, err := tx.Exec(ctx, `UPDATE jobs SET state = ?, body = NULL, error = ?, completed = ?, expires = ?, forget = ?, available = ?,
		records = ?, bytes = ?, stored = ?, missing = ?, kind = ?, cause = ?, lost = ?, sum = ? WHERE id = ? AND state = 'PENDING' AND attempt = ?`,
		e.status.State, e.status.ErrorMessage, millis(e.status.CompletionDate), millis(e.status.ExpirationDate), millis(e.forget),
		millis(e.available), e.size.Records, e.size.Bytes, e.size.Stored,
		conversation.DaysText(e.missing), e.cause.kind, e.cause.text, intervalsText(e.lost), e.sum(), e.id, e.attempt)
	return n > 0, err
}

// ended says whether a job has come to that end already: by a transaction whose outcome could not be told.
func ended(ctx context.Context, tx *state.Tx, e entry) (bool, error) {
	var n int
	err := tx.Row(ctx, `SELECT count(*) FROM jobs WHERE id = ? AND attempt = ? AND state = ? AND completed = ?`,
		e.id, e.attempt, e.status.State, millis(e.status.CompletionDate)).Scan(&n)
	return n > 0, err
}

// progress enters how much of a job is done, as long as it is Pending.
func (s registry) progress(ctx context.Context, n named, share float64) error {
	_, err := s.db.Exec(ctx, `UPDATE jobs SET progress = ? WHERE id = ? AND state = 'PENDING' AND attempt = ?`, int64(share*1000), n.id, n.attempt)
	return err
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

// expire moves the Fulfilled jobs whose time has come to Expired, and forgets what is long past. It gives the jobs whose
// results nobody can read any more, of which some are Expired only now.
func (s registry) expire(ctx context.Context, now time.Time) (over []entry, expired int, err error) {
	due := false
	row := s.db.Row(ctx, `SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'FULFILLED' AND expires <= ?1 OR forget > 0 AND forget <= ?1)`, millis(now))
	if err := row.Scan(&due); err != nil || !due {
		return nil, 0, err
	}
	err = s.db.Tx(ctx, func(tx *state.Tx) error {
		if over, err = ends(tx.Rows(ctx, `UPDATE jobs SET state = 'EXPIRED', stored = 0 WHERE state = 'FULFILLED' AND expires <= ? RETURNING `+endColumns, millis(now))); err != nil {
			return err
		}
		expired = len(over)
		gone, err := ends(tx.Rows(ctx, `DELETE FROM jobs WHERE forget > 0 AND forget <= ? RETURNING `+endColumns, millis(now)))
		for _, e := range gone {
			if e.status.State == Pending { // a paged report that took too long, or whose process was killed
				over = append(over, e)
			}
		}
		return err
	})
	return over, expired, err
}

const endColumns = `id, attempt, organisation, state`

// ends reads what is needed of jobs that have come to their end.
func ends(rows iter.Seq2[state.Row, error]) ([]entry, error) {
	return state.All(rows, func(r state.Row) (e entry, err error) {
		return e, r.Scan(&e.id, &e.attempt, &e.owner.Organization, &e.status.State)
	})
}

// pending gives the jobs that are being answered, and the attempt of each.
func (s registry) pending(ctx context.Context) (map[ID]int64, error) {
	all, err := state.All(s.db.Rows(ctx, `SELECT id, attempt FROM jobs WHERE state = 'PENDING'`), func(r state.Row) (n named, err error) {
		return n, r.Scan(&n.id, &n.attempt)
	})
	out := map[ID]int64{}
	for _, n := range all {
		out[n.id] = n.attempt
	}
	return out, err
}

// wants says whether a file of a job is that of its results, or comes to be, by whoever answers it. What is only a part of it is if the
// job is being answered.
func (s registry) wants(ctx context.Context, n named, part bool) (bool, error) {
	e, there, err := s.get(ctx, n.id)
	switch {
	case errors.Is(err, fault.Corrupt):
		return true, nil // the file may be good, whatever is wrong with the entry
	case err != nil || !there:
		return false, err
	case part && n.attempt == 0: // of an earlier version, which had no attempts
		return e.status.State == Pending, nil
	}
	return e.attempt == n.attempt && (e.status.State == Pending || !part && e.status.State == Fulfilled), nil
}

// bind enters which lake the jobs of an organization are answered from. An organization whose jobs are those of another lake is
// fault.Conflict: a runner would answer from the wrong one. One that has no job any more is given to whoever comes.
func (s registry) bind(ctx context.Context, organization, lake string) error {
	switch now, err := s.lakeOf(ctx, s.db, organization); {
	case err != nil && !errors.Is(err, state.ErrNoRow):
		return err
	case err != nil || now != lake: // the usual case takes no write lock
		if err := s.db.Tx(ctx, func(tx *state.Tx) error { return s.give(ctx, tx, organization, lake) }); err != nil {
			return err
		}
	}
	s.lakes.Store(organization, lake)
	return nil
}

// bindsTo says whether an organization is bound to a lake by this process.
func (s registry) bindsTo(organization, lake string) bool {
	bound, is := s.lakes.Load(organization)
	return is && bound == lake
}

// give binds an organization to a lake, unless it has jobs of another one.
func (s registry) give(ctx context.Context, tx *state.Tx, organization, lake string) error {
	n, err := tx.Exec(ctx, `INSERT INTO job_lakes (organisation, lake) VALUES (?1, ?2) ON CONFLICT (organisation) DO UPDATE SET lake = excluded.lake, listed = 0
		WHERE job_lakes.lake = excluded.lake OR NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.organisation = ?1)`, organization, lake)
	if err == nil && n == 0 {
		err = fault.New(fault.Conflict, "the organization %s has another lake here, from which its jobs were answered; give this lake another name by --lake NAME=..., "+
			"or another database by --state, or wait until none of these jobs is left", organization)
	}
	return err
}

// bound is fault.Conflict when an organization, which had no jobs, was given another lake by a server that came later.
func (s registry) bound(ctx context.Context, tx *state.Tx, organization string) error {
	lake, ours := s.lakes.Load(organization)
	if !ours {
		return nil
	}
	if now, err := s.lakeOf(ctx, tx, organization); err != nil || now == lake {
		return err
	}
	return fault.New(fault.Conflict, "the organization %s has another lake here by now, by a server that was started later; stop this one, or that one", organization)
}

func (registry) lakeOf(ctx context.Context, by asker, organization string) (lake string, err error) {
	return lake, by.Row(ctx, `SELECT lake FROM job_lakes WHERE organisation = ?`, organization).Scan(&lake)
}

// lists says whether the results of an organization are to be listed now, by whoever asks: they were not within the last period. Of
// several who ask at once one is told so.
func (s registry) lists(ctx context.Context, organization string, now time.Time, period time.Duration) (bool, error) {
	var due bool
	row := s.db.Row(ctx, `SELECT EXISTS (SELECT 1 FROM job_lakes WHERE organisation = ? AND listed <= ?)`, organization, millis(now.Add(-period)))
	if err := row.Scan(&due); err != nil || !due {
		return false, err
	}
	n, err := s.db.Exec(ctx, `UPDATE job_lakes SET listed = ? WHERE organisation = ? AND listed <= ?`, millis(now), organization, millis(now.Add(-period)))
	return n > 0, err
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
