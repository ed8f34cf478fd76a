package mem

import (
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
)

// A block is cut when it holds twice the usual number of records, so that adding one by one makes no crumbs; and when
// its text grows large, because handing out one record opens the whole block.
const (
	blockRecords   = 64
	blockSizeBytes = 1 << 20
)

// block is some records that follow one another, compressed together. Immutable once it is placed.
type block struct {
	heads []head // in order; never empty
	data  []byte // the records' text one after another, zstd; nil if it lies in the file

	placed bool
	file   *os.File
	at     int64 // of its text in the file
	size   int
}

// Both work on whole blocks, keep nothing from call to call and may be used by several goroutines. There is one writer
// at a time and blocks are small, so one encoder with a small window will do; more would cost up to 18 MB.
var (
	encoder = must(zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(blockSizeBytes), zstd.WithLowerEncoderMem(true)))
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0)))
)

// must is for options that are constant: a wrong one shows in the first test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// pack makes blocks of entries in order.
func pack(entries []entry) (blocks []*block) {
	limit := blockRecords
	if len(entries) <= 2*blockRecords {
		limit = len(entries)
	}
	for len(entries) > 0 {
		n, size := 0, 0
		for n < min(limit, len(entries)) && (n == 0 || size+len(entries[n].json) <= blockSizeBytes) {
			size += len(entries[n].json)
			n++
		}
		blocks = append(blocks, newBlock(entries[:n], size))
		entries = entries[n:]
	}
	return blocks
}

func newBlock(entries []entry, size int) *block {
	b := &block{heads: make([]head, 0, len(entries))}
	text := make([]byte, 0, size)
	for _, e := range entries {
		e.at = uint32(len(text))
		text = append(text, e.json...)
		b.heads = append(b.heads, e.head)
	}
	b.data = append([]byte(nil), encoder.EncodeAll(text, nil)...) // without the slack of growing
	return b
}

// text opens the block into a buffer, which grows if it must.
func (b *block) text(buffer []byte) ([]byte, error) {
	data, err := b.packed()
	if err != nil {
		return nil, err
	}
	text, err := decoder.DecodeAll(data, buffer[:0])
	if err != nil {
		return nil, fault.New(fault.Corrupt, "open a block of %d records from %s: %v", len(b.heads), b.heads[0].id, err)
	}
	return text, nil
}

// packed is the text as it is kept.
func (b *block) packed() ([]byte, error) {
	if b.file == nil {
		return b.data, nil
	}
	data := make([]byte, b.size)
	if _, err := b.file.ReadAt(data, b.at); err != nil {
		return nil, fault.New(fault.Corrupt, "read a block of %d records from %s: %v", len(b.heads), b.heads[0].id, err)
	}
	return data, nil
}

// entries opens the block for a change.
func (b *block) entries() ([]entry, error) {
	text, err := b.text(nil)
	if err != nil {
		return nil, err
	}
	out := make([]entry, len(b.heads))
	for i, h := range b.heads {
		out[i] = entry{h, text[h.at : h.at+h.size]}
	}
	return out, nil
}
