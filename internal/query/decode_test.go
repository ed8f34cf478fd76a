package query

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

const day = `"interval":"2026-11-01T00:00:00Z/2026-11-02T00:00:00Z"`

func TestBodiesThatAreWrong(t *testing.T) {
	for body, want := range map[string]struct{ field, says string }{
		``:               {"", "no body"},
		`[]`:             {"", "must be a JSON object"},
		`{`:              {"", "not valid JSON"},
		`{"interval":5}`: {"interval", "wrong type"},
		`{}`:             {"interval", "is missing"},
		`{"interval":"2026-11-01T00:00:00+01:00Z/2026-11-02T00:00:00Z"}`: {"interval", "not an ISO 8601 instant"},
		`{"interval":"2026-11-02/2026-11-01"}`:                           {"interval", "end after it starts"},
		`{"interval":"2026-11-01/2026-11-09"}`:                           {"interval", "does not exceed 7 days"},
		`{` + day + `,"order":"up"}`:                                     {"order", "Allowable values are: asc, desc, unordered"},
		`{` + day + `,"orderBy":"x"}`:                                    {"orderBy", "Allowable values are: conversationStart, conversationEnd, segmentStart, segmentEnd"},
		`{` + day + `,"paging":{"pageSize":101,"pageNumber":1}}`:         {"paging.pageSize", "between 1 and 100"},
		`{` + day + `,"paging":{"pageSize":0,"pageNumber":1}}`:           {"paging.pageSize", "between 1 and 100"},
		`{` + day + `,"paging":{"pageSize":1,"pageNumber":0}}`:           {"paging.pageNumber", "starts at 1"},
		`{` + day + `,"paging":{"pageSize":100,"pageNumber":1001}}`:      {"paging.pageNumber", "Pagination may not exceed 100000 results."},
		`{` + day + `,"paging":{"pageSize":"x"}}`:                        {"paging.pageSize", "wrong type"},
		`{` + day + `,"segmentFilters":[{}]}`:                            {"segmentFilters[0]", "neither predicates"},
		`{` + day + `,"conversationFilters":[{"type":"and"}]}`:           {"conversationFilters[0]", "neither predicates"},
		`{` + day + `,"aggregations":[{}]}`:                              {"aggregations[0].dimension", "needs a dimension"},
		`{` + day + `,"segmentDetailFilters":[{}]}`:                      {"segmentDetailFilters", "Did you mean segmentFilters?"},
		`{` + day + `,"filter":{"x":1}}`:                                 {"filter", "Did you mean segmentFilters?"},
		`{` + day + `,"dateFrom":"2026-11-01"}`:                          {"dateFrom", "Did you mean interval?"},
	} {
		_, err := DecodeDetail([]byte(body), PlatformLimits())
		var f *fault.Error
		if !errors.As(err, &f) || f.Kind != fault.Invalid || f.Field != want.field || !strings.Contains(f.Message, want.says) {
			t.Errorf("%s\n got %v", body, err)
		}
	}
	for body, field := range map[string]string{`{` + day + `,"limit":0}`: "limit", `{` + day + `,"limit":"many"}`: "limit", `{` + day + `,"segmentFilters":[{}]}`: "segmentFilters[0]"} {
		_, err := DecodeJob([]byte(body))
		var f *fault.Error
		if !errors.As(err, &f) || f.Field != field {
			t.Errorf("%s\n got %v", body, err)
		}
	}
}

// An interval of which an end is no instant has the platform's code for dates; one that is only the wrong way round has not.
func TestCodesOfIntervals(t *testing.T) {
	for interval, date := range map[string]bool{"x/2026-11-02": true, "2026-11-01": true, "2026-11-02/2026-11-01": false} {
		_, err := DecodeJob([]byte(`{"interval":"` + interval + `"}`))
		var f *fault.Error
		if !errors.As(err, &f) || (f.Code == "invalid.date") != date {
			t.Errorf("%s: got %q, %v", interval, code(f), err)
		}
	}
}

