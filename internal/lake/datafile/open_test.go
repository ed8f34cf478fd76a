package datafile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/store/folder"
	"github.com/parley-hq/parley/internal/store/folder/foldertest"
)

// What is no Parquet file is closed by whoever finds out.
func TestWhatCannotBeOpenedIsClosed(t *testing.T) {
	foldertest.Uncollected(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f.parquet"), []byte("PAR1 and no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openParquet(t.Context(), File{Store: folder.At(dir), At: "f.parquet"}); err == nil {
		t.Error("damage was opened")
	}
	if open := foldertest.Open(t, dir); len(open) > 0 {
		t.Errorf("left open: %q", open)
	}
}
