package stage

import (
	"bufio"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/s2"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/store"
)

// Pages need not come in order: each of a thousand may reach over the whole of its day, and a stream in order needs all
// of them at once. So that it holds few of them, those that are open are written together into a file of their own when
// they become too many, and read from there. What has been written together is written again only when as many others
// are as large.

// openAtOnce is how many chunks and files written together a stream has open; together is how many of them become one.
// Each costs some 0.6 MiB, and the heads of a chunk.
const (
	openAtOnce = 32
	together   = 16
)

// narrow makes room for one more reader, by writing the smallest together.
func (h *readers) narrow(ctx context.Context, s *Stage) error {
	if len(*h) < openAtOnce {
		return nil
	}
	all := slices.SortedFunc(slices.Values(*h), func(a, b *reader) int { return cmp.Compare(a.left(), b.left()) })
	few, rest := readers(all[:together]), readers(all[together:])
	*h = rest
	heap.Init(h)
	defer few.close()
	f, err := s.writeTogether(ctx, &few)
	if err != nil {
		return err
	}
	return h.push(f)
}

// writeTogether writes what some readers have yet into one file. Nothing has the file's name when it is open, so that nothing
// is left of it.
func (s *Stage) writeTogether(ctx context.Context, from *readers) (_ feed, err error) {
	defer fault.Wrap(&err, "staged pages cannot be written together")
	at := s.at.Join(fmt.Sprintf("together-%d-%s.s2", s.together.Add(1), s.writer))
	n, err := s.writeAll(ctx, at, from)
	if err != nil {
		return nil, err
	}
	o, err := s.store.Open(ctx, at)
	if err != nil {
		return nil, err
	}
	if err := s.store.Remove(ctx, at); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return &togetherFeed{run: s.run, file: o, texts: bufio.NewReader(unpacked(store.Reader(o))), n: n}, nil
}

func (s *Stage) writeAll(ctx context.Context, at store.Location, from *readers) (n int, err error) {
	w, err := s.store.Create(ctx, at, store.Replace)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	z := s2.NewWriter(w, s2.WriterConcurrency(1), s2.WriterBlockSize(textBlock))
	heap.Init(from)
	for ; from.Len() > 0; n++ {
		v, err := from.take()
		if err = errors.Join(err, ctx.Err()); err == nil {
			err = writeBeside(z, v)
		}
		if err != nil {
			_ = z.Close() // says the same again
			return 0, err
		}
	}
	if err := z.Close(); err != nil {
		return 0, err
	}
	return n, w.Publish()
}

// writeBeside writes a record's head, with its length, and its text.
func writeBeside(w io.Writer, v conversation.Version) error {
	h := appendHead(nil, v)
	if _, err := w.Write(append(binary.AppendUvarint(nil, uint64(len(h))), h...)); err != nil {
		return err
	}
	_, err := w.Write(v.JSON)
	return err
}

// togetherFeed reads records that were written together.
type togetherFeed struct {
	run   RunID
	file  io.Closer
	texts *bufio.Reader
	n     int // that are left
}

func (r *togetherFeed) next() (v conversation.Version, ok bool, err error) {
	if r.n == 0 {
		return v, false, nil
	}
	defer fault.Wrap(&err, "staged pages that were written together cannot be read")
	r.n--
	size, err := binary.ReadUvarint(r.texts)
	if err != nil {
		return v, false, err
	}
	packed := make([]byte, size)
	if _, err := io.ReadFull(r.texts, packed); err != nil {
		return v, false, err
	}
	h, _, err := cutHead(packed)
	if err != nil {
		return v, false, err
	}
	h.Run, h.JSON = string(r.run), make([]byte, h.size)
	_, err = io.ReadFull(r.texts, h.JSON)
	return h.Version, err == nil, err
}

func (r *togetherFeed) left() int { return r.n }

func (r *togetherFeed) close() { _ = r.file.Close() } // it was only read
