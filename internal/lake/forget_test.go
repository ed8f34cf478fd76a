package lake

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/crashpoint"
	"github.com/parley-hq/parley/internal/erasure"
	"github.com/parley-hq/parley/internal/lake/datafile"
	"github.com/parley-hq/parley/test/unraced"
)

// holding lists the files below the folder of a lake in which a text stands, wherever it does: in a column, in the
// statistics of a manifest, or in the bytes as they are.
func holding(t *testing.T, l *Lake, text string) (files []string) {
	t.Helper()
	if l.dir == "" {
		return holdingObjects(t, l, text)
	}
	err := filepath.WalkDir(l.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if bytes.Contains(content, []byte(text)) || bytes.Contains(unpacked(t, l, path, content), []byte(text)) {
			files = append(files, strings.TrimPrefix(path, l.dir))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func unpacked(t *testing.T, l *Lake, path string, content []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	switch filepath.Ext(path) {
	case ".avro":
		records, _, err := readAvro(content)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			spell(&out, r)
		}
	case ".parquet":
		for rows, err := range datafile.Rows(t.Context(), datafile.File{Path: path, Store: l.Store(), At: l.at(path)}) {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(&out, rows)
		}
	}
	return out.Bytes()
}

// spell writes every text and bytes in a value of Avro.
func spell(out *bytes.Buffer, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			fmt.Fprint(out, name, " ")
			spell(out, member)
		}
	case []any:
		for _, e := range v {
			spell(out, e)
		}
	case []byte:
		out.Write(v)
	default:
		fmt.Fprint(out, v, " ")
	}
}

// forgotten does what "parley lake forget" does to the tables.
func forgotten(t *testing.T, l *Lake, r erasure.Request) (Meant, Forgot) {
	t.Helper()
	meant, err := l.Meant(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := erasure.Add(t.Context(), l.db, meant.IDs); err != nil {
		t.Fatal(err)
	}
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	out, err := w.Forget(t.Context(), ForgetOptions{Run: "f", At: day1, Days: meant.Days, Tags: meant.Tags})
	if err == nil {
		err = l.db.Scrub(t.Context()) // as whoever forgets does in the end
	}
	if err != nil {
		t.Fatal(err)
	}
	return meant, out
}

const (
	gone1 = "gone-conversation-1"
	gone2 = "gone-conversation-2"
)

// forgettable fills a lake with conversations, some of them to be forgotten, with older versions of them too.
func forgettable(t *testing.T, l *Lake) {
	t.Helper()
	for i := range 3 {
		versions := []conversation.Version{
			record(gone1, day1, fmt.Sprint("sip:+4915112345@x ", i)), record(gone2, day1.Add(48*time.Hour), fmt.Sprint("second ", i)),
			record("stays-1", day1.Add(time.Second), fmt.Sprint("other ", i)), record("stays-2", day1.Add(24*time.Hour), fmt.Sprint("other ", i)),
		}
		for k := range versions {
			versions[k].At = versions[k].At.Add(time.Duration(i) * time.Second)
		}
		commit(t, l, Commit{Records: all(versions...)})
	}
}

func others1(rows []string) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(r string) bool { return strings.Contains(r, "gone-conversation") })
}

