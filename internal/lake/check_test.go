package lake

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
	"github.com/parley-hq/parley/test/unraced"
)

// forger writes the files of a day as a commit does, but with whatever rows.
type forger struct {
	t        *testing.T
	l        *Lake
	commit   string
	versions []conversation.Version                                       // in the order in which they are to lie
	alter    map[tables.Table]func(arrow.RecordBatch) []arrow.RecordBatch // what becomes of the rows of a table
	twice    tables.Table                                                 // is given a second file
	late     func(*testing.T, datafile.File, ...conversation.Version)     // writes the conversations in our place
}

func (f *forger) at(t tables.Table) store.Location {
	return data(t).Join("day=forged", f.commit+".parquet")
}

// files writes the files and gives their locations.
func (f *forger) files() map[tables.Table][]store.Location {
	f.t.Helper()
	d := filesAt(f.t, f.l, f.at)
	s := tables.NewShredder(memory.DefaultAllocator, tables.Deriving{}, func(t tables.Table, rows arrow.RecordBatch) {
		out := []arrow.RecordBatch{rows}
		if alter := f.alter[t]; alter != nil {
			out = alter(rows)
		}
		for _, b := range out {
			if err := d.of[t].write(b); err != nil {
				f.t.Fatal(err)
			}
		}
	})
	for _, v := range f.versions {
		s.Add(v)
	}
	s.Flush()
	finish(f.t, d)
	return d.locations()
}

// finish makes all files of a day whole.
func finish(t *testing.T, d *dayFiles) {
	t.Helper()
	for _, table := range tables.All() {
		if err := d.finish(t.Context(), table); err != nil {
			t.Fatal(err)
		}
	}
}

