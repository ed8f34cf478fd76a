package lake

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/sim"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// twins are two lakes that get the same commits: one copies what stays of a day, the other shreds all of it.
type twins struct {
	t            *testing.T
	rng          *rand.Rand
	copied, anew *Lake
	has          []conversation.Version
	at           time.Time
	step         int
}

// Whatever a commit adds, replaces, moves or leaves, a day that is copied has the rows of one that is shredded, in every
// table, and what its files say of themselves is true.
func TestCopiedDaysAreShreddedDays(t *testing.T) {
	unraced.Test(t)
	seed := seedOf(t)
	w := &twins{t: t, rng: rand.New(rand.NewPCG(seed, 0)), copied: newLake(t), anew: newLake(t), at: time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)}
	day := conversation.DayOf(day1)
	first := slices.Concat(w.simulated(seed, day, 2_100), w.simulated(seed, day+1, 60))
	w.commit(first)
	for range 5 {
		w.commit(w.some())
	}
}

// simulated gives conversations of a day. Some of them have a text that is too long for statistics.
func (w *twins) simulated(seed uint64, day conversation.Day, n int) (out []conversation.Version) {
	for c := range sim.New(sim.Config{Seed: seed, PerDay: n}).Day(day) {
		text, err := wire.Encode(c)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, w.version(text))
	}
	return out
}

