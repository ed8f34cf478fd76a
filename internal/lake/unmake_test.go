package lake

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
)

// What Create made goes, and a folder that has anything else in it stays.
func TestUnmake(t *testing.T) {
	at := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		do   func(t *testing.T, l *Lake)
		want bool // that it is left
	}{
		"a new one":     {func(*testing.T, *Lake) {}, false},
		"with a record": {func(t *testing.T, l *Lake) { commit(t, l, Commit{Records: all(record("a", at, ""))}) }, true},
		"with an empty day": {func(t *testing.T, l *Lake) {
			commit(t, l, Commit{Days: []conversation.Day{conversation.DayOf(at)}, Records: all()})
		}, true},
		"being written to": {func(t *testing.T, l *Lake) {
			w, err := l.Writer(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = w.Close() })
		}, true},
	} {
		dir := filepath.Join(t.TempDir(), "lake")
		l, err := Create(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		c.do(t, l)
		if err := Unmake(t.Context(), l); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) == c.want {
			t.Errorf("%s: %v", name, err)
		}
		if Exists(dir) != c.want {
			t.Errorf("%s: there is a lake: %v", name, Exists(dir))
		}
		again, err := Create(t.Context(), dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
	}
	mine := t.TempDir()
	l, err := Create(t.Context(), mine)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(mine, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Unmake(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(mine); err != nil || len(left) != 1 || left[0].Name() != "lost+found" {
		t.Errorf("left %v, %v", left, err)
	}
}
