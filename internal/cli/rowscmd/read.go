package rowscmd

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/parley-hq/parley/client"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/report"
)

// standing is how far the rows of a request are written: what lies beside a file that is not whole yet.
type standing struct {
	Asks  string `json:"asks"`
	ID    string `json:"queryId"`
	Token string `json:"pageToken"` // of the first page that is not written
	Done  bool   `json:"done"`      // there is no such page
	Bytes int64  `json:"bytes"`     // of the file that count
	Rows  int64  `json:"rows"`
}

// page reads the page that comes next into a sink, as a whole or not at all. Of all there can be so many rows.
func (r *reader) page(ctx context.Context, s *standing, most int64, to sink) error {
	page, err := r.client.RowPage(ctx, s.ID, s.Token, r.o.PageSize)
	if errors.Is(err, fault.NotFound) { // the server has forgotten the report
		return ended{err}
	}
	if err != nil {
		return err
	}
	for _, row := range page.Rows {
		if err := to.row(row); err != nil {
			return err
		}
	}
	s.Token, s.Done, s.Rows = page.Next, page.Next == "", s.Rows+int64(len(page.Rows))
	// A server whose pages lead to one another would otherwise be read for ever.
	if s.Rows > most || len(page.Rows) == 0 && !s.Done {
		return ended{fault.New(fault.Corrupt, "the pages of report %s lead nowhere: they have more rows than it counts, or one is empty and not the last", s.ID)}
	}
	return nil
}

// most is how many rows a report can have.
func most(status client.Report) int64 {
	if status.Rows < 0 {
		return report.MaxRows
	}
	return status.Rows
}

// whole refuses rows that are not all that the report counts.
func (s *standing) whole(status client.Report) error {
	if status.Rows >= 0 && status.Rows != s.Rows {
		return ended{fault.New(fault.Corrupt, "report %s counts %s, and its pages have %d; run again", s.ID, ui.Counted(status.Rows, "row", "rows"), s.Rows)}
	}
	return nil
}

// toStream writes all rows to a stream. A report that is not read to its end is of no use to anybody.
func (r *reader) toStream(ctx context.Context, out io.Writer) error {
	s := standing{}
	var err error
	if s.ID, err = r.submitted(ctx); err != nil {
		return err
	}
	defer r.giveUp(ctx, s.ID)
	status, err := r.await(ctx, s.ID)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(out, 256<<10)
	to := r.o.sinkTo(w, r.members)
	err = to.head()
	for err == nil && !s.Done {
		err = errors.Join(r.page(ctx, &s, most(status), to), w.Flush())
	}
	return cmp.Or(err, s.whole(status), leftOut(status))
}

// giveUp deletes a report that is not needed any more. What the server says to that is no reason to doubt the rows: it deletes it itself
// later.
func (r *reader) giveUp(ctx context.Context, id string) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer stop()
	if err := r.client.DeleteReport(ctx, id); err != nil {
		r.o.Streams.Log().InfoContext(ctx, "a report could not be deleted", "report", id, "err", err)
	}
}

// parting is how long the deletion of a report may hold up the end of the command.
const parting = 10 * time.Second

// file is the file that is written, beside its place until it is whole.
type file struct {
	*os.File

	out, part, note string
}

// toFile writes all rows to a file beside its place, goes on with one that an earlier run has begun, and moves it there when it is
// whole.
func (r *reader) toFile(ctx context.Context) (err error) {
	if info, err := os.Stat(r.o.Out); err == nil && info.IsDir() {
		return fault.Field("--out", "%s is a folder; --out names a file", r.o.Out)
	}
	turn, err := export.TakeTurn(r.o.Out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, turn.End()) }()
	f := &file{out: r.o.Out, part: r.o.Out + ".part", note: r.o.Out + ".part.json"}
	s, resumed, err := r.begun(ctx, f)
	if err != nil {
		return err
	}
	status, err := r.await(ctx, s.ID)
	if errors.Is(err, fault.NotFound) && resumed { // it has expired since
		err = ended{fault.Because(fault.Expired, err, "the report that %s goes on with is gone; run again to begin anew", f.part)}
	}
	if err == nil {
		err = r.complete(ctx, f, &s, status)
	}
	if _, is := errors.AsType[ended](err); is {
		return errors.Join(err, os.Remove(f.note)) // the next run begins anew
	}
	if err != nil {
		return err
	}
	r.giveUp(ctx, s.ID)
	return errors.Join(r.o.told(s.Rows), leftOut(status))
}

