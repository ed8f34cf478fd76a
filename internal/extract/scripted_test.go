package extract

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

// scripted is a platform whose every answer the test gives. Without a script it has nothing.
type scripted struct {
	org       platform.Organization
	available time.Time
	gaps      []conversation.Day // of Coverage
	// pages gives the pages of the n-th job, from 1, over an interval. A nil list is a job that nobody knows.
	pages func(n int, iv conversation.Interval) []platform.Page
	// page, if there is one, has the last word on a page: k counts from 0.
	page func(n, k int, p platform.Page) (platform.Page, error)
	// count answers the synchronous query.
	count func(iv conversation.Interval) (int64, []conversation.Day, error)

	jobs    []conversation.Interval
	fetched []string // job and page, in order
	asked   []string // intervals of the synchronous query
	deleted []platform.JobID
}

func (s *scripted) Organization(context.Context) (platform.Organization, error) { return s.org, nil }

func (s *scripted) Coverage(context.Context) (time.Time, []conversation.Day, error) {
	if s.available.IsZero() {
		return time.Date(2026, 11, 19, 18, 0, 0, 0, time.UTC), s.gaps, nil
	}
	return s.available, s.gaps, nil
}

func (s *scripted) Count(_ context.Context, iv conversation.Interval) (int64, []conversation.Day, error) {
	s.asked = append(s.asked, iv.String())
	if s.count == nil {
		return 0, nil, nil
	}
	return s.count(iv)
}

func (s *scripted) Submit(_ context.Context, iv conversation.Interval) (platform.JobID, error) {
	s.jobs = append(s.jobs, iv)
	return platform.JobID(strconv.Itoa(len(s.jobs))), nil
}

func (s *scripted) Status(_ context.Context, id platform.JobID) (platform.Status, error) {
	if slices.Contains(s.deleted, id) {
		return platform.Status{}, fault.New(fault.NotFound, "no job %s", id)
	}
	return platform.Status{State: platform.Fulfilled}, nil
}

func (s *scripted) Delete(_ context.Context, id platform.JobID) error {
	s.deleted = append(s.deleted, id)
	return nil
}

// Page gives the pages of a job in turn; a cursor is the number of the page that it points to.
func (s *scripted) Page(_ context.Context, id platform.JobID, at platform.Cursor, _ int) (platform.Page, error) {
	n, err := strconv.Atoi(string(id))
	if err != nil {
		return platform.Page{}, err
	}
	k, err := strconv.Atoi(string(cmp.Or(at, "0")))
	if err != nil {
		return platform.Page{}, err
	}
	s.fetched = append(s.fetched, fmt.Sprintf("%d/%d", n, k))
	pages := []platform.Page{{}}
	if s.pages != nil {
		pages = s.pages(n, s.jobs[n-1])
	}
	p := pages[min(k, len(pages)-1)]
	if k < len(pages)-1 {
		p.Next = platform.Cursor(strconv.Itoa(k + 1))
	}
	if s.page == nil {
		return p, nil
	}
	return s.page(n, k, p)
}

// rec makes a record whose id is its start: "3T12" is noon of the third day of the test, "3T12b" another one then.
func rec(at string) []byte {
	day, hour, _ := strings.Cut(at, "T")
	d, err1 := strconv.Atoi(day)
	h, err2 := strconv.Atoi(strings.TrimRight(hour, "abcdefgh"))
	if err1 != nil || err2 != nil {
		panic(at)
	}
	start := (first + conversation.Day(d-1)).Start().Add(time.Duration(h) * time.Hour)
	return platformtest.Record("c"+at, start, time.Minute, "as it was")
}

// page makes a page of such records.
func page(starts ...string) (p platform.Page) {
	for _, at := range starts {
		p.Records = append(p.Records, rec(at))
	}
	return p
}

// of makes a script in which every job gives, of these records, in pages of this size, those that start in its
// interval, in this order.
func of(size int, starts ...string) func(int, conversation.Interval) []platform.Page {
	return func(_ int, iv conversation.Interval) (out []platform.Page) {
		var mine []string
		for _, at := range starts {
			var r struct{ day, hour int }
			if _, err := fmt.Sscanf(at, "%dT%d", &r.day, &r.hour); err != nil {
				panic(err)
			}
			if iv.Contains((first + conversation.Day(r.day-1)).Start().Add(time.Duration(r.hour) * time.Hour)) {
				mine = append(mine, at)
			}
		}
		for some := range slices.Chunk(mine, size) {
			out = append(out, page(some...))
		}
		if len(out) == 0 {
			out = []platform.Page{{}}
		}
		return out
	}
}

// newScripted prepares an extraction from a script.
func newScripted(t *testing.T, days int, s *scripted) *rig {
	t.Helper()
	r := newLakeRig(t, days)
	r.cfg.Platform = s
	return r
}

// whole gives the days that the lake has whole, counted from 1.
func (r *rig) whole() string {
	r.t.Helper()
	days, err := r.lake.Days(r.t.Context(), first-100, first+100)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	for _, day := range inOrder(days) {
		out = append(out, strconv.Itoa(int(day-first)+1))
	}
	return strings.Join(out, " ")
}

// ids gives the conversations of the lake, in order.
func (r *rig) ids() string {
	r.t.Helper()
	var out []string
	for _, text := range r.records() {
		_, rest, _ := strings.Cut(text, `"conversationId":"c`)
		id, _, _ := strings.Cut(rest, `"`)
		out = append(out, id)
	}
	return strings.Join(out, " ")
}

// numbers writes days counted from 1.
func numbers(days []conversation.Day) string {
	var out []string
	for _, day := range days {
		out = append(out, strconv.Itoa(int(day-first)+1))
	}
	return strings.Join(out, " ")
}
