package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/wire"
)

func TestQueryPages(t *testing.T) {
	test(t, 30, nil, func(x *fixture) {
		one := func(number, size int) string {
			return fmt.Sprintf(`{"interval":"2026-11-01T00:00:00Z/P1D","paging":{"pageSize":%d,"pageNumber":%d}}`, size, number)
		}
		for body, want := range map[string]int{wholeDay: 25, one(1, 1): 1, one(3, 12): 6, one(2, 30): 0} {
			got := x.ask(http.StatusOK, "POST", details+"/query", body)
			if !strings.HasSuffix(got, `"totalHits":30}`) || strings.Count(got, `"conversationId"`) != want {
				t.Errorf("%s: got %s, want %d conversations of 30", body, got, want)
			}
			if strings.Contains(got, "conversations") != (want > 0) || strings.Contains(got, "attributes") {
				t.Errorf("%s: got %s, want no attributes, and conversations only if there are any", body, got)
			}
		}
		if got := x.ask(http.StatusOK, "POST", details+"/query", `{"interval":"2020-01-01/P1D"}`); got != `{"totalHits":0}` {
			t.Errorf("no match: got %s", got)
		}
		if x.views.open.Load() != 0 {
			t.Errorf("views left open: %d", x.views.open.Load())
		}
	})
}

func TestAggregationsStandBetweenConversationsAndTotalHits(t *testing.T) {
	const terms, ranges = `{"type":"termFrequency","dimension":"queueId","size":5}`, `{"metric":"tHandle","ranges":[{"lt":0.5},{"gte":0,"lt":1000},{"gte":1000}]}`
	test(t, 30, nil, func(x *fixture) {
		ask := func(interval, aggregations string) string {
			return x.ask(http.StatusOK, "POST", details+"/query", `{"interval":"`+interval+`","paging":{"pageSize":1,"pageNumber":1},"aggregations":[`+aggregations+`]}`)
		}
		got := ask("2026-11-01/P1D", terms+","+ranges)
		want := `],"aggregations":[{"type":"termFrequency","dimension":"queueId","count":61,"results":[{"value":"a","count":60},{"value":"","count":1}]},` +
			`{"type":"numericRange","metric":"tHandle","count":90,"results":[{"lt":0.5,"count":30},{"gte":0,"lt":1000,"count":30},{"gte":1000,"count":30}]}],"totalHits":30}`
		if !strings.HasPrefix(got, `{"conversations":[`) || !strings.HasSuffix(got, want) {
			t.Errorf("got %s\nwant ...%s", got, want)
		}
		if got := ask("2020-01-01/P1D", terms); got != `{"aggregations":[{"type":"termFrequency","dimension":"queueId","count":0}],"totalHits":0}` {
			t.Errorf("no match: got %s", got)
		}
	})
}

func TestContentTypeOfARequest(t *testing.T) {
	test(t, 1, nil, func(x *fixture) {
		for given, want := range map[string]int{
			"": 200, "application/json": 200, "Application/JSON; charset=UTF-8": 200, "application/problem+json": 200,
			"application/x-www-form-urlencoded": 415, "json": 415, ";": 415,
		} {
			r := x.request("POST", details+"/query", wholeDay)
			r.Header.Del("Content-Type")
			if given != "" {
				r.Header.Set("Content-Type", given)
			}
			if w := x.do(r); w.Code != want {
				t.Errorf("%q: got %d, want %d", given, w.Code, want)
			}
		}
		r := x.request("GET", details+"/jobs/availability", "")
		r.Header.Set("Content-Type", "text/plain")
		if w := x.do(r); w.Code != http.StatusOK {
			t.Errorf("content type of a GET: got %d", w.Code)
		}
	})
}

func TestDetailsByID(t *testing.T) {
	test(t, 3, nil, func(x *fixture) {
		got := x.ask(http.StatusOK, "GET", "/api/v2/analytics/conversations/c-0001/details", "")
		if want := string(wire.StripAttributes(x.views.records[1].JSON)); got != want {
			t.Errorf("one: got %s, want %s", got, want)
		}
		for query, want := range map[string]string{
			"id=c-0002&id=c-0000": "c-0000 c-0002", "id=c-0000,c-0002": "c-0000 c-0002", "id=c-0000%2Cc-0000&id=": "c-0000",
			"id=unknown,c-0001": "c-0001", "id=unknown": "",
		} {
			var page struct {
				Conversations []conversation.Conversation `json:"conversations"`
			}
			text := x.ask(http.StatusOK, "GET", details+"?"+query, "")
			if err := json.Unmarshal([]byte(text), &page); err != nil {
				t.Error(err)
			}
			var found []string
			for i := range page.Conversations {
				found = append(found, string(page.Conversations[i].ConversationID))
			}
			if got := strings.Join(found, " "); got != want || strings.Contains(text, "attributes") {
				t.Errorf("%s: got %s", query, text)
			}
		}
	})
}
