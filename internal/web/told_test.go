package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Each request for a page has a line in the log and is counted, by the pattern of its route: neither has an id or a question in it.
func TestRequestsForPagesAreLoggedAndCounted(t *testing.T) {
	b := newBrowser(t)
	b.signIn()
	at, err := url.Parse(b.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct{ method, path, route, counted, client string }{
		{"GET", "/ui/calendar/2026?show=open", "/ui/calendar/{year}", "GET 200", "me"},
		{"GET", "/ui/conversation/" + id, "/ui/conversation/{id}", "GET 200", "me"},
		{"GET", "/ui/jobs/secret-job", "/ui/jobs/{id}", "GET 404", "me"},
		{"GET", "/parley/v1/runs/secret-run", "/parley/v1/runs/{id}", "GET 404", "me"},
		{"GET", "/parley/v1/events?of=calendar", "/parley/v1/events", "GET 200", "me"},
		{"GET", "/ui/secret", "unknown", "any 404", ""},
		{"POST", "/ui/sign-in", "/ui/sign-in", "POST 401", ""},
	} {
		var log bytes.Buffer
		var counted string
		b.web.cfg.Log = slog.New(slog.NewJSONHandler(&log, nil))
		b.web.cfg.Count = func(route, method string, status int, _ time.Duration, sent int64) {
			counted = fmt.Sprint(route, " ", method, " ", status, " ", sent > 0)
		}
		ctx, leave := context.WithTimeout(t.Context(), 20*time.Millisecond) // streams end when their reader leaves
		r := httptest.NewRequestWithContext(ctx, q.method, b.url+q.path, strings.NewReader("client_id=me&client_secret=secret"))
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for _, c := range b.client.Jar.Cookies(at) {
			r.AddCookie(c)
		}
		if q.path != "/parley/v1/events?of=calendar" {
			r = r.WithContext(t.Context())
		}
		w := httptest.NewRecorder()
		b.web.ServeHTTP(w, r)
		leave()
		if want := q.route + " " + q.counted + " true"; counted != want {
			t.Errorf("%s: counted %q, want %q", q.path, counted, want)
		}
		var line struct {
			Msg      string `json:"msg"`
			Request  string `json:"request"`
			Client   string `json:"client"`
			Method   string `json:"method"`
			Route    string `json:"route"`
			Status   int    `json:"status"`
			Bytes    int    `json:"bytes"`
			Duration int64  `json:"duration"`
		}
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Errorf("%s: the log is %q, %v", q.path, log.String(), err)
		}
		if line.Msg != "request" || line.Method != q.method || line.Route != q.route || line.Client != q.client || line.Status != w.Code || line.Bytes != w.Body.Len() || line.Duration <= 0 {
			t.Errorf("%s: the line is %s", q.path, log.String())
		}
		if strings.Contains(log.String(), "secret") || strings.Contains(log.String(), id) {
			t.Errorf("%s: the log tells what was asked: %s", q.path, log.String())
		}
		if got := w.Header()["ININ-Correlation-Id"]; line.Request == "" || len(got) != 1 || got[0] != line.Request {
			t.Errorf("%s: the answer has the id %q, the log %q", q.path, got, line.Request)
		}
		if failed := w.Code == http.StatusNotFound && q.route != "/ui/jobs/{id}"; failed != strings.Contains(w.Body.String(), line.Request) {
			t.Errorf("%s: the id %s of the log on the page %s", q.path, line.Request, w.Body.String())
		}
	}
}
