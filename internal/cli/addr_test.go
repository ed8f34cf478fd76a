package cli

import (
	"strings"
	"testing"
)

// A server whose port is taken says which flag chooses another, and which one that may be.
func TestAPortThatIsTaken(t *testing.T) {
	credentials(t)
	t.Chdir(t.TempDir())
	at := strings.TrimPrefix(background(t, "sandbox", "--days", "1", "--per-day", "1"), "http://")
	for _, addr := range []string{at, "127.0.0.1:nowhere"} {
		code, _, stderr := parley(t, "sandbox", "--days", "1", "--per-day", "1", "--addr", addr)
		want := "give another address by --addr"
		if addr == at {
			want = "something listens on " + at + " already, perhaps another parley: choose another port, as --addr 127.0.0.1:"
		}
		if code != 2 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, %s", addr, code, stderr)
		}
	}
}
