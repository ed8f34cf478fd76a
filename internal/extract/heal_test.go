package extract

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/stage"
	"github.com/parley-hq/parley/test/unraced"
)

var gone = fault.New(fault.NotFound, "the job is gone")

// stagedFiles gives the files that are staged now.
func (r *rig) stagedFiles() []string {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(r.lake.String(), "staging", "*", "*.s2"))
	if err != nil {
		r.t.Fatal(err)
	}
	return files
}

func flip(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text[len(text)/2] ^= 1
	return os.WriteFile(path, text, 0o600)
}

// What is staged is damaged while a run is interrupted, or in the middle of one, after each page: the run forgets it,
// fetches it again by itself, says so, and ends with the same lake as one that was not disturbed.
func TestDamagedStagingIsFetchedAgain(t *testing.T) {
	unraced.Test(t)
	broken := errors.New("broken")
	for name, damage := range map[string]func(files []string) error{
		"first file flipped": func(files []string) error { return flip(files[0]) },
		"last file flipped":  func(files []string) error { return flip(files[len(files)-1]) },
		"emptied":            func(files []string) error { return os.Truncate(files[0], 0) },
		"missing":            func(files []string) error { return os.Remove(files[0]) },
		"folder removed":     func(files []string) error { return os.RemoveAll(filepath.Dir(filepath.Dir(files[0]))) },
	} {
		for _, between := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, between runs: %v", name, between), func(t *testing.T) {
				t.Parallel()
				for _, cut := range []int{1, 4} { // while the first part is fetched, and at the end of the second one
					s := &scripted{pages: of(1, "1T1", "1T2", "2T1", "3T1", "3T2")}
					r := newScripted(t, 3, s)
					n := 0
					s.page = func(_, _ int, p platform.Page) (platform.Page, error) {
						if n++; n != cut+1 {
							return p, nil
						}
						if err := damage(r.stagedFiles()); err != nil {
							t.Fatal(err)
						}
						return p, map[bool]error{true: broken}[between]
					}
					sum, err := r.run(t.Context())
					if between {
						if !errors.Is(err, broken) {
							t.Fatal(err)
						}
						sum, err = r.run(t.Context())
					}
					if err != nil || r.whole() != "1 2 3" || r.ids() != "1T1 1T2 2T1 3T1 3T2" || sum.Added != 5 || sum.Refetched == 0 {
						t.Errorf("damaged after %d pages: %v; whole %s, the lake has %s, %+v", cut, err, r.whole(), r.ids(), sum)
					}
					if left := leftovers(t, r); len(left) > 0 {
						t.Errorf("left %q", left)
					}
				}
			})
		}
	}
}

