package jobscmd

import (
	"bufio"
	"errors"
	"io"
	"os"

	"github.com/parley-hq/parley/internal/fault"
)

// spool holds the records of one page, each on a line, until the page is there as a whole. It lies on the disk: pages
// can be large. For one goroutine.
type spool struct {
	f       *os.File
	w       *bufio.Writer
	records int64
	err     error // the first failure, until begin
}

func newSpool() (*spool, error) {
	f, err := os.CreateTemp("", "parley-page-")
	if err != nil {
		return nil, unkept(err)
	}
	// Without a name it ends with the process, however that ends: nobody else shall find the records.
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &spool{f: f, w: bufio.NewWriterSize(f, 256<<10)}, nil
}

func (s *spool) close() error { return s.f.Close() }

// begin empties the spool, and returns the handler that adds records to it.
func (s *spool) begin() func(raw []byte) error {
	s.records = 0
	_, s.err = s.f.Seek(0, io.SeekStart)
	s.err = errors.Join(s.err, s.f.Truncate(0))
	s.w.Reset(s.f)
	return s.add
}

func (s *spool) add(raw []byte) error {
	if s.err != nil {
		return unkept(s.err)
	}
	s.w.Write(raw)
	s.records++
	s.err = s.w.WriteByte('\n')
	return unkept(s.err)
}

// rewind makes the spool ready to be read from its beginning.
func (s *spool) rewind() error {
	if s.err == nil {
		s.err = s.w.Flush()
	}
	if s.err == nil {
		_, s.err = s.f.Seek(0, io.SeekStart)
	}
	return unkept(s.err)
}

// unkept says which disk could not keep a page: it is not the one that the user looks at.
func unkept(err error) error {
	if err == nil {
		return nil
	}
	return fault.Because(fault.OfPath(err), err, "a page cannot be kept in %s; TMPDIR names another folder", os.TempDir())
}
