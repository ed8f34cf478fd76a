package lake

import (
	"context"
	"maps"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
)

// fewFiles is how many files are as quickly read as the index is asked about them.
const fewFiles = 8

// Holding lists the files of conversations in which any of some ids can lie: those of the days that the index of ids names for
// them, and those that it does not cover. A lake without an index, or with a damaged one, has them all. So who looks for one id
// in a year of days reads the ids of one day.
//
// The index is as it is now, and the snapshot may be older. That harms nobody: a file that has been replaced since is not
// covered any more, and of a covered one every id is in the index.
func (s *Snapshot) Holding(ctx context.Context, wanted []conversation.ID) ([]datafile.File, error) {
	all := s.files[tables.Conversations]
	if s.lake == nil || len(all) <= fewFiles {
		return all, nil
	}
	look, err := s.lake.indexLook(ctx)
	if err != nil {
		return nil, err
	}
	defer look.close()
	days := look.daysOf(wanted)
	return slices.DeleteFunc(slices.Clone(all), func(f datafile.File) bool { return look.covers(f) && !days[f.Day] }), nil
}

// Only is the snapshot with no more files than those of conversations in which any of the ids can lie. It is good for as long as the
// snapshot is open, and need not be closed.
func (s *Snapshot) Only(ctx context.Context, wanted []conversation.ID) (*Snapshot, error) {
	files, err := s.Holding(ctx, wanted)
	only := *s
	only.files, only.names, only.pin = map[tables.Table][]datafile.File{tables.Conversations: files}, nil, nil
	return &only, err
}

// SnapshotHolding opens the newest snapshot as Snapshot does, for those who look for some conversations by their ids and ask nothing
// else of it: the companions seem empty in it, and of conversations it need not have more files than those in which any of
// the ids can lie. So what it takes does not grow with the lake.
func (l *Lake) SnapshotHolding(ctx context.Context, wanted []conversation.ID) (*Snapshot, error) {
	return l.snapshot(ctx, part{holding: wanted})
}

// daysOf are the days in which ids can be of the snapshot that a commit made; known if the index has every file of that.
func (l *Lake) daysOf(ctx context.Context, wanted []conversation.ID, commit string) (days []conversation.Day, known bool, err error) {
	look, err := l.indexLook(ctx)
	if err != nil {
		return nil, false, err
	}
	defer look.close()
	if look.whole == "" || look.whole != commit {
		return nil, false, nil
	}
	days = slices.Sorted(maps.Keys(look.daysOf(wanted)))
	if look.found.Unreadable > 0 { // what the others name may be days that an id has left
		return nil, false, nil
	}
	return days, true, nil
}

// daysOf are the days in which ids can be, by the runs that can be read; of the others nothing is covered afterwards.
func (k *indexLook) daysOf(wanted []conversation.ID) map[conversation.Day]bool {
	keys := make([]uint64, len(wanted))
	for i, id := range wanted {
		keys[i] = keyOf(id).prefix()
	}
	slices.Sort(keys)
	days := map[conversation.Day]bool{}
	for _, r := range slices.Clone(k.runs) {
		run := k.open[r.name]
		if run == nil {
			continue
		}
		if err := run.Find(keys, func(_ int, day conversation.Day) { days[day] = true }); err != nil {
			k.without(r)
		}
	}
	return days
}
