package stage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// without leaves out the records of erased conversations, and counts them.
func without(records []conversation.Version, erased *erasure.List) (kept []conversation.Version, n int64) {
	if erased.Len() == 0 {
		return records, 0
	}
	for _, v := range records {
		if erased.Has(v.ID) {
			n++
		} else {
			kept = append(kept, v)
		}
	}
	return kept, n
}

// each opens the stage of every run that has something staged.
func each(ctx context.Context, db *state.DB, files store.Store, do func(*Stage) error) error {
	if there, err := db.Has(ctx, "stage_chunks"); err != nil || !there {
		return err
	}
	runs, err := state.All(db.Rows(ctx, `SELECT DISTINCT run_id FROM stage_chunks`), func(r state.Row) (run RunID, err error) { return run, r.Scan(&run) })
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := do(of(db, files, run)); err != nil {
			return err
		}
	}
	return nil
}

// Meant gives the staged conversations that a request for erasure means.
func Meant(ctx context.Context, db *state.DB, files store.Store, r erasure.Request) (map[conversation.ID]conversation.Day, error) {
	ids := map[conversation.ID]conversation.Day{}
	return ids, each(ctx, db, files, func(s *Stage) error {
		return s.eachChunk(ctx, func(_ chunk, records []conversation.Version) error {
			for _, v := range records {
				if v.ID == r.Conversation || r.Matches(v.JSON) {
					ids[v.ID] = v.Day()
				}
			}
			return nil
		})
	})
}

// Forget removes what is staged of erased conversations, of every run. A file that holds one is written again without it.
func Forget(ctx context.Context, db *state.DB, files store.Store, erased *erasure.List) (records int64, err error) {
	err = each(ctx, db, files, func(s *Stage) error {
		return s.eachChunk(ctx, func(c chunk, staged []conversation.Version) error {
			kept, n := without(staged, erased)
			if n == 0 {
				return nil
			}
			records += n
			return s.exchange(ctx, c, kept)
		})
	})
	return records, err
}

// eachChunk reads every chunk, later versions' predecessors among its records. A damaged one is passed over: it is going to
// be fetched again, past the list of what was erased.
func (s *Stage) eachChunk(ctx context.Context, do func(chunk, []conversation.Version) error) error {
	chunks, err := s.chunks(ctx, EveryDay)
	for _, c := range chunks {
		if err := errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		records, err := s.everything(ctx, c)
		if errors.Is(err, ErrDamaged) {
			continue
		}
		if err != nil {
			return err
		}
		if err := do(c, records); err != nil {
			return err
		}
	}
	return err
}

// everything reads the records of a chunk.
func (s *Stage) everything(ctx context.Context, c chunk) ([]conversation.Version, error) {
	b := &Batch{stage: s, chunks: []chunk{c}, dead: map[int]map[int]bool{}}
	r, err := b.open(ctx, c)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var out []conversation.Version
	for {
		v, more, err := r.next()
		if err != nil || !more {
			return out, err
		}
		out = append(out, v)
	}
}

// exchange puts a chunk of the records that are kept in the place of another. Of a conversation that was staged twice the
// version that counts is found again as it was the first time.
func (s *Stage) exchange(ctx context.Context, old chunk, kept []conversation.Version) error {
	next, err := s.nextChunk(ctx)
	if err != nil {
		return err
	}
	chunks := split(kept, next)
	for i := range chunks {
		if err := s.write(ctx, &chunks[i]); err != nil {
			return err
		}
	}
	if err := s.store.Sync(ctx, s.at); err != nil {
		return err
	}
	return s.drop(ctx, []chunk{old}, func(tx *state.Tx) error {
		for _, c := range chunks {
			if err := s.enter(ctx, tx, c, new(Counts)); err != nil {
				return err
			}
		}
		return nil
	})
}

// ForgetRejected removes the values that were set aside and in which one of some texts stands, or that a request means.
func ForgetRejected(ctx context.Context, db *state.DB, r erasure.Request, texts []string) (removed int64, err error) {
	var sums []Sum
	for rejected, err := range AllRejected(ctx, db) {
		if err != nil {
			return 0, err
		}
		if r.Matches(rejected.Text) || slices.ContainsFunc(texts, func(s string) bool { return bytes.Contains(rejected.Text, []byte(s)) }) {
			sums = append(sums, sha256.Sum256(rejected.Text))
		}
	}
	if len(sums) == 0 {
		return 0, nil
	}
	if err := db.Migrate(ctx, schema); err != nil { // nothing may have been staged since an earlier version
		return 0, err
	}
	for _, sum := range sums {
		var n int64
		err := db.Tx(ctx, func(tx *state.Tx) (err error) {
			n, err = dropRejected(ctx, tx, sum)
			return err
		})
		if err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}
