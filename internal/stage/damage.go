package stage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/store"
)

// ErrDamaged is a staged file that is missing or is not what was written. Nothing is lost by it: what was staged can be
// fetched again. It comes together with fault.Corrupt, for those who cannot fetch it.
var ErrDamaged = errors.New("what is staged cannot be used")

func damaged(c chunk, cause error) error {
	return fault.Because(fault.Corrupt, fmt.Errorf("%w: %w", ErrDamaged, cause), "the staged file %s is missing or damaged", c.name())
}

// Extent is a staged file: the records in it start from First to Last.
type Extent struct {
	First, Last time.Time

	n      int
	writer string
}

func (c chunk) extent() Extent {
	return Extent{time.UnixMicro(c.first).UTC(), time.UnixMicro(c.last).UTC(), c.n, c.writer}
}

// Damaged reads every staged file and gives those that cannot be used.
func (s *Stage) Damaged(ctx context.Context) ([]Extent, error) {
	return s.extents(ctx, func(c chunk) (bool, error) {
		err := s.verify(ctx, c)
		if errors.Is(err, ErrDamaged) {
			return true, nil
		}
		return false, err
	})
}

// Within gives the staged files all of whose records start in [start, end).
func (s *Stage) Within(ctx context.Context, start, end time.Time) ([]Extent, error) {
	return s.extents(ctx, func(c chunk) (bool, error) {
		return c.first >= start.UnixMicro() && c.last < end.UnixMicro(), nil
	})
}

func (s *Stage) extents(ctx context.Context, wanted func(chunk) (bool, error)) (out []Extent, err error) {
	chunks, err := s.chunks(ctx, EveryDay)
	for _, c := range chunks {
		ok, err := wanted(c)
		if err := errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if ok {
			out = append(out, c.extent())
		}
	}
	return out, err
}

// Forget removes staged files and all that was entered of them. Their conversations are new again when they come
// again; with is done in the same transaction, and must see to it that they do.
func (s *Stage) Forget(ctx context.Context, list []Extent, with func(*state.Tx) error) error {
	chunks := make([]chunk, len(list))
	for i, e := range list {
		chunks[i].n, chunks[i].writer = e.n, e.writer
	}
	return s.drop(ctx, chunks, with)
}

// drop removes chunks: their entries, with whatever with does, and then their files. A file that is gone already is no
// failure.
func (s *Stage) drop(ctx context.Context, chunks []chunk, with func(*state.Tx) error) error {
	err := s.db.Tx(ctx, func(tx *state.Tx) error {
		for _, c := range chunks {
			for _, table := range []string{"stage_chunks", "stage_records", "stage_dead"} {
				if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE run_id = ? AND chunk = ?`, s.run, c.n); err != nil {
					return err
				}
			}
		}
		return with(tx)
	})
	if err != nil {
		return err
	}
	return s.removeFiles(ctx, chunks)
}

func (s *Stage) removeFiles(ctx context.Context, chunks []chunk) (err error) {
	for _, c := range chunks {
		if rm := s.store.Remove(ctx, s.file(c)); !errors.Is(rm, fault.NotFound) {
			err = errors.Join(err, rm)
		}
	}
	return err
}

// verify compares a staged file with the sum that was entered with it. The sum is of the whole file, because the
// compression's own checksum does not cover its headers, nor a file that ends between two of its frames or is empty.
func (s *Stage) verify(ctx context.Context, c chunk) error {
	o, err := s.store.Open(ctx, s.file(c))
	if err != nil {
		return damaged(c, err)
	}
	defer o.Close()
	return c.sumOf(store.Reader(o))
}

func (c chunk) sumOf(f io.Reader) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return damaged(c, err)
	}
	if !bytes.Equal(sum.Sum(nil), c.sum) {
		return damaged(c, errors.New("it is not what was written"))
	}
	return nil
}
