package duck_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine/duck"
	"github.com/parley-hq/parley/internal/engine/enginetest"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// bulkDays and bulkPerDay make several stretches, row groups of a file, and column pages of a row group.
const (
	bulkDays   = 2
	bulkPerDay = 4_000
)

var bulkInterval = conversation.Interval{Start: benchFirst.Start(), End: (benchFirst + bulkDays).Start()}

// bulkLake is a lake of simple records, which end in another order than they start; a few do not end. The records come
// in order of start.
func bulkLake(t *testing.T) (*duck.Engine, *lake.Snapshot, []conversation.Record) {
	t.Helper()
	r := rand.New(rand.NewPCG(9, 9))
	var records []conversation.Record
	for i := range bulkDays * bulkPerDay {
		start := benchFirst.Start().Add(time.Duration(i) * 24 * time.Hour / bulkPerDay).Truncate(time.Millisecond)
		records = append(records, bulkRecord(t, r, i, start))
	}
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	enginetest.Fill(t, l, records)
	snapshot, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := duck.New(openDB(t), snapshot)
	t.Cleanup(func() { _ = e.Close() })
	return e, snapshot, records
}

func bulkRecord(t *testing.T, r *rand.Rand, i int, start time.Time) conversation.Record {
	t.Helper()
	end := fmt.Sprintf(`"conversationEnd":%q,`, conversation.FormatTime(start.Add(time.Duration(r.IntN(40_000))*time.Second)))
	if i%50 == 7 {
		end = ""
	}
	noise := make([]byte, 500) // does not compress, so that pages are full after some records
	for j := range noise {
		noise[j] = byte(r.UintN(256))
	}
	record, err := wire.Record(fmt.Appendf(nil, `{%s"conversationId":"id-%05d","conversationStart":%q,"x":"%x"}`, end, r.IntN(10)*10_000+i, conversation.FormatTime(start), noise))
	if err != nil {
		t.Fatal(err)
	}
	return record.WithText(record.JSON) // without a hash: answers have none
}

// Records come in the order asked for and with nothing changed, however they are cut into stretches and pages.
func TestBulkReading(t *testing.T) {
	e, _, records := bulkLake(t)
	all := len(records)
	for _, by := range []query.OrderBy{query.ByConversationStart, query.ByConversationEnd} {
		for _, order := range []query.Order{query.Ascending, query.Descending} {
			q := query.Query{Interval: bulkInterval, OrderBy: by, Order: order}
			want := slices.Clone(records)
			slices.SortFunc(want, func(a, b conversation.Record) int { return compareBy(q, a, b) })
			for _, part := range [][2]int{{0, 0}, {1, 0}, {31, 0}, {32, 1}, {33, 31}, {100, bulkPerDay - 50}, {700, 96}, {0, all - 10}, {10, all - 5}, {5, all}, {all + 1, 0}} {
				limit, offset := part[0], part[1]
				rest := want[offset:]
				if limit > 0 {
					rest = rest[:min(limit, len(rest))]
				}
				got := readAll(t.Context(), t, e, q, limit, offset)
				if !slices.EqualFunc(got, rest, func(a, b conversation.Record) bool { return reflect.DeepEqual(a, b) }) {
					t.Errorf("by %v %v, %d from %d: %d records, want %d, or others than these", by, order, limit, offset, len(got), len(rest))
				}
			}
		}
	}
}

func compareBy(q query.Query, a, b conversation.Record) int {
	at := func(r conversation.Record) time.Time {
		switch {
		case q.OrderBy == query.ByConversationStart:
			return r.Start
		case r.End.IsZero():
			return time.Unix(1<<40, 0)
		}
		return r.End
	}
	by := at(a).Compare(at(b))
	if q.Order == query.Descending {
		by = -by
	}
	return cmp.Or(by, cmp.Compare(a.ID, b.ID))
}

func readAll(ctx context.Context, t *testing.T, e *duck.Engine, q query.Query, limit, offset int) (got []conversation.Record) {
	t.Helper()
	for r, err := range e.Records(ctx, q, limit, offset) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r)
	}
	return got
}

// Whoever stops early leaves no goroutine that reads and no file that is open.
func TestBulkReadingStopped(t *testing.T) {
	e, _, records := bulkLake(t)
	q := query.Query{Interval: bulkInterval, OrderBy: query.ByConversationStart}
	for _, stop := range []int{1, 2, 32, 33, 500, bulkPerDay + 100, len(records)} {
		n := 0
		for _, err := range e.Records(t.Context(), q, 0, 0) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == stop {
				break
			}
		}
		nothingLeft(t)
	}
}