// A flipped bit in what the control database says of staged files loses nothing: an interrupted run sees it, fetches
// again what is not in the lake, and says so.
func TestDamagedEntriesAreFetchedAgain(t *testing.T) {
	unraced.Test(t)
	broken := errors.New("broken")
	for name, damage := range map[string]string{
		"a chunk of another number": `UPDATE stage_chunks SET chunk = chunk + 32`,
		"a chunk of no day":         `UPDATE stage_chunks SET day = replace(day, '-', ',')`,
		"a record of another run":   `UPDATE stage_records SET run_id = 'another' WHERE line = 0`,
		"a record that is dead":     `INSERT INTO stage_dead SELECT run_id, chunk, line FROM stage_records LIMIT 1`,
		"no chunks":                 `DELETE FROM stage_chunks`,
	} {
		s := &scripted{pages: of(1, "1T1", "1T2", "2T1", "2T2", "3T1", "3T2")}
		r := newScripted(t, 3, s)
		n := 0
		s.page = func(_, _ int, p platform.Page) (platform.Page, error) {
			if n++; n == 6 {
				return p, broken
			}
			return p, nil
		}
		if _, err := r.run(t.Context()); !errors.Is(err, broken) {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := r.lake.Control().Exec(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		sum, err := r.run(t.Context())
		if err != nil || r.whole() != "1 2 3" || r.ids() != "1T1 1T2 2T1 2T2 3T1 3T2" || !sum.Resumed || sum.Refetched == 0 || len(sum.Warnings) == 0 {
			t.Errorf("%s: %v; whole %s, the lake has %s, %+v", name, err, r.whole(), r.ids(), sum)
		}
		// A record that is entered for a run that never was stays: nobody asks for it.
		if left := leftovers(t, r); len(left) > 0 && name != "a record of another run" {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

// Of a part that is done, the days concerned are fetched again and no others; of one that is not, all of it, from the
// same job.
func TestOnlyWhatIsDamagedIsFetchedAgain(t *testing.T) {
	unraced.Test(t)
	broken := errors.New("broken")
	s := &scripted{pages: of(9, "1T1", "2T1", "3T1", "4T1", "5T1")}
	r := newScripted(t, 5, s)
	// Nothing is committed: the commit of the second part fails for want of what is staged, in a file of the third day.
	damaged := false
	r.cfg.Report = func(p Progress) {
		if files := r.stagedFiles(); p.Step == "committing" && len(files) == 4 && !damaged {
			damaged = true
			if err := flip(files[1]); err != nil {
				t.Error(err)
			}
		}
	}
	if sum := r.mustRun(); r.intervalsOf(s) != "1+1 2+4 3+1" || sum.Refetched != 1 || sum.Duplicates != 0 || sum.Added != 5 || r.ids() != "1T1 2T1 3T1 4T1 5T1" {
		t.Errorf("jobs %s, %+v", r.intervalsOf(s), sum)
	}

	s = &scripted{pages: of(1, "1T1", "2T1", "3T1")}
	r = newScripted(t, 3, s)
	s.page = func(n, k int, p platform.Page) (platform.Page, error) {
		return p, map[bool]error{true: broken}[n == 2 && k == 1]
	}
	if _, err := r.run(t.Context()); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if err := flip(r.stagedFiles()[0]); err != nil {
		t.Fatal(err)
	}
	s.page, s.fetched = nil, nil
	if sum := r.mustRun(); strings.Join(s.fetched, " ") != "2/0 2/1" || len(s.jobs) != 2 || sum.Refetched != 1 || r.whole() != "1 2 3" {
		t.Errorf("fetched %q, jobs %s, %+v", s.fetched, r.intervalsOf(s), sum)
	}
}

// A disk that damages what is staged time after time ends the run with exit code 8, and the next one mends what is left.
func TestADiskThatDamagesAllTheTime(t *testing.T) {
	s := &scripted{pages: of(1, "1T1")}
	r := newScripted(t, 1, s)
	damage := true
	r.cfg.Report = func(p Progress) {
		for _, f := range r.stagedFiles() {
			if damage && p.Step == "committing" {
				if err := flip(f); err != nil {
					t.Error(err)
				}
			}
		}
	}
	_, err := r.run(t.Context())
	if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "look at the disk") || r.whole() != "" || len(s.jobs) != 1+maxMends {
		t.Errorf("got %v after %d jobs", err, len(s.jobs))
	}
	damage = false
	if sum := r.mustRun(); r.whole() != "1" || sum.Added != 1 {
		t.Errorf("got %+v", sum)
	}
}

// Damage that is seen when a run is stopped is not what it ends with, and nothing is fetched for it.
func TestDamageWhileStopping(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := New(Config{Lake: newLakeRig(t, 1).lake})
	if err := e.mending(ctx, func(context.Context) error { return stage.ErrDamaged }); !errors.Is(err, stage.ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

// A job that gives what cannot be used is deleted and submitted anew, so often and no oftener; then it is exit code 8,
// nothing of it is committed or left to trip over, and the next run gets through.
func TestBadJobs(t *testing.T) {
	unraced.Test(t)
	noPage := fault.New(fault.Corrupt, "that is no page")
	loop := func(back platform.Cursor) func(int, int, platform.Page) (platform.Page, error) {
		return func(_, k int, p platform.Page) (platform.Page, error) {
			if k == 2 {
				p.Next = back
			}
			return p, nil
		}
	}
	for name, c := range map[string]struct {
		page func(n, k int, p platform.Page) (platform.Page, error)
		says string
	}{
		"no page": {func(_, k int, p platform.Page) (platform.Page, error) {
			return p, map[bool]error{true: noPage}[k == 1]
		}, "that is no page"},
		"the same cursor again": {loop("2"), "its cursor does not advance"},
		"cursors in a circle":   {loop("1"), "its cursor does not advance"},
		"empty pages for ever": {func(_, k int, _ platform.Page) (platform.Page, error) {
			return platform.Page{Next: platform.Cursor(fmt.Sprint(k + 1))}, nil
		}, "bring nothing new, 100 in a row"},
		"the same page for ever": {func(_, k int, p platform.Page) (platform.Page, error) {
			p = page("1T1")
			p.Next = platform.Cursor(fmt.Sprint(k + 1))
			return p, nil
		}, "bring nothing new, 100 in a row"},
		"nothing new now and then": {func(_, k int, p platform.Page) (platform.Page, error) {
			p = page("1T1")
			if k%99 == 1 {
				p = platform.Page{Records: [][]byte{fmt.Appendf(nil, "%d", k)}}
			}
			p.Next = platform.Cursor(fmt.Sprint(k + 1))
			return p, nil
		}, "bring nothing new"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &scripted{pages: of(1, "1T1", "1T2", "1T3", "1T4"), page: c.page}
			r := newScripted(t, 1, s)
			_, err := r.run(t.Context())
			if !errors.Is(err, fault.Corrupt) || fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
			if fmt.Sprint(s.deleted) != "[1 2 3]" || len(s.jobs) != maxJobs || r.ids() != "" || r.whole() != "" || len(r.stagedFiles()) > 0 {
				t.Errorf("%d jobs, deleted %v, the lake has %s, staged %d files", len(s.jobs), s.deleted, r.ids(), len(r.stagedFiles()))
			}
			s.page = nil
			_, err = r.run(t.Context())
			if name != "nothing new now and then" && err != nil || r.ids() != "1T1 1T2 1T3 1T4" || r.whole() != "1" {
				t.Errorf("the next night: %v, the lake has %s", err, r.ids())
			}
		})
	}
}

// A job that is bad once is no reason to stop. It is deleted, as the one is that is read to its end.
func TestAJobThatIsBadOnce(t *testing.T) {
	s := &scripted{pages: of(1, "1T1", "1T2", "1T3")}
	s.page = func(n, k int, p platform.Page) (platform.Page, error) {
		return p, map[bool]error{true: fault.New(fault.Corrupt, "no page")}[n == 1 && k == 1]
	}
	r := newScripted(t, 1, s)
	if sum := r.mustRun(); fmt.Sprint(s.deleted) != "[1 2]" || sum.Jobs != 2 || sum.Added != 3 || sum.Duplicates != 1 {
		t.Errorf("deleted %v, %+v", s.deleted, sum)
	}
}

// An answer that breaks because the run is stopped says nothing of the job, which stays.
func TestAPageThatBreaksWhileStopping(t *testing.T) {
	for _, kind := range []error{fault.Corrupt, fault.NotFound} {
		ctx, cancel := context.WithCancel(t.Context())
		s := &scripted{pages: of(1, "1T1", "1T2")}
		s.page = func(_, k int, p platform.Page) (platform.Page, error) {
			if k == 1 && ctx.Err() == nil {
				cancel()
				return p, fault.New(kind, "cut")
			}
			return p, nil
		}
		r := newScripted(t, 1, s)
		if _, err := r.run(ctx); err == nil || len(s.deleted) > 0 || len(s.jobs) != 1 {
			t.Errorf("%v: got %v, %d jobs, deleted %v", kind, err, len(s.jobs), s.deleted)
		}
		if sum := r.mustRun(); !sum.Resumed || sum.Pages != 2 || sum.Jobs != 1 || sum.Added != 2 {
			t.Errorf("%v: %+v", kind, sum)
		}
	}
}

// Fresh records for ever end too: by the synchronous query there cannot be so many. The part is split, as one that is
// too much for one job is; a quarter of an hour that has no end is exit code 8, and nothing of it stays.
func TestRecordsWithoutEnd(t *testing.T) {
	unraced.Test(t)
	endless := func(n, k int, p platform.Page) (platform.Page, error) {
		p = platform.Page{Next: platform.Cursor(fmt.Sprint(k + 1))}
		for i := range 10 {
			start := day(1).Start().Add(time.Duration(k*10+i) * time.Millisecond)
			p.Records = append(p.Records, fmt.Appendf(nil, `{"conversationId":"%d-%d-%d","conversationStart":%q}`, n, k, i, conversation.FormatTime(start)))
		}
		return p, nil
	}
	for name, c := range map[string]struct {
		hits int64
		err  error
		most int64 // records of each of the four jobs: of the day, and of the first of its pieces, ever shorter
	}{
		"the query knows of none": {0, nil, 200},   // looked at with 100, which is plausible, and with 200, which is not
		"the query knows of some": {30, nil, 440},  // 300 are plausible
		"the query fails":         {0, gone, 1700}, // ten times what a job should give
	} {
		s := &scripted{page: endless, count: func(conversation.Interval) (int64, []conversation.Day, error) { return c.hits, nil, c.err }}
		r := newScripted(t, 1, s)
		r.cfg.Size.Job = 100
		sum, err := r.run(t.Context())
		if !errors.Is(err, fault.Corrupt) || !strings.Contains(err.Error(), "more records than there can be") || sum.Received > 4*c.most {
			t.Errorf("%s: %v, %d received", name, err, sum.Received)
		}
		if fmt.Sprint(s.deleted) != "[1 2 3 4]" || len(s.jobs) != 4 || s.jobs[3].Duration() != 15*time.Minute || len(r.stagedFiles()) > 0 || r.ids() != "" {
			t.Errorf("%s: deleted %v, jobs %v, staged %v", name, s.deleted, s.jobs, r.stagedFiles())
		}
		s.page, s.count, s.pages = nil, nil, of(1, "1T1", "1T8")
		if r.mustRun(); r.ids() != "1T1 1T8" || r.whole() != "1" {
			t.Errorf("%s: the next night: the lake has %s", name, r.ids())
		}
	}
}

// A part that truly has more than it should is fetched as it is.
func TestMoreRecordsThanExpected(t *testing.T) {
	var all []string
	for h := range 24 {
		for _, x := range []string{"", "a", "b", "c", "d"} {
			all = append(all, fmt.Sprintf("1T%d%s", h, x))
		}
	}
	s := &scripted{pages: of(10, all...), count: func(conversation.Interval) (int64, []conversation.Day, error) { return 12, nil, nil }}
	r := newScripted(t, 1, s)
	r.cfg.Size.Job = 10
	if sum := r.mustRun(); sum.Added != 120 || len(s.jobs) != 1 || len(s.asked) > 5 {
		t.Errorf("%+v, %d questions", sum, len(s.asked))
	}
}

func TestCarve(t *testing.T) {
	at := func(h int) time.Time { return day(1).Start().Add(time.Duration(h) * time.Hour) }
	whole := part{start: at(0), end: at(96), frontier: at(96), ordered: true, done: true, job: "x"}
	for name, c := range map[string]struct {
		start, end time.Time
		want       string
	}{
		"the middle":    {at(24), at(48), "0-24 done, 24-48, 48-96 done"},
		"the beginning": {at(0), at(24), "0-24, 24-96 done"},
		"the end":       {at(72), at(96), "0-72 done, 72-96"},
		"all of it":     {at(0), at(96), "0-96"},
		"more than it":  {at(-24), at(120), "0-96"},
	} {
		var got []string
		for _, p := range carve(whole, c.start, c.end) {
			text := fmt.Sprintf("%g-%g", p.start.Sub(at(0)).Hours(), p.end.Sub(at(0)).Hours())
			if p.done {
				text += " done"
			}
			if p.done != p.frontier.Equal(p.end) || !p.done && !p.frontier.Equal(p.start) || !p.ordered || p.job != "" {
				t.Errorf("%s: %+v", name, p)
			}
			got = append(got, text)
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: got %v, want %s", name, got, c.want)
		}
	}
}
