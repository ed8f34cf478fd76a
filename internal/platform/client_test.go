package platform_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform"
	"github.com/parley-hq/parley/internal/platform/platformtest"
)

var day = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

// records makes n conversations of one day.
func records(n int) (out [][]byte) {
	for i := range n {
		out = append(out, platformtest.Record(fmt.Sprintf("c%d", i), day.Add(time.Duration(i)*time.Minute), time.Minute, ""))
	}
	return out
}

// fetch runs a job over the day and gives the pages of its results.
func fetch(ctx context.Context, c *platform.Client) (pages [][]string, err error) {
	id, err := c.Submit(ctx, conversation.Interval{Start: day, End: day.AddDate(0, 0, 1)}, nil)
	if err != nil {
		return nil, err
	}
	if s, err := c.Status(ctx, id); err != nil || s.State != platform.Fulfilled {
		return nil, fmt.Errorf("status %v, %w", s, err)
	}
	for at := platform.Cursor(""); ; {
		p, err := c.Page(ctx, id, at, 2)
		if err != nil {
			return pages, err
		}
		var page []string
		for _, raw := range p.Records {
			page = append(page, string(raw))
		}
		pages = append(pages, page)
		if at = p.Next; at == "" {
			return pages, nil
		}
	}
}

func TestJobFromSubmissionToDeletion(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{Records: records(5), Available: day.AddDate(0, 0, 7)})
	server := httptest.NewServer(f)
	defer server.Close()
	cfg := f.ClientConfig()
	cfg.API, cfg.Login, cfg.Transport = server.URL, server.URL, nil
	c := platform.New(cfg)

	if at, _, err := c.Coverage(t.Context()); err != nil || !at.Equal(day.AddDate(0, 0, 7)) {
		t.Errorf("available until %v, %v", at, err)
	}
	pages, err := fetch(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, raw := range records(5) {
		want = append(want, string(raw))
	}
	if got := slices.Concat(pages...); !slices.Equal(got, want) || len(pages) != 3 {
		t.Errorf("got %d pages with %q", len(pages), got)
	}
	const body = `{"interval":"2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z","order":"asc","orderBy":"conversationStart","startOfDayIntervalMatching":true}`
	if got := f.Submissions()[0].Body; got != body {
		t.Errorf("submitted %s", got)
	}
	if err := c.Delete(t.Context(), "job-1"); err != nil {
		t.Error(err)
	}
	if _, err := c.Status(t.Context(), "job-1"); !errors.Is(err, fault.NotFound) {
		t.Errorf("a job that was deleted: %v", err)
	}
}

