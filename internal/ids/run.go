package ids

import (
	"bytes"
	"encoding/binary"
	"io"
	"sort"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// Run is an open run. Safe for concurrent use, if what it is read from is.
type Run struct {
	from    io.ReaderAt
	entries int64
	firsts  []uint64 // the directory: the first key of every page
}

// Open reads the directory of a run that has so many bytes. Damage there is fault.Corrupt; pages are looked at when they
// are read.
func Open(from io.ReaderAt, size int64) (*Run, error) {
	if size < footerSize {
		return nil, fault.New(fault.Corrupt, "a run of %d bytes is too short", size)
	}
	tail := make([]byte, footerSize)
	if err := readAt(from, tail, size-footerSize); err != nil {
		return nil, err
	}
	entries := int64(binary.BigEndian.Uint64(tail[8:]))
	if entries < 0 || entries > size || Bytes(entries) != size {
		return nil, fault.New(fault.Corrupt, "the footer of a run of %d bytes is damaged", size)
	}
	pages := pagesOf(entries)
	directory := make([]byte, 8*pages)
	if err := readAt(from, directory, pages*pageSize); err != nil {
		return nil, err
	}
	if !bytes.Equal(tail, footer(entries, directory)) {
		return nil, fault.New(fault.Corrupt, "the directory of a run of %d entries is damaged", entries)
	}
	r := &Run{from: from, entries: entries, firsts: make([]uint64, pages)}
	for i := range r.firsts {
		r.firsts[i] = keyAt(directory[8*i:])
	}
	return r, nil
}

// readAt fills b. What cannot be read is damage: a run can be made again.
func readAt(from io.ReaderAt, b []byte, at int64) error {
	if _, err := from.ReadAt(b, at); err != nil {
		return fault.Because(fault.Corrupt, err, "a run cannot be read at %d", at)
	}
	return nil
}

// Entries is how many entries the run has.
func (r *Run) Entries() int64 { return r.entries }

// Find looks up keys, which must ascend, and tells found of every day that the run has with one of them. i is the place
// of the key. A page is read once, however many keys lie in it.
func (r *Run) Find(keys []uint64, found func(i int, day conversation.Day)) error {
	w := window{run: r, most: r.pagesFor(len(keys))}
	from := 0
	for i, key := range keys {
		from += sort.Search(len(r.firsts)-from, func(n int) bool { return r.firsts[from+n] >= key })
		// The key can end the page before the first one that begins with it or beyond it, and fill several from there on.
		for at := max(0, from-1); at < len(r.firsts) && r.firsts[at] <= key; at++ {
			page, err := w.page(at)
			if err != nil {
				return err
			}
			find(page, key, func(day conversation.Day) { found(i, day) })
		}
	}
	return nil
}

// pagesFor is how many pages are read at a time to look up so many keys. Where a page of that many is wanted anyway, to
// read all of them in order costs a disk less than to look for the one.
func (r *Run) pagesFor(keys int) int {
	if keys > len(r.firsts)/pagesAtOnce {
		return pagesAtOnce
	}
	return 1
}

// window is some pages of a run in memory.
type window struct {
	run     *Run
	most    int
	from    int // the first of them
	content []byte
	number  int    // of the page that was looked at last
	entries []byte // in it
}

// page gives the entries of a page.
func (w *window) page(number int) ([]byte, error) {
	if w.entries != nil && w.number == number {
		return w.entries, nil
	}
	w.entries = nil
	if number < w.from || (number-w.from)*pageSize >= len(w.content) {
		if err := w.read(number); err != nil {
			return nil, err
		}
	}
	content := w.content[(number-w.from)*pageSize:][:pageSize]
	n, err := w.run.look(number, content)
	if err != nil {
		return nil, err
	}
	w.number, w.entries = number, content[:n*entrySize]
	return w.entries, nil
}

// read reads the pages from one on.
func (w *window) read(number int) error {
	n := min(w.most, len(w.run.firsts)-number) * pageSize
	if cap(w.content) < n {
		w.content = make([]byte, n)
	}
	w.from, w.content = number, w.content[:0]
	if err := readAt(w.run.from, w.content[:n], int64(number)*pageSize); err != nil {
		return err
	}
	w.content = w.content[:n]
	return nil
}

// look compares a page with its checksum and the directory, and gives how many entries it has.
func (r *Run) look(number int, content []byte) (int, error) {
	const end = perPage * entrySize
	if sumOf(int64(number), content[:end]) != binary.BigEndian.Uint32(content[end:]) || keyAt(content) != r.firsts[number] {
		return 0, fault.New(fault.Corrupt, "page %d of a run of %d entries is damaged", number, r.entries)
	}
	return int(min(perPage, r.entries-int64(number)*perPage)), nil
}

// find tells found of the days that a key has in a page.
func find(page []byte, key uint64, found func(conversation.Day)) {
	n := len(page) / entrySize
	for at := sort.Search(n, func(i int) bool { return keyAt(page[i*entrySize:]) >= key }); at < n; at++ {
		e := get(page[at*entrySize:])
		if e.Key != key {
			return
		}
		found(e.Day)
	}
}
