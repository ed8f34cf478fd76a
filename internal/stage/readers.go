package stage

import (
	"container/heap"
	"context"
	"io"

	"github.com/klauspost/compress/s2"

	"github.com/parley-hq/parley/internal/conversation"
)

// feed gives records in order.
type feed interface {
	// next gives the next record; there is none if ok is false.
	next() (v conversation.Version, ok bool, err error)
	// left is how many records it has yet, those among them that it passes over.
	left() int
	close()
}

// reader is a feed with the record that it gives next.
type reader struct {
	feed

	head conversation.Version
}

// readers is a heap, by their next record.
type readers []*reader

func (h *readers) Len() int { return len(*h) }
func (h *readers) Less(i, j int) bool {
	return conversation.Compare((*h)[i].head.Record, (*h)[j].head.Record) < 0
}
func (h *readers) Swap(i, j int) { (*h)[i], (*h)[j] = (*h)[j], (*h)[i] }
func (h *readers) Push(x any)    { *h = append(*h, x.(*reader)) }
func (h *readers) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

func (h *readers) add(ctx context.Context, b *Batch, c chunk) error {
	f, err := b.open(ctx, c)
	if err != nil {
		return err
	}
	return h.push(f)
}

// push takes a feed that has something in.
func (h *readers) push(f feed) error {
	v, more, err := f.next()
	if err != nil || !more {
		f.close()
		return err
	}
	heap.Push(h, &reader{f, v})
	return nil
}

// take gives the first record of all, and moves on.
func (h *readers) take() (conversation.Version, error) {
	first := (*h)[0]
	v := first.head
	next, more, err := first.next()
	switch {
	case err != nil:
	case more:
		first.head = next
		heap.Fix(h, 0)
	default:
		heap.Pop(h)
		first.close()
	}
	return v, err
}

func (h *readers) close() {
	for _, r := range *h {
		r.close()
	}
}

// chunkFeed reads one chunk.
type chunkFeed struct {
	of    chunk
	file  io.Closer
	texts *s2.Reader
	heads heads
	dead  map[int]bool
	line  int // of the next record
}

func (b *Batch) open(ctx context.Context, c chunk) (*chunkFeed, error) {
	f, err := b.stage.openChunk(ctx, c)
	if err != nil {
		return nil, err
	}
	return &chunkFeed{of: c, file: f, texts: unpacked(f.texts), heads: f.heads, dead: b.dead[c.n]}, nil
}

// unpacked reads what was packed in blocks of textBlock.
func unpacked(r io.Reader) *s2.Reader {
	return s2.NewReader(r, s2.ReaderMaxBlockSize(textBlock), s2.ReaderAllocBlock(textBlock))
}

// next reads the next living record.
func (r *chunkFeed) next() (conversation.Version, bool, error) {
	for {
		h, more, err := r.heads.next()
		if err != nil {
			return h.Version, false, damaged(r.of, err)
		}
		if !more {
			return h.Version, false, nil
		}
		dead := r.dead[r.line]
		r.line++
		text, err := r.text(h.size, dead)
		if err != nil {
			return h.Version, false, damaged(r.of, err)
		}
		if text != nil {
			h.JSON = text
			return h.Version, true, nil
		}
	}
}

// text reads the next text, or passes over it.
func (r *chunkFeed) text(size int, over bool) ([]byte, error) {
	if over {
		return nil, r.texts.Skip(int64(size))
	}
	text := make([]byte, size)
	_, err := io.ReadFull(r.texts, text)
	return text, err
}

func (r *chunkFeed) left() int { return r.of.size - r.line }

func (r *chunkFeed) close() { _ = r.file.Close() } // it was only read
