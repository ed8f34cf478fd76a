package job

import "sync"

// indexes are those of the results files that were read lately: whoever reads page after page reads the index of a file once. A file never
// changes, and no other one ever has its name. Safe for concurrent use.
type indexes struct {
	mu     sync.Mutex
	held   map[named]*index
	order  []named // the one that was read first comes first
	blocks int     // of all
}

// mostBlocks is how many blocks the indexes have together at most: 24 bytes each. One that has more by itself is not kept.
const mostBlocks = 1 << 19

// newIndexes remembers indexes of results that are far away. Those on the machine are read anew, so that damage shows before a page begins.
func newIndexes(h Home) *indexes {
	if h.Free != nil {
		return nil
	}
	return &indexes{held: map[named]*index{}}
}

// known is what is known of the index of one file.
type known struct {
	all *indexes
	of  named
}

func (x *indexes) of(n named) *known { return &known{x, n} }

// or gives the index, which is read if it is not known.
func (k *known) or(read func() (*index, error)) (*index, error) {
	if k.all == nil {
		return read()
	}
	k.all.mu.Lock()
	held := k.all.held[k.of]
	k.all.mu.Unlock()
	if held != nil {
		return held, nil
	}
	held, err := read()
	if err == nil {
		k.all.keep(k.of, held)
	}
	return held, err
}

// keep holds an index, and forgets the oldest while they are too many.
func (x *indexes) keep(n named, one *index) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, held := x.held[n]; held || weight(one) > mostBlocks {
		return
	}
	x.held[n], x.order, x.blocks = one, append(x.order, n), x.blocks+weight(one)
	for x.blocks > mostBlocks {
		x.blocks -= weight(x.held[x.order[0]])
		delete(x.held, x.order[0])
		x.order = x.order[1:]
	}
}

// weight is what an index counts, in blocks; what else there is of it is as much as a few.
func weight(x *index) int { return len(x.blocks) + 8 }