// nothingLeft looks for goroutines of readers and for data files that this process has open.
func nothingLeft(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	if stacks = stacks[:runtime.Stack(stacks, true)]; bytes.Contains(stacks, []byte("duck.readStretches")) {
		t.Errorf("a goroutine is left:\n%s", stacks)
	}
	open, err := filepath.Glob("/proc/self/fd/*") // on systems without it there are none
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		if name, err := os.Readlink(fd); err == nil && strings.HasSuffix(name, ".parquet") {
			t.Errorf("a data file is still open: %s", filepath.Base(name))
		}
	}
}

// A cancellation ends the reading while most of it is still to come.
func TestBulkReadingCancelled(t *testing.T) {
	e, _, records := bulkLake(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var failed error
	for _, err := range e.Records(ctx, query.Query{Interval: bulkInterval, OrderBy: query.ByConversationStart}, 0, 0) {
		if n++; n == 40 {
			cancel()
		}
		failed = err
	}
	if !errors.Is(failed, context.Canceled) || n == len(records) {
		t.Errorf("%d of %d records and then %v, want a cancellation", n, len(records), failed)
	}
	nothingLeft(t)
}

// A column page that cannot be read is reported when its first record is due, and all before it have come.
func TestBulkReadingDamaged(t *testing.T) {
	unraced.Test(t)
	e, snapshot, records := bulkLake(t)
	db, files := openDB(t), snapshot.Files(tables.Conversations)
	for _, test := range []struct {
		file, group, from, to int // the first record of the damaged page is one of these
		part                  int64
	}{ // from the last to the first: what is damaged stays so
		{1, 1, bulkPerDay + 2_001, bulkPerDay + 3_999, 2},
		{1, 1, bulkPerDay + 2_000, bulkPerDay + 2_000, 0},
		{1, 0, bulkPerDay, bulkPerDay, 0},
		{0, 0, 1, 1_999, 3},
	} {
		damage(t, db, files[test.file].Path, test.group, test.part)
		var got []conversation.Record
		var failed error
		for r, err := range e.Records(t.Context(), query.Query{Interval: bulkInterval, OrderBy: query.ByConversationStart}, 0, 0) {
			if failed = err; err == nil {
				got = append(got, r)
			}
		}
		if n := len(got); !errors.Is(failed, fault.Corrupt) || n < test.from || n > test.to || !reflect.DeepEqual(got, records[:n]) {
			t.Errorf("damaged %+v: %d records and then %v, want fault.Corrupt", test, n, failed)
		}
		nothingLeft(t)
	}
}

// damage changes some bytes of the records in a row group: of its first column page, or after a half or a third of
// them.
func damage(t *testing.T, db *duck.DB, path string, group int, part int64) {
	t.Helper()
	var at, size int64
	place := duck.Text(t, db, fmt.Sprintf("SELECT concat_ws(' ', data_page_offset, total_compressed_size) FROM parquet_metadata('%s') WHERE path_in_schema = 'record' AND row_group_id = %d", path, group))
	if _, err := fmt.Sscan(place, &at, &size); err != nil {
		t.Fatal(err)
	}
	if at += 5_000; part > 0 { // into the page, behind its header
		at += size / part
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[at:], "damaged")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// fiveDays are four short records of each of five days.
func fiveDays(t *testing.T) (records []conversation.Record) {
	t.Helper()
	first := benchFirst.Start()
	for i := range 5 * 4 {
		start := first.Add(time.Duration(i) * 6 * time.Hour)
		record, err := wire.Record(fmt.Appendf(nil, `{"conversationEnd":%q,"conversationId":"%02d","conversationStart":%q}`,
			conversation.FormatTime(start.Add(time.Duration(i%3)*12*time.Hour)), i, conversation.FormatTime(start)))
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, record.WithText(record.JSON))
	}
	return records
}

// An interval of whole days selects as any other does, those that start or end at midnight among them.
func TestWholeDays(t *testing.T) {
	unraced.Test(t)
	records := fiveDays(t)
	e := openLake(t, openDB(t), records)
	for _, matching := range []query.Matching{query.StartOfDay, query.Overlap} {
		for days := range conversation.Day(4) {
			q := query.Query{Matching: matching, OrderBy: query.ByConversationStart}
			q.Interval = conversation.Interval{Start: (benchFirst + 1).Start(), End: (benchFirst + 2 + days).Start()}
			want := slices.DeleteFunc(slices.Clone(records), func(r conversation.Record) bool { return !q.Matches(r.Start, r.End) })
			if got := readAll(t.Context(), t, e, q, 0, 0); !reflect.DeepEqual(got, want) {
				t.Errorf("%v, %d days: %d records, want %d", matching, days+1, len(got), len(want))
			}
		}
	}
}
