package api

import (
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/test/schemas"
)

// TestShapesAgreeWithTheSchemas compares the members of answers with the platform's description of itself.
func TestShapesAgreeWithTheSchemas(t *testing.T) {
	known := schemas.Members(t, "testdata/members.txt")
	test(t, 3, nil, func(x *fixture) {
		path := x.fulfilled()
		unmade := details + "/jobs/unmade"
		withAggregation := `{"interval":"2026-11-01/P1D","aggregations":[{"dimension":"queueId"}]}`
		for _, c := range []struct{ schema, body string }{
			{"AsyncQueryResponse", x.ask(202, "POST", details+"/jobs", wholeDay)},
			{"AsyncQueryStatus", x.ask(200, "GET", path, "")},
			{"AnalyticsConversationAsyncQueryResponse", x.ask(200, "GET", path+"/results?pageSize=2", "")},
			{"DataAvailabilityResponse", x.ask(200, "GET", details+"/jobs/availability", "")},
			{"AnalyticsConversationQueryResponse", x.ask(200, "POST", details+"/query", wholeDay)},
			{"AnalyticsConversationQueryResponse", x.ask(200, "POST", details+"/query", withAggregation)},
			{"AnalyticsConversationWithoutAttributesMultiGetResponse", x.ask(200, "GET", details+"?id=c-0001", "")},
			{"AnalyticsConversationWithoutAttributes", x.ask(200, "GET", "/api/v2/analytics/conversations/c-0001/details", "")},
			{"ErrorBody", x.ask(404, "GET", unmade, "")},
			{"ErrorBody", x.ask(400, "GET", path+"/results?pageSize=x", "")},
		} {
			schema := known[c.schema]
			if schema == nil {
				t.Errorf("no schema %s", c.schema)
			}
			var members map[string]jsontext.Value
			if err := json.Unmarshal([]byte(c.body), &members); err != nil {
				t.Errorf("%s: %v", c.schema, err)
			}
			for name, value := range members {
				if !slices.Contains(schema, name) || value.Kind() == 'n' {
					t.Errorf("%s: member %s is unknown or null", c.schema, name)
				}
			}
		}
	})
}
