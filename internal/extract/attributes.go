package extract

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/edit"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// Teller gives the live object of a conversation, which has the attributes that the synchronous query leaves out. It is
// fault.NotFound where there is none, any more or yet.
type Teller interface {
	Live(ctx context.Context, id conversation.ID) ([]byte, error)
}

// attributes completes the records of a tail, at the cost of a request each. A record that the query gives as it was when
// its attributes were asked for is in the lake with them, and is not asked for again.
type attributes struct {
	store store
	of    Teller // nil: nobody wants them

	asked  int64
	missed int                       // conversations in a row that were refused, or not answered
	given  map[conversation.ID]given // what waits to be committed
	deaf   bool                      // nothing is asked any more
	failed error                     // why
}

// given is what the query gave of a conversation: the day on which it began, and the hash of its record.
type given struct {
	day  conversation.Day
	hash [sha256.Size]byte
}

// forget forgets what lies before a day: jobs have brought it by now.
func (a *attributes) forget(ctx context.Context, before conversation.Day) error {
	_, err := a.store.db.Exec(ctx, `DELETE FROM extract_tail WHERE day < ?`, before.String())
	return err
}

// has says whether a record is in the lake with its attributes already, or waits to be committed.
func (a *attributes) has(ctx context.Context, r conversation.Record) (bool, error) {
	if a.of == nil {
		return false, nil
	}
	hash := r.Sum()
	if g, is := a.given[r.ID]; is {
		return g.hash == hash, nil
	}
	var before []byte
	err := a.store.db.Row(ctx, `SELECT hash FROM extract_tail WHERE id = ?`, string(r.ID)).Scan(&before)
	if errors.Is(err, state.ErrNoRow) {
		return false, nil
	}
	return bytes.Equal(before, hash[:]), err
}

// mostMissed is how many conversations in a row are refused, or not answered, before it is taken to be so with all others. One
// may lie in a division that the client does not see, or break the server that is asked for it.
const mostMissed = 10

// with is a record with the attributes of its participants. What keeps the platform from telling of one conversation leaves
// that without them; what keeps it from telling of any, all that come after.
func (a *attributes) with(ctx context.Context, r conversation.Record) (conversation.Record, error) {
	if a.of == nil || a.deaf {
		return r, nil
	}
	a.asked++
	full, err := a.complete(ctx, r)
	switch {
	case ctx.Err() != nil || errors.Is(err, fault.Unauthorized):
		return r, errors.Join(ctx.Err(), err)
	case err == nil:
		a.given[r.ID], a.missed = given{r.Day(), r.Sum()}, 0
	case platform.NoRoute(err):
		a.deaf, a.failed = true, err
	case errors.Is(err, fault.NotFound) || errors.Is(err, fault.Corrupt):
		a.missed = 0
	default:
		a.missed++
		a.deaf, a.failed = a.missed >= mostMissed, err
	}
	return full, nil
}

// complete asks. When that fails it gives the record as it is.
func (a *attributes) complete(ctx context.Context, r conversation.Record) (conversation.Record, error) {
	told, err := a.of.Live(ctx, r.ID)
	if err != nil {
		return r, err
	}
	return attributed(r, told)
}

// landed remembers those that are in the lake now.
func (a *attributes) landed(ctx context.Context) error {
	err := a.store.db.Tx(ctx, func(tx *state.Tx) error {
		for id, g := range a.given {
			if _, err := tx.Exec(ctx, `INSERT INTO extract_tail VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET day = excluded.day, hash = excluded.hash`,
				string(id), g.day.String(), g.hash[:]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		clear(a.given)
	}
	return err
}

// attributed is a record with the attributes that a live object has of the same participants.
func attributed(r conversation.Record, live []byte) (conversation.Record, error) {
	var told struct {
		Participants []struct {
			ID         string         `json:"id"`
			Attributes jsontext.Value `json:"attributes"`
		} `json:"participants"`
	}
	if err := json.Unmarshal(live, &told, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
		return r, fault.Because(fault.Corrupt, err, "the live object")
	}
	of := map[string]jsontext.Value{}
	for _, p := range told.Participants {
		if p.Attributes.Kind() == '{' && len(p.Attributes) > len("{}") {
			of[p.ID] = p.Attributes
		}
	}
	if len(of) == 0 {
		return r, nil
	}
	text, err := edit.Each(r.JSON, "participants", func(p jsontext.Value) (jsontext.Value, error) {
		if attributes, has := of[edit.Text(p, "participantId")]; has {
			return edit.Put(p, "/attributes", attributes)
		}
		return p, nil
	})
	if err != nil {
		return r, fault.Because(fault.Corrupt, err, "the record")
	}
	full, err := wire.Record(text)
	if err != nil {
		return r, fault.Because(fault.Corrupt, err, "the record with its attributes") // too large, perhaps
	}
	return full, nil
}
