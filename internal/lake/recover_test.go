package lake

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/test/unraced"
)

// sqlOf runs statements in the control database.
func sqlOf(t *testing.T, l *Lake, statements ...string) {
	t.Helper()
	for _, text := range statements {
		if _, err := l.db.Exec(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
}

// refuse makes the catalog refuse every commit to a table after the first few, until allow is called.
func refuse(t *testing.T, l *Lake, of tables.Table, after int) (allow func()) {
	t.Helper()
	name := string(of)
	sqlOf(t, l,
		`CREATE TABLE taken_`+name+` (at INTEGER)`,
		fmt.Sprintf(`CREATE TRIGGER refuse_%s BEFORE UPDATE ON iceberg_tables WHEN NEW.table_name = '%[1]s'
			AND (SELECT count(*) FROM taken_%[1]s) >= %d BEGIN SELECT RAISE(ABORT, 'refused'); END`, name, after),
		fmt.Sprintf(`CREATE TRIGGER take_%s AFTER UPDATE ON iceberg_tables WHEN NEW.table_name = '%[1]s'
			BEGIN INSERT INTO taken_%[1]s VALUES (1); END`, name))
	return func() {
		t.Helper()
		sqlOf(t, l, `DROP TRIGGER refuse_`+name, `DROP TRIGGER take_`+name, `DROP TABLE taken_`+name)
	}
}

// tryCommit commits and gives the error.
func tryCommit(t *testing.T, l *Lake, versions ...conversation.Version) error {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		return err
	}
	_, err = w.Commit(t.Context(), Commit{Run: "run", At: day1, Records: all(versions...)})
	return errors.Join(err, w.Close())
}

// headOf gives the files of a table's newest snapshot, which readers see once conversations names it.
func headOf(t *testing.T, l *Lake, table tables.Table) []datafile.File {
	t.Helper()
	tbl, err := l.load(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	head, err := l.plan(t.Context(), table, snapshotOf(tbl))
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// sameAsNamed asserts that the newest snapshot of every companion has just the files that conversations names, and that
// all of them are there.
func sameAsNamed(t *testing.T, l *Lake) {
	t.Helper()
	s := snapshot(t, l)
	for _, table := range tables.Companions() {
		head := headOf(t, l, table)
		if len(l.without(head, s.files[table]))+len(l.without(s.files[table], head)) > 0 {
			t.Errorf("%s: its newest snapshot has the files %v, and conversations names %v", table, head, s.files[table])
		}
		for _, f := range head {
			if !exists(f.Path) {
				t.Errorf("%s: file %s of its newest snapshot is gone", table, f.Path)
			}
		}
	}
}

// everyRow gives the rows of all tables as text.
func everyRow(t *testing.T, l *Lake) (rows []string) {
	t.Helper()
	s := snapshot(t, l)
	defer s.Close()
	for _, table := range tables.All() {
		for _, f := range s.Files(table) {
			for some, err := range datafile.Rows(t.Context(), f) {
				if err != nil {
					t.Fatal(err)
				}
				for i := range int(some.NumRows()) {
					rows = append(rows, fmt.Sprint(table, f.Day, some.NewSlice(int64(i), int64(i)+1)))
				}
			}
		}
	}
	return rows
}

// later versions of two conversations, on two days.
func newer(i int) []conversation.Version {
	a, b := record("a", day1, fmt.Sprint("a", i)), record("b", day1.Add(24*time.Hour), fmt.Sprint("b", i))
	a.At, b.At = a.At.Add(time.Duration(i)*time.Second), b.At.Add(time.Duration(i)*time.Second)
	return []conversation.Version{a, b}
}

// A restore that the catalog refuses is no restore, even when an earlier one was taken: its files must stay.
func TestRefusedRestoreIsNotTakenForAnEarlierOne(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	if err := tryCommit(t, l, newer(0)...); err != nil {
		t.Fatal(err)
	}
	before := everyRow(t, l)
	allow := refuse(t, l, tables.Conversations, 0)
	if err := tryCommit(t, l, newer(1)...); err == nil {
		t.Fatal("a refused commit went through")
	}
	allow()
	sameAsNamed(t, l)
	// The next one gets as far as the segments, and then neither on nor back.
	notOn, notBack := refuse(t, l, tables.Metrics, 0), refuse(t, l, tables.Segments, 1)
	if err := tryCommit(t, l, newer(2)...); err == nil {
		t.Fatal("a refused commit went through")
	}
	for _, f := range headOf(t, l, tables.Segments) {
		if !exists(f.Path) {
			t.Errorf("file %s, which the newest snapshot of segments lists, was removed", f.Path)
		}
	}
	if r := mustCheck(t, l); r.Unsettled != 1 {
		t.Errorf("%d commits are unsettled, want the one", r.Unsettled)
	}
	notOn()
	notBack()
	// The next writer settles it, and nothing has changed.
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	sameAsNamed(t, l)
	if after := everyRow(t, l); !slices.Equal(after, before) {
		t.Errorf("the rows are %q, want %q", after, before)
	}
	if r := mustCheck(t, l); r.Unsettled != 0 {
		t.Errorf("%d commits are unsettled", r.Unsettled)
	}
}

// A commit that replaces rows is refused after each number of tables: every table goes back to what it was, row for row,
// and the same commit goes through afterwards.
func TestRefusedReplacingCommitChangesNoRow(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	if err := tryCommit(t, l, newer(0)...); err != nil {
		t.Fatal(err)
	}
	for i, at := range tables.All() {
		before := everyRow(t, l)
		allow := refuse(t, l, at, 0)
		if err := tryCommit(t, l, newer(i+1)...); err == nil {
			t.Fatalf("%s: a refused commit went through", at)
		}
		allow()
		sameAsNamed(t, l)
		if after := everyRow(t, l); !slices.Equal(after, before) {
			t.Errorf("%s: the rows are %q, want %q", at, after, before)
		}
		if err := tryCommit(t, l, newer(i+1)...); err != nil {
			t.Fatal(err)
		}
		if r := mustCheck(t, l); r.Unsettled != 0 || r.Conversations != 2 || r.Rows[tables.Changes] != int64(2*(i+1)) {
			t.Errorf("%s: got %+v", at, r)
		}
	}
}

// Days that have rows in few tables only leave the other tables as they were.
func TestUnchangedCompanionsKeepTheirRows(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(newer(0)...)})
	commit(t, l, Commit{Records: all(newer(1)...)})
	before := snapshot(t, l)
	bare := conversation.Version{Record: conversation.Record{ID: "bare", Start: day1.Add(72 * time.Hour), JSON: []byte(`{"conversationId":"bare","conversationStart":"2026-11-04T00:00:00.000Z"}`)}, Run: "run", At: day1}
	commit(t, l, Commit{Records: all(bare)})
	after := snapshot(t, l)
	for _, table := range tables.Companions() {
		if table == tables.Summaries {
			continue // every conversation has a row there
		}
		if after.Rows(table) != before.Rows(table) || before.Rows(table) == 0 {
			t.Errorf("%s had %d rows and has %d", table, before.Rows(table), after.Rows(table))
		}
	}
	mustCheck(t, l)
}

// Every version that gives way leaves its differences behind, those of the same day too.
func TestChangesOfADayWrittenAgainAndAgain(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	for i := range 4 {
		commit(t, l, Commit{Records: all(newer(i)...)})
		if got, want := snapshot(t, l).Rows(tables.Changes), int64(2*i); got != want {
			t.Errorf("after %d commits there are %d changes, want %d", i+1, got, want)
		}
	}
}

// What a writer had begun to write when it was killed goes with the next writer: data files of its commit, and runs. What
// others have begun stays.
func TestLeftoversOfAKilledWriterGo(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	a := record("a", day1, "x")
	commit(t, l, Commit{Records: all(a)})
	day := data(tables.Segments).Join("day=" + a.Day().String())
	begin := func(at store.Location) {
		t.Helper()
		w, err := l.Store().Create(t.Context(), at, store.New)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("half")); err != nil {
			t.Fatal(err)
		}
	}
	begin(day.Join("killed.parquet"))
	begin(runAt("killed"))
	begin(day.Join("other.parquet"))
	if err := l.begin(t.Context(), intent{id: "killed", run: "run", at: day1}); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var left []string
	err = filepath.WalkDir(l.dir, func(path string, _ fs.DirEntry, err error) error {
		if of, yes := folder.Temporary(filepath.Base(path)); yes {
			left = append(left, of)
		}
		return err
	})
	if err != nil || !slices.Equal(left, []string{"other.parquet"}) {
		t.Errorf("left: %q, %v", left, err)
	}
	if r := mustCheck(t, l); r.Unreferenced != 1 || r.Unsettled != 0 {
		t.Errorf("got %+v", r)
	}
}
