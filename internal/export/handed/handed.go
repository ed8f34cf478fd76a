// Package handed remembers what exports by name have handed over: which snapshot of the lake the last one was of, so that the next has
// what changed since. It also keeps, for whoever was handed them, the ids of conversations that were erased since: after an
// erasure the lake itself no longer knows them.
package handed

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the tables in the control database.
var schema = state.Schema{Owner: "exports", Steps: []string{`
	CREATE TABLE exports (
		name     {text} PRIMARY KEY,
		question {text} NOT NULL,            -- a hash of what is exported, and how
		snapshot {integer} NOT NULL,         -- of conversations, handed over last; 0 before the first
		done_at  {text} NOT NULL,            -- when; empty before the first
		writing  {text} NOT NULL DEFAULT '[]' -- JSON list of the files of a run that has not ended
	) {checked};
	CREATE TABLE exports_erased (
		name            {text} NOT NULL REFERENCES exports (name) ON DELETE CASCADE,
		conversation_id {text} NOT NULL,
		PRIMARY KEY (name, conversation_id)
	) {checked}`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// State is what is known of an export.
type State struct {
	Question string
	Snapshot int64 // handed over last; 0 if none was
	Done     time.Time
	Writing  []string          // files of a run that has not ended; they may be there or not
	Erased   []conversation.ID // since, in order
}

var nameForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$`)

// CheckName says what is wrong with the name of an export.
func CheckName(name string) error {
	if nameForm.MatchString(name) {
		return nil
	}
	return fault.Field("--since-last", "--since-last %q cannot be the name of an export; take letters, digits, dots and dashes, at most 100, such as nightly", fault.Clip(name))
}

// Load gives what is known of the export of a name: nothing before its first run.
func Load(ctx context.Context, db *state.DB, name string) (s State, err error) {
	err = db.View(ctx, func(db *state.DB) error {
		s = State{}
		if there, err := db.Has(ctx, "exports"); err != nil || !there {
			return err
		}
		return s.load(ctx, db, name)
	})
	return s, err
}

func (s *State) load(ctx context.Context, db *state.DB, name string) error {
	var done, writing string
	err := db.Row(ctx, `SELECT question, snapshot, done_at, writing FROM exports WHERE name = ?`, name).Scan(&s.Question, &s.Snapshot, &done, &writing)
	if errors.Is(err, state.ErrNoRow) {
		return nil
	}
	if err != nil {
		return err
	}
	if done != "" {
		if s.Done, err = conversation.ParseTime(done); err != nil {
			return err
		}
	}
	if err := json.Unmarshal([]byte(writing), &s.Writing); err != nil {
		return err
	}
	s.Erased, err = state.All(db.Rows(ctx, `SELECT conversation_id FROM exports_erased WHERE name = ? ORDER BY conversation_id`, name), func(r state.Row) (id conversation.ID, err error) {
		return id, r.Scan(&id)
	})
	return err
}

// Begin notes the files that a run is about to publish: when it is cut short between them and Done, the next run may replace them,
// and only them.
func Begin(ctx context.Context, db *state.DB, name, question string, files []string) error {
	if err := db.Migrate(ctx, schema); err != nil {
		return err
	}
	text, err := json.Marshal(files)
	if err != nil {
		return err
	}
	_, err = db.Exec(ctx, `INSERT INTO exports (name, question, snapshot, done_at, writing) VALUES (?, ?, 0, '', ?)
		ON CONFLICT (name) DO UPDATE SET writing = excluded.writing`, name, question, string(text))
	return err
}

// Done notes that the files stand: the snapshot was handed over, with the ids of erased conversations that were to be told.
func Done(ctx context.Context, db *state.DB, name, question string, snapshot int64, at time.Time, told []conversation.ID) error {
	return db.Tx(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE exports SET question = ?, snapshot = ?, done_at = ?, writing = '[]' WHERE name = ?`,
			question, snapshot, conversation.FormatTime(at), name)
		if err != nil {
			return err
		}
		for _, id := range told { // others may have been erased meanwhile
			if _, err := tx.Exec(ctx, `DELETE FROM exports_erased WHERE name = ? AND conversation_id = ?`, name, string(id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// Forget notes conversations that are erased, for every export that may have handed them over.
func Forget(ctx context.Context, db *state.DB, ids map[conversation.ID]conversation.Day) error {
	there, err := db.Has(ctx, "exports")
	if err != nil || !there {
		return err
	}
	return db.Tx(ctx, func(tx *state.Tx) error {
		for id := range ids {
			_, err := tx.Exec(ctx, `INSERT INTO exports_erased (name, conversation_id) SELECT name, ? FROM exports WHERE snapshot <> 0 ON CONFLICT (name, conversation_id) DO NOTHING`, string(id))
			if err != nil {
				return err
			}
		}
		return nil
	})
}
