package job

import (
	"bufio"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"iter"
	"runtime"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// A skippable frame begins with its magic number and the length of what follows, in little-endian order.
const (
	skippableMagic = 0x184D2A50
	skippableHead  = 8
)

// filled is a block on its way to the file.
type filled struct {
	records int64
	lengths []byte
	raw     []byte
	packed  chan []byte // gives the compressed text when it is done
}

// resultsWriter gathers records into blocks. Blocks are compressed side by side, and written in their order.
type resultsWriter struct {
	out     *bufio.Writer
	zstd    *zstd.Encoder
	block   *filled
	packing []*filled // oldest first
	index   []byte
	size    Size
}

// packAtOnce is how many blocks are compressed while records go on coming: all cores are kept busy, and memory holds no
// more than this many blocks.
func packAtOnce() int { return runtime.GOMAXPROCS(0) + 1 }

// writeResults writes a results file to f. It stops at the first error of the texts, and with fault.TooLarge
// when they come to more than most bytes.
func writeResults(f io.Writer, texts iter.Seq2[[]byte, error], most int64) (Size, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(packAtOnce()))
	if err != nil {
		return Size{}, err
	}
	w := &resultsWriter{out: bufio.NewWriterSize(f, 256<<10), zstd: encoder, block: &filled{}}
	err = w.write(texts, most)
	return w.size, errors.Join(err, w.end(err))
}

// textsOf gives the texts of records, as jobs have them.
func textsOf(records iter.Seq2[conversation.Record, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for r, err := range records {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(wire.CutAttributes(r.JSON), nil) {
				return
			}
		}
	}
}

func (w *resultsWriter) write(texts iter.Seq2[[]byte, error], most int64) error {
	for record, err := range texts {
		if err != nil {
			return err
		}
		if w.size.Bytes += int64(len(record)); w.size.Bytes > most {
			return tooMuch(most)
		}
		if err := w.add(record); err != nil {
			return err
		}
	}
	return nil
}

// tooMuch is the failure of a job that finds more than one job may. What it finds is known only while it runs, so that
// the submission cannot be refused.
func tooMuch(most int64) error {
	return &fault.Error{
		Kind: fault.TooLarge, Limit: &fault.Limit{Key: limitBytes, Namespace: "analytics.data.extraction", Value: int(most)},
		Message: "The results are over the limit " + limitBytes + " of " + formatInt(most) + " bytes; ask for a shorter interval, filter, or give a limit",
	}
}

func (w *resultsWriter) add(record []byte) error {
	b := w.block
	if b.records > 0 {
		b.raw = append(b.raw, ',')
	}
	b.raw = append(b.raw, record...)
	b.lengths = binary.AppendUvarint(b.lengths, uint64(len(record)))
	b.records++
	if b.records < blockRecords && len(b.raw) < blockBytes {
		return nil
	}
	return w.pack()
}

// pack has the block compressed, and writes the oldest one when enough are on their way.
func (w *resultsWriter) pack() error {
	b := w.block
	if b.records == 0 {
		return nil
	}
	b.packed = make(chan []byte, 1)
	go func() { b.packed <- w.zstd.EncodeAll(b.raw, nil) }()
	w.packing, w.block = append(w.packing, b), &filled{raw: make([]byte, 0, cap(b.raw))}
	if len(w.packing) <= packAtOnce() {
		return nil
	}
	return w.writeOldest()
}

func (w *resultsWriter) writeOldest() error {
	b := w.packing[0]
	w.packing = w.packing[1:]
	sum := crc32.Checksum(b.lengths, castagnoli)
	lengths, records := skippable(binary.BigEndian.AppendUint32(b.lengths, sum)), <-b.packed
	for _, n := range []int64{w.size.Records, w.size.Stored, w.size.Stored + int64(len(lengths))} {
		w.index = binary.BigEndian.AppendUint64(w.index, uint64(n))
	}
	w.size.Records += b.records
	w.size.Stored += int64(len(lengths) + len(records))
	w.out.Write(lengths)
	_, err := w.out.Write(records)
	return err
}

// skippable is a frame that zstd passes over.
func skippable(text []byte) []byte {
	frame := binary.LittleEndian.AppendUint32(nil, skippableMagic)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(text)))
	return append(frame, text...)
}

// end writes what is left, and the index; after a failure it only waits for what is on its way.
func (w *resultsWriter) end(failed error) error {
	if failed != nil {
		for _, b := range w.packing {
			<-b.packed
		}
		return nil
	}
	err := w.pack()
	for err == nil && len(w.packing) > 0 {
		err = w.writeOldest()
	}
	if err != nil {
		return errors.Join(err, w.end(err))
	}
	index := binary.BigEndian.AppendUint64(w.index, uint64(w.size.Records))
	index = binary.BigEndian.AppendUint64(index, uint64(w.size.Stored))
	index = binary.BigEndian.AppendUint32(index, crc32.Checksum(index, castagnoli))
	index = skippable(append(index, resultsMagic...))
	w.size.Stored += int64(len(index))
	w.out.Write(index)
	return w.out.Flush()
}
