package extract

import (
	"context"
	"errors"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
)

// marked gives the days that a run has marked so.
func (s store) marked(ctx context.Context, run stage.RunID, as mark) (map[conversation.Day]bool, error) {
	days := map[conversation.Day]bool{}
	for row, err := range s.db.Rows(ctx, `SELECT day FROM extract_days WHERE run_id = ? AND what = ?`, run, string(as)) {
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
		days[day] = true
	}
	return days, nil
}

// putMark marks days.
func putMark(ctx context.Context, tx *state.Tx, run stage.RunID, as mark, days []conversation.Day) error {
	for _, day := range days {
		_, err := tx.Exec(ctx, `INSERT INTO extract_days VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, run, day.String(), string(as))
		if err != nil {
			return err
		}
	}
	return nil
}

// mark is putMark in a transaction of its own.
func (s store) mark(ctx context.Context, run stage.RunID, as mark, days []conversation.Day) error {
	return s.db.Tx(ctx, func(tx *state.Tx) error { return putMark(ctx, tx, run, as, days) })
}

// known gives what the lake knows of its source; the zero value if it knows nothing.
func (s store) known(ctx context.Context) (i Identity, err error) {
	err = s.db.Row(ctx, `SELECT id, name, url, filter, report FROM extract_source`).Scan(&i.ID, &i.Name, &i.URL, &i.Filter, &i.Report)
	if errors.Is(err, state.ErrNoRow) {
		return Identity{}, nil
	}
	return i, err
}

func (s store) setSource(ctx context.Context, i Identity) error {
	_, err := s.db.Exec(ctx, `INSERT INTO extract_source VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET id = excluded.id, name = excluded.name, url = excluded.url,
		filter = excluded.filter, report = excluded.report`, i.ID, i.Name, i.URL, i.Filter, i.Report)
	return err
}

// commitID names a commit, by which the lake tells whether it landed.
type commitID string

// commitment is a commit that is about to be made.
type commitment struct {
	id    commitID
	at    time.Time
	end   conversation.Day   // it brings what is staged of the days before,
	last  int                // and not later than this staged file
	days  []conversation.Day // that it makes whole
	empty []conversation.Day // of those, that have nothing
}

// intend notes a commit before it is made: who is interrupted in the middle of it looks up what it did. A day that was
// taken for empty in an earlier try may have come with records since.
func (s store) intend(ctx context.Context, r *run, c commitment) error {
	err := s.db.Tx(ctx, func(tx *state.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM extract_days WHERE run_id = ? AND what = ?`, r.id, string(markNow)); err != nil {
			return err
		}
		if err := putMark(ctx, tx, r.id, markNow, c.days); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM extract_days AS d WHERE run_id = ? AND what = ? AND EXISTS
			(SELECT 1 FROM extract_days WHERE run_id = d.run_id AND day = d.day AND what = ?)`, r.id, string(markEmpty), string(markNow))
		if err != nil {
			return err
		}
		if err := putMark(ctx, tx, r.id, markEmpty, c.empty); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE extract_runs SET commit_id = ?, commit_end = ?, commit_last = ?, commit_at = ? WHERE run_id = ?`,
			c.id, c.end.String(), c.last, c.at.UnixMicro(), r.id)
		return err
	})
	if err == nil {
		r.commit, r.commitEnd, r.commitLast, r.commitAt = c.id, c.end, c.last, c.at
	}
	return err
}

// counted notes that the outcome of the run's commit is in the counters; those of its days that were to be read again
// have been, and the ledger has the reading of them all.
func counted(ctx context.Context, tx *state.Tx, run stage.RunID, c Counters, r reading) error {
	if err := r.enter(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO extract_days SELECT run_id, day, ? FROM extract_days AS d WHERE run_id = ? AND what = ? AND EXISTS
		(SELECT 1 FROM extract_days WHERE run_id = d.run_id AND day = d.day AND what = ?) ON CONFLICT DO NOTHING`,
		string(markRead), run, string(markNow), string(markAgain))
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `UPDATE extract_runs SET commit_id = '', commit_end = '' WHERE run_id = ?`, run); err != nil {
		return err
	}
	return saveCounters(ctx, tx, run, c)
}
