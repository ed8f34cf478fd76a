package platform_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

const jsonType = "application/json"

// ask sends one request on a route, of a job that is fulfilled.
func ask(ctx context.Context, f *platformtest.Fake, route platformtest.Route) (string, error) {
	c, iv := f.Client(), conversation.DayOf(day).Interval()
	switch route {
	case platformtest.Availability:
		at, _, err := c.Coverage(ctx)
		return at.String(), err
	case platformtest.Submit:
		id, err := c.Submit(ctx, iv, nil)
		return string(id), err
	case platformtest.Status:
		s, err := c.Status(ctx, "job-1")
		return string(s.State), err
	case platformtest.Results:
		p, err := c.Page(ctx, "job-1", "", 10)
		return fmt.Sprint(len(p.Records), p.Next, p.Available.IsZero()), err
	case platformtest.Query:
		n, err := c.TotalHits(ctx, iv)
		return fmt.Sprint(n), err
	default:
		return "", c.Delete(ctx, "job-1")
	}
}

func fulfilled(t *testing.T) *platformtest.Fake {
	t.Helper()
	f := platformtest.New(t, platformtest.Config{Records: records(3)})
	if _, err := fetch(t.Context(), f.Client()); err != nil {
		t.Fatal(err)
	}
	return f
}

// An answer is one only if it is to this request: anything else is a request that failed, and is tried again.
func TestAnswersThatAreNone(t *testing.T) {
	const page, status = `{"conversations":[],"dataAvailabilityDate":"2026-11-08"}`, `{"state":"FULFILLED"}`
	for _, c := range []struct {
		route  platformtest.Route
		status int
		kind   string
		body   string
		good   bool
	}{
		{platformtest.Results, 200, jsonType, page, true},
		{platformtest.Results, 200, "", page, true},
		{platformtest.Results, 200, "Application/JSON;charset=utf-8", page, true},
		{platformtest.Results, 200, "application/hal+json", page, true},
		{platformtest.Results, 200, "text/json", page, true},
		{platformtest.Results, 200, "text/plain; charset=utf-8", page, false},
		{platformtest.Results, 200, "text/html", page, false},
		{platformtest.Results, 200, "json; =", page, false},
		{platformtest.Results, 201, jsonType, page, false},
		{platformtest.Results, 202, jsonType, page, false},
		{platformtest.Results, 202, jsonType, `{"state":"PENDING"}`, false},
		{platformtest.Results, 204, "", "", false},
		{platformtest.Results, 206, jsonType, page, false},
		{platformtest.Results, 200, jsonType, `{}`, false},
		{platformtest.Results, 200, jsonType, `{"state":"PENDING"}`, false},
		{platformtest.Results, 200, jsonType, `{"message":"it failed","code":"x","status":500}`, false},
		{platformtest.Results, 200, jsonType, `{"conversations":[],"cursor":"x","cursor":null}`, false},
		{platformtest.Results, 200, jsonType, `{"conversations":[],"dataAvailabilityDate":"soon"}`, false},
		{platformtest.Results, 200, jsonType, `{"totalHits":0}`, false},
		{platformtest.Query, 200, jsonType, `{"totalHits":0}`, true},
		{platformtest.Query, 200, jsonType, `{}`, false},
		{platformtest.Query, 202, jsonType, `{"totalHits":0}`, false},
		{platformtest.Query, 206, jsonType, `{"totalHits":0}`, false},
		{platformtest.Query, 200, "text/html", `{"totalHits":0}`, false},
		{platformtest.Query, 200, jsonType, `{"message":"it failed","code":"x","status":500}`, false},
		{platformtest.Availability, 200, jsonType, `{"dataAvailabilityDate":"2026-11-08T00:00:00Z"}`, true},
		{platformtest.Availability, 202, jsonType, `{"dataAvailabilityDate":"2026-11-08T00:00:00Z"}`, false},
		{platformtest.Availability, 200, jsonType, `{"dataAvailabilityDate":"soon"}`, false},
		{platformtest.Availability, 200, jsonType, `{"dataAvailabilityDate":"2026-11-08","dataAvailabilityDate":"2026-11-09"}`, false},
		{platformtest.Availability, 200, jsonType, `{}`, false},
		{platformtest.Status, 200, jsonType, status, true},
		{platformtest.Status, 202, jsonType, status, true},
		{platformtest.Status, 201, jsonType, status, false},
		{platformtest.Status, 206, jsonType, status, false},
		{platformtest.Status, 200, "text/plain", status, false},
		{platformtest.Status, 200, jsonType, `{"state":"PENDING","state":"FULFILLED"}`, false},
		{platformtest.Status, 200, jsonType, `{"message":"it failed"}`, false},
		{platformtest.Status, 200, jsonType, `{"state":"FULFILLED","errorMessage":"` + strings.Repeat("x", 1<<20-39) + `"}`, true},
		{platformtest.Submit, 202, jsonType, `{"jobId":"j"}`, true},
		{platformtest.Submit, 200, jsonType, `{"jobId":"j"}`, true},
		{platformtest.Submit, 201, jsonType, `{"jobId":"` + strings.Repeat("j", 256) + `"}`, true},
		{platformtest.Submit, 204, "", "", false},
		{platformtest.Submit, 206, jsonType, `{"jobId":"j"}`, false},
		{platformtest.Submit, 202, jsonType, `{}`, false},
		{platformtest.Submit, 202, jsonType, `{"jobId":"` + strings.Repeat("j", 257) + `"}`, false},
		{platformtest.Submit, 202, jsonType, `{"jobId":".."}`, false},
		{platformtest.Submit, 202, jsonType, `{"jobId":"."}`, false},
		{platformtest.Submit, 202, jsonType, `{"jobId":"a\u001bb"}`, false},
		{platformtest.Submit, 202, jsonType, `{"jobId":"a b"}`, false},
		{platformtest.Submit, 202, jsonType, `{"jobId":"j","jobId":"k"}`, false},
		{platformtest.Delete, 204, "", "", true},
		{platformtest.Delete, 200, "text/html", "gone", true},
		{platformtest.Delete, 202, "", "", true},
		{platformtest.Delete, 206, "", "", false},
	} {
		f := fulfilled(t)
		name := fmt.Sprintf("%s, %d, %s, %.60s", c.route, c.status, c.kind, c.body)
		want, err := ask(t.Context(), f, c.route)
		if err != nil {
			t.Fatalf("%s: %v", c.route, err)
		}
		if c.route == platformtest.Delete {
			f = fulfilled(t)
		}
		bad := platformtest.Rule{Route: c.route, First: 1, Last: 2, Do: platformtest.Answer(c.status, c.kind, c.body)}
		f.Behave(bad)
		got, err := ask(t.Context(), f, c.route)
		switch calls := f.Calls(c.route); {
		case c.good && (err != nil || calls != 1):
			t.Errorf("%s: %v after %d calls", name, err, calls)
		case !c.good && (err != nil || calls != 3 || got != want && c.route != platformtest.Submit):
			t.Errorf("%s, twice: got %s and %v after %d calls, want %s", name, got, err, calls, want)
		}
		bad.Last = platformtest.Always
		f.Behave(bad)
		_, err = ask(t.Context(), f, c.route)
		if !c.good && (!errors.Is(err, fault.Corrupt) || fault.ExitCode(err) != 8 || f.Calls(c.route) != 6) {
			t.Errorf("%s, for ever: %v after %d calls", name, err, f.Calls(c.route))
		}
	}
}

