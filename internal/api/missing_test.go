package api

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
)

// gappedViews never had some days.
type gappedViews struct {
	*fakeViews

	days []conversation.Days
}

type gappedView struct {
	engine.Engine

	of *gappedViews
}

func (v *gappedViews) Live(ctx context.Context) (engine.Engine, error) {
	view, err := v.fakeViews.Live(ctx)
	return gappedView{view, v}, err
}

func (v *gappedViews) Settled(ctx context.Context) (engine.Engine, error) { return v.Live(ctx) }

// Missing gives the days that lie in the interval, or all when it has no bounds.
func (v gappedView) Missing(iv conversation.Interval) (out []conversation.Days) {
	for _, d := range v.of.days {
		if iv.End.IsZero() || iv.Contains(d.First.Start()) {
			out = append(out, d)
		}
	}
	return out
}

func mustDays(t *testing.T, text string) []conversation.Days {
	t.Helper()
	days, err := conversation.ParseDays(text)
	if err != nil {
		t.Fatal(err)
	}
	return days
}

func TestAnswersNameDaysThatNeverCame(t *testing.T) {
	const all = "2026-11-03,2026-11-05..2026-11-07,2026-11-20"
	gapped := &gappedViews{days: mustDays(t, all)}
	change := func(c *Config) {
		views, ok := c.Views["org-1"].(*fakeViews)
		if !ok {
			t.Fatal("no fake views")
		}
		gapped.fakeViews = views
		c.Views["org-1"] = gapped // of the jobs too: it is the same map
	}
	test(t, 3, change, func(x *fixture) {
		body := `{"interval":"2026-11-01/2026-11-08"}`
		x.token = x.login("client-1", "secret-1")
		submitted := x.ask(http.StatusAccepted, "POST", details+"/jobs", body)
		synctest.Wait()
		results := details + "/jobs/" + uuids.FindString(submitted) + "/results"
		first := x.do(x.request("GET", results+"?pageSize=2", ""))
		gapped.days = mustDays(t, "2026-11-20") // what came later was not there when the job ran
		second := x.do(x.request("GET", results, ""))
		gapped.days = mustDays(t, all)
		for _, w := range []http.Header{first.Header(), second.Header(), x.do(x.request("POST", details+"/query", body)).Header()} {
			if got := w.Get("Parley-Missing-Days"); got != "2026-11-03,2026-11-05..2026-11-07" {
				t.Errorf("got %q", got)
			}
			want := `299 parley "The server never had the data of 2026-11-03, 2026-11-05 to 2026-11-07: what is not found there may have been all the same"`
			if got := w.Get("Warning"); got != want {
				t.Errorf("got %q", got)
			}
		}
		for _, c := range []struct{ method, path, body, want string }{
			{"POST", details + "/query", `{"interval":"2026-11-01/2026-11-02"}`, ""},
			{"GET", details + "/jobs/availability", "", all},
			{"GET", details + "?id=c-0001", "", ""},
			{"GET", details + "?id=c-0001,unknown", "", all},
			{"GET", "/api/v2/analytics/conversations/c-0001/details", "", ""},
			{"GET", "/api/v2/analytics/conversations/unknown/details", "", all},
		} {
			w := x.do(x.request(c.method, c.path, c.body))
			if got := w.Header().Get("Parley-Missing-Days"); got != c.want || (w.Header().Get("Warning") != "") != (c.want != "") {
				t.Errorf("%s: got %q, want %q", c.path, got, c.want)
			}
		}
	})
	test(t, 3, nil, func(x *fixture) { // data that has no such days
		for _, path := range []string{details + "/jobs/availability", details + "?id=unknown"} {
			if w := x.do(x.request("GET", path, "")); w.Header().Get("Warning") != "" || w.Header().Get("Parley-Missing-Days") != "" {
				t.Errorf("%s: got %v", path, w.Header())
			}
		}
	})
}

// However many days are missing, the headers are short, and leave none out.
func TestMissingDaysAreBounded(t *testing.T) {
	first := conversation.DayOf(day)
	for _, runs := range []int{1, 5, 6, 50, 51, 4000} {
		var days []conversation.Days
		for n := range runs {
			days = append(days, conversation.Days{First: first + conversation.Day(3*n), End: first + conversation.Day(3*n+n%2+1)})
		}
		text, words := conversation.DaysText(bounded(days)), warning(days)
		if len(text) > 1200 || len(words) > 300 || strings.Contains(words, "others") != (runs > 5) {
			t.Errorf("%d runs: %d and %d characters: %s", runs, len(text), len(words), words)
		}
		said := mustDays(t, text)
		if runs <= 50 && len(said) != runs {
			t.Errorf("%d runs: said are %d", runs, len(said))
		}
		for _, d := range days {
			if len(conversation.WithoutDays(d, said)) > 0 {
				t.Errorf("%d runs: %v is not said", runs, d)
			}
		}
	}
}
