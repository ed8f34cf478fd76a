package rowscmd

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
)

// standing is how far the rows of a request are written: what lies beside a file that is not whole yet.
type standing struct {
	Asks  string `json:"asks"`
	ID    string `json:"queryId"`
	Token string `json:"pageToken"` // of the first page that is not written
	Bytes int64  `json:"bytes"`     // of the file that count
	Rows  int64  `json:"rows"`
}

// page reads the page that comes next into a sink, as a whole or not at all, and says whether it was the last.
func (r *reader) page(ctx context.Context, s *standing, to sink) (last bool, err error) {
	page, err := r.client.RowPage(ctx, s.ID, s.Token, r.o.PageSize)
	if err != nil {
		return false, err
	}
	for _, row := range page.Rows {
		if err := to.row(row); err != nil {
			return false, err
		}
	}
	s.Token, s.Rows = page.Next, s.Rows+int64(len(page.Rows))
	return page.Next == "", nil
}

// toStream writes all rows to a stream.
func (r *reader) toStream(ctx context.Context, out io.Writer) (rows int64, err error) {
	s := standing{}
	if s.ID, err = r.submitted(ctx); err != nil {
		return 0, err
	}
	status, err := r.client.AwaitReport(ctx, s.ID)
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriterSize(out, 256<<10)
	to := r.o.sinkTo(w, false)
	for last := false; !last; {
		if last, err = r.page(ctx, &s, to); err == nil {
			err = w.Flush()
		}
		if err != nil {
			return s.Rows, err
		}
	}
	return s.Rows, errors.Join(leftOut(status), r.client.DeleteReport(ctx, s.ID))
}

// toFile writes all rows to a file beside its place, goes on with one that an earlier run has begun, and moves it there when it is
// whole.
func (r *reader) toFile(ctx context.Context) (err error) {
	part, note := r.o.Out+".part", r.o.Out+".part.json"
	f, err := private.Open(part, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return fault.AtPath(err, "%s cannot be written; --out names another path", part)
	}
	defer func() { err = errors.Join(err, closed(f)) }()
	s, resumed, err := r.begun(ctx, note)
	if err != nil {
		return err
	}
	status, err := r.client.AwaitReport(ctx, s.ID)
	if errors.Is(err, fault.NotFound) && resumed { // it has expired since
		return errors.Join(fault.Because(fault.Expired, err, "the report that %s goes on with is gone; run again to begin anew", part), os.Remove(note))
	}
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(s.Bytes), seek(f, s.Bytes)); err != nil {
		return err
	}
	if err := r.fill(ctx, f, &s, note); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(part, r.o.Out), os.Remove(note)); err != nil {
		return fault.AtPath(err, "%s cannot be written; --out names another path", r.o.Out)
	}
	return errors.Join(r.o.told(s.Rows), leftOut(status), r.client.DeleteReport(ctx, s.ID))
}

// begun is where an earlier run of the same request stands, or the beginning of a new report.
func (r *reader) begun(ctx context.Context, note string) (s standing, resumed bool, err error) {
	text, err := os.ReadFile(note)
	if err == nil && json.Unmarshal(text, &s) == nil && s.Asks == r.asks() {
		r.o.Streams.Notef("Going on behind %s.\n", ui.Counted(s.Rows, "row", "rows"))
		return s, true, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return s, false, fault.AtPath(err, "%s cannot be read; remove it to begin anew", note)
	}
	s = standing{Asks: r.asks()}
	if s.ID, err = r.submitted(ctx); err != nil {
		return s, false, err
	}
	return s, false, s.note(note)
}

// fill writes the pages that are not written yet. Each is in the file before it is noted: noted first, a power cut would leave a
// hole that nobody sees.
func (r *reader) fill(ctx context.Context, f *os.File, s *standing, note string) error {
	w := bufio.NewWriterSize(f, 256<<10)
	to := r.o.sinkTo(w, s.Rows > 0)
	if s.Rows > 0 && s.Token == "" {
		return nil // the last page was written, and the file not moved
	}
	progress := r.o.Streams.Progress()
	defer progress.Clear()
	for last := false; !last; {
		var err error
		if last, err = r.page(ctx, s, to); err != nil {
			return err
		}
		if err := errors.Join(w.Flush(), f.Sync()); err != nil {
			return err
		}
		if s.Bytes, err = f.Seek(0, io.SeekCurrent); err != nil {
			return err
		}
		if err := s.note(note); err != nil {
			return err
		}
		progress.Show("reading", s.Rows, 0, "rows")
	}
	return nil
}

// note writes down where the rows stand, as a whole or not at all.
func (s *standing) note(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := private.WriteFile(path+".new", text); err != nil {
		return fault.AtPath(err, "%s cannot be written; --out names another path", path)
	}
	return os.Rename(path+".new", path)
}

func seek(f *os.File, to int64) error {
	_, err := f.Seek(to, io.SeekStart)
	return err
}

// closed closes a file that may be closed already.
func closed(f *os.File) error {
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
