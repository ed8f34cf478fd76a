package export

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// What is exported is nobody else's, unless a file that is there already says so.
func TestModeOfAnExport(t *testing.T) {
	old := syscall.Umask(0o022)
	defer syscall.Umask(old)
	hello := func(w io.Writer) error { _, err := io.WriteString(w, "hello"); return err }
	for name, to := range map[string]func(string, func(io.Writer) error) error{
		"ToFile":   func(path string, write func(io.Writer) error) error { return ToFile(t.Context(), path, write) },
		"AppendTo": AppendTo,
	} {
		dir := t.TempDir()
		fresh, there := filepath.Join(dir, "new"), filepath.Join(dir, "there")
		if err := os.WriteFile(there, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(there, 0o646); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]fs.FileMode{fresh: 0o600, there: 0o646} {
			during := func(w io.Writer) error {
				entries, err := os.ReadDir(dir)
				for _, e := range entries {
					if info, err := e.Info(); err == nil && strings.HasPrefix(e.Name(), ".") && info.Mode().Perm() != 0o600 {
						t.Errorf("%s: while it is written, %s has mode %v", name, e.Name(), info.Mode())
					}
				}
				if err != nil {
					return err
				}
				return hello(w)
			}
			if err := to(path, during); err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Mode().Perm() != want {
				t.Errorf("%s %s: mode %v, %v, want %v", name, path, info.Mode(), err, want)
			}
		}
	}
}