func TestBodiesThatAreRight(t *testing.T) {
	q, err := DecodeDetail([]byte(`{`+day+`,"order":"DESC","orderBy":"conversationend","paging":{"pageSize":50,"pageNumber":3},"segmentFilters":[],"surprise":[]}`), PlatformLimits())
	if err != nil || q.Order != Descending || q.OrderBy != ByConversationEnd || q.Page.Offset() != 100 || q.Matching != StartOfDay {
		t.Errorf("got %+v, %v", q, err)
	}
	if q, err := DecodeDetail([]byte(`{`+day+`,"order":null,"paging":null,"conversationFilters":null}`), PlatformLimits()); err != nil || q.Page != (Page{25, 1}) || q.Order != Ascending {
		t.Errorf("defaults: got %+v, %v", q, err)
	}
	j, err := DecodeJob([]byte(`{"interval":"2017-01-01/2026-01-01","limit":7,"startOfDayIntervalMatching":true,"paging":{"pageSize":5}}`))
	if err != nil || j.Limit != 7 || j.Matching != StartOfDay {
		t.Errorf("job: got %+v, %v", j, err)
	}
	if j, err := DecodeJob([]byte(`{` + day + `}`)); err != nil || j.Limit != 0 || j.Matching != Overlap {
		t.Errorf("job defaults: got %+v, %v", j, err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{` + day + `,"order":"desc","paging":{"pageSize":50,"pageNumber":3}}`))
	f.Add([]byte(`{"interval":"2026-11-01/P1D","segmentFilters":[{"type":"or"}],"limit":3}`))
	for _, filters := range []string{ // examples that the vendor has published
		`"segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","value":"q"},{"dimension":"segmentType","value":"interact"},{"dimension":"segmentEnd","operator":"notExists"},{"dimension":"purpose","value":"acd"}]}],"conversationFilters":[{"type":"and","predicates":[{"dimension":"conversationEnd","operator":"notExists","value":null}]}]`,
		`"segmentFilters":[{"type":"or","predicates":[{"dimension":"mediaType","value":"voice"}]},{"type":"or","predicates":[{"dimension":"direction","value":"inbound"}]},{"type":"or","predicates":[{"dimension":"queueId","value":"q"}]}]`,
		`"segmentFilters":[{"type":"or","predicates":[{"type":"dimension","dimension":"purpose","operator":"matches","value":"agent"},{"type":"metric","metric":"tSegmentDuration","range":{"gt":2000,"lte":90000}}]}]`,
		`"conversationFilters":[{"type":"or","predicates":[{"dimension":"conversationId","value":"a"},{"dimension":"conversationId","value":"b"}]}]`,
		`"segmentFilters":[{"type":"and","clauses":[{"type":"or","predicates":[{"property":"p","propertyType":"date","value":"2026-11-01T00:00:00Z"}]}]}],"evaluationFilters":[{"type":"and","predicates":[{"metric":"oTotalScore","range":{"gte":80}}]}],"surveyFilters":[{"predicates":[{"dimension":"surveyStatus","value":"Finished"}]}],"resolutionFilters":[{"predicates":[{"metric":"nNextContactAvoided","value":1}]}]`,
		`"aggregations":[{"type":"termFrequency","dimension":"queueId","size":10},{"type":"numericRange","metric":"tSegmentDuration","ranges":[{"lt":1000},{"gte":1000,"lt":60000}]}]`,
	} {
		f.Add([]byte(`{` + day + `,` + filters + `}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := DecodeDetail(body, PlatformLimits())
		if err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("not a fault of the request: %v", err)
		}
		if err == nil && (q.Page.Size < 1 || q.Page.Size > 100 || q.Page.Offset() < 0 || !q.Interval.End.After(q.Interval.Start)) {
			t.Errorf("took %+v", q)
		}
		if _, err := DecodeJob(body); err != nil && !errors.Is(err, fault.Invalid) {
			t.Errorf("not a fault of the request: %v", err)
		}
		found := Lint(body, EndpointQuery)
		if (err == nil) != (len(found) == 0) {
			t.Errorf("decoding says %v, linting %v", err, found)
		}
		for _, f := range found {
			if f.Line < 1 || f.Column < 1 || f.Line > bytes.Count(body, []byte("\n"))+1 {
				t.Errorf("no such place: %+v", f)
			}
		}
	})
}
