package lake

import (
	"context"
	"math/bits"

	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/ids"
)

const (
	// runsPerMerge is how many runs of a tier become one. A look goes through all runs, at most three of each tier; an
	// entry is written again in each tier, of which a hundred million in commits of 50,000 make four.
	runsPerMerge = 4
	// mergeMost bounds the entries that a commit merges: some two seconds. Runs that would become larger stay as they
	// are until Writer.Index merges all.
	mergeMost = 16 << 20
	// indexMerge bounds the runs that are open at a time.
	indexMerge = 64
)

// tier is the same for runs that differ in size by less than four times.
func (r runFile) tier() int { return (bits.Len64(uint64(r.entries)>>12) + 1) / 2 }

// due gives the runs of the lowest tier that has enough to be merged.
func (x *index) due() []runFile {
	tiers := map[int][]runFile{}
	least := -1
	for _, r := range x.runs {
		t := r.tier()
		if len(tiers[t]) == runsPerMerge {
			continue
		}
		tiers[t] = append(tiers[t], r)
		if len(tiers[t]) == runsPerMerge && entriesOf(tiers[t]) <= mergeMost && (least < 0 || t < least) {
			least = t
		}
	}
	return tiers[least]
}

func entriesOf(runs []runFile) (n int64) {
	for _, r := range runs {
		n += r.entries
	}
	return n
}

// tidy merges runs when enough of a tier are there: once at most, for a commit brings one run and a merge takes three
// away.
func (x *index) tidy(ctx context.Context) error {
	if due := x.due(); len(due) > 0 {
		return x.merge(ctx, due)
	}
	return nil
}

// merge makes one run of several. One that cannot be read is lost, and the others stay as they are.
func (x *index) merge(ctx context.Context, runs []runFile) error {
	into := runFile{first: runs[0].first, last: runs[0].last}
	var names []string
	for _, r := range runs {
		into.first, into.last = min(into.first, r.first), max(into.last, r.last)
		names = append(names, r.name)
	}
	damaged, err := x.lake.use(ctx, runs, func(open []*ids.Run) (err error) {
		into, err = x.lake.writeRun(ctx, into, func(w *ids.Writer) error { return ids.Merge(ctx, w, open...) })
		return err
	})
	if damaged != nil {
		return x.lose(ctx, *damaged, err)
	}
	if err != nil {
		return err
	}
	if err := x.enter(ctx, indexed{runs: []runFile{into}, gone: names}); err != nil {
		return err
	}
	crashpoint.Reach("ids.merged")
	for _, name := range names {
		if err := x.lake.removeRun(ctx, name); err != nil {
			return err
		}
	}
	return nil
}