func (w *twins) version(text []byte) conversation.Version {
	r, err := wire.Record(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return conversation.Version{Record: r, Run: fmt.Sprint("run ", w.step), At: w.at}
}

// some are records that come in a night: changed ones, new ones, those that have moved.
func (w *twins) some() (come []conversation.Version) {
	taken := map[conversation.ID]bool{}
	for range w.rng.IntN(30) {
		old := w.has[w.rng.IntN(len(w.has))]
		if !taken[old.ID] {
			taken[old.ID] = true
			come = append(come, w.version(w.changed(old)))
		}
	}
	for range w.rng.IntN(5) {
		start := day1.Add(time.Duration(w.rng.Int64N(int64(30 * time.Hour))))
		come = append(come, w.version(record(fmt.Sprintf("new-%d-%d", w.step, len(come)), start, "n").JSON))
	}
	return come
}

// changed changes one thing, or several, of a record.
func (w *twins) changed(old conversation.Version) []byte {
	text := string(old.JSON)
	switch w.rng.IntN(8) {
	case 0: // nothing else changes in any table but conversations
		text = text[:len(text)-1] + fmt.Sprintf(`,"externalTag":"tag %d"}`, w.step)
	case 1: // more segments
		text = strings.Replace(text, `"segments":[`, `"segments":[{"segmentType":"wrapup","segmentStart":"2026-11-01T00:00:00.000Z","sipResponseCodes":[486,`+fmt.Sprint(w.step)+`]},`, 1)
	case 2: // fewer of everything
		text = string(record(string(old.ID), old.Start, "").JSON)
	case 3: // a text for which there are no statistics
		text = string(record(string(old.ID), old.Start, strings.Repeat("x", 5_000)).JSON)
	case 4: // another start, perhaps on another day
		start := old.Start.Add(time.Duration(w.rng.Int64N(int64(26 * time.Hour)))).Truncate(time.Millisecond)
		text = string(record(string(old.ID), start, "moved").JSON)
	case 5: // texts that are more than a dictionary takes
		text = string(record(string(old.ID), old.Start, w.noise(100_000)).JSON)
	case 6: // one item more
		text = text[:len(text)-1] + fmt.Sprintf(`,"evaluations":[{"evaluationId":"late","oTotalScore":%d}]}`, w.step)
	default: // the same, with a metric that has another value
		text = strings.Replace(text, `"value":`, `"value":1`, 1)
	}
	return []byte(text)
}

// noise is a text in which nothing repeats.
func (w *twins) noise(n int) string {
	var out strings.Builder
	for out.Len() < n {
		fmt.Fprintf(&out, "%016x", w.rng.Uint64())
	}
	return out.String()
}

// commit commits to both lakes and compares them.
func (w *twins) commit(come []conversation.Version) {
	w.t.Helper()
	w.step++
	w.at = w.at.Add(time.Hour)
	c := Commit{Run: fmt.Sprint("run ", w.step), At: w.at}
	var out [2]Outcome
	for i, l := range []*Lake{w.copied, w.anew} {
		writer, err := l.Writer(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		writer.anew = i == 1
		c.Records = all(come...)
		if out[i], err = writer.Commit(w.t.Context(), c); err != nil {
			w.t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			w.t.Fatal(err)
		}
	}
	if fmt.Sprint(out[0]) != fmt.Sprint(out[1]) {
		w.t.Errorf("step %d: copying did %+v, shredding %+v", w.step, out[0], out[1])
	}
	byID := map[conversation.ID]conversation.Version{}
	for _, v := range slices.Concat(w.has, come) {
		byID[v.ID] = v
	}
	w.has = w.has[:0]
	for _, id := range slices.Sorted(func(yield func(conversation.ID) bool) {
		for id := range byID {
			if !yield(id) {
				return
			}
		}
	}) {
		w.has = append(w.has, byID[id])
	}
	w.compare()
}

func (w *twins) compare() {
	w.t.Helper()
	copied, anew := snapshot(w.t, w.copied), snapshot(w.t, w.anew)
	defer copied.Close()
	defer anew.Close()
	for _, table := range tables.All() {
		a, b := copied.Files(table), anew.Files(table)
		if len(a) != len(b) {
			w.t.Fatalf("step %d: %s: %d files and %d", w.step, table, len(a), len(b))
		}
		for i := range a {
			if got, want := cellsOf(w.t, a[i]), cellsOf(w.t, b[i]); got != want {
				w.t.Fatalf("step %d: %s of %v: the rows differ", w.step, table, a[i].Day)
			}
			if a[i].Day != b[i].Day || a[i].Rows != b[i].Rows || !a[i].LastEnd.Equal(b[i].LastEnd) || a[i].Open != b[i].Open {
				w.t.Errorf("step %d: %s: the catalog says %+v and %+v", w.step, table, a[i], b[i])
			}
			truthful(w.t, a[i].Path)
		}
	}
	if r := mustCheck(w.t, w.copied); len(r.Worn()) > 0 {
		w.t.Errorf("step %d: got %+v", w.step, r)
	}
}

// cellsOf is every value of a file.
func cellsOf(t *testing.T, f datafile.File) string {
	t.Helper()
	columns := make([]strings.Builder, len(tables.Columns(tables.Conversations))+200)
	for rows, err := range datafile.Rows(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		for k, column := range rows.Columns() {
			spellColumn(&columns[k], column)
		}
	}
	var out strings.Builder
	for k := range columns {
		out.WriteString(columns[k].String())
	}
	return out.String()
}

func spellColumn(out *strings.Builder, column arrow.Array) {
	for i := range column.Len() {
		out.WriteString(column.ValueStr(i))
		out.WriteByte('\n')
	}
}

// truthful makes sure that the statistics of every column chunk and page are those of its values, and that the index of pages
// leads to them.
func truthful(t *testing.T, path string) {
	t.Helper()
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for g := range f.NumRowGroups() {
		for col := range f.MetaData().NumColumns() {
			switch typ := f.MetaData().Schema.Column(col).PhysicalType(); typ {
			case parquet.Types.Boolean:
				truthfulChunk[bool](t, f, g, col)
			case parquet.Types.Int64:
				truthfulChunk[int64](t, f, g, col)
			case parquet.Types.Double:
				truthfulChunk[float64](t, f, g, col)
			case parquet.Types.ByteArray:
				truthfulChunk[parquet.ByteArray](t, f, g, col)
			default:
				t.Fatalf("a column of type %v", typ)
			}
		}
	}
}

type pageReader[T any] interface {
	SeekToRow(row int64) error
	ReadBatchInPage(n int64, values []T, def, rep []int16) (int64, int, error)
}

type statistics[T any] interface {
	metadata.TypedStatistics
	Update(values []T, nulls int64)
}

func truthfulChunk[T parquet.ColumnTypes](t *testing.T, f *file.Reader, g, col int) {
	t.Helper()
	group, descr := f.RowGroup(g), f.MetaData().Schema.Column(col)
	meta, err := group.MetaData().ColumnChunk(col)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := f.GetPageIndexReader().RowGroup(g)
	if err != nil {
		t.Fatal(err)
	}
	offsets, err := pages.GetOffsetIndex(col)
	if err != nil {
		t.Fatal(err)
	}
	var index metadata.ColumnIndex
	if meta.GetColumnIndexLocation() != nil {
		if index, err = pages.GetColumnIndex(col); err != nil {
			t.Fatal(err)
		}
	}
	reader, err := group.Column(col)
	if err != nil {
		t.Fatal(err)
	}
	n := meta.NumValues()
	values, def, rep := make([]T, n), make([]int16, n), make([]int16, n)
	all := metadata.NewStatistics(descr, parquet.NewWriterProperties().Allocator()).(statistics[T])
	var levels, rows int64
	for i, at := range offsets.GetPageLocations() {
		if at.FirstRowIndex != rows {
			t.Fatalf("%s: page %d begins with row %d, and its index says %d", descr.Path(), i, rows, at.FirstRowIndex)
		}
		if err := reader.(pageReader[T]).SeekToRow(rows); err != nil {
			t.Fatalf("%s: page %d: %v", descr.Path(), i, err)
		}
		l, v, err := reader.(pageReader[T]).ReadBatchInPage(n, values, def, rep)
		if err != nil {
			t.Fatalf("%s: page %d: %v", descr.Path(), i, err)
		}
		of := metadata.NewStatistics(descr, parquet.NewWriterProperties().Allocator()).(statistics[T])
		of.Update(values[:v], l-int64(v))
		all.Update(values[:v], l-int64(v))
		if index != nil {
			said := metadata.EncodedStatistics{HasNullCount: true, NullCount: index.GetNullCounts()[i], AllNullValue: index.GetNullPages()[i]}
			said.Min, said.Max = index.GetMinValues()[i], index.GetMaxValues()[i]
			sameStatistics(t, fmt.Sprintf("%s: page %d of group %d", descr.Path(), i, g), of, said)
		}
		levels += l
		for _, r := range rep[:l] {
			if r == 0 {
				rows++
			}
		}
	}
	if levels != n || rows != group.NumRows() {
		t.Fatalf("%s: %d values in %d rows, and the footer says %d in %d", descr.Path(), levels, rows, n, group.NumRows())
	}
	e, err := all.Encode()
	if err != nil {
		t.Fatal(err)
	}
	said := f.MetaData().RowGroups[g].Columns[col].MetaData.Statistics
	if said != nil && (*said.NullCount != e.NullCount || said.MinValue != nil && !bytes.Equal(said.MinValue, e.Min) || said.MaxValue != nil && !bytes.Equal(said.MaxValue, e.Max)) {
		t.Fatalf("%s: group %d: it has %d nulls and values from %.40q (%d) to %.40q (%d), and the footer says %v nulls, %.40q (%d) to %.40q (%d)", descr.Path(), g, e.NullCount, e.Min, len(e.Min), e.Max, len(e.Max), *said.NullCount, said.MinValue, len(said.MinValue), said.MaxValue, len(said.MaxValue))
	}
}

func sameStatistics(t *testing.T, what string, is metadata.TypedStatistics, said metadata.EncodedStatistics) {
	t.Helper()
	e, err := is.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if e.NullCount != said.NullCount || is.HasMinMax() == said.AllNullValue {
		t.Fatalf("%s: it has %d nulls, and the index says %d", what, e.NullCount, said.NullCount)
	}
	if is.HasMinMax() && (!bytes.Equal(e.Min, said.Min) || !bytes.Equal(e.Max, said.Max)) {
		t.Fatalf("%s: its values are from %q to %q, and the index says %q to %q", what, e.Min, e.Max, said.Min, said.Max)
	}
}

// Of a conversation that was erased nothing stays in a day that is written for others, not even in a dictionary.
func TestErasedConversationsAreNotCopied(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	var versions []conversation.Version
	for i := range 20 {
		versions = append(versions, record(fmt.Sprintf("c-%02d", i), day1.Add(time.Duration(i)*time.Minute), "note"))
	}
	versions[7] = record("c-07", versions[7].Start, "to be forgotten")
	commit(t, l, Commit{Records: all(versions...)})
	if err := erasure.Add(t.Context(), l.db, map[conversation.ID]conversation.Day{"c-07": versions[7].Day()}); err != nil {
		t.Fatal(err)
	}
	newer := record("c-11", versions[11].Start, "changed")
	newer.At = newer.At.Add(time.Hour)
	if out := commit(t, l, Commit{Records: all(newer)}); out.Replaced != 1 {
		t.Fatalf("got %+v", out)
	}
	for _, f := range snapshot(t, l).Files(tables.Segments) {
		pages, _ := dictionaryOf(t, f.Path, "wrap_up_note")
		if bytes.Contains(pages, []byte("forgotten")) {
			t.Error("a dictionary has the note of a conversation that was erased")
		}
	}
	if r := mustCheck(t, l); r.Conversations != 19 {
		t.Errorf("got %+v", r)
	}
}

// dictionaryOf gives the dictionary of a column of the first row group, and how many values it has.
func dictionaryOf(t *testing.T, path, column string) ([]byte, int) {
	t.Helper()
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pages, err := f.RowGroup(0).GetColumnPageReader(f.MetaData().Schema.ColumnIndexByName(column))
	if err != nil {
		t.Fatal(err)
	}
	defer pages.Close()
	page, err := pages.GetDictionaryPage()
	if err != nil || page == nil {
		t.Fatal(page, err)
	}
	return bytes.Clone(page.Data()), int(page.NumValues())
}

// reread is a version that has changed since, in conversations and segments.
func reread(v conversation.Version) conversation.Version {
	newer := record(string(v.ID), v.Start, "later")
	newer.At = v.At.Add(time.Hour)
	return newer
}

// The disk gets full while a day is copied: at any write, the commit fails as it must and the lake is as it was.
func TestDiskFullWhileADayIsCopied(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	many := dayOfMany(100, "note")
	commit(t, l, Commit{Records: all(many...)})
	want := contents(t, l)
	room := 0
	for ; ; room++ {
		w, err := l.Writer(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		useDisk(t, &fullDisk{room: room})
		_, err = w.Commit(t.Context(), Commit{Run: "run", At: day1, Records: all(reread(many[50]))})
		onDisk = folder.OS{}
		if closing := w.Close(); closing != nil {
			t.Fatal(closing)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, fault.Full) {
			t.Fatalf("with room for %d steps: %v", room, err)
		}
		if got := contents(t, l); !slices.Equal(got, want) {
			t.Fatalf("with room for %d steps the lake has changed", room)
		}
	}
	if r := mustCheck(t, l); r.Unreferenced != 0 || r.Conversations != int64(len(many)) || room < 4 {
		t.Errorf("got %+v with room for %d steps", r, room)
	}
}

// A byte of a file that is copied is wrong: the commit is refused for damage, or it copies a page that it does not read, and
// then a check finds what it found before.
func TestDamageIsCopiedOrRefused(t *testing.T) {
	unraced.Test(t)
	outcomes := map[string]int{}
	for _, table := range []tables.Table{tables.Conversations, tables.Segments} {
		for step := range 12 {
			l := newLake(t)
			many := dayOfMany(100, "note")
			commit(t, l, Commit{Records: all(many...)})
			path := snapshot(t, l).Files(table)[0].Path
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			text[len(text)*step/12] ^= 0x55
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
			_, before := Check(t.Context(), l, nil)
			w, err := l.Writer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = w.Commit(t.Context(), Commit{Run: "run", At: day1, Records: all(reread(many[50]))})
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			_, after := Check(t.Context(), l, nil)
			switch {
			case err != nil && !errors.Is(err, fault.Corrupt):
				t.Errorf("%s, %d twelfths: %v", table, step, err)
			case err != nil:
				outcomes["refused"]++
			case fault.ExitCode(before) != 0 && fault.ExitCode(after) == 0:
				outcomes["mended"]++
			case fault.ExitCode(before) == 0 && fault.ExitCode(after) != 0:
				t.Errorf("%s, %d twelfths: the check said nothing before, and says %v", table, step, after)
			default:
				outcomes["copied"]++
			}
		}
	}
	t.Log(outcomes)
	if outcomes["refused"] == 0 {
		t.Error("no damage was refused")
	}
}

// What comes joins the row groups that are there, as long as they do not become much larger than new ones.
func TestRowGroupsStayBounded(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	many := dayOfMany(2_000, "note")
	commit(t, l, Commit{Records: all(many...)})
	most := int64(0)
	for n := len(many); ; {
		some := dayOfMany(n+n/8, "note")[n:]
		n += len(some)
		commit(t, l, Commit{Records: all(some...)})
		groups := rowGroups(t, snapshot(t, l).Files(tables.Conversations)[0].Path)
		most = max(most, slices.Max(groups))
		if len(groups) > 1 {
			break
		}
		if n > 6_000 {
			t.Fatalf("%d rows are in one row group", n)
		}
	}
	if most <= 2_000 {
		t.Error("nothing was copied")
	}
	mustCheck(t, l)
}

// rowGroups gives the rows of each row group of a file.
func rowGroups(t *testing.T, path string) (rows []int64) {
	t.Helper()
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for g := range f.NumRowGroups() {
		rows = append(rows, f.RowGroup(g).NumRows())
	}
	return rows
}

// What is the same in the rows that come is not written again: of a record whose tag has changed only conversations is.
func TestFilesWithoutChangesStay(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	var versions []conversation.Version
	for i := range 20 {
		versions = append(versions, record(fmt.Sprintf("c-%02d", i), day1.Add(time.Duration(i)*time.Minute), "note"))
	}
	commit(t, l, Commit{Records: all(versions...)})
	before := map[tables.Table]string{}
	for _, table := range tables.All() {
		for _, f := range snapshot(t, l).Files(table) {
			before[table] = filepath.Base(f.Path)
		}
	}
	newer := versions[3]
	newer.Record = newer.WithText(append(bytes.Clone(newer.JSON[:len(newer.JSON)-1]), `,"externalTag":"late"}`...))
	newer.At = newer.At.Add(time.Hour)
	commit(t, l, Commit{Records: all(newer)})
	for _, table := range tables.All() {
		files := snapshot(t, l).Files(table)
		if len(files) != 1 {
			t.Fatalf("%s: %d files", table, len(files))
		}
		if stays := filepath.Base(files[0].Path) == before[table]; stays == (table == tables.Conversations || table == tables.Changes) {
			t.Errorf("%s: the file stays: %v", table, stays)
		}
	}
	mustCheck(t, l)
}