// An answer that is too large is one each time: it is not fetched again, and the message names the limit.
func TestAnswersThatAreTooLarge(t *testing.T) {
	f := fulfilled(t)
	cfg := f.ClientConfig()
	cfg.Limits.Page, cfg.Limits.Advice = 2<<20, "--more raises it"
	large := strings.Repeat("x", 2<<20)
	for route, c := range map[platformtest.Route]struct{ body, says string }{
		platformtest.Results:      {`{"conversations":["` + large + `"]}`, "the page is larger than 2 MiB; --more raises it"},
		platformtest.Query:        {`{"conversations":["` + large + `"]}`, "the page is larger than 2 MiB; --more raises it"},
		platformtest.Status:       {`{"state":"FULFILLED","errorMessage":"` + large + `"}`, "the answer has more than 1048576 bytes"},
		platformtest.Availability: {`{"x":"` + large[:1<<20-7] + `"}`, "the answer has more than 1048576 bytes"},
	} {
		f.Behave(platformtest.Rule{Route: route, First: 1, Last: platformtest.Always, Do: platformtest.Answer(200, jsonType, c.body)})
		client := platform.New(cfg)
		var err error
		switch route {
		case platformtest.Results:
			_, err = client.Page(t.Context(), "job-1", "", 10)
		case platformtest.Query:
			_, err = client.TotalHits(t.Context(), conversation.DayOf(day).Interval())
		case platformtest.Status:
			_, err = client.Status(t.Context(), "job-1")
		default:
			_, _, err = client.Coverage(t.Context())
		}
		if fault.ExitCode(err) != 8 || !strings.Contains(err.Error(), c.says) || f.Calls(route) != 1 {
			t.Errorf("%s: %v after %d calls", route, err, f.Calls(route))
		}
	}
}
