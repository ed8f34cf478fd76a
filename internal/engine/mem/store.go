// Package mem is the engine over records in memory: plain Go, the meaning of the language, and the oracle in tests.
//
// A Store keeps records compressed, in blocks of about 64 that lie together in the order of start and id, and beside
// each block a small head per record, from which questions without filters are answered; a block is opened only for
// records that are handed out, or that filters and aggregations must look into: those are decoded block by block, on
// all cores, and forgotten. Everything that a reader sees is immutable: adding makes new blocks and publishes a new snapshot.
package mem

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
)

// History tells how records looked earlier.
type History interface {
	// At gives a record as it looked at an instant, which lies after its start. One that had not ended then comes back
	// without an end.
	At(r conversation.Record, at time.Time) (conversation.Record, error)
	// Bounds are from when on the end of a record is known, and from when on, not earlier, it looks as it is given. Zero
	// says that it always was so. One that has no end is settled when nothing in it changes any more.
	Bounds(r conversation.Record) (ended, settled time.Time)
}

// Teller is a History that can tell of a conversation as it looked without writing its text. Of one of which it cannot, told
// is false. What it tells is what At writes.
type Teller interface {
	Tell(r conversation.Record, at time.Time) (c *conversation.Conversation, told bool, err error)
}

// Store keeps records in memory. Safe for concurrent use; Views are not disturbed by what is added later.
type Store struct {
	history History
	current atomic.Pointer[snapshot]

	adding sync.Mutex // one writer at a time
	spill  *spill     // nil if all is held in memory
	opened opened
	lookup sync.RWMutex
	starts map[conversation.ID]stamp // of the newest version of each record
}

// New makes an empty store. Views show what still changed by its history; without one, which is nil, they show records
// as given.
func New(history History) *Store {
	s := &Store{history: history, starts: make(map[conversation.ID]stamp)}
	s.current.Store(new(snapshot))
	return s
}

// Len is the number of records.
func (s *Store) Len() int {
	s.lookup.RLock()
	defer s.lookup.RUnlock()
	return len(s.starts)
}

// Add puts records into the store and says how many of them replaced another one of the same id, of the store or
// earlier in the call: the last one stays. It fails with fault.Invalid, and adds nothing, if a record has no id or no
// start. It keeps nothing of what it is given but the ids.
//
// The cost is that of compressing the new records and the blocks into which they fall: many at once are cheaper than
// one by one.
func (s *Store) Add(records ...conversation.Record) (duplicates int, err error) {
	for _, r := range records {
		if r.ID == "" || r.Start.IsZero() {
			return 0, fault.New(fault.Invalid, "record %q has no id or no start", r.ID)
		}
	}
	fresh := s.newest(records)
	s.adding.Lock()
	defer s.adding.Unlock()
	old := s.current.Load()
	changed, replaced := s.changes(fresh)
	next, err := old.with(changed)
	if err != nil {
		return 0, err
	}
	s.spill.place(next, changed)
	s.note(fresh)
	s.current.Store(next)
	return len(records) - len(fresh) + replaced, nil
}

// newest drops all but the last record of each id, and reads the heads of the others.
func (s *Store) newest(records []conversation.Record) []entry {
	last := make(map[conversation.ID]int, len(records))
	for i, r := range records {
		last[r.ID] = i
	}
	fresh := make([]entry, 0, len(last))
	for i, r := range records {
		if last[r.ID] == i {
			fresh = append(fresh, newEntry(r, s.history))
		}
	}
	slices.SortFunc(fresh, compareEntries)
	return fresh
}

// changes sorts the new records by day, and notes on which days older versions of them must go.
func (s *Store) changes(fresh []entry) (byDay map[conversation.Day]*change, replaced int) {
	byDay = make(map[conversation.Day]*change)
	on := func(start stamp) *change {
		d := conversation.DayOf(start.time())
		if byDay[d] == nil {
			byDay[d] = &change{gone: make(map[conversation.ID]bool)}
		}
		return byDay[d]
	}
	for _, e := range fresh {
		on(e.start).fresh = append(on(e.start).fresh, e)
		if was, ok := s.starts[e.id]; ok {
			on(was).gone[e.id] = true
			replaced++
		}
	}
	return byDay, replaced
}

// note remembers where the new records are.
func (s *Store) note(fresh []entry) {
	s.lookup.Lock()
	defer s.lookup.Unlock()
	for _, e := range fresh {
		s.starts[e.id] = e.start
	}
}

// View is the engine over the conversations that had started at asOf and before startedBefore, each as it looked at
// asOf: one that ended later still goes on. What is added to the store afterwards does not change it.
func (s *Store) View(asOf, startedBefore time.Time) engine.Engine {
	return &view{store: s, snap: s.current.Load(), asOf: stampOf(asOf), before: stampOf(startedBefore)}
}