// take commits the files in the place of those that the lake has of the day.
func (f *forger) take(day conversation.Day) {
	f.t.Helper()
	f.commit = uuid.NewString()
	files := f.files()
	if f.late != nil {
		at := data(tables.Conversations).Join("day=late", f.commit+".parquet")
		f.late(f.t, f.l.fileAt(at), f.versions...)
		files[tables.Conversations] = []store.Location{at}
	}
	if f.twice != "" {
		f.commit = uuid.NewString()
		files[f.twice] = append(files[f.twice], f.files()[f.twice]...)
	}
	w, err := f.l.Writer(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	defer w.Close()
	s := snapshot(f.t, f.l)
	if err := w.commitTables(f.t.Context(), intent{id: f.commit, run: "run"}, s, []writtenDay{{day, files}}, Outcome{}); err != nil {
		f.t.Fatal(err)
	}
}

// filesAt makes files of a lake at locations.
func filesAt(t *testing.T, l *Lake, at func(tables.Table) store.Location) *dayFiles {
	t.Helper()
	return newDayFiles(0, func(table tables.Table) (*datafile.Writer, error) {
		return datafile.Create(t.Context(), table, l.fileAt(at(table)))
	})
}

// overwrite puts the rows of versions in the place of a file that the catalog knows.
func overwrite(t *testing.T, l *Lake, table tables.Table, versions ...conversation.Version) {
	t.Helper()
	f := &forger{t: t, l: l, commit: uuid.NewString(), versions: versions}
	f.files()
	if err := os.Rename(pathOf(l, f.at(table)), snapshot(t, l).Files(table)[0].Path); err != nil {
		t.Fatal(err)
	}
}

// altered is a column in which the first value is another.
func altered(c arrow.Array) arrow.Array {
	b := array.NewBuilder(memory.DefaultAllocator, c.DataType())
	switch first := c.IsNull(0); b := b.(type) {
	case *array.StringBuilder:
		b.Append("another")
	case *array.TimestampBuilder:
		b.Append(1)
	case *array.Int64Builder:
		b.Append(-1)
	case *array.Float64Builder:
		b.Append(-1)
	case *array.BooleanBuilder:
		b.Append(first || !c.(*array.Boolean).Value(0))
	case *array.ListBuilder:
		b.Append(true)
		b.ValueBuilder().AppendEmptyValue()
	}
	out, err := array.Concatenate([]arrow.Array{b.NewArray(), array.NewSlice(c, 1, int64(c.Len()))}, memory.DefaultAllocator)
	if err != nil {
		panic(err)
	}
	return out
}

// other is rows that have another first value in a column.
func other(rows arrow.RecordBatch, column int) arrow.RecordBatch {
	columns := slices.Clone(rows.Columns())
	columns[column] = altered(columns[column])
	return array.NewRecordBatch(rows.Schema(), columns, rows.NumRows())
}

func without1(rows arrow.RecordBatch) []arrow.RecordBatch {
	return []arrow.RecordBatch{rows.NewSlice(0, rows.NumRows()-1)}
}

func and1(rows arrow.RecordBatch) []arrow.RecordBatch {
	return []arrow.RecordBatch{rows, rows.NewSlice(rows.NumRows()-1, rows.NumRows())}
}

// of gives what alters one table.
func of(t tables.Table, alter func(arrow.RecordBatch) []arrow.RecordBatch) map[tables.Table]func(arrow.RecordBatch) []arrow.RecordBatch {
	return map[tables.Table]func(arrow.RecordBatch) []arrow.RecordBatch{t: alter}
}

func rename(v conversation.Version, id conversation.ID) conversation.Version {
	v.ID = id
	return v
}

// template is a lake that is made once and opened again and again as it was.
type template struct{ dir, copied string }

func newTemplate(t *testing.T, fill func(*Lake)) template {
	t.Helper()
	of := template{filepath.Join(t.TempDir(), "lake"), filepath.Join(t.TempDir(), "copy")}
	l, err := Create(t.Context(), of.dir)
	if err != nil {
		t.Fatal(err)
	}
	fill(l)
	if err := errors.Join(l.Close(), os.CopyFS(of.copied, os.DirFS(of.dir))); err != nil {
		t.Fatal(err)
	}
	return of
}

func (of template) open(t *testing.T) *Lake {
	t.Helper()
	if err := errors.Join(os.RemoveAll(of.dir), os.CopyFS(of.dir, os.DirFS(of.copied))); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), of.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// One damaged lake for each finding of the check. A lake has a day of three conversations, a replaced version of one of
// them, and a day of one; the damage is done to the first day.
func TestEachFindingOfTheCheck(t *testing.T) {
	unraced.Test(t)
	day := conversation.DayOf(day1)
	a, b, c := record("a", day1, "x"), record("b", day1.Add(time.Hour), "y"), record("c", day1.Add(2*time.Hour), "z")
	next := record("d", day1.Add(24*time.Hour), "")
	first := func(l *Lake, table tables.Table) string { return snapshot(t, l).Files(table)[0].Path }
	write := func(path string, at int64, text string) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil && at < 0 {
			at, err = f.Seek(at+1, 2)
		}
		if err == nil {
			_, err = f.WriteAt([]byte(text), at)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	forge := func(f forger) func(l *Lake) {
		return func(l *Lake) {
			f.t, f.l = t, l
			if f.versions == nil {
				f.versions = []conversation.Version{a, b, c}
			}
			f.take(day)
		}
	}
	shifted, ended, text := b, b, b
	shifted.Start = b.Start.Add(time.Millisecond)
	ended.End = b.End.Add(time.Millisecond)
	text.Record = text.WithText([]byte(`{"conversationId":"b","conversationStart":"2026-11-01T01:00:00.000Z","conversationEnd":"2026-11-01T01:01:00.000Z"`))
	lakes := newTemplate(t, func(l *Lake) {
		old := c
		old.Record = old.WithText([]byte(strings.Replace(string(c.JSON), "1.50", "1.75", 1)))
		commit(t, l, Commit{Records: all(a, b, old, next)})
		newer := c
		newer.At = c.At.Add(time.Hour)
		commit(t, l, Commit{Records: all(newer)})
		mustCheck(t, l)
	})
	for name, damaged := range map[string]struct {
		do   func(l *Lake)
		want []string // one for each finding
	}{
		"a missing file": {func(l *Lake) {
			if err := os.Remove(first(l, tables.Metrics)); err != nil {
				t.Fatal(err)
			}
		}, []string{"metrics: data file "}},
		"a longer file": {func(l *Lake) { write(first(l, tables.Surveys), -1, "x") }, []string{"bytes and should have", "surveys: day 2026-11-01: data file"}},
		"a file that is none": {func(l *Lake) {
			write(first(l, tables.Attributes), 0, "x")
			write(first(l, tables.Attributes), 4, "xxxxxxxxxxxxxxx")
		}, []string{"attributes: day 2026-11-01: data file"}},
		"records that cannot be read":      {func(l *Lake) { write(first(l, tables.Conversations), 40, "xxxxxxxxxxxxxxxxxxxxxxxx") }, []string{"conversations: day 2026-11-01: data file"}},
		"changes that cannot be read":      {func(l *Lake) { write(first(l, tables.Changes), 40, "xxxxxxxxxxxxxxxxxxxxxxxx") }, []string{"changes: day 2026-11-01: data file"}},
		"a row too many":                   {forge(forger{alter: of(tables.Segments, and1)}), []string{"segments: day 2026-11-01 has 1 rows that no record accounts for"}},
		"a row too few":                    {forge(forger{alter: of(tables.Evaluations, without1)}), []string{"evaluations: day 2026-11-01: rows are missing from row 2 on"}},
		"another value":                    {forge(forger{alter: of(tables.Metrics, func(b arrow.RecordBatch) []arrow.RecordBatch { return []arrow.RecordBatch{other(b, 4)} })}), []string{"metrics: day 2026-11-01: column participant_index differs"}},
		"another hash":                     {forge(forger{alter: of(tables.Conversations, func(b arrow.RecordBatch) []arrow.RecordBatch { return []arrow.RecordBatch{other(b, 42)} })}), []string{"conversations: day 2026-11-01: column record_hash differs"}},
		"two files of a day":               {forge(forger{twice: tables.Resolutions}), []string{"resolutions: day 2026-11-01 has 2 files and should have one", "resolutions: day 2026-11-01 has 3 rows that no record accounts for"}},
		"a record that is no JSON":         {forge(forger{versions: []conversation.Version{a, text, c}}), []string{"conversation b: its record cannot be read"}},
		"an id that is not its record's":   {forge(forger{versions: []conversation.Version{a, rename(b, "e"), c}}), []string{"conversation e: id, start or end are not those of its record"}},
		"a start that is not its record's": {forge(forger{versions: []conversation.Version{a, shifted, c}}), []string{"conversation b: id, start or end are not those of its record"}},
		"an end that is not its record's":  {forge(forger{versions: []conversation.Version{a, ended, c}}), []string{"conversation b: id, start or end are not those of its record"}},
		"records out of order":             {forge(forger{versions: []conversation.Version{b, a, c}}), []string{"conversation a is out of order in 2026-11-01"}},
		"a record twice in a day":          {forge(forger{versions: []conversation.Version{a, b, b, c}}), []string{"conversation b is out of order in 2026-11-01", "conversation b is in the lake twice"}},
		"a record twice in two days":       {forge(forger{versions: []conversation.Version{a, record("d", day1.Add(time.Hour), "")}}), []string{"conversation d is in the lake twice"}},
		"records of another day": {func(l *Lake) { overwrite(t, l, tables.Conversations, next) }, []string{
			"bytes and should have", "conversations: conversation d started on 2026-11-02 and lies in 2026-11-01", "the catalog says that the last of it ended",
			"conversations: day 2026-11-01 has 1 rows and should have 3", "conversation d is in the lake twice",
			"segments: day 2026-11-01: column", "metrics: day 2026-11-01: column", "attributes: day 2026-11-01: column",
			"evaluations: day 2026-11-01: column", "surveys: day 2026-11-01: column", "resolutions: day 2026-11-01: column",
			"summaries: day 2026-11-01: column", "legs: day 2026-11-01: column",
			"the index of ids lacks 1 conversations that it should have, the first of them in 2026-11-01",
		}},
		"a companion that is not named": {func(l *Lake) { commitAsAnother(t, l) }, []string{"does not name its snapshot of segments"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := lakes.open(t)
			damaged.do(l)
			report, err := Check(t.Context(), l, nil)
			if !errors.Is(err, fault.Corrupt) {
				t.Errorf("got %v", err)
			}
			for _, want := range damaged.want {
				if !slices.ContainsFunc(report.Damage, func(d string) bool { return strings.Contains(d, want) }) {
					t.Errorf("nothing says %q", want)
				}
			}
			if len(report.Damage) != len(damaged.want) {
				t.Errorf("found:\n%s", strings.Join(report.Damage, "\n"))
			}
		})
	}
}

// commitAsAnother commits to conversations as a program does that knows nothing of companions.
func commitAsAnother(t *testing.T, l *Lake) {
	t.Helper()
	tbl, err := l.load(t.Context(), tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	tx := tbl.NewTransaction()
	if err := tx.ReplaceDataFiles(t.Context(), nil, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// Every column of every table is compared.
func TestEveryColumnIsCompared(t *testing.T) {
	unraced.Test(t)
	a := record("a", day1, "x")
	for _, table := range tables.All() {
		if table == tables.Changes {
			continue // it is not derived
		}
		for column, field := range tables.Schema(table).Fields() {
			file := datafile.File{Store: folder.At(t.TempDir()), At: store.Location(fmt.Sprint(table, column))}
			d := newDayFiles(0, func(of tables.Table) (*datafile.Writer, error) { return datafile.Create(t.Context(), of, file) })
			var derived arrow.RecordBatch
			s := tables.NewShredder(memory.DefaultAllocator, tables.Deriving{}, func(of tables.Table, rows arrow.RecordBatch) {
				if of == table {
					derived = rows
				}
			})
			s.Add(a)
			s.Flush()
			derived.Retain()
			if err := d.of[table].write(other(derived, column)); err != nil {
				t.Fatal(err)
			}
			finish(t, d)
			at := newStoredRows(t.Context(), []datafile.File{file})
			if err := at.equal(derived); err == nil || !strings.Contains(err.Error(), "column "+field.Name+" differs") {
				t.Errorf("%s: another %s: got %v", table, field.Name, err)
			}
			at.stop()
		}
	}
}

// What the report counts in a sound lake is what is there.
func TestTheReportOfASoundLake(t *testing.T) {
	l := newLake(t)
	a, b, c := record("a", day1, "x"), record("b", day1.Add(time.Hour), "yy"), record("c", day1.Add(3*oneDay), "zzz")
	commit(t, l, Commit{Days: []conversation.Day{a.Day(), c.Day()}, Records: all(a, b, c)})
	report, s := mustCheck(t, l), snapshot(t, l)
	want := Report{
		Snapshot: s.ID, Conversations: 3, RecordBytes: int64(len(a.JSON) + len(b.JSON) + len(c.JSON)), Days: 2, Rows: map[tables.Table]int64{},
		Gaps: []conversation.Days{{First: a.Day() + 1, End: c.Day()}}, Damage: []string{}, Underived: []conversation.Day{}, Outdated: []conversation.Day{},
		Misfits: report.Misfits, Index: report.Index, worn: report.worn,
	}
	for _, table := range tables.All() {
		for _, f := range s.Files(table) {
			info, err := os.Stat(f.Path)
			if err != nil {
				t.Fatal(err)
			}
			want.Files++
			want.Bytes += info.Size()
			want.Rows[table] += f.Rows
		}
	}
	if len(report.Misfits)+len(report.worn) > 0 || report.Index.Entries != 3 || report.Rows[tables.Conversations] != 3 {
		t.Errorf("got %+v", report)
	}
	for table, n := range report.Rows {
		if n == 0 {
			delete(report.Rows, table)
		}
	}
	if !reflect.DeepEqual(report, want) {
		t.Errorf("got  %+v\nwant %+v", report, want)
	}
}

// A check that has ended holds nothing: a snapshot that it had pinned still could never expire in this process.
func TestACheckLetsGoOfItsSnapshot(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	foldertest.Uncollected(t)
	before := foldertest.Open(t, l.String())
	mustCheck(t, l)
	if after := foldertest.Open(t, l.String()); len(after) != len(before) {
		t.Errorf("open before %q, after %q", before, after)
	}
}
