// Package erasure remembers which conversations were erased on request, so that they do not come back, and finds those
// that a request means.
//
// The list is in the control database: for each conversation a salted hash of its id, and its day. An id cannot be read
// from it, and whoever has an id can look whether it is on it. Whatever brings records asks the list: what is staged, and
// what is committed. Who removes what is there already is the lake, the stage and the jobs, each for its own.
package erasure

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/state"
)

// schema is the list's tables in the control database.
var schema = state.Schema{Owner: "erasure", Steps: []string{`
	CREATE TABLE erasure_salt (one {integer} PRIMARY KEY CHECK (one = 1), salt {bytes} NOT NULL);
	CREATE TABLE erased (
		hash {bytes} PRIMARY KEY, -- of the id of a conversation, with the salt
		day  {text} NOT NULL      -- of its start, as far as it was known; empty if not
	) {checked}`,
}}

// Tables are those of this package in the control database, for who copies it whole.
func Tables() state.Schema { return schema }

// Hash stands for the id of a conversation.
type Hash [16]byte

// List is what was erased. nil is a list of nothing. It does not change; safe for concurrent use.
type List struct {
	salt []byte
	of   map[Hash]bool
}

// Load reads the list. Where nothing was ever erased it is empty.
func Load(ctx context.Context, db *state.DB) (*List, error) {
	l := &List{}
	return l, db.View(ctx, func(db *state.DB) error {
		if there, err := db.Has(ctx, "erased"); err != nil || !there {
			return err
		}
		return l.load(ctx, db)
	})
}

func (l *List) load(ctx context.Context, db *state.DB) error {
	l.of = map[Hash]bool{}
	for row, err := range db.Rows(ctx, `SELECT salt, hash FROM erasure_salt JOIN erased ON 1 = 1`) {
		if err != nil {
			return err
		}
		var hash []byte
		if err := row.Scan(&l.salt, &hash); err != nil {
			return err
		}
		var h Hash
		copy(h[:], hash)
		l.of[h] = true
	}
	return nil
}

// Len is how many conversations were erased.
func (l *List) Len() int {
	if l == nil {
		return 0
	}
	return len(l.of)
}

// Has says whether a conversation was erased.
func (l *List) Has(id conversation.ID) bool { return l.Len() > 0 && l.of[hashOf(l.salt, id)] }

// HashOf is what stands for an id in this list.
func (l *List) HashOf(id conversation.ID) Hash { return hashOf(l.salt, id) }

func hashOf(salt []byte, id conversation.ID) (h Hash) {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(id))
	copy(h[:], mac.Sum(nil))
	return h
}

// Add enters conversations, with the days on which they began; 0 is a day that is not known.
func Add(ctx context.Context, db *state.DB, ids map[conversation.ID]conversation.Day) error {
	if err := db.Migrate(ctx, schema); err != nil {
		return err
	}
	fresh := make([]byte, 32)
	if _, err := rand.Read(fresh); err != nil {
		return err
	}
	return db.Tx(ctx, func(tx *state.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO erasure_salt VALUES (1, ?) ON CONFLICT DO NOTHING`, fresh); err != nil {
			return err
		}
		var salt []byte
		if err := tx.Row(ctx, `SELECT salt FROM erasure_salt`).Scan(&salt); err != nil {
			return err
		}
		for id, day := range ids {
			h := hashOf(salt, id)
			if _, err := tx.Exec(ctx, `INSERT INTO erased VALUES (?, ?) ON CONFLICT DO NOTHING`, h[:], dayText(day)); err != nil {
				return err
			}
		}
		return nil
	})
}

func dayText(day conversation.Day) string {
	if day == 0 {
		return ""
	}
	return day.String()
}

// Days counts the conversations that were erased, by day, for those who compare counts with the platform's.
func Days(ctx context.Context, db *state.DB) (map[conversation.Day]int64, error) {
	out := map[conversation.Day]int64{}
	return out, db.View(ctx, func(db *state.DB) error {
		if there, err := db.Has(ctx, "erased"); err != nil || !there {
			return err
		}
		for row, err := range db.Rows(ctx, `SELECT day, count(*) FROM erased WHERE day <> '' GROUP BY day`) {
			if err != nil {
				return err
			}
			var text string
			var n int64
			if err := row.Scan(&text, &n); err != nil {
				return err
			}
			day, err := conversation.ParseDay(text)
			if err != nil {
				return err
			}
			out[day] = n
		}
		return nil
	})
}
