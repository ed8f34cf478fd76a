package platform_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

func TestOrganization(t *testing.T) {
	acme := platform.Organization{ID: "0b5a7fd0-0000-4000-8000-00000000000a", Name: "Acme"}
	f := platformtest.New(t, platformtest.Config{Organization: acme})
	if got, err := f.Client().Organization(t.Context()); err != nil || got != acme {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, status := range []int{400, 403, 404, 405, 501} {
		f.Behave(platformtest.Rule{Route: platformtest.Organization, First: 1, Last: platformtest.Always, Do: platformtest.Refuse(status, "x", "")})
		if got, err := f.Client().Organization(t.Context()); err != nil || got != (platform.Organization{}) || f.Calls(platformtest.Organization) != 1 {
			t.Errorf("a server that answers %d: %+v, %v after %d calls", status, got, err, f.Calls(platformtest.Organization))
		}
	}
	f.Behave(platformtest.Rule{Route: platformtest.Organization, First: 1, Last: platformtest.Always, Do: platformtest.Say(`{"name":"no id"}`)})
	if got, err := f.Client().Organization(t.Context()); err != nil || got.ID != "" {
		t.Errorf("an answer without an id: %+v, %v", got, err)
	}
	f.Behave(platformtest.Rule{Route: platformtest.Organization, First: 1, Last: platformtest.Always, Do: platformtest.Refuse(503, "x", "")})
	if _, err := f.Client().Organization(t.Context()); !errors.Is(err, fault.Unavailable) {
		t.Errorf("a server that is down: %v", err)
	}
	f.Behave(platformtest.Rule{Route: platformtest.Organization, First: 1, Do: platformtest.Refuse(503, "x", "")})
	if got, err := f.Client().Organization(t.Context()); err != nil || got != acme {
		t.Errorf("a server that was down for a moment: %+v, %v", got, err)
	}
}

// with answers a route as usual, with a header.
func with(name, value string) platformtest.Misdeed {
	return func(w http.ResponseWriter, r *http.Request, usual http.HandlerFunc) {
		w.Header().Set(name, value)
		usual(w, r)
	}
}

// Every answer that can tell of missing days is asked for them, and an answer whose list cannot be read is asked for
// again and then refused.
func TestMissingDaysOfEveryAnswer(t *testing.T) {
	day := conversation.DayOf(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC))
	f := platformtest.New(t, platformtest.Config{})
	for route, ask := range map[platformtest.Route]func(*platform.Client) ([]conversation.Day, error){
		platformtest.Availability: func(c *platform.Client) ([]conversation.Day, error) {
			_, missing, err := c.Coverage(t.Context())
			return missing, err
		},
		platformtest.Query: func(c *platform.Client) ([]conversation.Day, error) {
			_, missing, err := c.Count(t.Context(), day.Interval(), nil)
			return missing, err
		},
		platformtest.Results: func(c *platform.Client) ([]conversation.Day, error) {
			id, err := c.Submit(t.Context(), day.Interval(), nil)
			if err != nil {
				return nil, err
			}
			if _, err := c.Status(t.Context(), id); err != nil {
				return nil, err
			}
			p, err := c.Page(t.Context(), id, "", 10)
			return p.Missing, err
		},
	} {
		for header, want := range map[string]string{"": "[]", "2026-11-03..2026-11-04": "[2026-11-03 2026-11-04]"} {
			f.Behave(platformtest.Rule{Route: route, First: 1, Last: platformtest.Always, Do: with("Parley-Missing-Days", header)})
			if got, err := ask(f.Client()); err != nil || fmt.Sprint(got) != want {
				t.Errorf("%s: got %v, %v, want %s", route, got, err, want)
			}
		}
		f.Behave(platformtest.Rule{Route: route, First: 1, Last: platformtest.Always, Do: with("Parley-Missing-Days", "all of them")})
		if _, err := ask(f.Client()); !errors.Is(err, fault.Corrupt) || f.Calls(route) != 6 {
			t.Errorf("%s: a list that cannot be read: %v after %d calls", route, err, f.Calls(route))
		}
	}
	f.Behave(platformtest.Rule{Route: platformtest.Query, First: 1, Do: with("Parley-Missing-Days", "2026-11-03")})
	a, err := f.Client().Query(t.Context(), []byte(`{"interval":"2026-11-03T00:00:00Z/2026-11-04T00:00:00Z","paging":{"pageSize":1,"pageNumber":1}}`))
	if err != nil || fmt.Sprint(a.Missing) != "[2026-11-03]" {
		t.Errorf("a question of the caller's: %v, %v", a.Missing, err)
	}
}

// An answer that does not count is never taken for a count of none.
func TestCountIsACount(t *testing.T) {
	iv := conversation.DayOf(time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)).Interval()
	f := platformtest.New(t, platformtest.Config{})
	for body, want := range map[string]int64{
		`{"totalHits":0}`: 0,
		`{"conversations":[{"conversationId":"a","a":1,"a":2}],"totalHits":7}`: 7,
		`{}`:                                 -1,
		`[]`:                                 -1,
		`null`:                               -1,
		`{"totalHits":null}`:                 -1,
		`{"totalHits":-1}`:                   -1,
		`{"totalHits":"7"}`:                  -1,
		`{"totalHits":7`:                     -1,
		`{"message":"no","status":500}`:      -1,
		`{"conversations":[]}`:               -1,
		`{"totalHits":1.5}`:                  -1,
		`{"totalHits":99999999999999999999}`: -1,
	} {
		f.Behave(platformtest.Rule{Route: platformtest.Query, First: 1, Last: platformtest.Always, Do: platformtest.Say(body)})
		n, _, err := f.Client().Count(t.Context(), iv, nil)
		if want < 0 && !errors.Is(err, fault.Corrupt) || want >= 0 && (err != nil || n != want) {
			t.Errorf("%s: got %d, %v", body, n, err)
		}
	}
}
