package extract

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/test/unraced"
)

// A lake has the conversations of one filter, or all, or the rows of one report; an extraction with another one is refused before
// anything is asked for.
func TestALakeHasOneFilter(t *testing.T) {
	unraced.Test(t)
	set := func(cfg *Config, text string) {
		cfg.Filter, cfg.RowReport = text, ""
		if report, is := strings.CutPrefix(text, "rows "); is {
			cfg.Filter, cfg.RowReport = "", report
		}
	}
	for _, c := range []struct {
		first, second string
		says          string
	}{
		{"rows 1", "rows 1", ""},
		{"", "rows 1", "the lake holds all conversations of its days, and --rows would bring others"},
		{"rows 1", "", "the lake holds the rows of a report, 1; give it by --rows"},
		{"rows 1", "rows 2", "the lake holds the rows of a report, 1, and --rows gives another one"},
		{"rows 1", "sha256:1", "the lake holds the rows of a report, 1; give it by --rows"},
		{"sha256:1", "rows 1", "the lake holds the conversations of a filter, sha256:1; give it by --filter"},
		{"", "", ""},
		{"sha256:1", "sha256:1", ""},
		{"", "sha256:1", "the lake holds all conversations"},
		{"sha256:1", "", "the lake holds the conversations of a filter, sha256:1"},
		{"sha256:1", "sha256:2", "the lake holds the conversations of a filter, sha256:1, and --filter gives another one"},
	} {
		s := &scripted{pages: of(2, "1T1", "2T1")}
		r := newScripted(t, 1, s)
		set(&r.cfg, c.first)
		if sum := r.mustRun(); sum.Source.Filter != r.cfg.Filter || sum.Source.Report != r.cfg.RowReport {
			t.Errorf("the source is %+v", sum.Source)
		}
		r.cfg.End++
		set(&r.cfg, c.second)
		_, err := r.run(t.Context())
		if (err == nil) != (c.says == "") || err != nil && (!errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%q after %q: %v", c.second, c.first, err)
		}
		if want := map[bool]int{true: 2, false: 1}[c.says == ""]; len(s.jobs) != want {
			t.Errorf("%q after %q: %d jobs", c.second, c.first, len(s.jobs))
		}
	}
}

// A run that was interrupted before its first commit is not gone on with by one that brings other conversations.
func TestARunHasOneFilter(t *testing.T) {
	unraced.Test(t)
	for _, second := range []Config{{}, {Filter: "b"}, {RowReport: "a"}} {
		s := &scripted{pages: of(2, "1T1", "1T2", "1T3")}
		s.page = func(n, k int, p platform.Page) (platform.Page, error) {
			if n == 1 && k == 1 {
				return p, errors.New("gone")
			}
			return p, nil
		}
		r := newScripted(t, 1, s)
		r.cfg.Filter = "a"
		if _, err := r.run(t.Context()); err == nil {
			t.Fatal("it was not interrupted")
		}
		r.cfg.Filter, r.cfg.RowReport = second.Filter, second.RowReport
		if sum := r.mustRun(); sum.Resumed || len(s.jobs) != 2 {
			t.Errorf("with %+v: %+v", second, sum)
		}
	}
}
