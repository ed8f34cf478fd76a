package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/internal/recordfile"
	"github.com/parley-hq/parley/internal/recordfile/recordfiletest"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/internal/state"
	"github.com/parley-hq/parley/internal/wire"
)

// a, b and c are conversations of two days.
var a, b, c = recordfiletest.Record("a", 0, "x"), recordfiletest.Record("b", 1, "y"), recordfiletest.Record("c", 24, "z")

func find(t *testing.T, paths ...string) []recordfile.File {
	t.Helper()
	files, err := recordfile.Find(paths)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func newLake(t *testing.T) *lake.Lake {
	t.Helper()
	l, err := lake.Create(t.Context(), filepath.Join(t.TempDir(), "lake"))
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

// run imports files, checks the lake, and sees that nothing stays staged.
func run(t *testing.T, ctx context.Context, l *lake.Lake, files []recordfile.File) (Summary, error) { //nolint:revive // t comes first, as everywhere in tests
	t.Helper()
	sum, err := Import(ctx, Config{Lake: l, Control: l.Control(), Files: files, Now: time.Now})
	if report, damage := lake.Check(t.Context(), l, nil); damage != nil || report.Unsettled+report.Unreferenced+report.Days > 0 {
		t.Errorf("the lake after %v: %v, %+v", err, damage, report)
	}
	if left, err := os.ReadDir(filepath.Join(l.String(), "staging")); err != nil || len(left) > 0 {
		t.Errorf("still staged: %v, %v", left, err)
	}
	return sum, err
}

func mustImport(t *testing.T, l *lake.Lake, files []recordfile.File) Summary {
	t.Helper()
	sum, err := run(t, t.Context(), l, files)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func contents(t *testing.T, l *lake.Lake) (out []string) {
	t.Helper()
	s, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, f := range s.Files(tables.Conversations) {
		for v, err := range datafile.Versions(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, string(v.JSON))
		}
	}
	return out
}

// Damage is found before anything is committed.
func TestADamagedFileBringsNothing(t *testing.T) {
	zipped := recordfiletest.Gzip(strings.Repeat(a+"\n"+b+"\n", 500))
	l := newLake(t)
	sum, err := run(t, t.Context(), l, find(t, recordfiletest.Folder(t, map[string]string{"1.json": a, "2.json.gz": zipped[:len(zipped)-9]})))
	if !errors.Is(err, fault.Corrupt) || sum.Added != 0 || len(contents(t, l)) > 0 {
		t.Errorf("got %+v, %v", sum, err)
	}
}

// A record that is nested too deep is a value that is no record, and stops nothing.
func TestARecordThatIsTooDeep(t *testing.T) {
	l := newLake(t)
	deep := strings.Replace(c, "}", `,"x":`+strings.Repeat("[", 10_000)+strings.Repeat("]", 10_000)+"}", 1)
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": a + "\n" + deep + "\n" + `{"conversations":[` + deep + "," + b + `],"cursor":"c"}`}))
	sum, err := run(t, t.Context(), l, files)
	if !errors.Is(err, fault.Incomplete) || sum.Added != 2 || sum.Rejected != 1 || sum.Duplicates != 1 {
		t.Errorf("got %+v, %v", sum, err)
	}
	for r, err := range stage.AllRejected(t.Context(), l.Control()) {
		if err != nil || string(r.Text) != deep || r.Reason != "the record is nested more than 10000 deep" {
			t.Errorf("kept %d bytes, %s, %v", len(r.Text), r.Reason, err)
		}
	}
	page := `{"conversations":[` + b + `],"x":` + deep + "}"
	if sum, err := run(t, t.Context(), l, find(t, recordfiletest.Folder(t, map[string]string{"1.json": page}))); !errors.Is(err, fault.Corrupt) || sum.Added != 0 {
		t.Errorf("a page that is too deep: %+v, %v", sum, err)
	}
}

// Files in which there is nothing are not what was meant; one among others is told of.
func TestFilesWithNothing(t *testing.T) {
	l := newLake(t)
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": "", "2.json": ` [{"totalHits":0}] `}))
	for name, do := range map[string]func([]recordfile.File) ([]string, error){
		"import": func(files []recordfile.File) ([]string, error) {
			sum, err := run(t, t.Context(), l, files)
			return sum.Empty, err
		},
		"survey": func(files []recordfile.File) ([]string, error) {
			found, err := Survey(t.Context(), files, wire.Limits{})
			return found.Empty, err
		},
	} {
		if _, err := do(files); fault.ExitCode(err) != 2 || !strings.Contains(fmt.Sprint(err), "there is not one record in "+files[0].Path+", "+files[1].Path) {
			t.Errorf("%s: %v", name, err)
		}
		some := append(find(t, recordfiletest.Folder(t, map[string]string{"3.json": a})), files[1])
		if empty, err := do(some); err != nil || !slices.Equal(empty, []string{files[1].Path}) {
			t.Errorf("%s of one with and one without: %q, %v", name, empty, err)
		}
	}
}

func TestImportThenAgain(t *testing.T) {
	l := newLake(t)
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": "[" + c + "," + a + "]", "2.ndjson.gz": recordfiletest.Gzip(b + "\n" + a), "3.json": ""}))
	sum := mustImport(t, l, files)
	if sum.Files != 3 || sum.Read != 4 || sum.Added != 3 || sum.Duplicates != 1 || sum.Bytes != int64(len(a)+len(b)+len(c)) {
		t.Errorf("got %+v", sum)
	}
	if got := contents(t, l); !slices.Equal(got, []string{a, b, c}) {
		t.Errorf("got %q", got)
	}
	before, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer before.Close()
	for i := range files {
		files[i].ModTime = time.Now() // as after a copy
	}
	if sum := mustImport(t, l, files); sum.Unchanged != 3 || sum.Added+sum.Replaced+sum.Stale+sum.Bytes != 0 {
		t.Errorf("again: %+v", sum)
	}
	after, err := l.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer after.Close()
	if after.ID != before.ID {
		t.Error("importing again made a new snapshot")
	}
}

// The file that was written later has the later version, whatever the order of names, and between imports too.
func TestModificationTimeDecides(t *testing.T) {
	older, newer := recordfiletest.Record("a", 0, "older"), recordfiletest.Record("a", 0, "newer")
	for _, together := range []bool{true, false} {
		for _, names := range [][2]string{{"1.json", "2.json"}, {"2.json", "1.json"}} {
			l := newLake(t)
			dir := recordfiletest.Folder(t, map[string]string{names[0]: older, names[1]: newer})
			if err := os.Chtimes(filepath.Join(dir, names[0]), recordfiletest.Noon, recordfiletest.Noon); err != nil {
				t.Fatal(err)
			}
			files := find(t, dir)
			if together {
				if sum := mustImport(t, l, files); sum.Conflicts != 1 || sum.Added != 1 {
					t.Errorf("got %+v", sum)
				}
			} else {
				one, two := mustImport(t, l, files[:1]), mustImport(t, l, files[1:])
				if one.Added != 1 || two.Replaced+two.Stale != 1 || (two.Stale == 1) != (names[0] == "2.json") {
					t.Errorf("got %+v, then %+v", one, two)
				}
			}
			if got := contents(t, l); !slices.Equal(got, []string{newer}) {
				t.Errorf("together %v, %v: got %q", together, names, got)
			}
		}
	}
}

func TestReceivedAtComesFirst(t *testing.T) {
	l := newLake(t)
	mustImport(t, l, find(t, recordfiletest.Folder(t, map[string]string{"1.json": a})))
	files := find(t, recordfiletest.Folder(t, map[string]string{"2.json": recordfiletest.Record("a", 0, "from long ago")}))
	sum, err := Import(t.Context(), Config{Lake: l, Control: l.Control(), Files: files, Now: time.Now, ReceivedAt: recordfiletest.Noon})
	if err != nil || sum.Stale != 1 || !slices.Equal(contents(t, l), []string{a}) {
		t.Errorf("got %+v, %v, %q", sum, err, contents(t, l))
	}
}

func TestValuesThatAreNoRecords(t *testing.T) {
	l := newLake(t)
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": a + `{"conversationId":"x"} 7 7 {"totalHits":1,"code":"some.code"}`, "2.json": "7" + b}))
	sum, err := run(t, t.Context(), l, files)
	if !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "--schema: 3, set aside") {
		t.Errorf("got %v", err)
	}
	if sum.Read != 7 || sum.Rejected != 3 || sum.Duplicates != 2 || sum.Added != 2 {
		t.Errorf("got %+v", sum)
	}
	n := 0
	for r, err := range stage.AllRejected(t.Context(), l.Control()) {
		if n++; err != nil || r.Run != sum.Run {
			t.Errorf("got %+v, %v", r, err)
		}
	}
	if n != 3 {
		t.Errorf("%d values are kept", n)
	}
}

// The same files imported again bring the same values that are no records: they are listed once.
func TestValuesThatAreNoRecordsComeAgain(t *testing.T) {
	l := newLake(t)
	for _, text := range []string{"7 8", "7 9"} {
		if sum, err := run(t, t.Context(), l, find(t, recordfiletest.Folder(t, map[string]string{"1.json": text}))); !errors.Is(err, fault.Incomplete) || sum.Rejected != 2 {
			t.Errorf("%s: %+v, %v", text, sum, err)
		}
	}
	var got []string
	last := stage.RunID("")
	for r, err := range stage.AllRejected(t.Context(), l.Control()) {
		if err != nil || r.Run < last {
			t.Errorf("after %s: %+v, %v", last, r, err)
		}
		last = r.Run
		got = append(got, fmt.Sprintf("%s in %d", r.Text, r.Runs))
	}
	if slices.Sort(got); !slices.Equal(got, []string{"7 in 2", "8 in 1", "9 in 1"}) {
		t.Errorf("got %q", got)
	}
}

// Values that do not fit the schema are counted by place and told of, once: what is there already is not written again.
func TestValuesThatDoNotFit(t *testing.T) {
	l := newLake(t)
	odd := strings.Replace(a, `{`, `{"selfServed":"Ann said yes","evaluations":[{"oTotalScore":1.5},{"oTotalScore":2.5}],`, 1)
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": odd + b}))
	sum, err := run(t, t.Context(), l, files)
	if !errors.Is(err, fault.Incomplete) || !strings.Contains(err.Error(), "with such values: 1, kept whole") || !strings.Contains(err.Error(), "evaluations[].oTotalScore (2), selfServed (1)") || strings.Contains(err.Error(), "Ann") {
		t.Errorf("got %v", err)
	}
	if want := (wire.Misfits{"evaluations[].oTotalScore": 2, "selfServed": 1}); sum.Unfit != 1 || sum.Added != 2 || !maps.Equal(sum.Misfits, want) {
		t.Errorf("got %+v", sum)
	}
	if again := mustImport(t, l, files); again.Unfit != 0 || again.Unchanged != 2 {
		t.Errorf("again: %+v", again)
	}
}

// What an import that crashed has staged goes; what an extraction has staged stays.
func TestLeftoversOfACrash(t *testing.T) {
	l := newLake(t)
	r, err := wire.Record([]byte(c))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []stage.RunID{runPrefix + "that-crashed", "extraction"} {
		s, err := stage.Open(t.Context(), l.Control(), l.Store(), name)
		if err != nil {
			t.Fatal(err)
		}
		portion := stage.Portion{Records: []conversation.Version{{Record: r, Run: string(name), At: recordfiletest.Noon}}, With: func(*state.Tx, stage.Counts) error { return nil }}
		if err := s.Put(t.Context(), portion); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Import(t.Context(), Config{Lake: l, Control: l.Control(), Files: find(t, recordfiletest.Folder(t, map[string]string{"1.json": a})), Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Join(l.String(), "staging"))
	if err != nil || len(left) != 1 || left[0].Name() != "extraction" {
		t.Errorf("left %v, %v", left, err)
	}
	if got := contents(t, l); !slices.Equal(got, []string{a}) {
		t.Errorf("got %q", got)
	}
}

func TestCancelledImport(t *testing.T) {
	l := newLake(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": a, "2.json": b}))
	sum, err := Import(ctx, Config{Lake: l, Control: l.Control(), Files: files, Now: time.Now, Report: func(Progress) { cancel() }})
	if !errors.Is(err, context.Canceled) || sum.Added != 0 {
		t.Errorf("got %+v, %v", sum, err)
	}
	mustImport(t, l, files)
	if got := contents(t, l); !slices.Equal(got, []string{a, b}) {
		t.Errorf("got %q", got)
	}
}

func TestSurvey(t *testing.T) {
	got, err := Survey(t.Context(), find(t, recordfiletest.Folder(t, map[string]string{"1.json": c + a, "2.json.gz": recordfiletest.Gzip(b + a)})), wire.Limits{})
	want := Found{Files: 2, Records: 4, First: "2026-10-01T12:00:00.000Z", Last: "2026-10-02T12:00:00.000Z"}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := Survey(t.Context(), find(t, recordfiletest.Folder(t, map[string]string{"1.json": a + "{"})), wire.Limits{}); !errors.Is(err, fault.Corrupt) {
		t.Errorf("cut: %v", err)
	}
}

// A survey finds what an import finds, and ends in the same way; both name all that is wrong.
func TestASurveyEndsAsTheImport(t *testing.T) {
	odd := strings.Replace(a, `{`, `{"selfServed":"Ann said yes",`, 1)
	for name, text := range map[string]string{
		"nothing":           a + b,
		"no records":        a + "7 7 8",
		"unfit":             odd + b + odd,
		"both":              odd + "7" + b,
		"unfit and mended":  odd + a,
		"mended, and unfit": a + odd,
	} {
		files := find(t, recordfiletest.Folder(t, map[string]string{"1.json": text}))
		sum, imported := run(t, t.Context(), newLake(t), files)
		found, surveyed := Survey(t.Context(), files, wire.Limits{})
		if fault.ExitCode(imported) != fault.ExitCode(surveyed) || found.Rejected != sum.Rejected || found.Unfit != sum.Unfit || !maps.Equal(found.Misfits, sum.Misfits) {
			t.Errorf("%s: surveyed %+v, %v; imported %+v, %v", name, found, surveyed, sum, imported)
		}
		for _, err := range []error{imported, surveyed} {
			says := fmt.Sprint(err)
			if (sum.Rejected > 0) != strings.Contains(says, "no records") || (sum.Unfit > 0) != strings.Contains(says, "selfServed (1)") {
				t.Errorf("%s: says %s", name, says)
			}
		}
	}
}
