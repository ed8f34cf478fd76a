package rule_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/sandbox/rule"
)

func TestSurface(t *testing.T) {
	s := newSet()
	for i, c := range []struct {
		method, path, body string
		status             int
		want               string // a part of the answer
	}{
		{"GET", rule.Path, "", 200, `{"faults":[]}`},
		{"POST", rule.Path, `{"route":"results","cut":{"share":0.5},"times":1}`, 201, `{"faults":[{"name":"fault-1","route":"results","times":1,"cut":{"share":0.5},"matched":0,"fired":0}]}`},
		{"POST", rule.Path, `[{"name":"b","route":"me","delay":"1s"},{"name":"c","job":{"fault":"failed"}}]`, 201, `"name":"c","route":"submit","job":{"fault":"failed"}`},
		{"POST", rule.Path, `[{"name":"d","route":"token","delay":"1s"},{"name":"b","route":"query","delay":"1s"}]`, 409, `"message":"rule 2: name: there is a rule b already`},
		{"POST", rule.Path, `[{"name":"d","route":"token","delay":"1s"},{"route":"qery","delay":"1s"}]`, 400, `"details":[{"errorCode":"bad.request","fieldName":"[1].route"}]`},
		{"POST", rule.Path, `{"route":"qery","delay":"1s"}`, 400, `"message":"route: there is no route qery. Did you mean query?"`},
		{"POST", rule.Path, `{"route":"any","rout":"any"}`, 400, `"fieldName":"rout"`},
		{"POST", rule.Path, strings.Repeat(" ", 1<<20+1), 413, `more than`},
		{"GET", rule.Path, "", 200, `{"faults":[{"name":"fault-1",`},
		{"DELETE", rule.Path + "/d", "", 404, `there is no rule d`}, // none of those that came with a bad one was kept
		{"DELETE", rule.Path + "/fault%2D1", "", 204, ""},
		{"DELETE", rule.Path + "/x%2Fy", "", 404, `there is no rule x/y`},
		{"PUT", rule.Path, "", 404, `there are GET, POST and DELETE`},
		{"GET", rule.Path + "/b", "", 404, `there are GET, POST and DELETE`},
		{"DELETE", rule.Path, "", 204, ""},
		{"GET", rule.Path, "", 200, `{"faults":[]}`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		w := httptest.NewRecorder()
		s.Surface().ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) || c.want == "" && w.Body.Len() > 0 {
			t.Errorf("%d: %s %s: got %d %s, want %d %s", i, c.method, c.path, w.Code, w.Body, c.status, c.want)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), "POST", rule.Path, strings.NewReader(`{"route":"any","close":"before"}`))
	r.Header.Set("Content-Type", "text/plain")
	w := httptest.NewRecorder()
	if s.Surface().ServeHTTP(w, r); w.Code != http.StatusUnsupportedMediaType || len(s.List()) > 0 {
		t.Errorf("a form of a web page: %d", w.Code)
	}
}
