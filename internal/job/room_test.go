package job

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestRoomIsAShareOfTheDisk(t *testing.T) {
	dir := t.TempDir()
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		t.Fatal(err)
	}
	m := newManager(t, &fakeSource{}, nil)
	all := int64(s.Blocks) * int64(s.Bsize)
	if got := m.cfg.Limits; got.Stored < 1 || got.Stored > all/2 || got.Bytes != got.Stored {
		t.Errorf("the disk has %d bytes, results may take %d, and one job find %d", all, got.Stored, got.Bytes)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := sizeOfFiles(dir); err != nil || got != 1000 {
		t.Errorf("the files take %d, %v", got, err)
	}
	// Results that are there are no reason to have less room for results: 1 TB that takes no room on the disk.
	if err := os.Truncate(filepath.Join(dir, "a"), 1<<40); err != nil {
		t.Skip("the file system has no sparse files: ", err)
	}
	if got, err := room(dir); err != nil || got < 1<<39 {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := room(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a folder that is not there has room")
	}
	if got := (Limits{Bytes: 5, Stored: 6}).withDefaults(7); got.Bytes != 5 || got.Stored != 6 {
		t.Errorf("what was said does not count: %+v", got)
	}
}
