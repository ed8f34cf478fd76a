package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/report"
)

// tabular are views of a conversation at noon of each of ten days, some of which cannot be read.
type tabular struct {
	*fakeViews

	damaged []conversation.Day
	err     error         // if set, comes at the end
	gate    chan struct{} // if set, each row behind the first waits for a token
}

func (v *tabular) Settled(ctx context.Context) (engine.Engine, error) {
	view, err := v.fakeViews.Settled(ctx)
	return tables{view, v}, err
}

type tables struct {
	engine.Engine

	of *tabular
}

func (v tables) AttributeKeys(context.Context, query.Query, int) ([]string, error) { return nil, nil }

func (v tables) Rows(ctx context.Context, q query.Query, sel column.Selection) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		first := conversation.DayOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
		for day := first; day < first+10; day++ {
			start := day.Start().Add(12 * time.Hour)
			if !q.Matches(start, start.Add(time.Minute)) {
				continue
			}
			if slices.Contains(v.of.damaged, day) {
				yield(nil, fault.New(fault.Corrupt, "secret of the lake"))
				return
			}
			if v.of.gate != nil && day > first {
				select {
				case <-v.of.gate:
				case <-ctx.Done():
					yield(nil, ctx.Err())
					return
				}
			}
			row := make([]any, len(sel.Columns))
			for i, c := range sel.Columns {
				row[i] = map[string]any{"startTime": start, "conversationId": day.String()}[c.Column.Name]
			}
			if !yield(row, nil) {
				return
			}
		}
		if v.of.err != nil {
			yield(nil, v.of.err)
		}
	}
}

const tenDays = `{"start":"2026-11-01T00:00:00Z","end":"2026-11-11T00:00:00Z","select":["conversation.id"]}`

func submitReport(t *testing.T, m *Manager, body string) ID {
	t.Helper()
	id, err := m.SubmitReport(t.Context(), me, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func reportOf(t *testing.T, m *Manager, id ID) Report {
	t.Helper()
	r, err := m.Report(t.Context(), me, id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// daysOf reads the rows of a report, two a page.
func daysOf(t *testing.T, m *Manager, id ID) (days []string) {
	t.Helper()
	for token := ""; ; {
		page, err := m.ReportPage(t.Context(), me, id, token, 2)
		if err != nil {
			t.Fatal(err)
		}
		page.Within(Frame{"[", "]"})
		var text strings.Builder
		if err := errors.Join(page.Stream(&text), page.Close()); err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(strings.Trim(text.String(), "[]"), ",") {
			days = append(days, strings.TrimSuffix(strings.TrimPrefix(part, `{"conversation.id":"2026-11-`), `"}`))
		}
		if token = page.Next(); token == "" {
			return days
		}
	}
}

func november(day int) conversation.Day {
	return conversation.DayOf(time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC))
}

// A report leaves out the days that cannot be read, and says which, to the next process too. What else goes wrong fails it.
func TestAReportLeavesOutWhatCannotBeRead(t *testing.T) {
	for name, c := range map[string]struct {
		damaged []conversation.Day
		err     error
		state   State
		lost    string
		left    string
	}{
		"nothing":  {nil, nil, Fulfilled, "", "01 02 03 04 05 06 07 08 09 10"},
		"one day":  {[]conversation.Day{november(3)}, nil, Fulfilled, "2026-11-03T00:00:00.000Z/2026-11-04T00:00:00.000Z", "01 02 04 05 06 07 08 09 10"},
		"two days": {[]conversation.Day{november(1), november(9)}, nil, Fulfilled, "2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z,2026-11-09T00:00:00.000Z/2026-11-10T00:00:00.000Z", "02 03 04 05 06 07 08 10"},
		"a bug":    {nil, errors.New("secret"), Failed, "", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			m := newManager(t, &tabular{fakeViews: &fakeViews{}, damaged: c.damaged, err: c.err}, nil)
			defer start(t, m)()
			id := submitReport(t, m, tenDays)
			synctest.Wait()
			again := m.cfg
			again.Meter = nil
			next, err := New(t.Context(), again)
			if err != nil {
				t.Fatal(err)
			}
			r := reportOf(t, next, id)
			if r.State != c.state || intervalsText(r.Lost) != c.lost || strings.Contains(r.ErrorMessage, "secret") {
				t.Errorf("%s: %+v, lost %s", name, r, intervalsText(r.Lost))
			}
			if c.state != Fulfilled {
				_, err := m.ReportPage(t.Context(), me, id, "", 1)
				wantKind(t, err, fault.NotFound)
				return
			}
			if got := strings.Join(daysOf(t, next, id), " "); got != c.left || r.Progress != 1 || int(r.Rows) != len(strings.Fields(c.left)) {
				t.Errorf("%s: rows of %s, want %s; %+v", name, got, c.left, r)
			}
		})
	}
}

// A job of one kind does not exist for those who ask for another, and a report is gone with its results.
func TestKindsAreApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newManager(t, &tabular{fakeViews: &fakeViews{records: someRecords(3)}}, nil)
		defer start(t, m)()
		rows, details := submitReport(t, m, tenDays), submit(t, m, 0)
		synctest.Wait()
		_, ofReport := m.Status(t.Context(), me, rows)
		_, page := m.Results(t.Context(), me, rows, "", 1)
		_, ofJob := m.Report(t.Context(), me, details)
		_, rowPage := m.ReportPage(t.Context(), me, details, "", 1)
		_, pages := m.PagesPage(t.Context(), me, rows, "", 1)
		for _, err := range []error{ofReport, page, ofJob, rowPage, m.Delete(t.Context(), me, rows), m.DeleteReport(t.Context(), me, details)} {
			wantKind(t, err, fault.NotFound)
		}
		wantKind(t, pages, fault.Expired)
		if list, err := m.List(t.Context(), me); err != nil || len(list) != 1 || list[0].ID != details {
			t.Errorf("the list is %v, %v", list, err)
		}
		if _, err := m.SubmitReport(t.Context(), me, []byte(`{}`)); !errors.Is(err, fault.Invalid) {
			t.Errorf("no report: %v", err)
		}

		pass(m.cfg.Keep - time.Second)
		if reportOf(t, m, rows).State != Fulfilled {
			t.Error("it has expired too soon")
		}
		pass(2 * time.Second)
		_, err := m.Report(t.Context(), me, rows)
		wantKind(t, err, fault.NotFound)
		_, err = m.ReportPage(t.Context(), me, rows, "", 1)
		wantKind(t, err, fault.NotFound)
		pass(2 * sweepEvery)
		if _, known, err := m.jobs.get(t.Context(), rows); known || err != nil {
			t.Errorf("it is known still: %v", err)
		}
		if _, err := os.Stat(resultsPath(m, rows)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("its file: %v", err)
		}
	})
}

