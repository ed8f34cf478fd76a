package lake

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// migrations are the steps of the lake's tables in the control database.
//
// commits holds one row for each commit that was begun and whose outcome has not been settled: the intent. It is
// written before the first file and removed with the entry of the days, after the last table was committed.
//
// days holds the days that are whole: every conversation that the platform had of them is in the lake.
//
// id_runs holds the runs of the index of ids, id_files the files of conversations that they cover; days are counted from
// 1970-01-01.
var migrations = []string{`
	CREATE TABLE commits (
		commit_id  TEXT PRIMARY KEY,
		run_id     TEXT NOT NULL,
		begun_at   TEXT NOT NULL,
		days       TEXT NOT NULL -- JSON list of the days that are whole once the commit is in
	) STRICT;
	CREATE TABLE days (
		day          TEXT PRIMARY KEY, -- yyyy-mm-dd, UTC
		run_id       TEXT NOT NULL,
		completed_at TEXT NOT NULL
	) STRICT`, `
	CREATE TABLE id_runs (
		name      TEXT PRIMARY KEY, -- of the file in ids/, without its suffix
		entries   INTEGER NOT NULL,
		first_day INTEGER NOT NULL, -- of any entry
		last_day  INTEGER NOT NULL
	) STRICT;
	CREATE TABLE id_files (
		path TEXT PRIMARY KEY, -- in warehouse/, wherever the lake is
		day  INTEGER NOT NULL
	) STRICT`,
}

// intent is a commit whose outcome is not settled.
type intent struct {
	id   string
	run  string
	at   time.Time
	days []conversation.Day
}

func (l *Lake) begin(ctx context.Context, i intent) error {
	days, err := json.Marshal(i.days)
	if err != nil {
		return err
	}
	_, err = l.db.ExecContext(ctx, `INSERT INTO commits VALUES (?, ?, ?, ?)`, i.id, i.run, conversation.FormatTime(i.at), string(days))
	return state.Fault(err)
}

// settle ends an intent; when the commit is in, its days are whole. What it brought into the index is entered with it: a
// commit that another writer finds to be in brought nothing, and its files are read again.
func (l *Lake) settle(ctx context.Context, i intent, in bool, brought indexed) error {
	return state.Tx(ctx, l.db, func(tx *sql.Tx) error {
		if err := brought.enter(ctx, tx); err != nil {
			return err
		}
		for _, day := range i.days {
			if !in {
				break
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO days VALUES (?, ?, ?) ON CONFLICT (day) DO NOTHING`, day.String(), i.run, conversation.FormatTime(i.at))
			if err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM commits WHERE commit_id = ?`, i.id)
		return err
	})
}

func (l *Lake) intents(ctx context.Context) (out []intent, err error) {
	err = l.View(ctx, func(db *sql.DB) error {
		out, err = intentsIn(ctx, db)
		return err
	})
	return out, err
}

func intentsIn(ctx context.Context, db *sql.DB) (_ []intent, err error) {
	rows, err := db.QueryContext(ctx, `SELECT commit_id, run_id, begun_at, days FROM commits ORDER BY begun_at`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var out []intent
	for rows.Next() {
		var i intent
		var at, days string
		if err := rows.Scan(&i.id, &i.run, &at, &days); err != nil {
			return nil, err
		}
		if i.at, err = conversation.ParseTime(at); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(days), &i.days); err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, rows.Err()
}

// Days gives the days of [first, end) that are whole.
func (l *Lake) Days(ctx context.Context, first, end conversation.Day) (whole map[conversation.Day]bool, err error) {
	err = l.View(ctx, func(db *sql.DB) error {
		whole, err = daysIn(ctx, db, first, end)
		return err
	})
	return whole, err
}

func daysIn(ctx context.Context, db *sql.DB, first, end conversation.Day) (_ map[conversation.Day]bool, err error) {
	rows, err := db.QueryContext(ctx, `SELECT day FROM days WHERE day >= ? AND day < ?`, first.String(), end.String())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	whole := map[conversation.Day]bool{}
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		day, err := conversation.ParseDay(text)
		if err != nil {
			return nil, err
		}
		whole[day] = true
	}
	return whole, rows.Err()
}

// WholeDays counts the days that are whole.
func (l *Lake) WholeDays(ctx context.Context) (n int, err error) {
	err = l.View(ctx, func(db *sql.DB) error { return db.QueryRowContext(ctx, `SELECT count(*) FROM days`).Scan(&n) })
	return n, err
}

// WholeBy counts the days of [first, end) that a run made whole.
func (l *Lake) WholeBy(ctx context.Context, run string, first, end conversation.Day) (n int, err error) {
	err = l.View(ctx, func(db *sql.DB) error {
		return db.QueryRowContext(ctx, `SELECT count(*) FROM days WHERE run_id = ? AND day >= ? AND day < ?`, run, first.String(), end.String()).Scan(&n)
	})
	return n, err
}

// Available is the instant up to which the lake is complete, but for its gaps: the end of its last whole day, or, when no day is whole
// because everything was imported, the end of the last day of which it has conversations. The beginning of 1970 for an empty lake.
func (l *Lake) Available(ctx context.Context) (time.Time, error) {
	var last sql.NullString
	err := l.View(ctx, func(db *sql.DB) error { return db.QueryRowContext(ctx, `SELECT max(day) FROM days`).Scan(&last) })
	if err != nil {
		return time.Time{}, err
	}
	if last.Valid {
		day, err := conversation.ParseDay(last.String)
		return day.End(), err
	}
	s, err := l.Snapshot(ctx)
	if err != nil || len(s.files[Conversations]) == 0 {
		return time.Unix(0, 0).UTC(), errors.Join(err, s.Close())
	}
	files := s.files[Conversations]
	return files[len(files)-1].Day.End(), s.Close()
}
