package private

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func TestTemp(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	gone := exec.CommandContext(t.Context(), "true")
	if err := gone.Run(); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(os.TempDir(), "parley-work-"+strconv.Itoa(gone.Process.Pid)+"-1")
	others := []string{
		filepath.Join(os.TempDir(), "parley-other-"+strconv.Itoa(gone.Process.Pid)+"-1"),
		filepath.Join(os.TempDir(), "parley-work-"+strconv.Itoa(os.Getpid())+"-1"),
		filepath.Join(os.TempDir(), "parley-work-x-1"),
	}
	for _, dir := range append(others, left) {
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := Temp("work")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 || filepath.Dir(dir) != os.TempDir() {
		t.Errorf("got %s, %v, %v", dir, info, err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("what a killed process has left is there: %v", err)
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "nothing"))
	if _, err := Temp("work"); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("where nothing can be made: %v", err)
	}
	for _, dir := range others {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("%v", err)
		}
	}
}
