package lake

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A lake is checked while others commit to it: a file may go, or get its name, between the listing of its folder and the look
// at it. That is no damage. A folder that is not there at all is.
func TestWalkPassesOverFilesThatHaveGone(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	visit := func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if e.Name() == "a" {
			if err := os.Remove(filepath.Join(dir, "b")); err != nil {
				return err
			}
		}
		if _, err := e.Info(); err != nil {
			return err
		}
		seen = append(seen, filepath.Base(path))
		return nil
	}
	if err := newDurableFS(t.Context()).WalkDir(dir, visit); err != nil || !slices.Equal(seen, []string{"a", "c"}) {
		t.Errorf("saw %v, %v", seen, err)
	}
	if err := newDurableFS(t.Context()).WalkDir(filepath.Join(dir, "nowhere"), visit); err == nil {
		t.Error("a folder that is not there was walked through")
	}
}
