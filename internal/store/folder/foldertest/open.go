package foldertest

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
)

// Uncollected keeps the collector, until the test has ended, from closing files that somebody forgot: Open would miss them.
func Uncollected(t testing.TB) {
	t.Helper()
	percent := debug.SetGCPercent(-1)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
}

// Open gives the files below a folder that this process has open. On systems that do not say, there are none.
func Open(t testing.TB, dir string) (open []string) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range links {
		if path, err := os.Readlink(link); err == nil && strings.HasPrefix(path, dir) {
			open = append(open, path)
		}
	}
	return open
}