func TestWhatIsForgottenIsInNoFile(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	forgettable(t, l)
	w, err := l.Writer(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Tag(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := others1(everyRow(t, l))
	if len(holding(t, l, gone1)) == 0 || len(holding(t, l, "+4915112345")) == 0 || len(want) == 0 {
		t.Fatal("the test does not see what it looks for")
	}
	meant, out := forgotten(t, l, erasure.Request{Conversation: gone1})
	if len(meant.IDs) != 1 || len(meant.Days) != 1 || len(meant.Tags) != 1 || out.Days != 1 || out.Kept != 1 {
		t.Errorf("got %+v, %+v", meant, out)
	}
	meant, _ = forgotten(t, l, erasure.Request{Address: "second"}) // a word of the note
	if _, found := meant.IDs[gone2]; !found || len(meant.IDs) != 1 {
		t.Errorf("by its content: %+v", meant)
	}
	for _, text := range []string{gone1, gone2, "+4915112345", "second"} {
		if files := holding(t, l, text); len(files) > 0 {
			t.Errorf("%s stands in %v", text, files)
		}
	}
	rows := everyRow(t, l)
	if slices.Sort(rows); !slices.Equal(rows, sorted(want)) {
		t.Errorf("other rows have changed: %d, want %d", len(rows), len(want))
	}
	if r := mustCheck(t, l); r.Unreferenced != 0 {
		t.Errorf("left %d files", r.Unreferenced)
	}
	// They do not come back.
	again := commit(t, l, Commit{Records: all(record(gone1, day1, "again"), record(gone2, day1, "again"), record("stays-1", day1.Add(time.Second), "other 2"))})
	if again.Forgotten != 2 || again.Added != 0 || len(holding(t, l, gone1)) > 0 {
		t.Errorf("read again: %+v", again)
	}
	mustCheck(t, l)
}

// Every conversation may be meant. An empty lake is whole, and takes others.
func TestForgettingAll(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	forgettable(t, l)
	meant, out := forgotten(t, l, erasure.Request{Key: "b", Value: "2"})
	if len(meant.IDs) != 4 || out.Days != 3 || out.Kept != 1 {
		t.Errorf("got %+v, %+v", meant, out)
	}
	if rows, files := everyRow(t, l), holding(t, l, "stays-1"); len(rows) > 0 || len(files) > 0 {
		t.Errorf("left %q in %v", rows, files)
	}
	if r := mustCheck(t, l); r.Conversations != 0 || r.Index.Entries != 0 {
		t.Errorf("got %+v", r)
	}
	if out := commit(t, l, Commit{Records: all(record("new", day1, "x"))}); out.Added != 1 {
		t.Errorf("got %+v", out)
	}
	mustCheck(t, l)
}

func sorted(rows []string) []string { return slices.Sorted(slices.Values(rows)) }

// Stopped anywhere, nothing of it is half gone, and called again it ends.
func TestInterruptedForgetting(t *testing.T) {
	unraced.Test(t)
	for _, at := range []string{"forget.files", "commit.segments", "forget.unsettled", "forget.index", "maintain.segments", "expire.conversations"} {
		t.Run(at, func(t *testing.T) {
			l := newLake(t)
			forgettable(t, l)
			before := everyRow(t, l)
			forgetUntil(t, l, at)
			w, err := l.Writer(t.Context()) // settles it
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			rows := everyRow(t, l)
			if whole := slices.Equal(sorted(rows), sorted(before)); !whole && strings.Contains(fmt.Sprint(rows), gone1) {
				t.Error("a conversation is half gone")
			}
			mustCheck(t, l)
			forgotten(t, l, erasure.Request{Address: "+4915112345"})
			if files := holding(t, l, gone1); len(files) > 0 {
				t.Errorf("it stands in %v", files)
			}
			if rows := everyRow(t, l); !slices.Equal(sorted(rows), sorted(slices.DeleteFunc(before, func(r string) bool { return strings.Contains(r, gone1) }))) {
				t.Error("other rows have changed")
			}
			if r := mustCheck(t, l); r.Unreferenced != 0 {
				t.Errorf("left %d files", r.Unreferenced)
			}
		})
	}
}

// forgetUntil begins to forget and leaves it at a point, as a process that was killed would.
func forgetUntil(t *testing.T, l *Lake, at string) {
	t.Helper()
	stop := errors.New("stop")
	crashpoint.Watch(func(name string) {
		if name == at {
			panic(stop)
		}
	})
	defer crashpoint.Watch(nil)
	defer func() {
		if r := recover(); r != stop { //nolint:errorlint // what was thrown above
			t.Fatalf("it was not stopped at %s: %v", at, r)
		}
	}()
	forgotten(t, l, erasure.Request{Address: "+4915112345"})
}

// A snapshot that somebody reads stays, and with it what it holds, until it is called again.
func TestForgettingWhatIsBeingRead(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	forgettable(t, l)
	pinned := snapshot(t, l)
	if _, out := forgotten(t, l, erasure.Request{Conversation: gone1}); out.Pinned != 1 {
		t.Errorf("got %+v", out)
	}
	if err := errors.Join(readAll(t.Context(), pinned), pinned.Close()); err != nil {
		t.Error(err)
	}
	if _, out := forgotten(t, l, erasure.Request{Conversation: gone1}); out.Pinned != 0 {
		t.Errorf("again: %+v", out)
	}
	if files := holding(t, l, gone1); len(files) > 0 {
		t.Errorf("it stands in %v", files)
	}
}
