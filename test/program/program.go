// Package program gives the suites that run the real program one build of it, and reads what it leaves behind.
//
// The build has the crash points of internal/crashpoint, which do nothing unless the environment asks for them. It lies
// in .cache at the root of the checkout and is made by whoever comes first: linking DuckDB costs more than most suites.
package program

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Variable names another program to test, in place of the one that Path builds.
const Variable = "PARLEY_BIN"

// Path is the program, built from the Go files as they are.
func Path(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var built = sync.OnceValues(func() (string, error) {
	if path := os.Getenv(Variable); path != "" {
		return filepath.Abs(path)
	}
	root, err := root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, ".cache", "program")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	// The suites of two packages run at once, and must not replace the file while the other starts it.
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "parley")
	return path, build(root, path)
})

// build links nothing when the file is that of the Go files already. Symbols are left out, which halves the linking.
func build(root, path string) error {
	cmd := exec.CommandContext(context.Background(), "go", "build", "-tags", "crashpoints", "-ldflags", "-s -w", "-o", path, "./cmd/parley")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return errors.Join(err, errors.New(string(bytes.TrimSpace(out))))
	}
	return nil
}

// root is the folder of go.mod, above the package whose tests run.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("the tests run outside the checkout")
		}
		dir = up
	}
}
