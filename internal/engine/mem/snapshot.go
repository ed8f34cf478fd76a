package mem

import (
	"slices"
	"sort"

	"github.com/parley-hq/parley/internal/conversation"
)

// snapshot is all records at one moment. Immutable.
type snapshot struct{ days []*dayBlocks }

// dayBlocks is the records of one day, in blocks that do not overlap. Immutable, never empty.
type dayBlocks struct {
	day    conversation.Day
	blocks []*block
}

// change is what happens to a day: records that come, in order, and ids whose older version goes.
type change struct {
	fresh []entry
	gone  map[conversation.ID]bool
}

// with is the snapshot after the changes.
func (s *snapshot) with(changed map[conversation.Day]*change) (*snapshot, error) {
	next := &snapshot{days: make([]*dayBlocks, 0, len(s.days)+len(changed))}
	for _, d := range s.days {
		if changed[d.day] == nil {
			next.days = append(next.days, d)
		}
	}
	for day, c := range changed {
		blocks, err := c.apply(s.blocksOf(day))
		if err != nil {
			return nil, err
		}
		if len(blocks) > 0 {
			next.days = append(next.days, &dayBlocks{day, blocks})
		}
	}
	slices.SortFunc(next.days, func(a, b *dayBlocks) int { return int(a.day) - int(b.day) })
	return next, nil
}

func (s *snapshot) blocksOf(day conversation.Day) []*block {
	i := sort.Search(len(s.days), func(i int) bool { return s.days[i].day >= day })
	if i == len(s.days) || s.days[i].day != day {
		return nil
	}
	return s.days[i].blocks
}

// apply gives the day's blocks after the change. Blocks into which nothing falls are kept as they are.
func (c *change) apply(old []*block) (blocks []*block, err error) {
	if len(old) == 0 {
		return pack(c.fresh), nil
	}
	rest := c.fresh
	for i, b := range old {
		n := len(rest)
		if i+1 < len(old) {
			next := old[i+1].heads[0]
			n = sort.Search(len(rest), func(j int) bool { return compareHeads(rest[j].head, next) >= 0 })
		}
		into := rest[:n]
		rest = rest[n:]
		if len(into) == 0 && !c.touches(b) {
			blocks = append(blocks, b)
			continue
		}
		entries, err := b.entries()
		if err != nil {
			return nil, err
		}
		entries = slices.DeleteFunc(entries, func(e entry) bool { return c.gone[e.id] })
		entries = append(entries, into...)
		slices.SortFunc(entries, compareEntries)
		blocks = append(blocks, pack(entries)...)
	}
	return blocks, nil
}

// touches says whether an older version that goes is in the block.
func (c *change) touches(b *block) bool {
	return len(c.gone) > 0 && slices.ContainsFunc(b.heads, func(h head) bool { return c.gone[h.id] })
}

// find is where a record with this start lies.
func (s *snapshot) find(id conversation.ID, start stamp) (hit, bool) {
	blocks := s.blocksOf(conversation.DayOf(start.time()))
	want := head{id: id, start: start}
	i := sort.Search(len(blocks), func(i int) bool { return compareHeads(blocks[i].heads[0], want) > 0 }) - 1
	if i < 0 {
		return hit{}, false
	}
	j, ok := slices.BinarySearchFunc(blocks[i].heads, want, compareHeads)
	return hit{blocks[i], j}, ok
}

// search looks for records by id alone, which reads every head.
func (s *snapshot) search(ids map[conversation.ID]bool) (hits []hit) {
	for _, d := range s.days {
		for _, b := range d.blocks {
			for i, h := range b.heads {
				if ids[h.id] {
					hits = append(hits, hit{b, i})
				}
			}
		}
	}
	return hits
}
