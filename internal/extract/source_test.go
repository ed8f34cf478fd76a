package extract

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

var (
	acme  = platform.Organization{ID: "0b5a7fd0-0000-4000-8000-00000000000a", Name: "Acme"}
	other = platform.Organization{ID: "0b5a7fd0-0000-4000-8000-00000000000b", Name: `Other\u001b[2J`} // as the client gives it
)

// seen is a source as a lake sees it.
type seen struct {
	org   platform.Organization
	url   string
	moved string // --source
}

const (
	urlA = "https://a.test"
	urlB = "https://b.test"
)

// A lake that was extracted from one source takes the same one again, and refuses another, in a run and in a plan.
func TestALakeKnowsItsSource(t *testing.T) {
	for name, c := range map[string]struct {
		first, then seen
		refused     string // what the refusal says; empty if it is taken
	}{
		"the same":                            {seen{org: acme, url: urlA}, seen{org: acme, url: urlA}, ""},
		"the same at another host":            {seen{org: acme, url: urlA}, seen{org: acme, url: urlB}, ""},
		"renamed":                             {seen{org: acme, url: urlA}, seen{org: platform.Organization{ID: acme.ID, Name: "New"}, url: urlA}, ""},
		"another at the same host":            {seen{org: acme, url: urlA}, seen{org: other, url: urlA}, `"Acme"`},
		"another at another host":             {seen{org: acme, url: urlA}, seen{org: other, url: urlB}, `the organization "Other\u001b[2J" (` + other.ID + ", at " + urlB + ")"},
		"untold":                              {seen{url: urlA}, seen{url: urlA}, ""},
		"untold at another host":              {seen{url: urlA}, seen{url: urlB}, urlA},
		"told later":                          {seen{url: urlA}, seen{org: acme, url: urlA}, ""},
		"told later by another host":          {seen{url: urlA}, seen{org: acme, url: urlB}, urlA},
		"not told any more":                   {seen{org: acme, url: urlA}, seen{url: urlA}, ""},
		"not told any more, by another":       {seen{org: acme, url: urlA}, seen{url: urlB}, urlB},
		"moved, by id":                        {seen{org: acme, url: urlA}, seen{org: other, url: urlB, moved: other.ID}, ""},
		"moved, by host":                      {seen{url: urlA}, seen{url: urlB, moved: urlB + "/"}, ""},
		"moved, to another than is there":     {seen{org: acme, url: urlA}, seen{org: other, url: urlB, moved: "x"}, "--source"},
		"moved to where it was":               {seen{org: acme, url: urlA}, seen{org: acme, url: urlA, moved: acme.ID}, ""},
		"asked for the old one, by its id":    {seen{org: acme, url: urlA}, seen{org: other, url: urlB, moved: acme.ID}, "--source"},
		"the first one by --source":           {seen{org: acme, url: urlA, moved: acme.ID}, seen{org: acme, url: urlA}, ""},
		"the first one is not that by source": {seen{org: acme, url: urlA, moved: "x"}, seen{org: other, url: urlB}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{pages: of(2, "1T1", "2T1")}
			r := newScripted(t, 1, s)
			see := func(x seen) { s.org, r.cfg.Name, r.cfg.Moved = x.org, x.url, x.moved }
			see(c.first)
			_, firstErr := r.run(t.Context())
			if refused := c.first.moved == "x"; refused != errors.Is(firstErr, fault.Invalid) {
				t.Fatalf("the first: %v", firstErr)
			}
			r.cfg.End++
			see(c.then)
			plan, planned := New(r.cfg).Plan(t.Context())
			_, err := r.run(t.Context())
			if c.refused == "" {
				if err != nil || planned != nil {
					t.Fatalf("got %v, planned %v", err, planned)
				}
				if r.cfg.Moved = ""; plan.Source.URL != c.then.url || r.again() != nil {
					t.Errorf("planned %+v, and then %v", plan, r.again())
				}
				return
			}
			for _, err := range []error{planned, err} {
				if !errors.Is(err, fault.Invalid) || fault.ExitCode(err) != 2 || !strings.Contains(err.Error(), c.refused) || strings.Contains(err.Error(), "\x1b") {
					t.Errorf("got %v", err)
				}
			}
			if r.whole() != "1" || len(s.jobs) != 1 {
				t.Errorf("a refused source was extracted: %s, %d jobs", r.whole(), len(s.jobs))
			}
		})
	}
}

// again plans once more, as the next night does.
func (r *rig) again() error {
	_, err := New(r.cfg).Plan(r.t.Context())
	return err
}