func TestStatesOfAJob(t *testing.T) {
	script := []platform.State{platform.Queued, platform.Pending, platform.Failed}
	f := platformtest.New(t, platformtest.Config{States: func(platformtest.Submission) []platform.State { return script }})
	c := f.Client()
	id, err := c.Submit(t.Context(), conversation.DayOf(day).Interval(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range script {
		s, err := c.Status(t.Context(), id)
		if err != nil || s.State != want || (s.ErrorMessage != "") != (want == platform.Failed) {
			t.Errorf("got %+v, %v; want %s", s, err, want)
		}
	}
	if _, err := c.Page(t.Context(), id, "", 10); !errors.Is(err, fault.NotFound) {
		t.Errorf("results of a job that failed: %v", err)
	}
}

func TestQuery(t *testing.T) {
	odd := fmt.Appendf(nil, `{"conversationId":"odd","conversationStart":%q,"conversationEnd":"2026-11-01T23:00:00.000Z","participants":"none"}`, conversation.FormatTime(day))
	c := platformtest.New(t, platformtest.Config{Records: append(records(3), odd)}).Client()
	if n, err := c.TotalHits(t.Context(), conversation.DayOf(day).Interval()); err != nil || n != 4 {
		t.Errorf("got %d hits, %v", n, err)
	}
	last, err := c.LastEnded(t.Context(), conversation.DayOf(day).Interval())
	if err != nil || last == nil || last.ConversationID != "odd" || last.Participants != nil {
		t.Errorf("got %+v, %v", last, err)
	}
	if last, err := c.LastEnded(t.Context(), (conversation.DayOf(day) + 5).Interval()); err != nil || last != nil {
		t.Errorf("of a day without conversations: %+v, %v", last, err)
	}
}

// What goes wrong for a while must not be seen by the caller.
func TestTemporaryFailuresAreRetried(t *testing.T) {
	misdeeds := map[string]platformtest.Misdeed{
		"408":            platformtest.Refuse(408, "client.timeout", ""),
		"500":            platformtest.Refuse(500, "internal.server.error", ""),
		"502 of a proxy": func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) { w.WriteHeader(http.StatusBadGateway) },
		"503":            platformtest.Refuse(503, "service.unavailable", ""),
		"504":            platformtest.Refuse(504, "request.timeout", ""),
		"hung up":        platformtest.HangUp,
		"cut":            platformtest.Cut,
		"no JSON":        platformtest.Say("<html>please log in</html>"),
		"empty":          platformtest.Say(""),
		"two values":     platformtest.Say("{}{}"),
	}
	routes := []platformtest.Route{platformtest.Token, platformtest.Submit, platformtest.Status, platformtest.Results}
	want, err := fetch(t.Context(), platformtest.New(t, platformtest.Config{Records: records(5)}).Client())
	if err != nil {
		t.Fatal(err)
	}
	for name, misdeed := range misdeeds {
		for _, route := range routes {
			f := platformtest.New(t, platformtest.Config{Records: records(5), Rules: []platformtest.Rule{{Route: route, First: 1, Last: 5, Do: misdeed}}})
			got, err := fetch(t.Context(), f.Client())
			if err != nil || !slices.EqualFunc(got, want, slices.Equal) {
				t.Errorf("%s, five times on %s: got %q, %v", name, route, got, err)
			}
			f.Behave(platformtest.Rule{Route: route, First: 1, Last: platformtest.Always, Do: misdeed})
			_, err = fetch(t.Context(), f.Client())
			if !errors.Is(err, fault.Unavailable) && !errors.Is(err, fault.Corrupt) || f.Calls(route) != 6 {
				t.Errorf("%s, always on %s: %v after %d calls", name, route, err, f.Calls(route))
			}
		}
	}
}

func TestLastingFailuresAreNotRetried(t *testing.T) {
	for status, kind := range map[int]error{
		302: fault.Unavailable, 400: fault.Invalid, 403: fault.Forbidden, 404: fault.NotFound, 409: fault.Invalid, 501: fault.Unavailable,
	} {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{
			Route: platformtest.Submit, First: 1, Last: platformtest.Always,
			Do: platformtest.Refuse(status, "some.code", "what is\nwrong", "Location", "https://elsewhere.test/"),
		}}})
		_, err := f.Client().Submit(t.Context(), conversation.DayOf(day).Interval(), nil)
		if !errors.Is(err, kind) || f.Calls(platformtest.Submit) != 1 {
			t.Errorf("%d: got %v after %d calls", status, err, f.Calls(platformtest.Submit))
		}
		want := fmt.Sprintf("submit a job for 2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z: the platform answers %d: "+
			"what is wrong (some.code), correlation id 0b5a7fd0-0000-4000-8000-000000000001", status)
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
}

