package lake

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
	"github.com/parley-hq/parley/internal/wire"
	"github.com/parley-hq/parley/test/unraced"
)

// record makes a small conversation with one of everything that has a table.
func record(id string, start time.Time, note string) conversation.Version {
	text := fmt.Sprintf(`{"conversationEnd":%q,"conversationId":%q,"conversationStart":%q,"divisionIds":["d1","d2"],`+
		`"evaluations":[{"evaluationId":"e","oTotalScore":5}],"surveys":[{"surveyId":"s"}],"resolutions":[{"nNextContactAvoided":1}],`+
		`"participants":[{"purpose":"agent","userId":"u","attributes":{"b":"2","a":"1"},"sessions":[{"mediaType":"voice",`+
		`"metrics":[{"emitDate":%[3]q,"name":"tTalk","value":5100000000}],`+
		`"segments":[{"conference":false,"segmentStart":%[3]q,"segmentType":"interact","queueId":"q","sipResponseCodes":[410,200],"wrapUpNote":%[4]q}]}]}],"unknown":1.50}`,
		conversation.FormatTime(start.Add(time.Minute)), id, conversation.FormatTime(start), note)
	r, err := wire.Record([]byte(text))
	if err != nil {
		panic(err)
	}
	return conversation.Version{Record: r, Run: "run", At: time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)}
}

