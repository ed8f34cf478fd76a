package job

import (
	"encoding/binary"
	"hash/crc32"
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
	file    store.Object
	zstd    *zstd.Decoder
	blocks  []block
	records int64
	end     int64 // offset behind the last block
	packed  []byte
	raw     []byte // of the last block that was read
}

// readResults reads the index of a results file, which is then its own. A damaged one is fault.Corrupt.
func readResults(f store.Object, decoder *zstd.Decoder) (_ *results, err error) {
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	r := &results{file: f, zstd: decoder}
	return r, r.readIndex()
}

func (r *results) readIndex() error {
	start := r.file.Size() - int64(trailerSize)
	if start < 0 {
		return damaged("is too short")
	}
	trailer := make([]byte, trailerSize)
	if _, err := r.file.ReadAt(trailer, start); err != nil {
		return err
	}
	r.records, r.end = int64(binary.BigEndian.Uint64(trailer)), int64(binary.BigEndian.Uint64(trailer[8:]))
	from := r.end + skippableHead
	if string(trailer[20:]) != resultsMagic || r.end < 0 || from > start || (start-from)%indexEntry != 0 {
		return damaged("has no proper end")
	}
	index := make([]byte, start-from, start-from+indexEntry)
	if _, err := r.file.ReadAt(index, from); err != nil {
		return err
	}
	if crc32.Checksum(append(index, trailer[:16]...), castagnoli) != binary.BigEndian.Uint32(trailer[16:]) {
		return damaged("has a damaged index")
	}
	number := func(i int) int64 { return int64(binary.BigEndian.Uint64(index[8*i:])) }
	for ; len(index) > 0; index = index[indexEntry:] {
		r.blocks = append(r.blocks, block{number(0), number(1), number(2)})
	}
	return nil
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
	r.packed = slices.Grow(r.packed[:0], int(end-start))[:end-start]
	if _, err := r.file.ReadAt(r.packed, start); err != nil {
		return nil, err
	}
	if r.raw, err = r.zstd.DecodeAll(r.packed, r.raw[:0]); err != nil {
		return nil, damaged("has a damaged block")
	}
	if from <= first && to >= last {
		return r.raw, nil
	}
	lengths, err := r.lengths(i, int(last-first))
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

// lengths reads how long the n records of block i are.
func (r *results) lengths(i, n int) ([]int, error) {
	frame := make([]byte, r.blocks[i].records-r.blocks[i].lengths)
	if _, err := r.file.ReadAt(frame, r.blocks[i].lengths); err != nil {
		return nil, err
	}
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
		if width <= 0 {
			return nil, damaged("has a damaged block")
		}
		lengths[i], text = int(length), text[width:]
	}
	return lengths, nil
}

func (r *results) close() error { return r.file.Close() }
