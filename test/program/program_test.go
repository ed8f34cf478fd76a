package program

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"

	"github.com/parley-hq/parley/test/unraced"
)

// Every command, and every word that a shell completes, waits for what packages do before main. One that read a
// specification took 110 ms; docs/decisions/0044-no-substrait.md.
func TestStartAllocatesLittle(t *testing.T) {
	unraced.Test(t)
	const most = 4 << 20
	cmd := exec.CommandContext(t.Context(), Path(t), "--version")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatal(err)
	}
	traces := regexp.MustCompile(`(?m)^init (\S+) @.*, (\d+) bytes, \d+ allocs$`).FindAllStringSubmatch(string(out), -1)
	if len(traces) < 10 {
		t.Fatalf("%d packages say what they allocate, want many:\n%s", len(traces), out)
	}
	for _, m := range traces {
		if n, _ := strconv.Atoi(m[2]); n > most {
			t.Errorf("package %s allocates %d bytes before main, want at most %d", m[1], n, most)
		}
	}
}
