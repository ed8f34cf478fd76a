//go:build crashpoints

package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

var (
	mu   sync.Mutex
	seen = map[string]int{}
)

// Reach kills the process, as kill -9 would, when PARLEY_CRASH is "name:n" and the point name is reached for the n-th
// time. With PARLEY_CRASH_LOG set, it appends each point it passes to that file, so that a test learns where it can
// kill. With PARLEY_CRASH_SIGNAL=INT it is interrupted there, as by Ctrl-C, and goes on until it notices;
// with STOP it is stopped there, until somebody sends it SIGCONT.
func Reach(name string) {
	mu.Lock()
	defer mu.Unlock()
	seen[name]++
	if path := os.Getenv("PARLEY_CRASH_LOG"); path != "" {
		note(path, name)
	}
	want, n, ok := strings.Cut(os.Getenv("PARLEY_CRASH"), ":")
	if ok && want == name && n == strconv.Itoa(seen[name]) {
		switch os.Getenv("PARLEY_CRASH_SIGNAL") {
		case "INT":
			_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
			return
		case "STOP":
			_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			return
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // the signal is on its way
	}
}

func note(path, name string) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	if _, err := f.WriteString(name + "\n"); err != nil {
		panic(err)
	}
}

// Watch is for tests of normal builds; here the environment says what is to happen.
func Watch(func(name string)) {}
