package ids

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// Writer writes a run. It must be closed, and holds the directory until then. Not for concurrent use.
type Writer struct {
	to      io.Writer
	page    [pageSize]byte
	n       int // entries in page
	entries int64
	last    Entry
	firsts  []byte // the directory
}

// NewWriter begins a run. It writes page by page.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to} }

// Add adds an entry, which must not come before the last one. One that equals it is left out.
func (w *Writer) Add(e Entry) error {
	if w.entries > 0 {
		switch c := Compare(e, w.last); {
		case c == 0:
			return nil
		case c < 0:
			return fmt.Errorf("entry %d of a run comes before the one that precedes it", w.entries)
		}
	}
	if w.n == perPage {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.n == 0 {
		w.firsts = binary.BigEndian.AppendUint64(w.firsts, e.Key)
	}
	put(w.page[w.n*entrySize:], e)
	w.n++
	w.entries++
	w.last = e
	return nil
}

// flush writes the page that is gathered. What the last page of a run does not need is zero.
func (w *Writer) flush() error {
	const end = perPage * entrySize
	clear(w.page[w.n*entrySize : end])
	binary.BigEndian.PutUint32(w.page[end:], sumOf(int64(len(w.firsts)/8-1), w.page[:end]))
	w.n = 0
	_, err := w.to.Write(w.page[:])
	return err
}

// Entries is how many entries the run has.
func (w *Writer) Entries() int64 { return w.entries }

// Close writes the rest of the run. It does not close what the run is written to.
func (w *Writer) Close() error {
	if w.n > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if _, err := w.to.Write(w.firsts); err != nil {
		return err
	}
	_, err := w.to.Write(footer(w.entries, w.firsts))
	return err
}

func footer(entries int64, directory []byte) []byte {
	f := append(make([]byte, 0, footerSize), magic...)
	f = binary.BigEndian.AppendUint64(f, uint64(entries))
	f = binary.BigEndian.AppendUint32(f, crc32.Checksum(directory, castagnoli))
	return binary.BigEndian.AppendUint32(f, crc32.Checksum(f, castagnoli))
}
