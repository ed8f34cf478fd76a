package job

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"sort"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// A results file, numbers in big-endian order unless zstd says otherwise:
//
//	blocks   for each: a skippable zstd frame with the lengths of its records, as uvarints, and their CRC-32C (4);
//	         then a zstd frame with the records, a comma between two of them
//	index    in a skippable frame as well, to the end of the file; for each block: number of its first record, offset of
//	         its lengths, offset of its records; 8 bytes each
//	trailer  number of records, offset of the index (8 bytes each), CRC-32C of index and these two (4), magic (8)
//
// So the whole file is good zstd, which zstd -t can check. What a block holds is the text of a page: most of a page is
// copied as it is, and for a client that takes zstd without being decompressed. Each zstd frame carries a checksum of
// its own. A block ends with the record that fills it, so that any page is cut from few blocks and memory holds few of
// them at a time.
const (
	blockRecords = 1024
	blockBytes   = 1 << 20 // before compression
	resultsMagic = "PARLEYR2"
	indexEntry   = 24
	trailerSize  = 16 + 4 + len(resultsMagic)
	crcSize      = 4
	mostText     = 1 << 30 // of a block, whatever a damaged one says of itself: far more than any has
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// block is one entry of the index.
type block struct {
	first   int64 // number of its first record
	lengths int64 // offset of the lengths of its records
	records int64 // offset of the records
}

// results reads a results file. For one goroutine.
type results struct {
	file   store.Object
	zstd   *zstd.Decoder
	packed []byte
	raw    []byte // of the last block that was read

	*index
}

// index says where the blocks of a results file are. It does not change.
type index struct {
	blocks  []block
	records int64
	end     int64 // offset behind the last block
}

// readResults reads a results file, which is then its own. One that is damaged, or not the one of this size that was written, is
// fault.Corrupt.
func readResults(f store.Object, decoder *zstd.Decoder, written Size, known *known) (_ *results, err error) {
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	if f.Size() != written.Stored {
		return nil, damaged("has another length than the one that was written")
	}
	r := &results{file: f, zstd: decoder}
	if r.index, err = known.or(func() (*index, error) { return readIndex(f, written) }); err != nil {
		return nil, err
	}
	if r.records != written.Records {
		return nil, damaged("has other results than the one that was written")
	}
	return r, nil
}

// mostBlocksOf is how many blocks results of a size have at most: but for the last, each is full.
func mostBlocksOf(s Size) int64 { return s.Records/blockRecords + (s.Bytes+s.Records)/blockBytes + 1 }

// lastBytes is how much of the end of a file is read at once: the index of most is in it, and a file in a bucket takes a request
// fewer.
const lastBytes = 64 << 10

func readIndex(f store.Object, written Size) (*index, error) {
	size := f.Size()
	start := size - int64(trailerSize)
	if start < 0 {
		return nil, damaged("is too short")
	}
	last := make([]byte, min(size, lastBytes))
	if _, err := f.ReadAt(last, size-int64(len(last))); err != nil {
		return nil, err
	}
	trailer := last[len(last)-trailerSize:]
	x := &index{records: int64(binary.BigEndian.Uint64(trailer)), end: int64(binary.BigEndian.Uint64(trailer[8:]))}
	from := x.end + skippableHead
	if string(trailer[20:]) != resultsMagic || x.end < 0 || x.end > size || from > start || (start-from)%indexEntry != 0 {
		return nil, damaged("has no proper end")
	}
	if (start-from)/indexEntry > mostBlocksOf(written) { // before it is held
		return nil, damaged("has a damaged index")
	}
	text := make([]byte, start-from, start-from+indexEntry)
	if begins := size - int64(len(last)); from >= begins {
		copy(text, last[from-begins:])
	} else if _, err := f.ReadAt(text, from); err != nil {
		return nil, err
	}
	if crc32.Checksum(append(text, trailer[:16]...), castagnoli) != binary.BigEndian.Uint32(trailer[16:]) {
		return nil, damaged("has a damaged index")
	}
	number := func(i int) int64 { return int64(binary.BigEndian.Uint64(text[8*i:])) }
	x.blocks = make([]block, 0, len(text)/indexEntry)
	for ; len(text) > 0; text = text[indexEntry:] {
		x.blocks = append(x.blocks, block{number(0), number(1), number(2)})
	}
	if !x.ordered() {
		return nil, damaged("has a damaged index")
	}
	return x, nil
}

// ordered says whether the blocks come one after the other, each with records, and end where the index says.
func (x *index) ordered() bool {
	next, at := int64(0), int64(0)
	for i, b := range x.blocks {
		last := i == len(x.blocks)-1
		if i == 0 && b.first != 0 || b.first < next || b.lengths < at || b.records < b.lengths || last && (b.first >= x.records || b.records > x.end) {
			return false
		}
		next, at = b.first+1, b.records
	}
	return len(x.blocks) > 0 || x.records == 0
}

func damaged(how string) error { return fault.New(fault.Corrupt, "a results file %s", how) }

// blockOf is the place in the index of the block that holds a record.
func (r *results) blockOf(record int64) int {
	return sort.Search(len(r.blocks), func(i int) bool { return r.blocks[i].first > record }) - 1
}

// span is where a block begins and ends: numbers of records, and offsets of its compressed text.
func (r *results) span(i int) (first, last, from, to int64, err error) {
	if i < 0 || i >= len(r.blocks) {
		return 0, 0, 0, 0, damaged("has fewer records than its index says")
	}
	last, to = r.records, r.end
	if i+1 < len(r.blocks) {
		last, to = r.blocks[i+1].first, r.blocks[i+1].lengths
	}
	return r.blocks[i].first, last, r.blocks[i].records, to, nil
}

// text gives the records of block i that are numbered from to to, exclusive, with commas between them. It is valid
// until the next call.
func (r *results) text(i int, from, to int64) ([]byte, error) {
	first, last, start, end, err := r.span(i)
	if err != nil {
		return nil, err
	}
	whole := from <= first && to >= last
	begin := start
	if !whole { // lengths and records stand side by side
		begin = r.blocks[i].lengths
	}
	if begin < 0 || begin > start || start > end || end > r.file.Size() || end-begin > mostText {
		return nil, damaged("has a damaged block")
	}
	r.packed = slices.Grow(r.packed[:0], int(end-begin))[:end-begin]
	if _, err := r.file.ReadAt(r.packed, begin); err != nil {
		return nil, err
	}
	if r.raw, err = r.zstd.DecodeAll(r.packed[start-begin:], r.raw[:0]); err != nil {
		return nil, damaged("has a damaged block")
	}
	if whole {
		return r.raw, nil
	}
	lengths, err := lengthsOf(r.packed[:start-begin], int(last-first))
	if err != nil {
		return nil, err
	}
	return cut(r.raw, lengths, int(from-first), int(min(to, last)-first))
}

// cut gives the records of a block that are numbered first to last, last excluded.
func cut(raw []byte, lengths []int, first, last int) ([]byte, error) {
	begin, end := 0, 0
	for n, length := range lengths[:last] {
		if n == first {
			begin = end
		}
		end += length + 1 // and its comma
	}
	if end-1 > len(raw) {
		return nil, damaged("has a damaged block")
	}
	return raw[begin : end-1], nil
}

// lengthsOf reads how long the n records of a block are.
func lengthsOf(frame []byte, n int) ([]int, error) {
	if len(frame) < skippableHead+crcSize {
		return nil, damaged("has a damaged block")
	}
	text, sum := frame[skippableHead:len(frame)-crcSize], binary.BigEndian.Uint32(frame[len(frame)-crcSize:])
	if crc32.Checksum(text, castagnoli) != sum {
		return nil, damaged("has a damaged block")
	}
	lengths := make([]int, n)
	for i := range lengths {
		length, width := binary.Uvarint(text)
		if width <= 0 || length > math.MaxInt32 {
			return nil, damaged("has a damaged block")
		}
		lengths[i], text = int(length), text[width:]
	}
	return lengths, nil
}

func (r *results) close() error { return r.file.Close() }