// While it runs, a report tells how far it has come. When it is deleted, its work ends, and nothing is left.
func TestAReportThatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &tabular{fakeViews: &fakeViews{}, gate: make(chan struct{})}
		m := newManager(t, views, nil)
		defer start(t, m)()
		id := submitReport(t, m, tenDays)
		for n, want := range []float64{0.05, 0.15, 0.25} {
			if synctest.Wait(); n > 0 {
				views.gate <- struct{}{}
				synctest.Wait()
			}
			if r := reportOf(t, m, id); r.State != Pending || fmt.Sprintf("%.2f", r.Progress) != fmt.Sprintf("%.2f", want) {
				t.Errorf("after %d rows: %+v", n+1, r)
			}
		}
		_, err := m.ReportPage(t.Context(), me, id, "", 1)
		wantKind(t, err, fault.NotFound)
		if err := m.DeleteReport(t.Context(), me, id); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		_, err = m.Report(t.Context(), me, id)
		wantKind(t, err, fault.NotFound)
		if views.open != 0 || len(m.running.all()) > 0 {
			t.Errorf("%d views are open", views.open)
		}
	})
}

// A paged report is answered at once. One that fails leaves nothing; one whose process was killed nobody answers.
func TestPagedReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		views := &tabular{fakeViews: &fakeViews{}}
		m := newManager(t, views, nil)
		defer start(t, m)()
		r, err := report.Decode([]byte(`{"dateFrom":"2026-11-01T00:00:00Z","dateTo":"2026-11-11T00:00:00Z","select":["conversationId"]}`))
		if err != nil {
			t.Fatal(err)
		}
		view, err := views.Settled(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		id, err := m.AnswerPages(t.Context(), me, r, view)
		if err != nil {
			t.Fatal(err)
		}
		page, err := m.PagesPage(t.Context(), me, id, "", 4)
		if err != nil || page.Next() == "" {
			t.Fatalf("%v", err)
		}
		if err := errors.Join(page.Close(), m.DeletePages(t.Context(), me, id)); err != nil {
			t.Error(err)
		}
		_, err = m.PagesPage(t.Context(), me, id, page.Next(), 4)
		wantKind(t, err, fault.Expired)

		views.err = fault.New(fault.Corrupt, "a file is damaged")
		_, err = m.AnswerPages(t.Context(), me, r, view)
		wantKind(t, err, fault.Corrupt)
		if n, err := m.count(t.Context()); err != nil || n.States[string(Pending)] != 0 || n.Stored != 0 {
			t.Errorf("left: %+v, %v", n, err)
		}
		killed := entry{id: newID(), kind: Pages, owner: me, status: Status{State: Pending, SubmissionDate: time.Now()}, forget: time.Now().Add(pagesTaken)}
		if err := m.jobs.add(t.Context(), killed, m.cfg.Limits); err != nil {
			t.Fatal(err)
		}
		if err := m.recover(t.Context(), m.first()); err != nil {
			t.Fatal(err)
		}
		if e, _, err := m.jobs.get(t.Context(), killed.id); e.status.State != Pending || err != nil {
			t.Errorf("a paged report of a process that was killed is %s, %v", e.status.State, err)
		}
		pass(pagesTaken + 2*sweepEvery)
		if _, known, err := m.jobs.get(t.Context(), killed.id); known || err != nil {
			t.Errorf("it is known still: %v", err)
		}
	})
}
