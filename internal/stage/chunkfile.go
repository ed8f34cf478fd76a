package stage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/store"
)

// A staged file is what is known of each record, its head, and then the texts of the records end to end. A commit is
// planned from the heads alone, and a record's text is not looked at before it is decoded. S2 takes a third of the time
// that zstd takes at its fastest, and the file is gone after the next commit.
//
//	8 bytes        length of the packed heads, little endian
//	packed heads   one S2 block
//	texts          one S2 stream

// textBlock is how many bytes of texts are packed together: what a reader of a chunk holds.
const textBlock = 256 << 10

// head is a record without its text, which has so many bytes.
type head struct {
	conversation.Version

	size int
}

func encode(f io.Writer, records []conversation.Version) error {
	var heads []byte
	for _, v := range records {
		heads = appendHead(heads, v)
	}
	packed := s2.Encode(nil, heads)
	if _, err := f.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(packed))), packed...)); err != nil {
		return err
	}
	z := s2.NewWriter(f, s2.WriterConcurrency(1), s2.WriterBlockSize(textBlock))
	for _, v := range records {
		if _, err := z.Write(v.JSON); err != nil {
			_ = z.Close() // says the same again
			return err
		}
	}
	return z.Close()
}

// noEnd stands for an end that is not known.
const noEnd = math.MinInt64

// appendHead writes what is known of a record. Instants are microseconds since 1970.
func appendHead(b []byte, v conversation.Version) []byte {
	end := int64(noEnd)
	if !v.End.IsZero() {
		end = v.End.UnixMicro()
	}
	b = binary.AppendUvarint(b, uint64(len(v.ID)))
	b = append(b, v.ID...)
	for _, micros := range []int64{v.Start.UnixMicro(), end, v.At.UnixMicro()} {
		b = binary.AppendVarint(b, micros)
	}
	sum := v.Sum()
	b = append(b, sum[:]...)
	return binary.AppendUvarint(b, uint64(len(v.JSON)))
}

// errHead is a head that appendHead did not write.
var errHead = errors.New("what it says of its records is damaged")

// cutHead reads the head that b begins with, and gives what follows it.
func cutHead(b []byte) (h head, rest []byte, err error) {
	c := cutter{rest: b}
	h.ID = conversation.ID(c.bytes(c.uvarint()))
	h.Start = time.UnixMicro(c.varint()).UTC()
	if end := c.varint(); end != noEnd {
		h.End = time.UnixMicro(end).UTC()
	}
	h.At = time.UnixMicro(c.varint()).UTC()
	copy(h.Hash[:], c.bytes(uint64(len(h.Hash))))
	size := c.uvarint()
	if c.bad || size > conversation.MaxRecordBytes {
		return head{}, nil, errHead
	}
	h.size = int(size)
	return h, c.rest, nil
}

// cutter cuts values off bytes.
type cutter struct {
	rest []byte
	bad  bool // they end too early
}

func (c *cutter) bytes(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.bad = true
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cutter) uvarint() uint64 {
	v, n := binary.Uvarint(c.rest)
	c.bytes(uint64(max(n, 0)))
	c.bad = c.bad || n <= 0
	return v
}

func (c *cutter) varint() int64 {
	v, n := binary.Varint(c.rest)
	c.bytes(uint64(max(n, 0)))
	c.bad = c.bad || n <= 0
	return v
}

// heads are the heads of a chunk's records, as they lie in its file: a day of a million records would take twice as much in
// memory if they were taken apart before they are needed.
type heads struct {
	run    RunID
	packed []byte
}

// next cuts the next head off; there is none if ok is false.
func (h *heads) next() (next head, ok bool, err error) {
	if len(h.packed) == 0 {
		return head{}, false, nil
	}
	next, h.packed, err = cutHead(h.packed)
	next.Run = string(h.run)
	return next, err == nil, err
}

// opened is a chunk's file, having been looked at as a whole.
type opened struct {
	io.Closer

	heads heads
	texts io.Reader // stands where they begin
}

// openChunk opens a chunk's file, having looked at it as a whole: that costs little beside decompressing it.
func (s *Stage) openChunk(ctx context.Context, c chunk) (_ opened, err error) {
	o, err := s.store.Open(ctx, s.file(c))
	if err != nil {
		return opened{}, damaged(c, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(damaged(c, err), o.Close())
		}
	}()
	if err := c.sumOf(store.Reader(o)); err != nil {
		return opened{}, err
	}
	r := store.Reader(o)
	packed, err := readHeads(r)
	if err == nil {
		err = c.compare(heads{packed: packed})
	}
	return opened{o, heads{s.run, packed}, r}, err
}

// compare holds what a chunk's entry says against the heads, which are in order.
func (c chunk) compare(all heads) error {
	var first, last head
	n := 0
	for ; ; n++ {
		h, more, err := all.next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if last = h; n == 0 {
			first = h
		}
	}
	if n != c.size || n == 0 {
		return fmt.Errorf("it has %d records, and %d were written", n, c.size)
	}
	if first.Start.UnixMicro() != c.first || last.Start.UnixMicro() != c.last || first.Day() != c.day || last.Day() != c.day {
		return errors.New("it has not the records that its entry names")
	}
	return nil
}

func readHeads(f io.Reader) ([]byte, error) {
	var length [8]byte
	if _, err := io.ReadFull(f, length[:]); err != nil {
		return nil, err
	}
	packed, err := io.ReadAll(io.LimitReader(f, int64(binary.LittleEndian.Uint64(length[:]))))
	if err != nil {
		return nil, err
	}
	return s2.Decode(nil, packed)
}
