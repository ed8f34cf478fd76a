package lake

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/test/unraced"
)

// Whoever has a lake open has its control database open, wherever the folder goes. What lies at its path then is another
// lake, or none: nothing is answered from both, and what is put back is the lake again.
func TestALakeThatIsReplacedWhileItIsOpen(t *testing.T) {
	unraced.Test(t)
	dir, want := wandering(t)
	other, _ := wandering(t)
	l := mustOpen(t, dir)
	aside := dir + " aside"
	rename := func(from, to string) {
		t.Helper()
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(when string) {
		t.Helper()
		s, err := l.Snapshot(t.Context())
		if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "start it again") {
			t.Errorf("%s: a snapshot: %v", when, errors.Join(err, s.Close()))
		}
		if at, err := l.Available(t.Context()); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: available to %v, %v", when, at, err)
		}
		if f, ok := errors.AsType[*fault.Error](err); !ok || strings.Contains(f.Message, dir) {
			t.Errorf("%s: whoever asks a server is told the path: %v", when, err)
		}
	}
	contents(t, l) // its files are listed, and known from then on
	rename(dir, aside)
	refused("moved away")
	rename(other, dir)
	refused("replaced")
	rename(dir, other)
	rename(aside, dir)
	if got := contents(t, l); !slices.Equal(got, want) {
		t.Errorf("put back: got %q, want %q", got, want)
	}
}
