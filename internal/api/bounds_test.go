package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// Each limit is asked for exactly, and by one more.
func TestTheLastThatIsAllowed(t *testing.T) {
	const query = details + "/query"
	paging := func(size, number any) string {
		return fmt.Sprintf(`{"interval":"2026-11-01/P1D","paging":{"pageSize":%v,"pageNumber":%v}}`, size, number)
	}
	interval := func(days int, filter string) string {
		return fmt.Sprintf(`{"interval":"2026-11-01/P%dD"%s}`, days, filter)
	}
	const filter = `,"segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","value":"q"}]}]`
	test(t, 3, nil, func(x *fixture) {
		path := x.fulfilled()
		for name, c := range map[string]struct {
			method, target, body string
			want                 int
		}{
			"100 ids":                      {"GET", details + "?id=" + ids(100), "", 200},
			"100 ids in two lists":         {"GET", details + "?id=" + ids(100) + "&id=c-0000", "", 200},
			"101 ids":                      {"GET", details + "?id=" + ids(101), "", 400},
			"the last page":                {"POST", query, paging(100, 1000), 200},
			"the page after it":            {"POST", query, paging(100, 1001), 400},
			"the last page of one record":  {"POST", query, paging(1, 100_000), 200},
			"the one after it":             {"POST", query, paging(1, 100_001), 400},
			"a page that does not fit":     {"POST", query, paging(99, 1011), 400},
			"numbers as text":              {"POST", query, paging(`"100"`, `"1000"`), 200},
			"a page too many as text":      {"POST", query, paging(`"100"`, `"1001"`), 400},
			"the largest page":             {"POST", query, paging(100, 1), 200},
			"a larger one":                 {"POST", query, paging(101, 1), 400},
			"the smallest page":            {"POST", query, paging(1, 1), 200},
			"a smaller one":                {"POST", query, paging(0, 1), 400},
			"7 days":                       {"POST", query, interval(7, ""), 200},
			"7 days and a millisecond":     {"POST", query, `{"interval":"2026-11-01T00:00:00Z/2026-11-08T00:00:00.001Z"}`, 400},
			"32 days with a filter":        {"POST", query, interval(32, filter), 200}, // the documentation says 31 days and the forum 32
			"33 days with a filter":        {"POST", query, interval(33, filter), 400},
			"the largest page of results":  {"GET", path + "/results?pageSize=10000", "", 200},
			"a larger one of results":      {"GET", path + "/results?pageSize=10001", "", 400},
			"the smallest page of results": {"GET", path + "/results?pageSize=1", "", 200},
			"no page size of results":      {"GET", path + "/results?pageSize=0", "", 200}, // as the Go client sends it
		} {
			if w := x.do(x.request(c.method, c.target, c.body)); w.Code != c.want {
				t.Errorf("%s: got %d %s, want %d", name, w.Code, w.Body, c.want)
			}
		}
	})
}

func TestTheLargestBody(t *testing.T) {
	body := func(n int) string {
		head, tail := `{"interval":"2026-11-01/P1D","order":"`, `"}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	test(t, 0, nil, func(x *fixture) {
		for n, want := range map[int]int{512_000: http.StatusBadRequest, 512_001: http.StatusRequestEntityTooLarge} {
			if w := x.do(x.request("POST", details+"/query", body(n))); w.Code != want {
				t.Errorf("%d bytes: got %d, want %d", n, w.Code, want)
			}
			r := x.request("POST", details+"/query", body(n))
			chunked(r)
			if w := x.do(r); w.Code != want {
				t.Errorf("%d bytes in chunks: got %d, want %d", n, w.Code, want)
			}
		}
	})
}

// A body with more findings than a message has room for: the message names every field, and stays short.
func TestManyFindingsAreAllNamed(t *testing.T) {
	var predicates []string
	for range 60 {
		predicates = append(predicates, `{"dimension":"mediaType","operator":"contains","value":"`+strings.Repeat("v", 50)+`"}`)
	}
	test(t, 0, nil, func(x *fixture) {
		got := x.ask(http.StatusBadRequest, "POST", details+"/query", `{"interval":"2026-11-01/P1D","segmentFilters":[{"type":"and","predicates":[`+strings.Join(predicates, ",")+`]}]}`)
		message, _, _ := strings.Cut(got, `","code"`)
		if len(message) > longMessage+60*50 {
			t.Errorf("the message has %d bytes: %s", len(message), message)
		}
		if n := strings.Count(message, "Value [contains]") + strings.Count(message, "].operator"); n != 60 {
			t.Errorf("named: %d findings, want 60: %s", n, message)
		}
		if n := strings.Count(got, `"errors":[]`); n != 60 {
			t.Errorf("errors: got %d, want 60", n)
		}
	})
}
