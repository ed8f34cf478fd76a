package cached

import (
	"errors"
	"path/filepath"
	"testing"
)

func begun(t *testing.T, path string) *part {
	t.Helper()
	p, err := begin(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Who has finished, and then gives up, leaves the part of the next one alone.
func TestAFinishedPartIsNobodyElses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	first := begun(t, path)
	held, err := first.finish()
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	second := begun(t, path)
	if err := first.giveUp(); err != nil {
		t.Error(err)
	}
	again, err := second.finish()
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
}

// A part that another fetches is busy, and so is nobody's to remove.
func TestAPartIsOfOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "copy")
	first := begun(t, path)
	if _, err := begin(path); !errors.Is(err, errBusy) {
		t.Errorf("got %v", err)
	}
	if (there{path: path + partSuffix}).remove() {
		t.Error("it was removed")
	}
	if err := first.giveUp(); err != nil {
		t.Error(err)
	}
}
