package lake

import (
	"context"
	"errors"
	"slices"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/ids"
	"github.com/parley-hq/parley/internal/store"
)

// IndexReport is what a check found out of the index of ids.
type IndexReport struct {
	IndexSize

	Unreadable int   `json:"unreadable"` // runs that are missing or damaged; the next commit reads the ids of their days again
	Lacking    int64 `json:"lacking"`    // conversations that should be in it and are not
}

// indexLook looks whether the index has what it should.
type indexLook struct {
	*index

	open   map[string]*ids.Run // by name
	files  []store.Object
	wanted []ids.Entry // of the pass
	found  IndexReport
	first  conversation.Day // that lacks something
}

// lookTries is how often the index is read anew, when runs were merged between reading of them and opening them.
const lookTries = 10

// indexLook opens all runs at once: a writer may merge them meanwhile, and what is open stays. A run that cannot be opened
// covers nothing.
func (l *Lake) indexLook(ctx context.Context) (*indexLook, error) {
	for try := 1; ; try++ {
		x, err := l.index(ctx, nil)
		if err != nil {
			return nil, err
		}
		look := &indexLook{index: x, open: map[string]*ids.Run{}}
		if look.openAll(ctx) || try == lookTries {
			return look, nil
		}
		look.close()
	}
}

// openAll opens the runs, and says whether none of them is missing.
func (k *indexLook) openAll(ctx context.Context) (there bool) {
	there = true
	for _, r := range slices.Clone(k.runs) {
		f, err := k.lake.Store().Open(ctx, runAt(r.name))
		if err != nil {
			there = there && !errors.Is(err, fault.NotFound)
			k.without(r)
			continue
		}
		k.files = append(k.files, f)
		if k.open[r.name], err = openRun(f, r); err != nil {
			k.without(r)
		}
	}
	return there
}

// without goes on without a run.
func (k *indexLook) without(r runFile) {
	k.found.Unreadable++
	delete(k.open, r.name)
	for _, path := range k.with(r)[1:] {
		delete(k.covered, path)
	}
}

func (k *indexLook) close() {
	for _, f := range k.files {
		_ = f.Close() // it was only read
	}
	k.files = nil
}

func (k *indexLook) want(id key, day conversation.Day) {
	k.wanted = append(k.wanted, ids.Entry{Key: id.prefix(), Day: day})
}

// pass looks up what was wanted since the last pass.
func (k *indexLook) pass() {
	slices.SortFunc(k.wanted, ids.Compare)
	keys := make([]uint64, len(k.wanted))
	for i, e := range k.wanted {
		keys[i] = e.Key
	}
	has := make([]bool, len(keys))
	for _, r := range slices.Clone(k.runs) {
		run := k.open[r.name]
		if run == nil {
			continue
		}
		if err := run.Find(keys, func(i int, day conversation.Day) { has[i] = has[i] || day == k.wanted[i].Day }); err != nil {
			k.without(r)
		}
	}
	days := map[conversation.Day]bool{} // a run that could not be read may have had the ids of the others
	for _, day := range k.covered {
		days[day] = true
	}
	for i, e := range k.wanted {
		if has[i] || !days[e.Day] {
			continue
		}
		if k.found.Lacking == 0 || e.Day < k.first {
			k.first = e.Day
		}
		k.found.Lacking++
	}
	k.wanted = k.wanted[:0]
}
