package folder_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private/privatetest"
	"github.com/parley-hq/parley/internal/store"
	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
	"github.com/parley-hq/parley/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, storetest.Implementation{
		New:  func(t *testing.T) string { return filepath.Join(t.TempDir(), "base") },
		Open: func(place string) store.Store { return folder.At(place) },
		Left: temporaries,
	})
}

func TestLocks(t *testing.T) {
	storetest.RunLocks(t, storetest.Locks{
		New:  func(t *testing.T) string { return t.TempDir() },
		Open: func(place string) store.Locks { return folder.At(place) },
	})
}

// temporaries are the files in a folder that have temporary names.
func temporaries(dir string) (found []string) {
	_ = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err == nil && foldertest.Object(path) != path {
			found = append(found, path)
		}
		return nil
	})
	return found
}

func put(t *testing.T, s store.Store, at store.Location, how store.How, content string) error {
	t.Helper()
	w, err := s.Create(t.Context(), at, how)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, content)
	if err == nil {
		err = w.Commit()
	}
	return errors.Join(err, w.Close())
}

// Nothing has a name before it is durable, and when it is committed a power cut takes nothing of it.
func TestNothingIsNamedBeforeItIsDurable(t *testing.T) {
	base := filepath.Join(t.TempDir(), "of", "folders")
	power := &foldertest.Power{}
	s := folder.On(base, power)
	object := filepath.Join(base, "a", "b", "object")
	power.Before = func(op, path string, lost []string) {
		if op == "rename" && len(lost) > 0 {
			t.Errorf("%s is named, and a power cut would take %q", path, lost)
		}
	}
	for _, how := range []store.How{store.New, store.Replace} {
		if err := put(t, s, "a/b/object", how, "content"); err != nil {
			t.Fatal(err)
		}
		if lost := power.Lost(); len(lost) > 0 {
			t.Errorf("a power cut would take %q", lost)
		}
		steps := power.Steps()
		want := []string{"create " + object, "write " + object, "sync " + object, "rename " + object, "syncdir " + filepath.Dir(object)}
		if len(steps) < len(want) || !slices.Equal(steps[len(steps)-len(want):], want) {
			t.Errorf("got %q, want %q in the end", steps, want)
		}
	}
	w, err := s.Create(t.Context(), "a/b/other", store.New)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Finish(), w.Publish(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if lost := power.Lost(); len(lost) != 1 || !strings.HasSuffix(lost[0], "/other") {
		t.Errorf("published, and a power cut would take %q", lost)
	}
	if err := s.Sync(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	if lost := power.Lost(); len(lost) > 0 {
		t.Errorf("a power cut would take %q", lost)
	}
	if err := s.Prepare(t.Context(), "c/d"); err != nil {
		t.Fatal(err)
	}
	if lost := power.Lost(); len(lost) > 0 {
		t.Errorf("prepared, and a power cut would take %q", lost)
	}
}

// A folder that is there may have a name that does not last: who prepares it makes it last.
func TestPrepareSyncsNamesOfFoldersThatAreThere(t *testing.T) {
	base := t.TempDir()
	if err := os.MkdirAll(filepath.Join(base, "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	power := &foldertest.Power{}
	if err := folder.On(base, power).Prepare(t.Context(), "a/b"); err != nil {
		t.Fatal(err)
	}
	steps := power.Steps()
	for _, want := range []string{"syncdir " + base, "syncdir " + filepath.Join(base, "a")} {
		if !slices.Contains(steps, want) {
			t.Errorf("got %q, want %s among them", steps, want)
		}
	}
}

// Whatever step the disk is full at, the object is not there, or the old one is; nothing is left; and it is told.
func TestAFullDisk(t *testing.T) {
	for _, how := range []store.How{store.New, store.Replace} {
		for n := 1; ; n++ {
			base, left, met := filepath.Join(t.TempDir(), "base"), n, ""
			s := folder.On(base, foldertest.Steps{Before: func(op, _ string) error {
				if left--; left != 0 {
					return nil
				}
				met = op
				return &fs.PathError{Op: op, Path: "it", Err: syscall.ENOSPC}
			}})
			if how == store.Replace {
				if err := put(t, folder.At(base), "folder/object", store.New, "old"); err != nil {
					t.Fatal(err)
				}
			}
			err := put(t, s, "folder/object", how, "new")
			if met == "" {
				if err != nil {
					t.Errorf("with room enough: %v", err)
				}
				break
			}
			if !errors.Is(err, fault.Full) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("step %d, %s, failed: %v", n, met, err)
			}
			if found := temporaries(base); len(found) > 0 {
				t.Errorf("step %d, %s, failed and leaves %q", n, met, found)
			}
			content, err := os.ReadFile(filepath.Join(base, "folder", "object"))
			if how == store.New && !errors.Is(err, fs.ErrNotExist) || how == store.Replace && string(content) != "old" && met != "syncdir" {
				t.Errorf("step %d, %s, failed, and the object is %q, %v", n, met, content, err)
			}
			if met == "syncdir" && how == store.Replace && string(content) != "new" {
				t.Errorf("what was there is lost: %q", content)
			}
		}
	}
}

// A right that is missing is told as one.
func TestForbidden(t *testing.T) {
	if dir, child := privatetest.Child(); child {
		s := folder.At(dir)
		privatetest.Answer(func(string) string {
			_, opening := s.Open(t.Context(), "folder/object")
			_, looking := s.Stat(t.Context(), "closed/object")
			var listing error
			for _, err := range s.List(t.Context(), "closed") {
				listing = err
			}
			told := ""
			for _, err := range []error{
				opening, looking, listing, put(t, s, "folder/other", store.New, ""), put(t, s, "other/object", store.Replace, ""), s.Remove(t.Context(), "folder/object"),
				s.Sync(t.Context(), "closed"), s.Prepare(t.Context(), "other"), s.Clear(t.Context(), "folder"),
			} {
				if !errors.Is(err, fault.Forbidden) {
					told += fmt.Sprint(err, "; ")
				}
			}
			return told
		})
		return
	}
	dir := privatetest.Reachable(t)
	for _, at := range []store.Location{"folder/object", "closed/object"} {
		if err := put(t, folder.At(dir), at, store.New, "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	if got := privatetest.Start(t, dir).Ask(t, "what is told"); got != "" {
		t.Errorf("others than forbidden: %s", got)
	}
}

// A folder is no object.
func TestAFolderIsNoObject(t *testing.T) {
	s := folder.At(t.TempDir())
	if err := put(t, s, "folder/object", store.New, "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "folder"); !errors.Is(err, fault.NotFound) {
		t.Errorf("open: %v", err)
	}
	if _, err := s.Stat(t.Context(), "folder"); !errors.Is(err, fault.NotFound) {
		t.Errorf("stat: %v", err)
	}
	if err := put(t, s, "folder", store.Replace, "x"); err == nil {
		t.Error("an object took the place of a folder")
	}
	if err := s.Remove(t.Context(), "folder"); err == nil || errors.Is(err, fault.Conflict) {
		t.Errorf("remove: %v", err)
	}
}

// Files and folders are their owner's. One that takes the place of another has its mode.
func TestModes(t *testing.T) {
	base := filepath.Join(t.TempDir(), "base")
	s := folder.At(base)
	mode := func(path string) fs.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	object := s.Path("folder/object")
	for range 2 {
		if err := put(t, s, "folder/object", store.Replace, "x"); err != nil {
			t.Fatal(err)
		}
		if mode(base) != 0o700 || mode(filepath.Dir(object)) != 0o700 || mode(object) != 0o600 {
			t.Errorf("modes %o, %o, %o", mode(base), mode(filepath.Dir(object)), mode(object))
		}
	}
	if err := os.Chmod(object, 0o644); err != nil {
		t.Fatal(err)
	}
	w, err := s.Create(t.Context(), "folder/object", store.Replace)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range temporaries(base) {
		if mode(path) != 0o600 {
			t.Errorf("while it is written: mode %o", mode(path))
		}
	}
	if err := w.Commit(); err != nil || mode(object) != 0o644 {
		t.Errorf("mode %o, %v", mode(object), err)
	}
}

// What is a temporary name, and of which object.
func TestTemporary(t *testing.T) {
	letters := strings.Repeat("AZ27", 7)[:26]
	for name, want := range map[string]string{
		"." + letters + ".x.parquet": "x.parquet", "." + letters + "..x": ".x",
		"": "", ".": "", "..": "", "x": "", "." + letters: "", "." + letters + ".": "", letters + ".x": "", "." + letters[1:] + ".x": "", "." + letters + "A.x": "",
		"." + strings.ToLower(letters) + ".x": "", "." + letters[1:] + "1.x": "",
	} {
		if of, yes := folder.Temporary(name); of != want || yes != (want != "") {
			t.Errorf("%q: %q, %v", name, of, yes)
		}
	}
	s := folder.At(t.TempDir())
	at := store.Location("folder/." + letters + ".x")
	if err := put(t, s, at, store.New, ""); !errors.Is(err, fault.Invalid) {
		t.Errorf("put %q: %v", at, err)
	}
}