// The advice of the refusal has been tried: with what it says of --source the command goes on, and from then on
// without.
func TestTheAdviceOnSources(t *testing.T) {
	unraced.Test(t)
	for _, org := range []platform.Organization{other, {}} {
		s := &scripted{pages: of(2, "1T1", "2T1"), org: acme}
		r := newScripted(t, 1, s)
		r.mustRun()
		r.cfg.End++
		s.org, r.cfg.Name = org, urlB
		_, err := r.run(t.Context())
		if err == nil {
			t.Fatal("taken")
		}
		_, advice, ok := strings.Cut(err.Error(), "say so by --source ")
		if !ok {
			t.Fatalf("no advice: %v", err)
		}
		r.cfg.Moved = advice
		r.mustRun()
		r.cfg.Moved = ""
		r.mustRun()
		if r.ids() != "1T1 2T1" {
			t.Errorf("the lake has %s", r.ids())
		}
	}
}

// A lake of which nothing was committed is nobody's yet: a first extraction by mistake can be made good by another,
// which gives up what was staged.
func TestALakeWithoutACommitIsNobodys(t *testing.T) {
	s := &scripted{pages: of(1, "1T1", "1T2"), org: acme}
	r := newScripted(t, 1, s)
	broken := errors.New("broken")
	s.page = func(_, k int, p platform.Page) (platform.Page, error) {
		if k == 1 {
			return p, broken
		}
		return p, nil
	}
	if _, err := r.run(t.Context()); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	s.page, s.org = nil, other
	s.pages = of(1, "1T3")
	if sum := r.mustRun(); sum.Resumed || r.ids() != "1T3" {
		t.Errorf("got %+v; the lake has %s", sum, r.ids())
	}
	if s.org = acme; r.again() == nil {
		t.Error("after the commit another source is taken")
	}
}

// A lake of before there were sources, and one that was only imported into, goes on with the first one that it sees;
// an interrupted run of then is taken up.
func TestALakeOfBefore(t *testing.T) {
	s := &scripted{pages: of(1, "1T1", "1T2", "1T3"), org: acme}
	r := newScripted(t, 1, s)
	broken := errors.New("broken")
	s.page = func(_, k int, p platform.Page) (platform.Page, error) {
		if k == 2 {
			return p, broken
		}
		return p, nil
	}
	if _, err := r.run(t.Context()); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, err := r.lake.Control().Exec(t.Context(), `UPDATE extract_runs SET source = ?; DELETE FROM extract_source`, r.cfg.Name); err != nil {
		t.Fatal(err)
	}
	s.page = nil
	if sum := r.mustRun(); !sum.Resumed || sum.Received != 3 || sum.Source.ID != acme.ID {
		t.Errorf("got %+v", sum)
	}
	if s.org = other; r.again() == nil {
		t.Error("after the commit another source is taken")
	}
}

// A run is resumed at another host of the same organization, and given up when the source has moved.
func TestRunsAreOfASource(t *testing.T) {
	unraced.Test(t)
	for name, c := range map[string]struct {
		then    seen
		resumed bool
	}{
		"another host":  {seen{org: acme, url: urlB}, true},
		"moved":         {seen{org: other, url: urlB, moved: other.ID}, false},
		"untold":        {seen{url: urlA}, true},
		"untold, moved": {seen{url: urlB, moved: urlB}, false},
	} {
		s := &scripted{pages: of(1, "1T1", "2T1", "2T2"), org: acme}
		r := newScripted(t, 2, s)
		r.cfg.Name = urlA
		broken := errors.New("broken")
		s.page = func(n, k int, p platform.Page) (platform.Page, error) {
			if n == 2 && k == 1 {
				return p, broken
			}
			return p, nil
		}
		if _, err := r.run(t.Context()); !errors.Is(err, broken) {
			t.Fatal(err)
		}
		s.page = nil
		s.org, r.cfg.Name, r.cfg.Moved = c.then.org, c.then.url, c.then.moved
		sum := r.mustRun()
		if sum.Resumed != c.resumed || r.whole() != "1 2" {
			t.Errorf("%s: got %+v, whole %s", name, sum, r.whole())
		}
		if told := len(sum.Warnings) > 0 && strings.Contains(sum.Warnings[0], "does not tell this client whose it is"); told != (name == "untold") {
			t.Errorf("%s: warnings %q", name, sum.Warnings)
		}
	}
}

