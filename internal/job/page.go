package job

import (
	"io"
	"strconv"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/meter"
)

func formatInt(n int64) string { return strconv.FormatInt(n, 10) }

// Page is a run of results, open for reading. For one goroutine. It stays readable when the job is deleted meanwhile.
type Page struct {
	entry    entry
	results  *results
	meter    *meter.Meter
	from, to int64
	cursor   string // of the page that follows; empty on the last
	frame    Frame
}

// Frame is what stands around the results of a page.
type Frame struct{ Head, Tail string }

func (m *Manager) page(e entry, r *results, from int64, size int) *Page {
	from = min(from, r.records)
	p := &Page{entry: e, results: r, meter: m.cfg.Meter, from: from, to: from + min(int64(size), r.records-from)}
	if p.to < r.records {
		p.cursor = m.seal.seal(e, p.to)
	}
	p.frame = p.details()
	return p
}

// Within has the page written within a frame in place of that of details.
func (p *Page) Within(f Frame) { p.frame = f }

// Next is the cursor of the page that follows; empty on the last.
func (p *Page) Next() string { return p.cursor }

// Missing gives the days that the job touched and that had never come into the data when it ran.
func (p *Page) Missing() []conversation.Days { return p.entry.missing }

// details is the platform's frame: behind the conversations the cursor, unless it is the last page; dataAvailabilityDate of the
// moment the job ran.
func (p *Page) details() Frame {
	tail := `],"dataAvailabilityDate":"` + conversation.FormatTime(p.entry.available) + `"}`
	if p.cursor != "" {
		tail = `],"cursor":"` + p.cursor + `"` + tail[1:]
	}
	return Frame{`{"conversations":[`, tail}
}

// Stream writes the page as the platform does. Records are copied as they were stored. After an error what was written
// is incomplete and must not pass for a page.
func (p *Page) Stream(w io.Writer) error {
	if _, err := io.WriteString(w, p.frame.Head); err != nil {
		return err
	}
	err := p.blocks(func(i int, _ bool) error {
		text, err := p.results.text(i, p.from, p.to)
		if err != nil {
			return err
		}
		return p.write(w, i, text)
	})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, p.frame.Tail)
	return err
}

func (p *Page) write(w io.Writer, i int, text []byte) error {
	if p.results.blocks[i].first > p.from {
		if _, err := io.WriteString(w, ","); err != nil {
			return err
		}
	}
	_, err := w.Write(text)
	return err
}

// blocks goes through the blocks of which the page has records, and says whether it has all of them.
func (p *Page) blocks(each func(i int, whole bool) error) error {
	for i, next := p.results.blockOf(p.from), p.from; next < p.to; i++ {
		first, last, _, _, err := p.results.span(i)
		if err != nil {
			return err
		}
		if err := each(i, first >= p.from && last <= p.to); err != nil {
			return err
		}
		p.meter.Served(min(last, p.to) - next)
		next = last
	}
	return nil
}

// packer compresses what stands between blocks, and parts of blocks.
var packer = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
})

// StreamZstd writes the page as Stream does, compressed: a sequence of zstd frames. Blocks are copied as they lie in
// the file. Whoever decompresses them checks their checksums.
func (p *Page) StreamZstd(w io.Writer) error {
	encoder, err := packer()
	if err != nil {
		return err
	}
	pack := func(text []byte) error {
		_, err := w.Write(encoder.EncodeAll(text, nil))
		return err
	}
	if err := pack([]byte(p.frame.Head)); err != nil {
		return err
	}
	err = p.blocks(func(i int, whole bool) error {
		if p.results.blocks[i].first > p.from {
			if err := pack([]byte(",")); err != nil {
				return err
			}
		}
		if whole {
			return p.copy(w, i)
		}
		text, err := p.results.text(i, p.from, p.to)
		if err != nil {
			return err
		}
		return pack(text)
	})
	if err != nil {
		return err
	}
	return pack([]byte(p.frame.Tail))
}

// copy writes the records of a block as they lie in the file.
func (p *Page) copy(w io.Writer, i int) error {
	_, _, from, to, err := p.results.span(i)
	if err != nil {
		return err
	}
	n, err := io.Copy(w, io.NewSectionReader(p.results.file, from, to-from)) // a bucket reads ahead
	if err == nil && n < to-from {
		err = damaged("is too short")
	}
	return err
}

// Close gives back what the page holds.
func (p *Page) Close() error { return p.results.close() }
