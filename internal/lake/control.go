package lake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the lake's tables in the control database.
//
// commits holds one row for each commit that was begun and whose outcome has not been settled: the intent. It is
// written before the first file and removed with the entry of the days, after the last table was committed.
//
// days holds the days that are whole: every conversation that the platform had of them is in the lake.
//
// record_keys holds the keys of the records that came in. Those of a commit wait in its intent until it is settled.
//
// reason_rules holds the organization's rules of why somebody called, by which summaries are derived.
//
// id_runs holds the runs of the index of ids, id_files the files of conversations that they cover; days are counted from
// 1970-01-01. id_whole names the commit after which id_files are all files of conversations and no others.
var schema = state.Schema{Owner: "lake", Steps: []string{`
	CREATE TABLE commits (
		commit_id  {text} PRIMARY KEY,
		run_id     {text} NOT NULL,
		begun_at   {text} NOT NULL,
		days       {text} NOT NULL -- JSON list of the days that are whole once the commit is in
	) {checked};
	CREATE TABLE days (
		day          {text} PRIMARY KEY, -- yyyy-mm-dd, UTC
		run_id       {text} NOT NULL,
		completed_at {text} NOT NULL
	) {checked}`, `
	CREATE TABLE id_runs (
		name      {text} PRIMARY KEY, -- of the file in ids/, without its suffix
		entries   {integer} NOT NULL,
		first_day {integer} NOT NULL, -- of any entry
		last_day  {integer} NOT NULL
	) {checked};
	CREATE TABLE id_files (
		path {text} PRIMARY KEY, -- in warehouse/, wherever the lake is
		day  {integer} NOT NULL
	) {checked}`, `
	ALTER TABLE commits ADD COLUMN record_keys {text} NOT NULL DEFAULT ''; -- JSON list, once they are known
	CREATE TABLE record_keys (
		path      {text} NOT NULL,
		type      {text} NOT NULL, -- as JSON Schema calls it
		count     {integer} NOT NULL,
		first_day {text} NOT NULL, -- of a conversation that has it
		last_day  {text} NOT NULL,
		example   {text} NOT NULL, -- id of a conversation that has it; empty where the key is known
		run_id    {text} NOT NULL, -- that brought it first
		found_at  {text} NOT NULL,
		PRIMARY KEY (path, type)
	) {checked}`, `
	CREATE TABLE id_whole (
		commit_id {text} PRIMARY KEY
	) {checked}`, `
	CREATE TABLE reason_rules (
		place     {integer} PRIMARY KEY, -- from 0
		label     {text} NOT NULL,
		attribute {text} NOT NULL,
		outcome   {text} NOT NULL,
		meanings  {text} NOT NULL -- JSON object: what values mean
	) {checked}`, `
	ALTER TABLE commits ADD COLUMN epoch {integer} NOT NULL DEFAULT 0; -- of the writer's lease, which the names of the files have; 0: they have none`,
}}

// intent is a commit whose outcome is not settled.
type intent struct {
	id   string
	run  string
	at   time.Time
	days []conversation.Day
	// epoch is that of the lease of the writer who began it; 0 where a lease cannot be lost. A commit that is made again, by another
	// writer, has the same id, and files of other names: who slept meanwhile writes and removes only its own.
	epoch int64
}

// file is the name of the files that the commit writes.
func (i intent) file() string {
	if i.epoch == 0 {
		return i.id + ".parquet"
	}
	return fmt.Sprintf("%s.%d.parquet", i.id, i.epoch)
}

func (l *Lake) begin(ctx context.Context, i intent) error {
	days, err := json.Marshal(i.days)
	if err != nil {
		return err
	}
	_, err = l.db.Exec(ctx, `INSERT INTO commits (commit_id, run_id, begun_at, days, epoch) VALUES (?, ?, ?, ?, ?)`, i.id, i.run, conversation.FormatTime(i.at), string(days), i.epoch)
	return err
}

// settle ends an intent; when the commit is in, its days are whole. What it brought into the index is entered with it: a
// commit that another writer finds to be in brought nothing, and its files are read again.
func (l *Lake) settle(ctx context.Context, i intent, in bool, brought indexed) error {
	return l.db.Tx(ctx, func(tx *state.Tx) error {
		if err := brought.enter(ctx, tx); err != nil {
			return err
		}
		if in {
			if err := brought.wholeAt(ctx, tx, i.id); err != nil {
				return err
			}
			if err := i.count(ctx, tx); err != nil {
				return err
			}
		}
		for _, day := range i.days {
			if !in {
				break
			}
			_, err := tx.Exec(ctx, `INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (day) DO NOTHING`, day.String(), i.run, conversation.FormatTime(i.at))
			if err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `DELETE FROM commits WHERE commit_id = ?`, i.id)
		return err
	})
}

