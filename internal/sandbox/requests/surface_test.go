package requests

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func list(ctx context.Context, s *Surface, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(ctx, method, target, strings.NewReader("")))
	return w
}

func TestSurface(t *testing.T) {
	l := newLog()
	l.add(Entry{At: noon, Method: "GET", Path: "/a", Query: []string{"cursor"}, Client: "me", Status: 200, Bytes: 7, Duration: 1.5, Rule: "r", Broken: true})
	l.add(Entry{At: noon, Method: "GET", Path: "/b"})
	for target, want := range map[string]string{
		"":                  `200 {"requests":[{"number":1,"at":"2026-11-08T12:00:00Z","method":"GET","path":"/a","query":["cursor"],"client":"me","status":200,"bytes":7,"milliseconds":1.5,"rule":"r","broken":true},{"number":2,`,
		"?since=0":          `200 {"requests":[{"number":1,`,
		"?since=10":         `200 {"requests":[],"last":2}`,
		"?since=1":          `200 {"requests":[{"number":2,"at":"2026-11-08T12:00:00Z","method":"GET","path":"/b","status":0,"bytes":0,"milliseconds":0}],"last":2}`,
		"?since=2":          `200 {"requests":[],"last":2}`,
		"?since=1&wait=10s": `200 {"requests":[{"number":2`,
		"?since=-1":         `400 {"message":"since: write the number`,
		"?since=x":          `400 {"message":"since: write the number`,
		"?wait=5":           `400 {"message":"wait: write a span`,
		"?wait=-5s":         `400 {"message":"wait: write a span`,
		"?wait=2m":          `400 {"message":"wait: write a span`,
		"?since=%zz":        `400 {"message":"the query string`,
		"/1":                `404 {"message":"there is GET`,
	} {
		w := list(t.Context(), l.Surface(), "GET", Path+target)
		if got := strings.TrimSpace(strings.Join([]string{map[int]string{200: "200", 400: "400", 404: "404"}[w.Code], w.Body.String()}, " ")); !strings.HasPrefix(got, want) {
			t.Errorf("%s: got %s, want %s", target, got, want)
		}
	}
	if w := list(t.Context(), l.Surface(), "DELETE", Path); w.Code != 404 {
		t.Errorf("DELETE: %d", w.Code)
	}
}

func TestWhoWaitsForRequests(t *testing.T) {
	for name, c := range map[string]struct {
		ends func(l *Log, s *Surface, leave func())
		want time.Duration
		body string
	}{
		"a request":        {func(l *Log, _ *Surface, _ func()) { l.add(Entry{Path: "/a"}) }, time.Second, `"last":1`},
		"the server stops": {func(_ *Log, s *Surface, _ func()) { s.Stopping(); s.Stopping() }, time.Second, `"last":0`},
		"the client left":  {func(_ *Log, _ *Surface, leave func()) { leave() }, time.Second, `"last":0`},
		"nothing":          {func(*Log, *Surface, func()) {}, 5 * time.Second, `"last":0`},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := newLog()
			s, begun := l.Surface(), time.Now()
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			time.AfterFunc(time.Second, func() { c.ends(l, s, leave) })
			w := list(ctx, s, "GET", Path+"?wait=5s")
			if took := time.Since(begun); took != c.want || !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("%s: %s after %v", name, w.Body, took)
			}
		})
	}
}