// complete writes what the file lacks of a report, and moves it to its place.
func (r *reader) complete(ctx context.Context, f *file, s *standing, status client.Report) (err error) {
	if err := f.from(s.Bytes); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := r.fill(ctx, f, s, most(status)); err != nil {
		return err
	}
	if err := s.whole(status); err != nil {
		return err
	}
	return f.publish()
}

// begun is where an earlier run of the same request stands, or the beginning of a new report.
func (r *reader) begun(ctx context.Context, f *file) (s standing, resumed bool, err error) {
	text, err := os.ReadFile(f.note)
	if err == nil && json.Unmarshal(text, &s) == nil && s.Asks == r.asks() {
		if !f.has(s.Bytes) { // it was moved to its place, or taken away, or cut: its report has all rows
			s = standing{Asks: s.Asks, ID: s.ID}
		}
		r.o.Streams.Notef("Going on behind %s.\n", ui.Counted(s.Rows, "row", "rows"))
		return s, true, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return s, false, fault.AtPath(err, "%s cannot be read; remove it to begin anew", f.note)
	}
	s = standing{Asks: r.asks()}
	if s.ID, err = r.submitted(ctx); err != nil {
		return s, false, err
	}
	return s, false, s.save(f.note)
}

// has says whether the file has so many bytes at least.
func (f *file) has(bytes int64) bool {
	info, err := os.Stat(f.part)
	return bytes == 0 || err == nil && bytes > 0 && info.Size() >= bytes
}

// from opens the file so that it has so many bytes, and what is written comes behind them.
func (f *file) from(bytes int64) (err error) {
	if f.File, err = private.Open(f.part, os.O_RDWR|os.O_CREATE); err != nil {
		return fault.AtPath(err, "%s cannot be written; --out names another path", f.part)
	}
	_, err = f.Seek(bytes, io.SeekStart)
	if err := errors.Join(err, f.Truncate(bytes)); err != nil {
		return errors.Join(err, f.Close())
	}
	return nil
}

// publish moves the file to its place, and removes its note. Killed in between, the next run finds a note without a file, and reads the
// report once more.
func (f *file) publish() error {
	err := os.Rename(f.part, f.out)
	if err == nil {
		err = synced(filepath.Dir(f.out))
	}
	return fault.AtPath(errors.Join(err, os.Remove(f.note)), "%s cannot be written; --out names another path", f.out)
}

// synced makes the names in a folder durable.
func synced(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// fill writes the pages that are not written yet. Each is in the file before it is noted: noted first, a power cut would leave a
// hole that nobody sees.
func (r *reader) fill(ctx context.Context, f *file, s *standing, most int64) error {
	progress := r.o.Streams.Progress()
	defer progress.Clear()
	for !s.Done {
		if err := r.append(ctx, f, s, most); err != nil {
			return err
		}
		if err := s.save(f.note); err != nil {
			return err
		}
		progress.Show("reading", s.Rows, most, "rows")
	}
	return nil
}

// append adds a page to the file, compressed by itself if the name says so, and makes it durable.
func (r *reader) append(ctx context.Context, f *file, s *standing, most int64) error {
	packed, err := export.Packer(f.out, f.File)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(packed, 256<<10)
	to := r.o.sinkTo(w, r.members)
	if s.Bytes == 0 {
		err = to.head()
	}
	if err == nil {
		err = r.page(ctx, s, most, to)
	}
	if err := errors.Join(err, w.Flush(), packed.Close()); err != nil {
		return fullAt(f.part, err)
	}
	if err := f.Sync(); err != nil {
		return fullAt(f.part, err)
	}
	s.Bytes, err = f.Seek(0, io.SeekCurrent)
	return err
}

// fullAt says of a full disk which file it was, and that the rows that are written stay.
func fullAt(path string, err error) error {
	if !fault.IsFull(err) {
		return err
	}
	return fault.Because(fault.Full, err, "%s cannot be written; make room and run again, it goes on where it was", path)
}

// save writes down where the rows stand, as a whole or not at all.
func (s *standing) save(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := private.WriteFile(path+".new", text); err != nil {
		return fullAt(path, fault.AtPath(err, "%s cannot be written; --out names another path", path))
	}
	return os.Rename(path+".new", path)
}
