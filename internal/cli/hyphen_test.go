package cli

import (
	"strings"
	"testing"
)

// The pages print commands with words that are no program's choice, such as folders and ids. Behind a flag, and behind two hyphens, a word
// that begins with a hyphen is taken as it is.
func TestWordsThatBeginWithAHyphen(t *testing.T) {
	t.Chdir(t.TempDir())
	must(t, "generate", "--lake", "-lake", "--from", "2026-11-02", "--to", "2026-11-03", "--per-day", "5", "--seed", "1")
	must(t, "report", "--lake", "-lake", "--from", "2026-11-02", "--to", "2026-11-03", "--by", "queue,day", "--time-zone", "UTC", "--queue", "-queue")
	if code, _, stderr := parley(t, "get", "--lake", "-lake", "--", "-id"); code != 5 || !strings.Contains(stderr, "no conversation -id") {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if code, _, stderr := parley(t, "get", "-id", "--lake", "-lake"); code != 2 {
		t.Errorf("without two hyphens: exit code %d: %s", code, stderr)
	}
}