func all(versions ...conversation.Version) iter.Seq2[conversation.Version, error] {
	slices.SortFunc(versions, func(a, b conversation.Version) int { return conversation.Compare(a.Record, b.Record) })
	return func(yield func(conversation.Version, error) bool) {
		for _, v := range versions {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func newLake(t *testing.T) *Lake {
	t.Helper()
	l, err := Create(t.Context(), filepath.Join(t.TempDir(), "the lake %41 #1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func commit(t *testing.T, l *Lake, c Commit) Outcome {
	t.Helper()
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if c.Records == nil {
		c.Records = all()
	}
	c.Run, c.At = "run", time.Date(2026, 11, 10, 1, 0, 0, 0, time.UTC)
	out, err := w.Commit(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// snapshot opens a snapshot that is closed with the test, if not before.
func snapshot(t *testing.T, l *Lake) *Snapshot {
	t.Helper()
	s, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func contents(t *testing.T, l *Lake) []string {
	t.Helper()
	s := snapshot(t, l)
	defer s.Close()
	return contentsOf(t, s)
}

func contentsOf(t *testing.T, s *Snapshot) []string {
	t.Helper()
	var got []string
	for _, f := range s.Files(tables.Conversations) {
		for v, err := range datafile.Versions(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, string(v.JSON))
		}
	}
	return got
}

func mustCheck(t *testing.T, l *Lake) Report {
	t.Helper()
	report, err := Check(t.Context(), l, nil)
	if err != nil {
		t.Fatalf("check: %v\n%s", err, strings.Join(report.Damage, "\n"))
	}
	return report
}

var day1 = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func TestCommitAndReadBackVerbatim(t *testing.T) {
	l := newLake(t)
	a, b, c := record("a", day1, "x"), record("b", day1.Add(23*time.Hour+59*time.Minute), "y"), record("c", day1.Add(48*time.Hour), "z")
	out := commit(t, l, Commit{Days: []conversation.Day{a.Day(), a.Day() + 1, c.Day()}, Records: all(a, b, c)})
	if out.Added != 3 || out.Days != 2 || out.Unfit != 0 {
		t.Errorf("got %+v", out)
	}
	want := []string{string(a.JSON), string(b.JSON), string(c.JSON)}
	if got := contents(t, l); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	s := snapshot(t, l)
	for table, rows := range map[tables.Table]int64{tables.Conversations: 3, tables.Segments: 3, tables.Metrics: 3, tables.Attributes: 6, tables.Evaluations: 3, tables.Surveys: 3, tables.Resolutions: 3, tables.Changes: 0} {
		if got := s.Rows(table); got != rows {
			t.Errorf("%s has %d rows, want %d", table, got, rows)
		}
	}
	whole, err := l.Days(t.Context(), a.Day(), a.Day()+10)
	if err != nil || len(whole) != 3 {
		t.Errorf("whole days: %v, %v", whole, err)
	}
	if r := mustCheck(t, l); r.Conversations != 3 || r.Days != 3 {
		t.Errorf("got %+v", r)
	}
}

func TestNewerReplacesOlderAndNothingElseChanges(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	a, b, c := record("a", day1, "x"), record("b", day1, "y"), record("c", day1.Add(24*time.Hour), "z")
	commit(t, l, Commit{Records: all(a, b, c)})
	before := snapshot(t, l)

	if out := commit(t, l, Commit{Records: all(a, b, c)}); out.Unchanged != 3 || out.Days != 0 {
		t.Errorf("the same again: %+v", out)
	}
	if snapshot(t, l).ID != before.ID {
		t.Error("the same records again made a new snapshot")
	}

	newer, moved := record("b", day1, "changed"), record("c", day1.Add(2*time.Hour), "z")
	if out := commit(t, l, Commit{Records: all(newer, moved)}); out.Replaced != 2 || out.Added != 0 || out.Days != 2 {
		t.Errorf("newer: %+v", out)
	}
	older := record("b", day1, "late")
	older.At = older.At.Add(-time.Hour)
	if out := commit(t, l, Commit{Records: all(older)}); out.Stale != 1 || out.Days != 0 {
		t.Errorf("older: %+v", out)
	}
	want := []string{string(a.JSON), string(newer.JSON), string(moved.JSON)}
	if got := contents(t, l); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	mustCheck(t, l)
	s := snapshot(t, l)
	var paths []string
	for _, f := range s.Files(tables.Changes) {
		for rows, err := range datafile.Rows(t.Context(), f, "conversation_id", "path") {
			if err != nil {
				t.Fatal(err)
			}
			for i := range int(rows.NumRows()) {
				paths = append(paths, datafile.TextAt(rows, 0, i)+datafile.TextAt(rows, 1, i))
			}
		}
	}
	slices.Sort(paths)
	if want := []string{"b/participants/[purpose=agent,userId=u]/sessions/[mediaType=voice]/segments/[segmentStart=2026-11-01T00:00:00.000Z,segmentType=interact]/wrapUpNote", "c/conversationStart"}; !slices.Equal(paths, want) {
		t.Errorf("changes: got %q, want %q", paths, want)
	}
}

func TestFailedCommitLeavesNothing(t *testing.T) {
	l := newLake(t)
	a := record("a", day1, "x")
	commit(t, l, Commit{Records: all(a)})
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("source broke")
	_, err = w.Commit(t.Context(), Commit{Run: "r", At: time.Now(), Days: []conversation.Day{a.Day()}, Records: func(yield func(conversation.Version, error) bool) {
		_ = yield(record("b", day1.Add(time.Hour), "y"), nil) && yield(conversation.Version{}, broken)
	}})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, l); len(got) != 1 {
		t.Errorf("got %d records, want 1", len(got))
	}
	if whole, _ := l.Days(t.Context(), a.Day(), a.Day()+1); len(whole) != 0 {
		t.Error("the day of a failed commit is whole")
	}
	if r := mustCheck(t, l); r.Unreferenced != 0 {
		t.Errorf("left %d files", r.Unreferenced)
	}
}

func TestSecondWriterIsRefused(t *testing.T) {
	l := newLake(t)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Writer(t.Context()); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "is writing to the lake") {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w, err = l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
}

func TestFoldersThatAreNoLake(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(t.Context(), dir); !errors.Is(err, fault.NotFound) {
		t.Errorf("an empty folder: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), dir); !errors.Is(err, fault.Invalid) {
		t.Errorf("a folder with something else: %v", err)
	}
	l := newLake(t)
	marker := filepath.Join(l.dir, markerName)
	text, err := os.ReadFile(marker)
	if err != nil {
		t.Fatal(err)
	}
	newer := strings.Replace(string(text), `"format": 1`, `"format": 99`, 1)
	if err := os.WriteFile(marker, []byte(newer), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), l.dir); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), "newer parley") {
		t.Errorf("a newer lake: %v", err)
	}
}

func TestLostRaceIsRetried(t *testing.T) {
	l := newLake(t)
	ctx := context.Background()
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	first, err := l.load(ctx, tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	second, err := l.load(ctx, tables.Conversations)
	if err != nil {
		t.Fatal(err)
	}
	tx1, tx2 := first.NewTransaction(), second.NewTransaction()
	path := func(name string, v conversation.Version) string {
		d := filesAt(t, l, func(tables.Table) store.Location { return data(tables.Conversations).Join(name) })
		s := tables.NewShredder(memory.DefaultAllocator, tables.Deriving{}, func(table tables.Table, rows arrow.RecordBatch) {
			if table == tables.Conversations {
				if err := d.of[table].write(rows); err != nil {
					t.Error(err)
				}
			}
		})
		s.Add(v)
		s.Flush()
		finish(t, d)
		return l.url(d.locations()[tables.Conversations][0])
	}
	if err := tx1.AddFiles(ctx, []string{path("1.parquet", record("b", day1, ""))}, nil, false); err != nil {
		t.Fatal(err)
	}
	if err := tx2.AddFiles(ctx, []string{path("2.parquet", record("c", day1, ""))}, nil, false); err != nil {
		t.Fatal(err)
	}
	if _, err := tx1.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	done, err := tx2.Commit(ctx)
	if err != nil {
		t.Fatalf("the catalog does not retry a lost race: %v", err)
	}
	won := first.Metadata().CurrentSnapshot().SnapshotID // before either
	if parent := done.CurrentSnapshot().ParentSnapshotID; parent == nil || *parent == won {
		t.Errorf("the second commit stands on %v, which is that before the first: it lost no race", parent)
	}
	var got []conversation.ID
	files, err := l.plan(ctx, tables.Conversations, snapshotOf(done))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for v, err := range datafile.Versions(ctx, f) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v.ID)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, []conversation.ID{"a", "b", "c"}) {
		t.Errorf("the table has %v, want what both commits brought", got)
	}
}

// A commit after which nobody can tell whether it is in says so, and neither takes it back nor does it again. The next
// writer, who can tell, settles it.
func TestACommitInDoubtSaysSo(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// When the metadata of conversations are written, the catalog goes: the commit fails, and so does the look for it.
	hide := func(from, to string) {
		if _, err := l.db.Exec(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
			t.Error(err)
		}
	}
	hidden := false
	useDisk(t, foldertest.Steps{Before: func(op, path string) error {
		if op == "close" && !hidden && strings.Contains(path, "/conversations/metadata/") && strings.HasSuffix(path, ".metadata.json") {
			hidden = true
			hide("iceberg_tables", "away")
		}
		return nil
	}})
	_, err = w.Commit(t.Context(), Commit{Run: "run", At: day1, Records: all(record("b", day1, "y"))})
	if !hidden || !errors.Is(err, fault.InDoubt) {
		t.Errorf("the catalog went: %v; got %v, want that the outcome is unknown", hidden, err)
	}
	hide("away", "iceberg_tables")
	if open, err := l.intents(t.Context()); err != nil || len(open) != 1 {
		t.Errorf("not settled: %v, %v; want the one", open, err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	commit(t, l, Commit{Records: all(record("b", day1, "y"))})
	if r := mustCheck(t, l); r.Conversations != 2 || r.Unsettled != 0 {
		t.Errorf("afterwards: %+v", r)
	}
}

// Not to know whether a commit is in must never read as "it is not": its files would be removed.
func TestUnknownOutcomeIsNoOutcome(t *testing.T) {
	l := newLake(t)
	commit(t, l, Commit{Records: all(record("a", day1, "x"))})
	s := snapshot(t, l)
	file := s.Files(tables.Conversations)[0].Path
	i := intent{id: strings.TrimSuffix(filepath.Base(file), ".parquet"), run: "run", at: day1}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.begin(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	rename := func(from, to string) {
		t.Helper()
		if _, err := l.db.Exec(t.Context(), "ALTER TABLE "+from+" RENAME TO "+to); err != nil {
			t.Fatal(err)
		}
	}
	rename("iceberg_tables", "away")
	if _, found, err := w.landed(t.Context(), tables.Conversations, i.id); err == nil || found {
		t.Errorf("without a catalog: found %v, %v", found, err)
	}
	if err := w.resolve(t.Context(), i); err == nil {
		t.Error("a commit was settled without knowing its outcome")
	}
	rename("away", "iceberg_tables")
	if _, found, err := w.landed(t.Context(), tables.Conversations, i.id); err != nil || !found {
		t.Errorf("with the catalog: found %v, %v", found, err)
	}
	if err := errors.Join(w.resolve(t.Context(), i), w.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	if r := mustCheck(t, l); r.Conversations != 1 || r.Unsettled != 0 {
		t.Errorf("got %+v", r)
	}
}
