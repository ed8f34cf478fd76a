package datafile

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"golang.org/x/sync/errgroup"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/wire"
)

// made is a conversation with a note. Every third has no end.
func made(t *testing.T, n int, note string) conversation.Version {
	t.Helper()
	start, end := day1.Add(time.Duration(n)*time.Second), "conversationEnd"
	if n%3 == 1 {
		end = "conversationAnd"
	}
	text := fmt.Sprintf(`{%q:%q,"conversationId":"id-%04d","conversationStart":%q,"participants":[],"note":%q}`,
		end, conversation.FormatTime(start.Add(time.Minute)), n, conversation.FormatTime(start), note)
	r, err := wire.Record([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return conversation.Version{Record: r, Run: "run", At: day1.Add(48 * time.Hour)}
}

var day1 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// written writes conversations into a file.
func written(t *testing.T, versions ...conversation.Version) File {
	t.Helper()
	w, err := Create(t.Context(), tables.Conversations, File{Path: "x.parquet", Store: folder.At(t.TempDir()), At: "x.parquet"})
	if err != nil {
		t.Fatal(err)
	}
	s := tables.NewShredder(memory.DefaultAllocator, tables.Deriving{}, func(table tables.Table, rows arrow.RecordBatch) {
		defer rows.Release()
		if table != tables.Conversations {
			return
		}
		if err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
	})
	for _, v := range versions {
		s.Add(v)
	}
	s.Flush()
	if err := w.Finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w.File
}

// fetched is a file with two row groups of several column pages, and the records of its rows.
func fetched(t *testing.T) (file File, records []conversation.Record) {
	t.Helper()
	var versions []conversation.Version
	for i := range conversationsPerGroup + 200 {
		v := made(t, i, strings.Repeat(fmt.Sprint(i), 1_000))
		versions, records = append(versions, v), append(records, v.Record)
		records[i].Hash = [sha256.Size]byte{} // which nobody asks a reader for
	}
	return written(t, versions...), records
}

// Any rows, in the order of the file, come with all that a record is.
func TestRecordReader(t *testing.T) {
	file, records := fetched(t)
	r, err := new(Footers).Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if pages, err := r.pagesOf(0); err != nil || len(pages) < 10 {
		t.Errorf("the index knows of %d pages, %v", len(pages), err)
	}
	every := make([]int64, len(records))
	for i := range every {
		every[i] = int64(i)
	}
	last := int64(len(records) - 1)
	for _, rows := range [][]int64{{0}, {1}, {5, 6, 7, 900, 1_998, 1_999, 2_000, 2_001, last}, {3}, {last}, every, every[1_000:2_100], {}, {64, 70, 1_300}} {
		got, err := r.Read(rows...)
		if err != nil || len(got) != len(rows) {
			t.Fatalf("rows %.40v: got %d of %d and %v", rows, len(got), len(rows), err)
		}
		for i, row := range rows {
			if !reflect.DeepEqual(got[i], records[row]) {
				t.Errorf("row %d is %s of %v to %v", row, got[i].ID, got[i].Start, got[i].End)
			}
		}
	}
}

// What lies before a row that is not there comes, and the reader goes on afterwards.
func TestRecordReaderBeyondTheEnd(t *testing.T) {
	file, records := fetched(t)
	r, err := new(Footers).Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	last := int64(len(records) - 1)
	if got, err := r.Read(last-1, last, last+1); len(got) != 2 || !errors.Is(err, fault.Corrupt) {
		t.Errorf("got %d records and %v, want two and fault.Corrupt", len(got), err)
	}
	if got, err := r.Read(last); err != nil || got[0].ID != records[last].ID {
		t.Errorf("got %v and %v afterwards", got, err)
	}
}

// Several readers at once share what they read first, and each reads what it would alone.
func TestRecordReadersShareFooters(t *testing.T) {
	file, records := fetched(t)
	footers := NewFooters()
	var readers errgroup.Group
	for n := range int64(4) {
		readers.Go(func() error {
			for row := n; row < int64(len(records)); row += 311 {
				if err := sameRow(t.Context(), footers, file, row, records[row]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := readers.Wait(); err != nil {
		t.Error(err)
	}
	files, filesBytes := footers.files.Kept()
	groups, groupsBytes := footers.groups.Kept()
	if files != 1 || groups != 2 || filesBytes == 0 || groupsBytes < int64(36*len(records)) {
		t.Errorf("%d footers in %d bytes and %d groups in %d bytes are remembered, of one file with two groups", files, filesBytes, groups, groupsBytes)
	}
}

func sameRow(ctx context.Context, footers *Footers, file File, row int64, want conversation.Record) error {
	r, err := footers.Open(ctx, file)
	if err != nil {
		return err
	}
	got, err := r.Read(row)
	if err == nil && !reflect.DeepEqual(got, []conversation.Record{want}) {
		err = fmt.Errorf("row %d is %s of %v to %v", row, got[0].ID, got[0].Start, got[0].End)
	}
	return errors.Join(err, r.Close())
}
