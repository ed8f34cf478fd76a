package lake

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// KnownKey is a key of the records that came into the lake: how often, in records of which days, and when it was met first.
type KnownKey struct {
	wire.Sight

	Run     string    `json:"run"` // that brought it first
	FoundAt time.Time `json:"found_at"`
}

// mostKeys is how many keys are told apart, those of the schema and those that nobody knows.
const mostKeys = 10_000

// Keys lists the keys of all records that came into the lake since it counts them, by path.
func (l *Lake) Keys(ctx context.Context) ([]KnownKey, error) {
	return l.keys(ctx, `SELECT path, type, count, first_day, last_day, example, run_id, found_at FROM record_keys ORDER BY path, type`)
}

// Drift lists the keys that a run brought first, and that this version does not know.
func (l *Lake) Drift(ctx context.Context, run string) ([]wire.Sight, error) {
	all, err := l.keys(ctx, `SELECT path, type, count, first_day, last_day, example, run_id, found_at FROM record_keys WHERE run_id = ? ORDER BY path, type`, run)
	if err != nil {
		return nil, err
	}
	var out []wire.Sight
	for _, k := range all {
		if !k.Known() {
			out = append(out, k.Sight)
		}
	}
	return out, nil
}

func (l *Lake) keys(ctx context.Context, query string, args ...any) (out []KnownKey, err error) {
	err = l.db.View(ctx, func(db *state.DB) error {
		// A lake of an earlier version that was only read has no such table.
		if there, err := db.Has(ctx, "record_keys"); err != nil || !there {
			return err
		}
		out, err = state.All(db.Rows(ctx, query, args...), readKey)
		return err
	})
	return out, err
}

func readKey(r state.Row) (k KnownKey, err error) {
	var first, last, at string
	if err := r.Scan(&k.Path, &k.Type, &k.Count, &first, &last, &k.Example, &k.Run, &at); err != nil {
		return k, err
	}
	if k.First, err = conversation.ParseDay(first); err != nil {
		return k, err
	}
	if k.Last, err = conversation.ParseDay(last); err != nil {
		return k, err
	}
	k.FoundAt, err = conversation.ParseTime(at)
	return k, err
}

// refuse refuses keys that this version does not know and that the lake has not met.
func (l *Lake) refuse(ctx context.Context, sights []wire.Sight) error {
	var strange []wire.Sight
	for _, s := range sights {
		if s.Known() {
			continue
		}
		n := 0
		if err := l.db.Row(ctx, `SELECT count(*) FROM record_keys WHERE path = ? AND type = ?`, s.Path, s.Type).Scan(&n); err != nil {
			return err
		}
		if n == 0 {
			strange = append(strange, s)
		}
	}
	if len(strange) == 0 {
		return nil
	}
	return fault.New(fault.Drifted, "records have members that this version does not know, and --on-drift fail was given: %s; nothing of this commit is in the lake; --on-drift warn takes them", DriftText(strange))
}

// DriftWarning says what is to be known of keys that a run brought first and that nobody knows.
func DriftWarning(strange []wire.Sight) string {
	return "records have members, or types of them, that this version does not know; they are kept in the records, and the tables do not have them: " +
		DriftText(strange) + "; parley schema --lake DIR shows them"
}

// DriftText names at most five keys, those that come first.
func DriftText(strange []wire.Sight) string {
	const most = 5
	var names []string
	for i, s := range strange {
		if i == most {
			names = append(names, fmt.Sprintf("and %d more", len(strange)-most))
			break
		}
		example := ""
		if s.Example != "" { // one that was erased is named no more
			example = ", as in conversation " + string(s.Example)
		}
		names = append(names, fmt.Sprintf("%s (%s%s)", s.Path, s.Type, example))
	}
	return strings.Join(names, ", ")
}

// keep keeps the keys of a commit with its intent: they are counted when it is settled, once, whoever settles it.
func (l *Lake) keep(ctx context.Context, commit string, sights []wire.Sight, strict bool) error {
	if len(sights) == 0 {
		return nil
	}
	if strict {
		if err := l.refuse(ctx, sights); err != nil {
			return err
		}
	}
	text, err := json.Marshal(sights)
	if err != nil {
		return err
	}
	_, err = l.db.Exec(ctx, `UPDATE commits SET record_keys = ? WHERE commit_id = ?`, string(text), commit)
	return err
}

// count counts the keys of a commit that is in.
func (i intent) count(ctx context.Context, tx *state.Tx) error {
	var text string
	for row, err := range tx.Rows(ctx, `SELECT record_keys FROM commits WHERE commit_id = ?`, i.id) {
		if err != nil {
			return err
		}
		if err := row.Scan(&text); err != nil {
			return err
		}
	}
	if text == "" {
		return nil
	}
	var sights []wire.Sight
	if err := json.Unmarshal([]byte(text), &sights); err != nil {
		return err
	}
	room, err := roomForKeys(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range sights {
		if room == 0 && !s.Known() {
			s.Path, s.Type, s.Example = wire.Others, "", ""
		}
		if err := i.countOne(ctx, tx, s); err != nil {
			return err
		}
		if room > 0 {
			room--
		}
	}
	return nil
}

// roomForKeys is how many keys may still come.
func roomForKeys(ctx context.Context, tx *state.Tx) (int, error) {
	n := 0
	err := tx.Row(ctx, `SELECT count(*) FROM record_keys`).Scan(&n)
	return max(0, mostKeys-n), err
}

func (i intent) countOne(ctx context.Context, tx *state.Tx, s wire.Sight) error {
	_, err := tx.Exec(ctx, `INSERT INTO record_keys (path, type, count, first_day, last_day, example, run_id, found_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (path, type) DO UPDATE SET count = record_keys.count + excluded.count,
			first_day = CASE WHEN excluded.first_day < record_keys.first_day THEN excluded.first_day ELSE record_keys.first_day END,
			last_day = CASE WHEN excluded.last_day > record_keys.last_day THEN excluded.last_day ELSE record_keys.last_day END`,
		s.Path, s.Type, s.Count, s.First.String(), s.Last.String(), string(s.Example), i.run, conversation.FormatTime(i.at))
	return err
}

// forgetExamples takes the conversations that are erased out of the examples of keys.
func (l *Lake) forgetExamples(ctx context.Context) error {
	erased, err := erasure.Load(ctx, l.db)
	if err != nil {
		return err
	}
	all, err := l.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range all {
		if k.Example == "" || !erased.Has(k.Example) {
			continue
		}
		if _, err := l.db.Exec(ctx, `UPDATE record_keys SET example = '' WHERE example = ?`, string(k.Example)); err != nil {
			return err
		}
	}
	return nil
}
