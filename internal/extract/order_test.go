package extract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
	"github.com/parley-hq/parley/test/unraced"
)

// Which days are whole, asserted before each page is given: commits of a single record make every step one that counts.
// The first part is one day; the second one holds the pages of the table, days 2 to 5.
func TestWhichDaysAreWholeAtEachStep(t *testing.T) {
	unraced.Test(t)
	for name, c := range map[string]struct {
		pages []string // records of each page of the second part
		whole []string // days whole when it is asked for; the last one when the run is done
	}{
		"in order": {
			[]string{"2T1 3T1", "3T2 4T1", "4T2 5T1", "5T2"},
			[]string{"1", "1 2", "1 2 3", "1 2 3 4", "1 2 3 4 5"},
		},
		"a day that is reached is not whole": {
			[]string{"2T1", "2T2", "3T0", "3T1 5T1"},
			[]string{"1", "1", "1", "1 2", "1 2 3 4 5"},
		},
		"two at one instant are in order": {
			[]string{"2T1 3T1", "3T1b 4T1", "5T1"},
			[]string{"1", "1 2", "1 2 3", "1 2 3 4 5"},
		},
		"out of order in a page": {
			[]string{"3T1 2T1", "4T1 4T2", "5T1"},
			[]string{"1", "1", "1", "1 2 3 4 5"},
		},
		"out of order between pages": {
			[]string{"2T1 3T1", "2T2 4T1", "5T1 5T2"},
			[]string{"1", "1 2", "1 2", "1 2 3 4 5"},
		},
		"order that seems regained": {
			[]string{"3T1 2T1", "3T2 3T3", "4T1 4T2", "5T1 5T2"},
			[]string{"1", "1", "1", "1", "1 2 3 4 5"},
		},
		"disorder in the last page": {
			[]string{"2T1 3T1", "3T2 4T1", "5T1 2T5"},
			[]string{"1", "1 2", "1 2 3", "1 2 3 4 5"},
		},
		"a later page begins before the end of the last": {
			[]string{"2T1 4T1", "3T1 5T1", "5T2"},
			[]string{"1", "1 2", "1 2", "1 2 3 4 5"}, // 3 is empty then, and is not confirmed before the part ends
		},
		"backwards": {
			[]string{"5T2 5T1", "4T1 3T1", "2T2 2T1"},
			[]string{"1", "1", "1", "1 2 3 4 5"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, cut := range []int{1, len(c.pages) - 1, len(c.pages)} {
				steps(t, c.pages, c.whole, cut)
			}
		})
	}
}

// steps runs an extraction, cut before page number cut of the second part and taken up, and asserts which days are
// whole each time that a page is asked for. A cut at the number of pages is none.
func steps(t *testing.T, pages, whole []string, cut int) {
	t.Helper()
	broken := errors.New("broken")
	s := &scripted{}
	s.pages = func(n int, _ conversation.Interval) (out []platform.Page) {
		if n == 1 {
			return []platform.Page{page("1T1")}
		}
		for _, p := range pages {
			out = append(out, page(strings.Fields(p)...))
		}
		return out
	}
	r := newScripted(t, 5, s)
	r.cfg.Size.Commit = 1
	s.page = func(n, k int, p platform.Page) (platform.Page, error) {
		if n == 2 && r.whole() != whole[k] {
			t.Errorf("cut before page %d: before page %d of %q the days %s are whole, want %s", cut, k, pages, r.whole(), whole[k])
		}
		if n == 2 && k == cut {
			cut = -1
			return p, broken
		}
		return p, nil
	}
	was := cut
	if _, err := r.run(t.Context()); was < len(pages) != errors.Is(err, broken) {
		t.Fatalf("cut before page %d: %v", was, err)
	} else if err != nil {
		if sum := r.mustRun(); !sum.Resumed {
			t.Errorf("cut before page %d: %+v", was, sum)
		}
	}
	if r.whole() != whole[len(pages)] {
		t.Errorf("cut before page %d: at the end the days %s are whole", was, r.whole())
	}
	want := append([]string{"1T1"}, strings.Fields(strings.Join(pages, " "))...)
	slices.Sort(want)
	if r.ids() != strings.Join(want, " ") {
		t.Errorf("cut before page %d: the lake has %s, want %v", was, r.ids(), want)
	}
}

// A job that is submitted again begins anew: what was in order stays so, and what was not is not taken for it.
func TestOrderOverJobsThatAreLost(t *testing.T) {
	unraced.Test(t)
	for name, c := range map[string]struct {
		first, second []string
		whole         []string // before each page of the second part's second job, and at the end
	}{
		"in order":           {[]string{"2T1 3T1"}, []string{"2T1 3T1", "4T1", "5T1"}, []string{"1 2", "1 2", "1 2 3", "1 2 3 4 5"}},
		"the frontier stays": {[]string{"2T1 4T1"}, []string{"2T1", "3T1", "4T1 5T1"}, []string{"1 2", "1 2", "1 2 3", "1 2 3 4 5"}},
		"out of order once":  {[]string{"3T1 2T1"}, []string{"2T1 3T1", "4T1", "5T1"}, []string{"1", "1", "1", "1 2 3 4 5"}},
	} {
		s := &scripted{}
		r := newScripted(t, 5, s)
		r.cfg.Size.Commit = 1
		s.pages = func(n int, _ conversation.Interval) (out []platform.Page) {
			for _, p := range map[int][]string{1: {"1T1"}, 2: append(slices.Clone(c.first), "5T9"), 3: c.second}[n] {
				out = append(out, page(strings.Fields(p)...))
			}
			return out
		}
		s.page = func(n, k int, p platform.Page) (platform.Page, error) {
			if n == 3 && r.whole() != c.whole[k] {
				t.Errorf("%s: before page %d the days %s are whole, want %s", name, k, r.whole(), c.whole[k])
			}
			if n == 2 && k == 1 {
				return p, gone
			}
			return p, nil
		}
		if sum := r.mustRun(); r.whole() != c.whole[len(c.second)] || sum.Jobs != 3 || sum.Duplicates+sum.Unchanged != 2 {
			t.Errorf("%s: whole %s, %+v", name, r.whole(), sum)
		}
	}
}

