package lake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/test/unraced"
)

// largeRecord is a conversation with a note of so many bytes, which is in its segments too.
func largeRecord(n int, size int) conversation.Version {
	return record(fmt.Sprintf("large-%04d", n), day1.Add(time.Duration(n)*time.Second), strings.Repeat(fmt.Sprintf("%09d ", n), size/10))
}

// pagesOf gives the sizes of the pages of a column, uncompressed, and the rows of the row groups, as whoever keeps to the
// library's limits reads them.
func pagesOf(t *testing.T, path, column string) (pages []int64, groups []int64) {
	t.Helper()
	f, err := file.OpenParquetFile(path, false, file.WithReadProps(parquet.NewReaderProperties(memory.DefaultAllocator)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range f.NumRowGroups() {
		groups = append(groups, f.RowGroup(i).NumRows())
		r, err := f.RowGroup(i).GetColumnPageReader(f.MetaData().Schema.ColumnIndexByName(column))
		if err != nil {
			t.Fatal(err)
		}
		for r.Next() {
			if p, ok := r.Page().(file.DataPage); ok {
				pages = append(pages, int64(p.UncompressedSize()))
			}
		}
		if err := errors.Join(r.Err(), r.Close()); err != nil {
			t.Error(err)
		}
	}
	return pages, groups
}

// Records of a megabyte that follow one another lie in pages of few, in every table that has text of them, and in row
// groups that end by bytes.
func TestPagesAreCutByBytes(t *testing.T) {
	unraced.Test(t)
	const n, size = 80, 1 << 20
	l := newLake(t)
	var versions []conversation.Version
	for i := range n {
		versions = append(versions, largeRecord(i, size))
	}
	commit(t, l, Commit{Records: all(versions...)})
	newer := largeRecord(n/2, size)
	newer.Record = newer.WithText(bytes.ReplaceAll(newer.JSON, fmt.Appendf(nil, "%09d ", n/2), fmt.Appendf(nil, "%09d!", n/2)))
	newer.At = newer.At.Add(time.Hour)
	commit(t, l, Commit{Records: all(newer)})
	s := snapshot(t, l)
	for table, column := range map[tables.Table]string{tables.Conversations: "record", tables.Segments: "wrap_up_note", tables.Changes: "before"} {
		pages, groups := pagesOf(t, s.Files(table)[0].Path, column)
		for _, p := range pages {
			if p > tables.BytesAtOnce+size+48<<10+10_000 {
				t.Errorf("%s: a page of %s has %d bytes", table, column, p)
			}
		}
		if table != tables.Changes && (len(pages) < n/8 || len(groups) < 2) {
			t.Errorf("%s: %d pages in groups of %v rows", table, len(pages), groups)
		}
	}
	if got := contents(t, l); len(got) != n || got[n/2] != string(newer.JSON) || got[n-1] != string(versions[n-1].JSON) {
		t.Error("what is read is not what was written")
	}
	if r := mustCheck(t, l); r.Oversized != 0 {
		t.Errorf("got %+v", r)
	}
}

// padded is a conversation of so many bytes, which are in its record only.
func padded(n int, size int) conversation.Version {
	v := record(fmt.Sprintf("padded-%d", n), day1.Add(time.Duration(n)*time.Second), "")
	v.Record = v.WithText(append(v.JSON[:len(v.JSON)-1], `,"x":"`+strings.Repeat("x", size)+`"}`...))
	return v
}

// asBefore writes conversations as an earlier parley did: as many records in a column page as there are.
func asBefore(t *testing.T, f datafile.File, versions ...conversation.Version) {
	t.Helper()
	out, err := f.Store.Create(t.Context(), f.At, store.New)
	if err != nil {
		t.Fatal(err)
	}
	props := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDictionaryDefault(false),
		parquet.WithPageIndexEnabled(true), parquet.WithDataPageSize(1<<30))
	w, err := pqarrow.NewFileWriter(tables.Schema(tables.Conversations), struct{ io.Writer }{out}, props, pqarrow.NewArrowWriterProperties())
	if err != nil {
		t.Fatal(err)
	}
	s := tables.NewShredder(memory.DefaultAllocator, tables.Deriving{}, func(table tables.Table, rows arrow.RecordBatch) {
		defer rows.Release()
		if table != tables.Conversations {
			return
		}
		if err := w.WriteBuffered(rows); err != nil {
			t.Fatal(err)
		}
	})
	for _, v := range versions {
		s.Add(v)
	}
	s.Flush()
	if err := errors.Join(w.Close(), out.Commit()); err != nil {
		t.Fatal(err)
	}
}

// A day whose records lie in a page that the library refuses can be read, is named by the check, and is written again.
func TestPageThatIsTooLarge(t *testing.T) {
	unraced.Test(t)
	defer debug.SetGCPercent(debug.SetGCPercent(10)) // it takes a gigabyte as it is
	l := newLake(t)
	var versions []conversation.Version
	for i := range 5 {
		versions = append(versions, padded(i, 52<<20))
	}
	f := &forger{t: t, l: l, versions: versions, late: asBefore, alter: of(tables.Conversations, func(arrow.RecordBatch) []arrow.RecordBatch { return nil })}
	f.take(conversation.DayOf(day1))
	path := snapshot(t, l).Files(tables.Conversations)[0].Path
	refused := func() bool {
		f, err := file.OpenParquetFile(path, false, file.WithReadProps(parquet.NewReaderProperties(memory.DefaultAllocator)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := f.RowGroup(0).GetColumnPageReader(f.MetaData().Schema.ColumnIndexByName("record"))
		if err != nil {
			t.Fatal(err)
		}
		return !r.Next() && r.Err() != nil
	}
	if !refused() {
		t.Fatal("the library reads the page: nothing is shown")
	}
	r, err := new(datafile.Footers).Open(t.Context(), snapshot(t, l).Files(tables.Conversations)[0])
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.Read(1, 3); err != nil || !bytes.Equal(got[0].JSON, versions[1].JSON) || !bytes.Equal(got[1].JSON, versions[3].JSON) {
		t.Errorf("got %d records and %v", len(got), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	report := mustCheck(t, l)
	if report.Oversized != 1 || len(report.Worn()) != 1 {
		t.Errorf("got %+v", report)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n, err := w.Mend(t.Context(), "mend", day1, report.Worn()); err != nil || n != 1 {
		t.Fatalf("mended %d days, %v", n, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	path = snapshot(t, l).Files(tables.Conversations)[0].Path
	if refused() {
		t.Error("the library still refuses the page")
	}
	if report := mustCheck(t, l); report.Oversized != 0 || report.Conversations != 5 || len(report.Worn()) != 0 {
		t.Errorf("got %+v", report)
	}
}

// What may not be committed is not: a file that cannot be read back.
func TestUnreadableFileIsNotCommitted(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	want := contents(t, l)
	for _, table := range []tables.Table{tables.Conversations, tables.Attributes, tables.Segments} {
		useDisk(t, spoiler{table: table})
		err := tryCommit(t, l, record("b", day1, "y"))
		onDisk = folder.OS{}
		if !errors.Is(err, fault.Corrupt) {
			t.Errorf("%s: got %v", table, err)
		}
		if got := contents(t, l); len(got) != 1 || got[0] != want[0] {
			t.Errorf("%s: the lake has changed", table)
		}
	}
	if r := mustCheck(t, l); r.Unreferenced != 0 || r.Unsettled != 0 {
		t.Errorf("got %+v", r)
	}
}

// spoiler is a disk that changes some bytes of each data file of a table when it is closed.
type spoiler struct {
	folder.OS
	table tables.Table
}

func (d spoiler) Create(path string) (folder.File, error) {
	f, err := d.OS.Create(path)
	if err != nil || filepath.Ext(path) != ".parquet" || !strings.Contains(path, string(d.table)) {
		return f, err
	}
	return spoiled{f}, nil
}

type spoiled struct{ folder.File }

func (f spoiled) Close() error {
	_, err := f.File.(*os.File).WriteAt([]byte("xxxxxxxxxxxxxxxxxxxxxxxx"), 40)
	return errors.Join(err, f.File.Close())
}
