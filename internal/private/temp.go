package private

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/parley-hq/parley/internal/fault"
)

// Temp makes a folder for work of a kind, among the temporary files. Whoever makes it removes it. The folders of
// processes that were killed it clears away: personal data is not to stay there.
func Temp(kind string) (string, error) {
	prefix := "parley-" + kind + "-"
	sweep(prefix)
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	return dir, fault.AtPath(err, "no temporary folder can be made in %s; name another by TMPDIR", os.TempDir())
}

// sweep removes the folders of processes that are gone. One that cannot be removed is left: it is not ours.
func sweep(prefix string) {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*-*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		n, err := strconv.Atoi(pid)
		if err == nil && errors.Is(syscall.Kill(n, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}
