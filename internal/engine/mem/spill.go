package mem

import (
	"os"

	"github.com/parley-hq/parley/internal/conversation"
)

// spill is where the text of blocks lies for which there is no room in memory. Whoever adds to the store uses it, one at a
// time; readers see blocks that are placed.
type spill struct {
	room    int64    // bytes of text that may still be held in memory
	file    *os.File // without a name: it goes with the process. Nil until it is needed
	end     int64
	refused bool // the disk has no room, or there is none: from then on all is held in memory
}

// Spill has the text of records that are added lie in a temporary file once room bytes of it, compressed, are held in
// memory. It says so before anything is added. What was placed once is not moved: text of records that were replaced goes
// on to take its room in the file.
//
// Where no temporary file can be written, all is held in memory as before.
func (s *Store) Spill(room int64) { s.spill = &spill{room: room} }

// place puts the blocks that are new in a snapshot where they stay. Nobody reads them yet.
func (p *spill) place(of *snapshot, changed map[conversation.Day]*change) {
	if p == nil {
		return
	}
	for day := range changed {
		for _, b := range of.blocksOf(day) {
			if !b.placed {
				b.placed = true
				p.put(b)
			}
		}
	}
}

func (p *spill) put(b *block) {
	size := int64(len(b.data))
	if p.room -= size; p.room >= 0 || p.refused {
		return
	}
	if p.refused = !p.write(b.data); p.refused {
		return
	}
	b.data, b.file, b.at, b.size = nil, p.file, p.end, len(b.data)
	p.end += size
}

// write adds to the end of the file.
func (p *spill) write(data []byte) bool {
	if p.file == nil && !p.open() {
		return false
	}
	_, err := p.file.WriteAt(data, p.end)
	return err == nil
}

// open makes the file and takes its name away, so that nothing is left of it, however the process ends.
func (p *spill) open() bool {
	f, err := os.CreateTemp("", "parley-records-*")
	if err != nil {
		return false
	}
	if err := os.Remove(f.Name()); err != nil {
		_ = f.Close()
		return false
	}
	p.file = f
	return true
}
