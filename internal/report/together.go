package report

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/parley-hq/parley/internal/private"
)

// spoolBytes is how much of the rows of groups is in memory before it goes to the disk.
const spoolBytes = 16 << 20

// spool keeps rows by group until all have come: those that came last in memory, the others in a file that is gone with it.
type spool struct {
	file   *os.File
	dir    string
	end    int64
	held   int // bytes in memory
	most   int // of them
	groups map[string]*gathered
}

// gathered is the rows of a group, each behind its length.
type gathered struct {
	values  []any
	extents []extent // on the disk, in order
	rows    []byte   // behind those
}

type extent struct{ from, length int64 }

// together yields rows so that those of a group follow one another, groups in the order of their values, and within a group in
// the order in which they come.
func (r *Request) together(p *plan, rows iter.Seq2[[]any, error]) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := &spool{most: spoolBytes, groups: map[string]*gathered{}}
		defer s.remove()
		if err := r.gather(s, p, rows); err != nil {
			yield(nil, err)
			return
		}
		for row, err := range s.sorted() {
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// sorted yields the rows of group after group, in the order of the groups' values.
func (s *spool) sorted() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, g := range slices.SortedFunc(maps.Values(s.groups), func(a, b *gathered) int { return compareAll(a.values, b.values) }) {
			for row, err := range s.of(g) {
				if !yield(row, err) || err != nil {
					return
				}
			}
		}
	}
}

func (r *Request) gather(s *spool, p *plan, rows iter.Seq2[[]any, error]) error {
	w, places := newWriter(p, r.Selection), places(p, r.Group)
	var key []byte
	for row, err := range rows {
		if err != nil {
			return err
		}
		key = keyOf(key[:0], row, places)
		g := s.groups[string(key)]
		if g == nil {
			if len(s.groups) == maxGroups {
				return r.tooMany()
			}
			g = &gathered{values: taken(row, places)}
			s.groups[string(key)] = g
		}
		if err := s.add(g, w.row(row)); err != nil {
			return err
		}
	}
	return nil
}

func (s *spool) add(g *gathered, row []byte) error {
	before := len(g.rows)
	g.rows = append(binary.AppendUvarint(g.rows, uint64(len(row))), row...)
	if s.held += len(g.rows) - before; s.held < s.most {
		return nil
	}
	return s.flush()
}

// flush moves all rows in memory to the disk.
func (s *spool) flush() error {
	if s.file == nil {
		if err := s.open(); err != nil {
			return err
		}
	}
	out := bufio.NewWriterSize(s.file, 1<<20)
	for _, g := range s.groups {
		if len(g.rows) == 0 {
			continue
		}
		if _, err := out.Write(g.rows); err != nil {
			return err
		}
		g.extents = append(g.extents, extent{s.end, int64(len(g.rows))})
		s.end += int64(len(g.rows))
		g.rows = nil
	}
	s.held = 0
	return out.Flush()
}

func (s *spool) open() (err error) {
	if s.dir, err = private.Temp("groups"); err != nil {
		return err
	}
	s.file, err = private.Open(filepath.Join(s.dir, "rows"), os.O_RDWR|os.O_CREATE|os.O_EXCL)
	return err
}

func (s *spool) remove() {
	if s.file != nil {
		_ = s.file.Close() // nothing of it is read any more
	}
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // else the next program does it
	}
}

// of yields the rows of a group.
func (s *spool) of(g *gathered) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		parts := make([]io.Reader, 0, len(g.extents)+1)
		for _, e := range g.extents {
			parts = append(parts, io.NewSectionReader(s.file, e.from, e.length))
		}
		in := bufio.NewReader(io.MultiReader(append(parts, bytes.NewReader(g.rows))...))
		var row []byte
		for {
			length, err := binary.ReadUvarint(in)
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil {
				row = slices.Grow(row[:0], int(length))[:length]
				_, err = io.ReadFull(in, row)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
