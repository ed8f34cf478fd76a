package job

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/fault"
)

// A good file of another job, put by hand under the name of this one, is not served as its results.
func TestResultsOfAnotherJobAreNotServed(t *testing.T) {
	m, id := fulfilled(t, someRecords(5), 0)
	other := submit(t, m, 3)
	run(t, m, take(t, m))
	theirs, err := os.ReadFile(resultsPath(m, other))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(resultsPath(m, id), theirs, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = m.Results(t.Context(), me, id, "", 10)
	wantKind(t, err, fault.Corrupt)
	read(t, m, other, "", 10)
}

// A job whose file somebody has removed is still there. Who asks for its results is told what to do.
func TestResultsThatWereRemovedByHand(t *testing.T) {
	m, id := fulfilled(t, someRecords(5), 0)
	if err := os.Remove(resultsPath(m, id)); err != nil {
		t.Fatal(err)
	}
	_, err := m.Results(t.Context(), me, id, "", 10)
	wantKind(t, err, fault.NotFound)
	if err == nil || !strings.Contains(err.Error(), "submit the query again") {
		t.Errorf("got %v", err)
	}
	wantState(t, m, id, Fulfilled)
}

// forged is a file of any length, of which only the end is held. It refuses to be read in large pieces.
type forged struct {
	size int64
	end  []byte
}

func (f forged) Size() int64  { return f.size }
func (f forged) Close() error { return nil }

var errLarge = errors.New("a large piece is asked for")

func (f forged) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > lastBytes {
		return 0, errLarge
	}
	clear(p)
	if from := off - (f.size - int64(len(f.end))); from < 0 {
		copy(p[min(int64(len(p)), -from):], f.end)
	} else {
		copy(p, f.end[from:])
	}
	return len(p), nil
}

// endOf is the end of a results file with an index of these blocks, which is sound by itself.
func endOf(records, end uint64, blocks ...uint64) []byte {
	var text []byte
	for _, n := range append(blocks, records, end) {
		text = binary.BigEndian.AppendUint64(text, n)
	}
	text = binary.BigEndian.AppendUint32(text, crc32.Checksum(text, castagnoli))
	return append(skippable(text), resultsMagic...)
}

// What an index says is not believed before it fits the size that was written: neither memory nor time go into it.
func TestForgedIndexes(t *testing.T) {
	decoder, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	const large = 100 << 30
	written := Size{Records: 10, Bytes: 1000, Stored: large}
	for name, end := range map[string][]byte{
		"the whole file is the index": endOf(10, large-skippableHead-uint64(trailerSize)-24*1_000_000_000),
		"ends behind the file":        endOf(10, 1<<62),
		"ends behind all numbers":     endOf(10, 1<<63-4),
		"more records":                endOf(11, large-skippableHead-uint64(trailerSize)-24, 0, 0, 8),
		"begins later":                endOf(10, large-skippableHead-uint64(trailerSize)-24, 3, 0, 8),
		"records before lengths":      endOf(10, large-skippableHead-uint64(trailerSize)-24, 0, 8, 0),
		"behind its end":              endOf(10, large-skippableHead-uint64(trailerSize)-24, 0, 8, large),
		"negative":                    endOf(10, large-skippableHead-uint64(trailerSize)-24, 0, 1<<63, 1<<63),
		"no block":                    endOf(10, large-skippableHead-uint64(trailerSize)),
	} {
		if _, err := readResults(forged{large, end}, decoder, written, &known{}); !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	one := forged{large, endOf(10, large-skippableHead-uint64(trailerSize)-24, 0, 0, 8)}
	r, err := readResults(one, decoder, written, &known{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.text(0, 0, 10); !errors.Is(err, fault.Corrupt) {
		t.Errorf("a block of 100 GB: %v", err)
	}
	if _, err := one.ReadAt(make([]byte, 2*lastBytes), 0); !errors.Is(err, errLarge) || errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
}