// A server that asks for a wait gets it, with a second on top; one that asks for more than ten minutes gets ten.
func TestThrottledRequestsWaitAsLongAsAsked(t *testing.T) {
	for _, c := range []struct {
		misdeed platformtest.Misdeed
		want    time.Duration
	}{
		{platformtest.Throttle("Retry-After", 30), 31 * time.Second},
		{platformtest.Throttle("inin-ratelimit-reset", 61), 62 * time.Second},
		{platformtest.Throttle("Retry-After", 0), time.Second},
		{platformtest.Throttle("Retry-After", 3600), 10 * time.Minute},
		{platformtest.Refuse(503, "service.unavailable", "", "Retry-After", "5"), 6 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Availability, First: 1, Last: 2, Do: c.misdeed}}})
			begun := time.Now()
			if _, _, err := f.Client().Coverage(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := time.Since(begun); got != 2*c.want {
				t.Errorf("waited %v, want %v", got, 2*c.want)
			}
		})
	}
}

func TestThrottledForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Submit, First: 1, Last: platformtest.Always, Do: platformtest.Throttle("Retry-After", 30)}}})
		_, err := f.Client().Submit(t.Context(), conversation.DayOf(day).Interval(), nil)
		if !errors.Is(err, fault.Throttled) || f.Calls(platformtest.Submit) != 6 {
			t.Errorf("got %v after %d calls", err, f.Calls(platformtest.Submit))
		}
	})
}

func TestSilentServerIsGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		misdeed platformtest.Misdeed
		says    string
	}{
		"no answer":       {platformtest.Ignore, "cannot be reached: nothing came for 2m0s"},
		"half an answer":  {platformtest.Stall, "bytes came in 2m0s"},
		"a byte a second": {platformtest.Trickle(1, 5*time.Second), "only 23 bytes came in 2m0s"},
	} {
		for _, route := range []platformtest.Route{platformtest.Token, platformtest.Availability} {
			synctest.Test(t, func(t *testing.T) {
				f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: route, First: 1, Last: platformtest.Always, Do: c.misdeed}}})
				cfg := f.ClientConfig()
				cfg.Retry.Attempts = 2
				begun := time.Now()
				_, _, err := platform.New(cfg).Coverage(t.Context())
				if !errors.Is(err, fault.Unavailable) || errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), c.says) {
					t.Errorf("%s to %s: %v", name, route, err)
				}
				if got := time.Since(begun).Round(time.Second); got != 4*time.Minute || f.Calls(route) != 2 {
					t.Errorf("%s to %s: gave up after %v and %d calls", name, route, got, f.Calls(route))
				}
			})
		}
	}
}

func TestCancellation(t *testing.T) {
	for name, misdeed := range map[string]platformtest.Misdeed{
		"while waiting to try again": platformtest.Throttle("Retry-After", 60), "before the answer": platformtest.Ignore, "within the answer": platformtest.Stall,
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Availability, First: 1, Last: platformtest.Always, Do: misdeed}}})
			begun := time.Now()
			_, _, err := f.Client().Coverage(ctx)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 30*time.Second || f.Calls(platformtest.Availability) != 1 {
				t.Errorf("%s: %v after %v and %d calls", name, err, time.Since(begun), f.Calls(platformtest.Availability))
			}
		})
	}
}

func TestLoginIsRenewed(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{Records: records(5), TokenCalls: 2})
	if pages, err := fetch(t.Context(), f.Client()); err != nil || len(pages) != 3 {
		t.Errorf("got %d pages, %v", len(pages), err)
	}
	// Submission, status and three pages, two calls a token.
	if got := f.Calls(platformtest.Token); got != 3 {
		t.Errorf("logged in %d times, want 3", got)
	}

	// Two tokens that are ended one after the other are no reason to stop, and a token that never works is.
	refused := platformtest.Refuse(401, "bad.credentials", "Invalid login credentials.")
	f.Behave(platformtest.Rule{Route: platformtest.Submit, First: 1, Last: 3, Do: refused})
	if _, err := f.Client().Submit(t.Context(), conversation.DayOf(day).Interval(), nil); err != nil || f.Calls(platformtest.Submit) != 4 {
		t.Errorf("refused three times: %v after %d calls", err, f.Calls(platformtest.Submit))
	}
	f.Behave(platformtest.Rule{Route: platformtest.Submit, First: 1, Last: platformtest.Always, Do: refused})
	_, err := f.Client().Submit(t.Context(), conversation.DayOf(day).Interval(), nil)
	if !errors.Is(err, fault.Unauthorized) || f.Calls(platformtest.Submit) != 12 || f.Calls(platformtest.Token) != 7 {
		t.Errorf("refused for ever: %v after %d calls and %d logins", err, f.Calls(platformtest.Submit), f.Calls(platformtest.Token))
	}
}