// A job that is submitted again brings first what has come already, page after page: as long as it advances in time, it is
// not one that leads nowhere.
func TestManyPagesOfWhatHasCome(t *testing.T) {
	const many = maxIdle + 20
	s := &scripted{}
	s.pages = func(int, conversation.Interval) (out []platform.Page) {
		for n := range many {
			start := first.Start().Add(time.Duration(n) * time.Minute)
			out = append(out, platform.Page{Records: [][]byte{platformtest.Record(fmt.Sprintf("c%03d", n), start, time.Second, "")}})
		}
		return out
	}
	r := newScripted(t, 1, s)
	s.page = func(n, k int, p platform.Page) (platform.Page, error) {
		if n == 1 && k == many-1 {
			return p, gone
		}
		return p, nil
	}
	if sum := r.mustRun(); sum.Added != many || sum.Jobs != 2 || sum.Duplicates != many-1 {
		t.Errorf("got %+v", sum)
	}
}

// A run is not gone on with when a day is due that lies before what it had begun, or between its parts.
func TestResumeWhenAnotherDayIsDue(t *testing.T) {
	unraced.Test(t)
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		from    int // first day asked for at first
		gaps    []conversation.Day
		resumed bool
	}{
		"nothing else":                 {1, nil, true},
		"an earlier day":               {2, nil, false},
		"a day that the parts pass by": {1, []conversation.Day{day(2)}, false},
	} {
		s := &scripted{pages: of(1, "1T1", "2T1", "3T1", "3T2", "4T1"), gaps: c.gaps}
		r := newScripted(t, 4, s)
		r.cfg.First, r.cfg.Size.Job = day(c.from), 1
		s.page = func(_, _ int, p platform.Page) (platform.Page, error) {
			if strings.Contains(fmt.Sprintf("%s", p.Records), "c3T2") {
				return p, broken
			}
			return p, nil
		}
		if _, err := r.run(t.Context()); !errors.Is(err, broken) {
			t.Fatalf("%s: %v", name, err)
		}
		s.page, s.gaps, r.cfg.First = nil, nil, day(1)
		sum := r.mustRun()
		if sum.Resumed != c.resumed || r.whole() != "1 2 3 4" || r.ids() != "1T1 2T1 3T1 3T2 4T1" {
			t.Errorf("%s: %+v, whole %s, the lake has %s", name, sum, r.whole(), r.ids())
		}
	}
}

// A conversation belongs to the part in which it starts, to the instant: the first of a part is its own, that at its
// end is the next one's.
func TestRecordsExactlyAtAnEnd(t *testing.T) {
	unraced.Test(t)
	all := []string{"1T0", "2T0", "3T0", "4T0"}
	s := &scripted{pages: func(int, conversation.Interval) []platform.Page { return []platform.Page{page(all...)} }}
	r := newScripted(t, 2, s)
	r.cfg.First, r.cfg.End, r.cfg.Size.Job = day(2), day(4), 1
	sum := r.mustRun()
	if r.ids() != "2T0 3T0" || sum.Elsewhere != 2 || sum.Outside != 4 || sum.Received != 8 || sum.Added != 2 || sum.Duplicates != 0 {
		t.Errorf("the lake has %s, %+v", r.ids(), sum)
	}
}

// "Another part brings them" is said only where one does: of days that this run extracts, whether before or after the
// interruption, and not of days that were whole before it.
func TestElsewhereAndOutside(t *testing.T) {
	unraced.Test(t)
	broken := errors.New("broken")
	s := &scripted{pages: of(5, "2T1")}
	r := newScripted(t, 4, s)
	r.cfg.First, r.cfg.End = day(2), day(3)
	r.mustRun()
	r.cfg.First, r.cfg.End = day(1), day(5)
	s.jobs, s.deleted = nil, nil
	s.pages = func(int, conversation.Interval) []platform.Page {
		return []platform.Page{page("1T1", "2T1", "3T1"), page("4T1", "5T1")}
	}
	s.page = func(n, k int, p platform.Page) (platform.Page, error) {
		return p, map[bool]error{true: broken}[n == 2 && k == 1]
	}
	if sum, err := r.run(t.Context()); !errors.Is(err, broken) || sum.Elsewhere != 1+1+1 || sum.Outside != 1+1+1 { // job 1: 3 4, 2 5; job 2: 1, 2
		t.Errorf("%v, %+v", err, sum)
	}
	s.page = nil
	if sum := r.mustRun(); sum.Elsewhere != 3 || sum.Outside != 4 || sum.Added != 3 || r.ids() != "1T1 2T1 3T1 4T1" {
		t.Errorf("%+v, the lake has %s", sum, r.ids())
	}
}
