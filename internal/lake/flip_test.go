package lake

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
	"github.com/parley-hq/parley/test/unraced"
)

// A byte of any file of the lake that is wrong is damage or goes unnoticed. It never ends the process, and is never an
// unexpected failure. What lies in Parquet files does not go unnoticed by the check.
func TestFlippedByteIsDamage(t *testing.T) {
	unraced.Test(t)
	l := newLake(t)
	for i := range 2 {
		commit(t, l, Commit{Records: all(newer(i)...)})
	}
	files := map[string][]byte{}
	err := filepath.WalkDir(l.place.real, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s := snapshot(t, l)
	live := map[string]bool{}
	for _, table := range []tables.Table{tables.Conversations, tables.Segments} {
		live[s.Files(table)[0].Path] = true
		tbl, err := l.load(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		for _, location := range []string{tbl.MetadataLocation(), tbl.CurrentSnapshot().ManifestList} {
			path, err := filePath(location)
			if err != nil {
				t.Fatal(err)
			}
			live[path] = true
		}
	}
	for path := range live {
		flipped(t, l, path, files[path])
	}
	mustCheck(t, l)
}

// flipped flips bytes of a file, one at a time, and reads the lake.
func flipped(t *testing.T, l *Lake, path string, good []byte) {
	t.Helper()
	found, tried := 0, 0
	for at := 0; at < len(good); at += max(1, len(good)/12) {
		bad := append([]byte(nil), good...)
		bad[at] ^= 0x55
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		l.listed.Store(nil) // as another process would find it
		tried++
		report, err := Check(t.Context(), l, nil)
		switch fault.ExitCode(err) {
		case 0:
		case 8:
			found++
			if strings.Contains(fmt.Sprint(report.Damage), "goroutine ") {
				t.Errorf("byte %d of %s: %q", at, filepath.Base(path), report.Damage)
			}
		default:
			t.Errorf("byte %d of %s of %d: exit code %d: %v", at, filepath.Base(path), len(good), fault.ExitCode(err), err)
		}
	}
	if found == 0 {
		t.Errorf("no damage of %s was found in %d tries", filepath.Base(path), tried)
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	l.listed.Store(nil)
}
