package written

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/sqltext"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
)

func keyed(id string, second int64) (k datafile.Keyed) {
	k.ID = conversation.ID(id)
	if second >= 0 {
		k.Key = time.Unix(second, 0)
	}
	return k
}

// file is a run whose blocks are these, and then a failure, if there is one.
func file(failed error, blocks ...[]datafile.Keyed) *run {
	all, n := make(chan block, len(blocks)+1), 0
	for _, rows := range blocks {
		all <- block{rows: rows}
		n += len(rows)
	}
	if failed != nil {
		all <- block{err: failed}
	}
	close(all)
	return &run{blocks: all, file: datafile.File{Rows: int64(n)}}
}

// drain merges runs and gives the ids.
func drain(ctx context.Context, runs []*run, by sqltext.Sorting) (ids []conversation.ID, err error) {
	m, err := begin(ctx, runs, by)
	for err == nil && m.Len() > 0 {
		ids = append(ids, m.runs[0].rows[0].ID)
		err = m.pass(ctx)
	}
	return ids, err
}

// Runs of any lengths, in blocks of any sizes, come out as if all were sorted at once; what has no key is the latest.
func TestMerge(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		by := sqltext.Sorting{Column: "conversation_end", Descending: r.IntN(2) == 0}
		latest := func(a, b datafile.Keyed) int {
			c := cmp.Or(cmp.Compare(btoi(a.Key.IsZero()), btoi(b.Key.IsZero())), a.Key.Compare(b.Key))
			if by.Descending {
				c = -c
			}
			return cmp.Or(c, cmp.Compare(a.ID, b.ID))
		}
		var all []datafile.Keyed
		var runs []*run
		for range r.IntN(5) {
			var rows []datafile.Keyed
			for range r.IntN(20) {
				rows = append(rows, keyed(fmt.Sprint("c", len(all)+len(rows)), r.Int64N(6)-1))
			}
			slices.SortFunc(rows, latest)
			all = append(all, rows...)
			var blocks [][]datafile.Keyed
			for len(rows) > 0 {
				n := r.IntN(len(rows) + 1) // a block may have none
				blocks, rows = append(blocks, rows[:n]), rows[n:]
			}
			runs = append(runs, file(nil, blocks...))
		}
		slices.SortFunc(all, latest)
		got, err := drain(t.Context(), runs, by)
		if err != nil || !slices.EqualFunc(got, all, func(id conversation.ID, k datafile.Keyed) bool { return id == k.ID }) {
			t.Fatalf("seed %d: got %v, want %v, %v", seed, got, all, err)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A file that is not in order, cannot be read, or is read no more ends the merge, after what came before.
func TestMergeFails(t *testing.T) {
	broken := errors.New("broken")
	first := []datafile.Keyed{keyed("a", 1), keyed("b", 2)}
	for what, c := range map[string]struct {
		runs []*run
		want error
	}{
		"not in order":           {[]*run{file(nil, first, []datafile.Keyed{keyed("c", 1)})}, fault.Corrupt},
		"not in order by id":     {[]*run{file(nil, []datafile.Keyed{keyed("b", 1), keyed("a", 1)})}, fault.Corrupt},
		"cannot be read":         {[]*run{file(broken)}, broken},
		"cannot be read further": {[]*run{file(nil, []datafile.Keyed{keyed("z", 9)}), file(broken, first)}, broken},
	} {
		if got, err := drain(t.Context(), c.runs, sqltext.Sorting{Column: "conversation_start"}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v", what, got, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := drain(cancelled, []*run{file(nil, first)}, sqltext.Sorting{Column: "conversation_start"}); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody wants it: %v, %v", got, err)
	}
}

// A file with fewer rows than were written, or more, is found out at its end: what it gave is not all.
func TestRowsThatAreMissing(t *testing.T) {
	for _, said := range []int64{0, 1, 3} {
		f := file(nil, []datafile.Keyed{keyed("a", 1)}, []datafile.Keyed{keyed("b", 2)})
		f.file.Rows = said
		if _, err := drain(t.Context(), []*run{f}, sqltext.Sorting{Column: "conversation_end"}); !errors.Is(err, fault.Corrupt) {
			t.Errorf("of %d rows: %v", said, err)
		}
	}
}