// Through the client: what a server without the route is asked, and one with it.
func TestOrganizationThroughTheClient(t *testing.T) {
	for _, org := range []platform.Organization{{}, acme} {
		r := newRig(t, 1, platformtest.Config{Records: spread(1, 2), Organization: org})
		if s := r.mustRun(); s.Source != (Identity{ID: org.ID, Name: org.Name, URL: r.cfg.Name}) || r.fake.Calls(platformtest.Organization) != 1 {
			t.Errorf("got %+v after %d questions", s.Source, r.fake.Calls(platformtest.Organization))
		}
	}
	r := newRig(t, 1, platformtest.Config{Records: spread(1, 2), Rules: []platformtest.Rule{
		{Route: platformtest.Organization, First: 1, Last: platformtest.Always, Do: platformtest.Refuse(503, "x", "")},
	}})
	if _, err := r.run(t.Context()); !errors.Is(err, fault.Unavailable) || len(r.fake.Submissions()) > 0 {
		t.Errorf("a platform that cannot tell now: %v", err)
	}
}

// Tables of a newer parley are refused by a plan as by a run.
func TestAPlanRefusesWhatARunRefuses(t *testing.T) {
	r := newScripted(t, 2, &scripted{pages: of(1, "1T1")})
	r.mustRun()
	for name, change := range map[string]func(*Config){
		"no days":                    func(c *Config) { c.End = c.First },
		"again of other days":        func(c *Config) { c.Again = conversation.Days{First: c.First - 1, End: c.First + 1} },
		"again beyond the end":       func(c *Config) { c.Again = conversation.Days{First: c.First, End: c.End + 1} },
		"empty days of other days":   func(c *Config) { c.AcceptEmpty = conversation.Days{First: c.End, End: c.End + 1} },
		"another source":             func(c *Config) { c.Name = urlB },
		"not the source of --source": func(c *Config) { c.Moved = urlB },
	} {
		cfg := r.cfg
		change(&cfg)
		_, planned := New(cfg).Plan(t.Context())
		_, err := New(cfg).Run(t.Context())
		if !errors.Is(err, fault.Invalid) || planned == nil || planned.Error() != err.Error() {
			t.Errorf("%s: the run says %v, the plan %v", name, err, planned)
		}
	}
	if _, err := r.lake.Control().Exec(t.Context(), `UPDATE schema_versions SET version = 99 WHERE owner = 'extract'`); err != nil {
		t.Fatal(err)
	}
	_, planned := New(r.cfg).Plan(t.Context())
	_, err := New(r.cfg).Run(t.Context())
	if !errors.Is(err, fault.Conflict) || planned == nil || planned.Error() != err.Error() {
		t.Errorf("newer tables: the run says %v, the plan %v", err, planned)
	}
}

func TestParseDays(t *testing.T) {
	for text, want := range map[string]conversation.Days{
		"2026-10-01":             {First: first, End: first + 1},
		"2026-10-01..2026-10-03": {First: first, End: first + 3},
		"2026-10-01..2026-10-01": {First: first, End: first + 1},
	} {
		got, err := ParseDays("--again", text)
		if err != nil || got != want {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
		if again, err := ParseDays("--again", got.String()); err != nil || again != got {
			t.Errorf("%s is written %s", text, got)
		}
	}
	for _, text := range []string{"", "..", "2026-10-03..2026-10-01", "2026-10-01..", "..2026-10-01", "2026-10-01/2026-10-02", "2026-13-01", "2026-10-01..2026-10-02..2026-10-03"} {
		if got, err := ParseDays("--again", text); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "--again") {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	if (conversation.Days{}).String() != "" || (conversation.Days{}).Has(0) {
		t.Error("no days have a day")
	}
}

func TestSpans(t *testing.T) {
	day := func(n ...int) (out []conversation.Day) {
		for _, i := range n {
			out = append(out, first+conversation.Day(i))
		}
		return out
	}
	for want, days := range map[string][]conversation.Day{
		"":                         nil,
		"2026-10-01":               day(0),
		"2026-10-01 to 2026-10-02": day(0, 1),
		"2026-10-01, 2026-10-03 to 2026-10-05, 2026-10-07":                                     day(0, 2, 3, 4, 6),
		"2026-10-01, 2026-10-03, 2026-10-05, 2026-10-07, 2026-10-09, 2026-10-11":               day(0, 2, 4, 6, 8, 10),
		"2026-10-01 to 2026-10-02, 2026-10-04, 2026-10-06, 2026-10-08, 2026-10-10, and 3 more": day(0, 1, 3, 5, 7, 9, 11, 13, 14),
	} {
		if got := Spans(days); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := spans(day(0, 1, 2, 3, 5), 3); len(got) != 3 || got[0] != (conversation.Days{First: first, End: first + 3}) || got[1] != (conversation.Days{First: first + 3, End: first + 4}) || got[2] != (conversation.Days{First: first + 5, End: first + 6}) {
		t.Errorf("at most three: %v", got)
	}
}
