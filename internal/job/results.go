package job

import (
	"bufio"
	"encoding/binary"
	"hash/crc32"
	"iter"
	"os"
	"sort"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// A results file, numbers in big-endian order:
//
//	blocks   zstd frames; in each, records one after another, every one behind its length as a uvarint
//	index    for each block: number of its first record, offset in the file; 8 bytes each
//	trailer  number of records, offset of the index (8 bytes each), CRC-32C of index and these two (4), magic (8)
//
// Each zstd frame carries a checksum of its own. A block ends with the record that fills it, so that any page is cut
// from few blocks and memory holds one of them at a time.
const (
	blockRecords = 256
	blockBytes   = 1 << 20 // before compression
	resultsMagic = "PARLEYR1"
	entrySize    = 16
	trailerSize  = 16 + 4 + len(resultsMagic)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// block is one entry of the index.
type block struct {
	first  int64 // number of its first record
	offset int64 // in the file
}

// resultsWriter gathers records into blocks.
type resultsWriter struct {
	out     *bufio.Writer
	zstd    *zstd.Encoder
	raw     []byte // the block being filled
	packed  []byte // the last block, compressed
	blocks  []block
	filled  int // records in raw
	records int64
	offset  int64
}

// writeResults writes a results file to f and syncs it. It stops at the first error of records.
func writeResults(f file, records iter.Seq2[conversation.Record, error]) error {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	w := &resultsWriter{out: bufio.NewWriter(f), zstd: encoder}
	for r, err := range records {
		if err != nil {
			return err
		}
		if err := w.add(r.JSON); err != nil {
			return err
		}
	}
	if err := w.close(); err != nil {
		return err
	}
	return f.Sync()
}

func (w *resultsWriter) add(record []byte) error {
	w.raw = binary.AppendUvarint(w.raw, uint64(len(record)))
	w.raw = append(w.raw, record...)
	w.filled++
	if w.filled < blockRecords && len(w.raw) < blockBytes {
		return nil
	}
	return w.flush()
}

func (w *resultsWriter) flush() error {
	if w.filled == 0 {
		return nil
	}
	w.blocks = append(w.blocks, block{first: w.records, offset: w.offset})
	w.packed = w.zstd.EncodeAll(w.raw, w.packed[:0])
	w.records += int64(w.filled)
	w.offset += int64(len(w.packed))
	w.raw, w.filled = w.raw[:0], 0
	_, err := w.out.Write(w.packed)
	return err
}

func (w *resultsWriter) close() error {
	if err := w.flush(); err != nil {
		return err
	}
	var index []byte
	for _, b := range w.blocks {
		index = binary.BigEndian.AppendUint64(index, uint64(b.first))
		index = binary.BigEndian.AppendUint64(index, uint64(b.offset))
	}
	index = binary.BigEndian.AppendUint64(index, uint64(w.records))
	index = binary.BigEndian.AppendUint64(index, uint64(w.offset))
	index = binary.BigEndian.AppendUint32(index, crc32.Checksum(index, castagnoli))
	index = append(index, resultsMagic...)
	if _, err := w.out.Write(index); err != nil {
		return err
	}
	return w.out.Flush()
}

// results reads a results file. For one goroutine.
type results struct {
	file    *os.File
	zstd    *zstd.Decoder
	blocks  []block
	records int64
	end     int64 // offset behind the last block
}

// openResults opens a results file and reads its index. A damaged one is fault.Corrupt.
func openResults(path string, decoder *zstd.Decoder) (_ *results, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
		}
	}()
	r := &results{file: f, zstd: decoder}
	return r, r.readIndex()
}

func (r *results) readIndex() error {
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	start := info.Size() - int64(trailerSize)
	if start < 0 {
		return damaged("is too short")
	}
	trailer := make([]byte, trailerSize)
	if _, err := r.file.ReadAt(trailer, start); err != nil {
		return err
	}
	r.records, r.end = int64(binary.BigEndian.Uint64(trailer)), int64(binary.BigEndian.Uint64(trailer[8:]))
	if string(trailer[20:]) != resultsMagic || r.end < 0 || r.end > start || (start-r.end)%entrySize != 0 {
		return damaged("has no proper end")
	}
	index := make([]byte, start-r.end, start-r.end+entrySize)
	if _, err := r.file.ReadAt(index, r.end); err != nil {
		return err
	}
	if crc32.Checksum(append(index, trailer[:16]...), castagnoli) != binary.BigEndian.Uint32(trailer[16:]) {
		return damaged("has a damaged index")
	}
	for ; len(index) > 0; index = index[entrySize:] {
		r.blocks = append(r.blocks, block{int64(binary.BigEndian.Uint64(index)), int64(binary.BigEndian.Uint64(index[8:]))})
	}
	return nil
}

func damaged(how string) error { return fault.New(fault.Corrupt, "a results file %s", how) }

// between yields the records numbered from to to, exclusive, from 0. A record is valid until the next. It stops after
// the first error.
func (r *results) between(from, to int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := r.blockOf(from); from < to; i++ {
			raw, err := r.read(i)
			if err != nil {
				yield(nil, err)
				return
			}
			for n := r.blocks[i].first; len(raw) > 0 && n < to; n++ {
				size, width := binary.Uvarint(raw)
				if width <= 0 || size > uint64(len(raw)-width) {
					yield(nil, damaged("has a damaged block"))
					return
				}
				end := width + int(size)
				if n >= from {
					if !yield(raw[width:end], nil) {
						return
					}
					from++
				}
				raw = raw[end:]
			}
		}
	}
}

// blockOf is the place in the index of the block that holds a record.
func (r *results) blockOf(record int64) int {
	return sort.Search(len(r.blocks), func(i int) bool { return r.blocks[i].first > record }) - 1
}

// read gives the content of a block.
func (r *results) read(i int) ([]byte, error) {
	if i < 0 || i >= len(r.blocks) {
		return nil, damaged("has fewer records than its index says")
	}
	end := r.end
	if i+1 < len(r.blocks) {
		end = r.blocks[i+1].offset
	}
	packed := make([]byte, end-r.blocks[i].offset)
	if _, err := r.file.ReadAt(packed, r.blocks[i].offset); err != nil {
		return nil, err
	}
	raw, err := r.zstd.DecodeAll(packed, nil)
	if err != nil {
		return nil, damaged("has a damaged block")
	}
	return raw, nil
}

func (r *results) close() error { return r.file.Close() }
