package lake

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// What should be small and is huge is damage, which is told by its length: it is not read into memory first.
func TestWhatShouldBeSmall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	l, err := Create(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	huge := func(name string) {
		t.Helper()
		file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(file.Truncate(10<<30), file.Close()); err != nil {
			t.Fatal(err)
		}
	}
	told := func(err error) {
		t.Helper()
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "bytes, and never more than") {
			t.Errorf("got %v", err)
		}
	}
	huge("warehouse/huge.metadata.json")
	_, err = objectFS{t.Context(), l}.ReadFile("file://" + filepath.Join(dir, "warehouse/huge.metadata.json"))
	told(err)
	huge(markerName)
	other, err := Open(t.Context(), dir)
	if err == nil {
		err = errors.Join(err, other.Close())
	}
	told(err)
}
