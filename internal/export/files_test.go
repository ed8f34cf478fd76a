package export

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/fault"
)

// texts writes each row's text on a line.
func texts(w io.Writer) (Sheet, error) { return lines{w}, nil }

type lines struct{ w io.Writer }

func (l lines) Row(values []any) error {
	_, err := io.WriteString(l.w, values[0].(string)+"\n")
	return err
}

func (lines) Close() error { return nil }

func itself(row []any) []any { return row }

func rowsOf(list ...string) func(func([]any, error) bool) {
	return func(yield func([]any, error) bool) {
		for _, s := range list {
			if !yield([]any{s}, nil) {
				return
			}
		}
	}
}

// names lists what is in a folder, hidden files too.
func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func opened(t *testing.T, path string, o FileOptions) *Files {
	t.Helper()
	f, err := OpenFiles(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// Of two exports to one path at once the second is refused, and then nothing is left of a lock.
func TestTwoExportsToOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	first, err := OpenFiles(t.Context(), path, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFiles(t.Context(), path, FileOptions{}); !errors.Is(err, fault.Conflict) || !strings.Contains(err.Error(), path) {
		t.Errorf("the second: %v", err)
	}
	opened(t, filepath.Join(dir, "other.csv"), FileOptions{}).Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if left := names(t, dir); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	again := opened(t, path, FileOptions{})
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// Until all files of an export are whole none has appeared, and of one that fails none does.
func TestFilesAppearTogether(t *testing.T) {
	start := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	day := func(row []any) time.Time { return start.AddDate(0, 0, int(row[0].(string)[0]-'a')) }
	for _, c := range []struct {
		split Split
		rows  []string
		want  []string
	}{
		{Split{}, []string{"a", "b"}, []string{"out.txt"}},
		{Split{}, nil, []string{"out.txt"}},
		{Split{Day: true}, []string{"a", "a", "c"}, []string{"out-2026-11-01.txt", "out-2026-11-03.txt"}},
		{Split{Day: true}, nil, nil},
		{Split{Bytes: 4}, []string{"a", "b", "c"}, []string{"out-0001.txt", "out-0002.txt"}},
		{Split{Bytes: 4}, nil, []string{"out-0001.txt"}},
	} {
		dir := t.TempDir()
		f := opened(t, filepath.Join(dir, "out.txt"), FileOptions{})
		n, err := c.split.Into(t.Context(), f, texts, day, itself, rowsOf(c.rows...))
		if err != nil || n != int64(len(c.rows)) {
			t.Fatalf("%d rows, %v", n, err)
		}
		for _, name := range names(t, dir) {
			if !strings.HasPrefix(name, ".") {
				t.Errorf("%+v: %s is there before the end", c, name)
			}
		}
		if err := errors.Join(f.Publish(), f.Close()); err != nil {
			t.Fatal(err)
		}
		if got := names(t, dir); !slices.Equal(got, c.want) {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestNothingIsLeftOfAnExportThatFails(t *testing.T) {
	broken := errors.New("broken")
	for name, fails := range map[string]func(context.CancelFunc, *Files) error{
		"rows": func(_ context.CancelFunc, f *Files) error {
			_, err := Split{Bytes: 2}.Into(t.Context(), f, texts, nil, itself, func(yield func([]any, error) bool) {
				_ = yield([]any{"a"}, nil) && yield([]any{"b"}, nil) && yield(nil, broken)
			})
			return err
		},
		"start": func(_ context.CancelFunc, f *Files) error {
			_, err := Split{}.Into(t.Context(), f, func(io.Writer) (Sheet, error) { return nil, broken }, nil, itself, rowsOf("a"))
			return err
		},
		"cancelled": func(cancel context.CancelFunc, f *Files) error {
			if _, err := (Split{}).Into(t.Context(), f, texts, nil, itself, rowsOf("a")); err != nil {
				return err
			}
			cancel()
			return f.Publish()
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		dir := t.TempDir()
		f, err := OpenFiles(ctx, filepath.Join(dir, "out.txt"), FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := fails(cancel, f); !errors.Is(err, broken) && !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if left := names(t, dir); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
		cancel()
	}
}

// A file that is there is not replaced by an export that must not, unless it is named.
func TestFreshFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.txt")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := opened(t, path, FileOptions{Fresh: true})
	if _, err := f.Create(""); !errors.Is(err, fault.Conflict) {
		t.Errorf("got %v", err)
	}
	f.Close()
	f = opened(t, path, FileOptions{Fresh: true, May: []string{path}})
	if _, err := (Split{}).Into(t.Context(), f, texts, nil, itself, rowsOf("new")); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Publish(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "new\n" {
		t.Errorf("%q, %v", got, err)
	}
}

// A link is followed: its name says the format, and one that leads nowhere is not replaced by a file.
func TestSymbolicLinks(t *testing.T) {
	dir := t.TempDir()
	link, target := filepath.Join(dir, "out.ndjson.gz"), filepath.Join(dir, "target")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	hello := func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }
	if _, err := OpenFiles(t.Context(), link, FileOptions{}); !errors.Is(err, fault.Invalid) {
		t.Errorf("files through a link to nothing: %v", err)
	}
	if err := ToFile(t.Context(), link, hello); !errors.Is(err, fault.Invalid) {
		t.Errorf("a file through a link to nothing: %v", err)
	}
	for name, write := range map[string]func() error{
		"files": func() error {
			f := opened(t, link, FileOptions{})
			if _, err := (Split{}).Into(t.Context(), f, texts, nil, itself, rowsOf("hello")); err != nil {
				return err
			}
			return errors.Join(f.Publish(), f.Close())
		},
		"one file": func() error { return ToFile(t.Context(), link, hello) },
	} {
		if err := os.WriteFile(target, []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := write(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := os.ReadFile(target); err != nil || !bytes.HasPrefix(got, []byte("\x1f\x8b")) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if at, err := os.Readlink(link); err != nil || at != target {
			t.Errorf("%s: the link leads to %q, %v", name, at, err)
		}
	}
}

func TestNamesOfParts(t *testing.T) {
	for path, want := range map[string]string{
		"a/week.csv": "a/week-1.csv", "a/week.csv.gz": "a/week-1.csv.gz", "a/week": "a/week-1", "a.b/week.json.zst": "a.b/week-1.json.zst", "week.tar.gz": "week-1.tar.gz",
	} {
		f := &Files{path: path}
		if got := f.Named("1"); got != want || f.Named("") != path {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