func TestWrongSecret(t *testing.T) {
	const wrong = "not-the-s3cret"
	var logged bytes.Buffer
	f := platformtest.New(t, platformtest.Config{})
	cfg := f.ClientConfig()
	cfg.ClientSecret, cfg.Log = wrong, slog.New(slog.NewTextHandler(&logged, nil))
	_, _, err := platform.New(cfg).Coverage(t.Context())
	const want = "the login was refused; check client id, client secret and environment: " +
		"the platform answers 401: authentication failed (invalid_client), correlation id 0b5a7fd0-0000-4000-8000-000000000001"
	if !errors.Is(err, fault.Unauthorized) || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if f.Calls(platformtest.Token) != 1 || f.Calls(platformtest.Availability) != 0 || logged.Len() > 0 {
		t.Errorf("%d logins, %d calls, logged %s", f.Calls(platformtest.Token), f.Calls(platformtest.Availability), &logged)
	}
}

func TestLoginOfAnotherServer(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Token, First: 1, Last: platformtest.Always, Do: platformtest.Say(`{"welcome":true}`)}}})
	_, _, err := f.Client().Coverage(t.Context())
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "login.platform.test answered the login with no access token") {
		t.Errorf("got %v", err)
	}
}

func TestUnreachableHost(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	host := free.Addr().String()
	free.Close()
	c := platform.New(platform.Config{API: "http://" + host, Login: "http://" + host, ClientSecret: "hidden", Retry: platform.Retry{Attempts: 2, First: time.Millisecond}})
	_, err = c.Submit(t.Context(), conversation.DayOf(day).Interval(), nil)
	if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), host+" cannot be reached") || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}

func TestRetriesAreLogged(t *testing.T) {
	var logged bytes.Buffer
	f := platformtest.New(t, platformtest.Config{Rules: []platformtest.Rule{{Route: platformtest.Availability, First: 1, Last: 2, Do: platformtest.HangUp}}})
	cfg := f.ClientConfig()
	cfg.Log = slog.New(slog.NewTextHandler(&logged, nil))
	if _, _, err := platform.New(cfg).Coverage(t.Context()); err != nil {
		t.Fatal(err)
	}
	text := logged.String()
	if strings.Count(text, "trying again") != 2 || !strings.Contains(text, "attempt=2") || strings.Contains(text, platformtest.ClientSecret) || strings.Contains(text, "token-1") {
		t.Errorf("logged %s", text)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	f := platformtest.New(t, platformtest.Config{})
	cfg := f.ClientConfig()
	cfg.Transport = nil
	c := platform.New(cfg)
	var logged bytes.Buffer
	log := slog.New(slog.NewTextHandler(&logged, nil))
	log.Info("all", "secret", cfg.ClientSecret, "config", cfg, "client", c)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("all", "secret", cfg.ClientSecret, "config", cfg, "client", c)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, x := range []any{cfg.ClientSecret, cfg, &cfg, c} {
			fmt.Fprintf(&logged, verb+"\n", x)
		}
	}
	fmt.Fprintf(&logged, "%v %+[1]v %#[1]v", struct{ c *platform.Client }{c})
	if got := logged.String(); strings.Contains(got, platformtest.ClientSecret) || strings.Contains(got, fmt.Sprintf("%x", platformtest.ClientSecret)) {
		t.Errorf("the secret is in %s", got)
	}
}