func (l *Lake) intents(ctx context.Context) (out []intent, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		out, err = state.All(db.Rows(ctx, `SELECT commit_id, run_id, begun_at, days, epoch FROM commits ORDER BY begun_at`), readIntent)
		return err
	})
	return out, err
}

// unsettled counts the intents. It asks for no column that a lake of an earlier version has not, for that may be one that is only read.
func (l *Lake) unsettled(ctx context.Context) (n int, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		return db.Row(ctx, `SELECT count(*) FROM commits`).Scan(&n)
	})
	return n, err
}

func readIntent(r state.Row) (i intent, err error) {
	var at, days string
	if err := r.Scan(&i.id, &i.run, &at, &days, &i.epoch); err != nil {
		return i, err
	}
	if i.at, err = conversation.ParseTime(at); err != nil {
		return i, err
	}
	return i, json.Unmarshal([]byte(days), &i.days)
}

// Days gives the days of [first, end) that are whole.
func (l *Lake) Days(ctx context.Context, first, end conversation.Day) (whole map[conversation.Day]bool, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		whole, err = daysIn(ctx, db, first, end)
		return err
	})
	return whole, err
}

func daysIn(ctx context.Context, db *state.DB, first, end conversation.Day) (map[conversation.Day]bool, error) {
	whole := map[conversation.Day]bool{}
	for row, err := range db.Rows(ctx, `SELECT day FROM days WHERE day >= ? AND day < ?`, first.String(), end.String()) {
		if err != nil {
			return nil, err
		}
		var text string
		if err := row.Scan(&text); err != nil {
			return nil, err
		}
		day, err := conversation.ParseDay(text)
		if err != nil {
			return nil, err
		}
		whole[day] = true
	}
	return whole, nil
}

// Completed gives the days of [first, end) that are whole, with when they became so.
func (l *Lake) Completed(ctx context.Context, first, end conversation.Day) (map[conversation.Day]time.Time, error) {
	out := map[conversation.Day]time.Time{}
	err := l.db.View(ctx, func(db *state.DB) error {
		clear(out)
		for row, err := range db.Rows(ctx, `SELECT day, completed_at FROM days WHERE day >= ? AND day < ?`, first.String(), end.String()) {
			var day, at string
			if err == nil {
				err = row.Scan(&day, &at)
			}
			if err != nil {
				return err
			}
			d, err := conversation.ParseDay(day)
			if err != nil {
				return err
			}
			if out[d], err = conversation.ParseTime(at); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// WholeDays counts the days that are whole.
func (l *Lake) WholeDays(ctx context.Context) (n int, err error) {
	err = l.db.View(ctx, func(db *state.DB) error { return db.Row(ctx, `SELECT count(*) FROM days`).Scan(&n) })
	return n, err
}

// WholeBy counts the days of [first, end) that a run made whole.
func (l *Lake) WholeBy(ctx context.Context, run string, first, end conversation.Day) (n int, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		return db.Row(ctx, `SELECT count(*) FROM days WHERE run_id = ? AND day >= ? AND day < ?`, run, first.String(), end.String()).Scan(&n)
	})
	return n, err
}

// Available is the instant up to which the lake is complete, but for its gaps: the end of its last whole day, or, when
// no day is whole because everything was imported, the end of the last day of which it has conversations. The beginning
// of 1970 for an empty lake.
func (l *Lake) Available(ctx context.Context) (time.Time, error) {
	if err := l.inPlace(); err != nil {
		return time.Time{}, err
	}
	var last string
	err := l.db.View(ctx, func(db *state.DB) error { return db.Row(ctx, `SELECT coalesce(max(day), '') FROM days`).Scan(&last) })
	if err != nil {
		return time.Time{}, err
	}
	if last != "" {
		day, err := conversation.ParseDay(last)
		return day.End(), err
	}
	s, err := l.Snapshot(ctx)
	if err != nil || len(s.files[tables.Conversations]) == 0 {
		return time.Unix(0, 0).UTC(), errors.Join(err, s.Close())
	}
	files := s.files[tables.Conversations]
	return files[len(files)-1].Day.End(), s.Close()
}
