package extract

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// A lake has the conversations of one filter, or all; an extraction with another one is refused before anything is asked for.
func TestALakeHasOneFilter(t *testing.T) {
	for _, c := range []struct {
		first, second string
		says          string
	}{
		{"", "", ""},
		{"sha256:1", "sha256:1", ""},
		{"", "sha256:1", "the lake holds all conversations"},
		{"sha256:1", "", "the lake holds the conversations of a filter, sha256:1"},
		{"sha256:1", "sha256:2", "the lake holds the conversations of a filter, sha256:1, and --filter gives another one"},
	} {
		s := &scripted{pages: of(2, "1T1", "2T1")}
		r := newScripted(t, 1, s)
		r.cfg.Filter = c.first
		if sum := r.mustRun(); sum.Source.Filter != c.first {
			t.Errorf("the source is %+v", sum.Source)
		}
		r.cfg.End++
		r.cfg.Filter = c.second
		_, err := r.run(t.Context())
		if (err == nil) != (c.says == "") || err != nil && (!errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%q after %q: %v", c.second, c.first, err)
		}
		if want := map[bool]int{true: 2, false: 1}[c.says == ""]; len(s.jobs) != want {
			t.Errorf("%q after %q: %d jobs", c.second, c.first, len(s.jobs))
		}
	}
}
