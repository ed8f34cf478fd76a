package private

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// modes gives the modes of a file and of the folders above it, up to and without root.
func modes(t *testing.T, root, path string) map[string]fs.FileMode {
	t.Helper()
	out := map[string]fs.FileMode{}
	for ; path != root; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			t.Fatal(err)
		}
		out[name] = info.Mode() & (fs.ModePerm | fs.ModeSetgid)
	}
	return out
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		name         string
		umask        int
		root         fs.FileMode
		folder, file fs.FileMode
	}{
		{"its owner's alone, whatever the folder above", 0o022, 0o755, 0o700, 0o600},
		{"open to everybody above", 0, 0o777, 0o700, 0o600},
		{"a stricter umask", 0o277, 0o755, 0o500, 0o400},
		{"shared with a group to read", 0o022, 0o750 | fs.ModeSetgid, 0o750 | fs.ModeSetgid, 0o640},
		{"shared with a group, whatever the umask", 0o077, 0o770 | fs.ModeSetgid, 0o770 | fs.ModeSetgid, 0o660},
		{"shared with everybody", 0o077, 0o755 | fs.ModeSetgid, 0o755 | fs.ModeSetgid, 0o644},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := t.TempDir()
			if err := os.Chmod(root, c.root); err != nil {
				t.Fatal(err)
			}
			old := syscall.Umask(c.umask)
			defer syscall.Umask(old)
			dir := filepath.Join(root, "a")
			if c.umask&0o200 == 0 { // else nothing can be made in it
				dir = filepath.Join(dir, "b")
			}
			if err := MkdirAll(dir); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "file")
			if c.umask&0o200 != 0 {
				path = filepath.Join(root, "file")
			}
			if err := WriteFile(path, []byte("x")); err != nil {
				t.Fatal(err)
			}
			for name, mode := range modes(t, root, path) {
				want := c.folder
				if filepath.Base(name) == "file" {
					want = c.file
				}
				if mode != want {
					t.Errorf("%s has mode %v, want %v", name, mode, want)
				}
			}
			if got := modes(t, root, dir); got["a"] != c.folder {
				t.Errorf("the folder has mode %v, want %v", got["a"], c.folder)
			}
		})
	}
}

func TestWhatIsThereKeepsItsMode(t *testing.T) {
	for _, root := range []fs.FileMode{0o755, 0o750 | fs.ModeSetgid} {
		dir := t.TempDir()
		path := filepath.Join(dir, "folder", "file")
		if err := os.Mkdir(filepath.Dir(path), 0o711); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("long before"), 0o604); err != nil {
			t.Fatal(err)
		}
		for name, mode := range map[string]fs.FileMode{filepath.Dir(path): 0o711 | root&fs.ModeSetgid, path: 0o604, dir: root} {
			if err := os.Chmod(name, mode); err != nil {
				t.Fatal(err)
			}
		}
		if err := MkdirAll(filepath.Dir(path)); err != nil {
			t.Fatal(err)
		}
		if err := WriteFile(path, []byte("now")); err != nil {
			t.Fatal(err)
		}
		got := modes(t, dir, path)
		if got["folder"].Perm() != 0o711 || got["folder/file"] != 0o604 {
			t.Errorf("got %v", got)
		}
		if text, err := os.ReadFile(path); err != nil || string(text) != "now" {
			t.Errorf("got %q, %v", text, err)
		}
	}
}

func TestFlagsAreThoseOfTheCaller(t *testing.T) {
	for _, root := range []fs.FileMode{0o755, 0o750 | fs.ModeSetgid} {
		dir := t.TempDir()
		if err := os.Chmod(dir, root); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "file")
		if _, err := Open(path, os.O_RDONLY); !os.IsNotExist(err) {
			t.Errorf("a file that is not there, not to be made: %v", err)
		}
		if err := WriteFile(path, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL); !os.IsExist(err) {
			t.Errorf("a file that is there, to be new: %v", err)
		}
		if err := MkdirAll(filepath.Join(path, "x")); err == nil {
			t.Error("a folder was made in a file")
		}
		if err := MkdirAll(path); err == nil {
			t.Error("a file passed for a folder")
		}
	}
}
