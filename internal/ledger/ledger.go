// Package ledger keeps what was read of each day from the platform, when, and what the platform counts of it, and says
// from that which days are missing, which may still change, and which are to be read again.
//
// Its clock is the platform's own: a reading is as old as the platform's data was then (dataAvailabilityDate), not as the
// machine's clock was. So a reading while that date stands still is no newer than the one before.
package ledger

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the ledger's tables in the control database. Times are microseconds since 1970.
var schema = state.Schema{Owner: "ledger", Steps: []string{`
	CREATE TABLE ledger_days ( -- the last reading of each day that was read whole
		day        {text} PRIMARY KEY, -- yyyy-mm-dd
		read_at    {integer} NOT NULL,
		available  {integer} NOT NULL, -- the platform's data was complete up to here then
		readings   {integer} NOT NULL,
		received   {integer} NOT NULL, -- conversations that the reading brought
		hits       {integer} NOT NULL DEFAULT -1, -- what the synchronous query counts; -1 where it does not answer
		counted_at {integer} NOT NULL DEFAULT 0, -- 0: not since the reading
		narrowed   {boolean} NOT NULL DEFAULT false, -- it was read in narrower parts, because the counts differed
		run        {text} NOT NULL DEFAULT '' -- that read it
	) {checked};
	CREATE TABLE ledger_kept ( -- conversations that the last reading of their day did not bring, and that stay
		day      {text} NOT NULL,
		id       {text} NOT NULL,
		found_at {integer} NOT NULL,
		PRIMARY KEY (day, id)
	) {by key};
	CREATE TABLE ledger_platform ( -- one row
		one       {integer} PRIMARY KEY CHECK (one = 1),
		first     {text} NOT NULL, -- first day that was ever asked for
		available {integer} NOT NULL, -- the latest dataAvailabilityDate that the platform has told of
		since     {integer} NOT NULL, -- when it told of it first
		settle    {text} NOT NULL DEFAULT '', -- policy of the last extraction; empty where there was none
		tolerance {text} NOT NULL DEFAULT ''
	) {checked}`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// Unknown is the number of hits where the synchronous query does not answer.
const Unknown = -1

// Entry is what the ledger has of a day.
type Entry struct {
	Day       conversation.Day
	Run       string // that read it
	ReadAt    time.Time
	Available time.Time // up to where the platform's data was complete then
	Readings  int
	Received  int64 // conversations that the reading brought
	Hits      int64 // that the synchronous query counts; Unknown where it does not answer
	CountedAt time.Time
	Narrowed  bool  // read in narrower parts, because the counts differed
	Kept      int64 // conversations that stay, though the reading did not bring them
	Erased    int64 // conversations that were erased on request, and that the platform counts
}

// Delta is by how much what the platform counts differs from what the lake has of it, when that has so many records of the
// day. What was erased on request is not missing, whether the platform goes on counting it or has erased it too.
func (e Entry) Delta(records int64) int64 {
	least := records - e.Kept
	return e.Hits - min(max(e.Hits, least), least+e.Erased)
}

// Counted says whether the platform was asked for its count since the reading.
func (e Entry) Counted() bool { return !e.CountedAt.IsZero() }

// Ledger is the ledger of a lake, in its control database.
type Ledger struct{ db *state.DB }

// In gives the ledger in a control database.
func In(db *state.DB) Ledger { return Ledger{db} }

// Migrate makes the ledger's tables, or brings them up to date.
func (l Ledger) Migrate(ctx context.Context) error { return l.db.Migrate(ctx, schema) }

// view reads, if the tables are there.
func (l Ledger) view(ctx context.Context, read func(*state.DB) error) error {
	return l.db.View(ctx, func(db *state.DB) error {
		version, err := db.Version(ctx, schema)
		if err != nil || version < len(schema.Steps) { // nobody of this version has written here
			return err
		}
		return read(db)
	})
}

// Read enters the readings of days by a run, in a transaction of the caller's. What earlier readings did not bring and this one
// brought is not marked any more: marks of another moment than at go.
func Read(ctx context.Context, tx *state.Tx, run string, at, available time.Time, received map[conversation.Day]int64) error {
	for day, n := range received {
		_, err := tx.Exec(ctx, `INSERT INTO ledger_days (day, run, read_at, available, readings, received) VALUES (?, ?, ?, ?, 1, ?)
			ON CONFLICT (day) DO UPDATE SET read_at = excluded.read_at, available = excluded.available, readings = ledger_days.readings + 1,
			received = excluded.received, run = excluded.run, hits = -1, counted_at = 0, narrowed = false`, day.String(), run, at.UnixMicro(), available.UnixMicro(), n)
		if err == nil {
			_, err = tx.Exec(ctx, `DELETE FROM ledger_kept WHERE day = ? AND found_at <> ?`, day.String(), at.UnixMicro())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Keep marks a conversation that stays though the reading of that moment did not bring it.
func (l Ledger) Keep(ctx context.Context, at time.Time, day conversation.Day, id conversation.ID) error {
	_, err := l.db.Exec(ctx, `INSERT INTO ledger_kept VALUES (?, ?, ?) ON CONFLICT (day, id) DO UPDATE SET found_at = excluded.found_at`,
		day.String(), string(id), at.UnixMicro())
	return err
}

// Came takes the marks off a conversation that came after all.
func (l Ledger) Came(ctx context.Context, id conversation.ID) error {
	_, err := l.db.Exec(ctx, `DELETE FROM ledger_kept WHERE id = ?`, string(id))
	return err
}

// Count enters what the platform counts of a day that was read.
func (l Ledger) Count(ctx context.Context, day conversation.Day, hits int64, at time.Time) error {
	_, err := l.db.Exec(ctx, `UPDATE ledger_days SET hits = ?, counted_at = ? WHERE day = ?`, hits, at.UnixMicro(), day.String())
	return err
}

// Narrow notes that days were read in narrower parts.
func (l Ledger) Narrow(ctx context.Context, days []conversation.Day) error {
	return l.db.Tx(ctx, func(tx *state.Tx) error {
		for _, day := range days {
			if _, err := tx.Exec(ctx, `UPDATE ledger_days SET narrowed = true WHERE day = ?`, day.String()); err != nil {
				return err
			}
		}
		return nil
	})
}

// Assumed is the reading of a day that was made whole before there was a ledger: it was read by then, of data that was
// complete up to a day before, or up to the end of the day.
func Assumed(day conversation.Day, completed time.Time) Entry {
	e := Entry{Day: day, ReadAt: completed, Available: completed.Add(-24 * time.Hour), Readings: 1, Hits: Unknown}
	if e.Available.Before(day.End()) {
		e.Available = day.End()
	}
	return e
}

// Assume enters a reading that was assumed.
func (l Ledger) Assume(ctx context.Context, e Entry) error {
	_, err := l.db.Exec(ctx, `INSERT INTO ledger_days (day, read_at, available, readings, received) VALUES (?, ?, ?, 1, 0) ON CONFLICT DO NOTHING`,
		e.Day.String(), e.ReadAt.UnixMicro(), e.Available.UnixMicro())
	return err
}

// Entries gives what the ledger has of the days of [first, end).
func (l Ledger) Entries(ctx context.Context, first, end conversation.Day) (map[conversation.Day]Entry, error) {
	out := map[conversation.Day]Entry{}
	erased, err := erasure.Days(ctx, l.db)
	if err != nil {
		return nil, err
	}
	err = l.view(ctx, func(db *state.DB) error {
		clear(out)
		list, err := state.All(db.Rows(ctx, `SELECT day, run, read_at, available, readings, received, hits, counted_at, narrowed,
			(SELECT count(*) FROM ledger_kept AS k WHERE k.day = d.day) FROM ledger_days AS d WHERE day >= ? AND day < ?`, first.String(), end.String()), readEntry)
		for _, e := range list {
			e.Erased = erased[e.Day]
			out[e.Day] = e
		}
		return err
	})
	return out, err
}

func readEntry(r state.Row) (e Entry, err error) {
	var day string
	var read, available, counted int64
	if err := r.Scan(&day, &e.Run, &read, &available, &e.Readings, &e.Received, &e.Hits, &counted, &e.Narrowed, &e.Kept); err != nil {
		return e, err
	}
	e.ReadAt, e.Available = instant(read), instant(available)
	if counted > 0 {
		e.CountedAt = instant(counted)
	}
	e.Day, err = conversation.ParseDay(day)
	return e, err
}

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// Kept yields the conversations of [first, end) that stay though the last reading of their day did not bring them.
func (l Ledger) Kept(ctx context.Context, first, end conversation.Day) iter.Seq2[conversation.ID, error] {
	return func(yield func(conversation.ID, error) bool) {
		err := l.view(ctx, func(db *state.DB) error {
			for row, err := range db.Rows(ctx, `SELECT id FROM ledger_kept WHERE day >= ? AND day < ? ORDER BY day, id`, first.String(), end.String()) {
				var id string
				if err == nil {
					err = row.Scan(&id)
				}
				if err != nil {
					return err
				}
				if !yield(conversation.ID(id), nil) {
					return nil
				}
			}
			return nil
		})
		if err != nil {
			yield("", err)
		}
	}
}

// Platform is what is remembered of the platform's date.
type Platform struct {
	First     conversation.Day // first day that was ever asked for
	Available time.Time        // the latest date that it has told of
	Since     time.Time        // when it told of that first, by our own clock
}

// Platform gives what is remembered of the platform; the zero value if nothing is.
func (l Ledger) Platform(ctx context.Context) (p Platform, err error) {
	err = l.view(ctx, func(db *state.DB) (err error) {
		p, err = platformOf(ctx, db)
		return err
	})
	return p, err
}

type asked interface {
	Row(ctx context.Context, statement string, args ...any) state.Row
}

func platformOf(ctx context.Context, db asked) (p Platform, err error) {
	var first string
	var available, since int64
	err = db.Row(ctx, `SELECT first, available, since FROM ledger_platform`).Scan(&first, &available, &since)
	if errors.Is(err, state.ErrNoRow) {
		return Platform{}, nil
	}
	if err != nil {
		return p, err
	}
	p.Available, p.Since = instant(available), instant(since)
	p.First, err = conversation.ParseDay(first)
	return p, err
}

// Saw notes which days were asked for, and up to where the platform called its data complete at a moment. It gives what was
// remembered before.
func (l Ledger) Saw(ctx context.Context, first conversation.Day, available, at time.Time) (before Platform, err error) {
	err = l.db.Tx(ctx, func(tx *state.Tx) (err error) {
		if before, err = platformOf(ctx, tx); err != nil {
			return err
		}
		now := Platform{First: first, Available: available, Since: at}
		if before != (Platform{}) {
			now.First = min(first, before.First)
			if !available.After(before.Available) {
				now.Available, now.Since = before.Available, before.Since
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO ledger_platform (one, first, available, since) VALUES (1, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET first = excluded.first,
			available = excluded.available, since = excluded.since`, now.First.String(), now.Available.UnixMicro(), now.Since.UnixMicro())
		return err
	})
	return before, err
}

// Follow remembers the rules of an extraction, once Saw has noted what it was asked for.
func (l Ledger) Follow(ctx context.Context, r Rules) error {
	_, err := l.db.Exec(ctx, `UPDATE ledger_platform SET settle = ?, tolerance = ?`, r.Policy.String(), FormatTolerance(r.Tolerance))
	return err
}

// Rules gives the rules of the last extraction, without a date; the default ones where there was none.
func (l Ledger) Rules(ctx context.Context) (Rules, error) {
	settle, tolerance := "", ""
	err := l.view(ctx, func(db *state.DB) error {
		return db.Row(ctx, `SELECT settle, tolerance FROM ledger_platform`).Scan(&settle, &tolerance)
	})
	if errors.Is(err, state.ErrNoRow) || err == nil && settle == "" {
		return Rules{Policy: DefaultPolicy(), Tolerance: DefaultTolerance}, nil
	}
	if err != nil {
		return Rules{}, err
	}
	policy, err := ParsePolicy(settle)
	share, err2 := ParseTolerance(tolerance)
	return Rules{Policy: policy, Tolerance: share}, errors.Join(err, err2)
}
