package lake

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
)

// poisoning spoils what is given back, so that nobody who still reads it can go on unnoticed.
type poisoning struct{ recycler }

func (p *poisoning) Free(b []byte) {
	all := b[:cap(b)]
	for i := range all {
		all[i] = 0xa5
	}
	p.recycler.Free(b)
}

// filesOf writes records as a commit does, on a goroutine of its own, and gives the files' bytes.
func filesOf(t *testing.T, mem memory.Allocator, records []conversation.Version) string {
	t.Helper()
	dir := folder.At(t.TempDir())
	at := func(table tables.Table) store.Location { return store.Location(table).Join("x.parquet") }
	files := newDayFiles(0, func(table tables.Table) (*datafile.Writer, error) {
		return datafile.Create(t.Context(), table, datafile.File{Store: dir, At: at(table)})
	})
	writing, ctx := newLanes(t.Context())
	s := tables.NewShredder(mem, tables.Deriving{}, func(table tables.Table, rows arrow.RecordBatch) {
		writing.add(table, func() error { return files.of[table].write(rows) })
	})
	for _, v := range records {
		s.Add(v)
	}
	s.Flush()
	if err := errors.Join(ctx.Err(), writing.wait()); err != nil {
		t.Fatal(err)
	}
	finish(t, files)
	var all bytes.Buffer
	for _, table := range tables.All() {
		if text, err := os.ReadFile(dir.Path(at(table))); err == nil {
			all.Write(text)
		}
	}
	return all.String()
}

// Memory that is lent again makes the same files, to the byte.
func TestRecycledMemoryMakesTheSameFiles(t *testing.T) {
	var records []conversation.Version
	for i := range 5 * tables.RowsAtOnce {
		records = append(records, record(fmt.Sprint("c", i), day1.Add(time.Duration(i)*time.Second), fmt.Sprint("note ", i%7)))
	}
	want := filesOf(t, memory.DefaultAllocator, records)
	if got := filesOf(t, new(poisoning), records); got != want {
		t.Errorf("%d bytes, and %d without it; or others", len(got), len(want))
	}
}

func TestRecycledMemoryIsAsNew(t *testing.T) {
	r := new(recycler)
	first := r.Allocate(5_000)
	for i := range first {
		first[i] = 1
	}
	r.Free(first[:10])
	again := r.Allocate(4_097)
	if &again[0] != &first[0] || len(again) != 4_097 || !bytes.Equal(again, make([]byte, 4_097)) {
		t.Error("it is not the same memory, cleared")
	}
	if other := r.Allocate(5_000); &other[0] == &again[0] {
		t.Error("it is lent twice")
	}
	copy(again, "text")
	if grown := r.Reallocate(20_000, again); string(grown[:5]) != "text\x00" || len(grown) != 20_000 {
		t.Errorf("grown it has %q, %d bytes", grown[:5], len(grown))
	}
	if n := len(r.Allocate(0)) + len(r.Allocate(100<<20)); n != 100<<20 {
		t.Errorf("got %d bytes", n)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1_000 {
				b := r.Allocate(3_000)
				b[0]++
				if b[0] != 1 {
					t.Error("it was not cleared, or somebody else has it")
				}
				r.Free(b)
			}
		})
	}
	wg.Wait()
}
