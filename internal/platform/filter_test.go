package platform

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// Filters go with every request that says which conversations: a job, a count, a page of the query.
func TestFiltersGoWithTheInterval(t *testing.T) {
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/oauth/token") {
			_, _ = io.WriteString(w, `{"access_token":"t"}`)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		bodies = append(bodies, string(body))
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "/jobs") {
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, `{"jobId":"j"}`)
			return
		}
		_, _ = io.WriteString(w, `{"totalHits":0}`)
	}))
	defer server.Close()
	const filters = `"segmentFilters":[{"type":"and"}],"surveyFilters":[]`
	c := New(Config{API: server.URL, Login: server.URL, ClientID: "id", ClientSecret: "secret"})
	iv := conversation.Interval{Start: time.Unix(0, 0).UTC(), End: time.Unix(86_400, 0).UTC()}
	_, err1 := c.Submit(t.Context(), iv, jsontext.Value("{"+filters+"}"))
	_, _, err2 := c.Count(t.Context(), iv, jsontext.Value("{"+filters+"}"))
	_, err3 := c.Found(t.Context(), iv, jsontext.Value("{"+filters+"}"), 2, 100)
	if err1 != nil || err2 != nil || err3 != nil || len(bodies) != 3 {
		t.Fatalf("%v, %v, %v, %d bodies", err1, err2, err3, len(bodies))
	}
	for i, has := range []string{`"startOfDayIntervalMatching":true`, `"pageSize":1`, `"pageNumber":2`} {
		if !strings.Contains(bodies[i], has) || !strings.Contains(bodies[i], filters) || !strings.HasPrefix(bodies[i], `{"interval":"1970-01-01T`) {
			t.Errorf("body %s", bodies[i])
		}
	}
}
