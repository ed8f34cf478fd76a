package query

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

// segment is a query with one segment filter of these predicates.
func segment(predicates string) string {
	return `{` + day + `,"segmentFilters":[{"type":"and","predicates":[` + predicates + `]}]}`
}

// of is a query with one filter of a kind, of these predicates.
func of(kind Kind, predicates string) string {
	return `{` + day + `,"` + string(kind) + `":[{"type":"and","predicates":[` + predicates + `]}]}`
}

func TestFiltersThatAreWrong(t *testing.T) {
	const first = "segmentFilters[0].predicates[0]"
	queue := `{"dimension":"queueId","value":"q"}`
	for _, c := range []struct{ body, field, code, says string }{
		// Junctions, filters and clauses.
		{`{` + day + `,"segmentFilters":[{"type":"and","predicates":[]}]}`, "segmentFilters[0]", "", "neither predicates nor clauses"},
		{`{` + day + `,"segmentFilters":[null]}`, "segmentFilters[0]", "", "neither predicates nor clauses"},
		{`{` + day + `,"segmentFilters":{"type":"and"}}`, "segmentFilters", "", "wrong type"},
		{`{` + day + `,"segmentFilters":[{"predicates":[` + queue + `,` + queue + `]}]}`, "segmentFilters[0].type", "", "say how its parts are joined"},
		{`{` + day + `,"segmentFilters":[{"type":"not","predicates":[` + queue + `]}]}`, "segmentFilters[0].type", "invalid.value", "Allowable values are: and, or"},
		{`{` + day + `,"segmentFilters":[{"type":"and","clauses":[{"type":"or"}]}]}`, "segmentFilters[0].clauses[0].predicates", "", "needs predicates"},
		{`{` + day + `,"segmentFilters":[{"clauses":[{"predicates":[` + queue + `,` + queue + `]}]}]}`, "segmentFilters[0].clauses[0].type", "", "is missing"},
		{`{` + day + `,"segmentFilters":[{"type":"and","clauses":[{"type":"or","predicates":[` + queue + `],"clauses":[]}]}]}`, "segmentFilters[0].clauses[0].clauses", "", "is not a member of segmentFilters[0].clauses[0], which has: type, predicates."},
		{`{` + day + `,"segmentFilters":[{"type":"and","predicate":[` + queue + `],"predicates":[` + queue + `]}]}`, "segmentFilters[0].predicate", "", "Did you mean predicates?"},

		// Which dimension, metric or property a predicate asks of.
		{segment(`{}`), first, "", "names no dimension, metric or property"},
		{segment(`null`), first, "", "names no dimension, metric or property"},
		{segment(`{"type":"dimension","value":"x"}`), first + ".dimension", "", "is of type dimension and names none"},
		{segment(`{"type":"metric","dimension":"queueId","value":"x"}`), first + ".metric", "", "is of type metric and names none"},
		{segment(`{"type":"field","dimension":"queueId","value":"x"}`), first + ".type", "invalid.value", "Allowable values are: dimension, metric, property"},
		{segment(`{"dimension":"queueId","metric":"tSegmentDuration","value":"x"}`), first + ".metric", "", "a dimension and a metric"},
		{segment(`{"dimension":"queueId","values":["x"],"value":"x"}`), first + ".values", "", "Did you mean value?"},
		{segment(`{"dimension":5,"value":"x"}`), first + ".dimension", "", "wrong type"},

		// Names, and what was meant.
		{segment(`{"dimension":"queue_id","value":"x"}`), first + ".dimension", "invalid.value", "Did you mean queueId?"},
		{segment(`{"dimension":"QueueID","value":"x"}`), first + ".dimension", "invalid.value", "Did you mean queueId?"},
		{segment(`{"dimension":"queueName","value":"x"}`), first + ".dimension", "invalid.value", "Did you mean queueId?"},
		{segment(`{"dimension":"campaignId","value":"x"}`), first + ".dimension", "invalid.value", "Did you mean outboundCampaignId?"},
		{segment(`{"dimension":"mediatyp","value":"x"}`), first + ".dimension", "invalid.value", "Did you mean mediaType?"},
		{segment(`{"dimension":"divisionId","value":"x"}`), first + ".dimension", "invalid.value", "divisionId is a dimension of conversationFilters"},
		{segment(`{"dimension":"originatingDirection","value":"x"}`), first + ".dimension", "invalid.value", "originatingDirection is a dimension of conversationFilters"},
		{segment(`{"metric":"tHandle","operator":"exists"}`), first + ".metric", "invalid.value", "tHandle is a metric of conversationFilters"},
		{segment(`{"dimension":"tSegmentDuration","value":"1"}`), first + ".dimension", "invalid.value", "tSegmentDuration is a metric of segmentFilters"},
		{of(OfConversation, `{"dimension":"queueId","value":"x"}`), "conversationFilters[0].predicates[0].dimension", "invalid.value", "queueId is a dimension of segmentFilters"},
		{of(OfConversation, `{"dimension":"campaignId","value":"x"}`), "conversationFilters[0].predicates[0].dimension", "invalid.value", "Did you mean outboundCampaignId, which belongs in segmentFilters?"},
		{of(OfResolution, `{"dimension":"queueId","value":"x"}`), "resolutionFilters[0].predicates[0].dimension", "invalid.value", "queueId is a dimension of segmentFilters"},
		{of(OfSurvey, `{"dimension":"formId","value":"x"}`), "surveyFilters[0].predicates[0].dimension", "invalid.value", "formId is a dimension of evaluationFilters"},
		{of(OfConversation, `{"property":"x","value":"x"}`), "conversationFilters[0].predicates[0].property", "", "belong in segmentFilters"},
		{segment(`{"property":"","value":"x"}`), first + ".property", "", "need a name"},
		{segment(`{"property":"p","propertyType":"money","value":"x"}`), first + ".propertyType", "invalid.value", "bool, date, integer, real, string, uuid"},

		// Operators and operands.
		{segment(`{"dimension":"queueId","operator":"contains","value":"x"}`), first + ".operator", "invalid.value", "There is no substring or negated match"},
		{segment(`{"dimension":"queueId"}`), first + ".value", "", "needs a value or a range"},
		{segment(`{"dimension":"queueId","value":null}`), first + ".value", "", "needs a value or a range"},
		{segment(`{"dimension":"queueId","value":["a","b"]}`), first + ".value", "", "several predicates joined by or"},
		{segment(`{"dimension":"queueId","value":{"a":1}}`), first + ".value", "", "must be one text"},
		{segment(`{"dimension":"queueId","value":"` + strings.Repeat("x", maxValue+1) + `"}`), first + ".value", "", "longer than 4096 bytes"},
		{segment(`{"dimension":"queueId","value":"x","range":{"gt":1}}`), first, "", "a value and a range"},
		{segment(`{"dimension":"queueId","range":{"gt":1}}`), first + ".range", "", "queueId is no number and has no range"},
		{segment(`{"metric":"tSegmentDuration","range":{}}`), first + ".range", "", "bounds nothing"},
		{segment(`{"metric":"tSegmentDuration","range":{"gt":null}}`), first + ".range", "", "bounds nothing"},
		{segment(`{"metric":"tSegmentDuration","range":{"gt":"many"}}`), first + ".range.gt", "", "must be a number"},
		{segment(`{"metric":"tSegmentDuration","range":{"gt":"NaN"}}`), first + ".range.gt", "", "must be a number"},
		{segment(`{"metric":"tSegmentDuration","range":{"min":1,"lt":2}}`), first + ".range.min", "", "which has: gt, gte, lt, lte."},
		{segment(`{"metric":"tSegmentDuration","range":[1,2]}`), first + ".range", "", "wrong type"},
		{segment(`{"metric":"tSegmentDuration","value":"long"}`), first + ".value", "", "must be a number"},
		{segment(`{"dimension":"mediaCount","value":"1e999"}`), first + ".value", "", "must be a number"},
		{segment(`{"dimension":"recording","value":"yes"}`), first + ".value", "invalid.value", "Allowable values are: true, false"},
		{segment(`{"dimension":"segmentEnd","value":"yesterday"}`), first + ".value", "invalid.date", "ISO-8601"},

		// Aggregations.
		{`{` + day + `,"aggregations":[{"type":"histogram","dimension":"queueId"}]}`, "aggregations[0].type", "invalid.value", "termFrequency, numericRange"},
		{`{` + day + `,"aggregations":[{"type":"termFrequency","dimension":"queue_id"}]}`, "aggregations[0].dimension", "invalid.value", "Did you mean queueId?"},
		{`{` + day + `,"aggregations":[{"dimension":"queueId","size":0}]}`, "aggregations[0].size", "", "between 1 and 1000"},
		{`{` + day + `,"aggregations":[{"type":"numericRange"}]}`, "aggregations[0].metric", "", "needs a metric"},
		{`{` + day + `,"aggregations":[{"metric":"tHandle"}]}`, "aggregations[0].ranges", "", "needs between 1 and 100 ranges"},
		{`{` + day + `,"aggregations":[{"metric":"tHandle","ranges":[{"gt":1}]}]}`, "aggregations[0].ranges[0]", "", "have gte and lt"},
		{`{` + day + `,"aggregations":[{"metric":"tHandle","ranges":[{"lte":1}]}]}`, "aggregations[0].ranges[0]", "", "have gte and lt"},
		{`{` + day + `,"aggregations":[{"metric":"tHandle","ranges":[{"gte":"x"}]}]}`, "aggregations[0].ranges[0].gte", "", "must be a number"},
		{`{` + day + `,"aggregations":[` + strings.Repeat(`{},`, 20) + `{}]}`, "aggregations", "", "more than 20"},
	} {
		_, err := DecodeDetail([]byte(c.body), PlatformLimits())
		var f *fault.Error
		if !errors.As(err, &f) || f.Field != c.field || f.Code != c.code || !strings.Contains(f.Message, c.says) {
			t.Errorf("%s\n got %v at %q (%q), want %q at %q", fault.Clip(c.body), err, field(f), code(f), c.says, c.field)
		}
	}
}

// Dimensions that several kinds have are listed once.
func TestNamesAreListedOnce(t *testing.T) {
	_, err := DecodeDetail([]byte(`{`+day+`,"aggregations":[{"dimension":"queueld"}]}`), PlatformLimits())
	if err == nil || strings.Count(err.Error(), " queueId,") != 1 || strings.Count(err.Error(), " userId,") != 1 {
		t.Errorf("got %v", err)
	}
}

func field(f *fault.Error) string {
	if f == nil {
		return ""
	}
	return f.Field
}

func code(f *fault.Error) string {
	if f == nil {
		return ""
	}
	return f.Code
}

func TestMembersOfTheWrongSort(t *testing.T) {
	for body, says := range map[string]string{
		`{"dateFrom":"2026-11-01","dateTo":"2026-11-02"}`: "Did you mean interval?",
		`{` + day + `,"pageSize":25}`:                     "Did you mean paging?",
		`{` + day + `,"filters":[{}]}`:                    "Did you mean segmentFilters?",
		`{` + day + `,"groupBy":["queueId"]}`:             "Did you mean aggregations?",
		`{` + day + `,"order_by":"conversationEnd"}`:      "Did you mean orderBy?",
		`{` + day + `,"limit":5}`:                         "limit is a field of jobs",
	} {
		if _, err := DecodeDetail([]byte(body), PlatformLimits()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s\n got %v, want %q", body, err, says)
		}
	}
	for _, name := range []string{"order", "orderBy", "paging", "conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters", "aggregations"} {
		if _, err := DecodeDetail([]byte(`{`+day+`,"`+name+`_":[1]}`), PlatformLimits()); err == nil || !strings.Contains(err.Error(), "Did you mean "+name+"?") {
			t.Errorf("%s_: got %v", name, err)
		}
	}
	for _, name := range []string{"order", "orderBy", "limit", "startOfDayIntervalMatching", "conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters"} {
		if _, err := DecodeJob([]byte(`{` + day + `,"` + name + `_":[1]}`)); err == nil || !strings.Contains(err.Error(), "Did you mean "+name+"?") {
			t.Errorf("%s_ of a job: got %v", name, err)
		}
	}
	if _, err := DecodeJob([]byte(`{` + day + `,"aggregations":[{"dimension":"queueId"}]}`)); err == nil || !strings.Contains(err.Error(), "jobs have no aggregations") {
		t.Errorf("aggregations of a job: got %v", err)
	}
}

// TestLeniency holds the decoder to what clients in the wild send: every spelling of a row means the same.
func TestLeniency(t *testing.T) {
	for _, same := range [][]string{
		{ // types, operator
			segment(`{"type":"dimension","dimension":"queueId","operator":"matches","value":"q"}`), segment(`{"dimension":"queueId","value":"q"}`),
			segment(`{"type":"DIMENSION","dimension":"queueId","operator":"Matches","value":"Q"}`), segment(`{"type":null,"dimension":"queueId","operator":null,"value":"q","range":null,"metric":null}`),
			`{` + day + `,"segmentFilters":[{"predicates":[{"dimension":"queueId","value":"q"}]}]}`, `{` + day + `,"segmentFilters":[{"type":"AND","predicates":[{"dimension":"queueId","value":"q"}],"clauses":[]}]}`,
			`{` + day + `,"segmentFilters":[{"type":"and","predicates":[{"dimension":"queueId","value":"q"}],"clauses":null}],"surveyFilters":[],"evaluationFilters":null}`,
		},
		{ // nothing, or something, beside exists
			segment(`{"dimension":"segmentEnd","operator":"notExists"}`), segment(`{"dimension":"segmentEnd","operator":"notExists","value":null}`),
			segment(`{"dimension":"segmentEnd","operator":"NOTEXISTS","value":""}`), segment(`{"dimension":"segmentEnd","operator":"notExists","value":"x","range":null}`),
		},
		{segment(`{"dimension":"mediaCount","value":"3"}`), segment(`{"dimension":"mediaCount","value":3}`), segment(`{"dimension":"mediaCount","value":" 3.0 "}`)},
		{segment(`{"dimension":"recording","value":"true"}`), segment(`{"dimension":"recording","value":true}`), segment(`{"dimension":"recording","value":"True"}`)},
		{segment(`{"metric":"tSegmentDuration","range":{"gt":2000,"lte":90000}}`), segment(`{"type":"metric","metric":"tSegmentDuration","range":{"gt":"2000","lte":"90000","lt":null}}`)},
		{segment(`{"property":"Colour","value":"Red"}`), segment(`{"type":"property","property":"colour","propertyType":"String","operator":"matches","value":"red"}`)},
		{segment(`{"dimension":"flowVersion","value":"2"}`), segment(`{"dimension":"flowVersion","value":2}`)},
	} {
		var want []Filter
		for i, body := range same {
			q, err := DecodeDetail([]byte(body), PlatformLimits())
			if err != nil {
				t.Errorf("%s\n refused: %v", body, err)
				continue
			}
			if i == 0 {
				want = q.Filters
			}
			for _, f := range q.Filters { // the text beside a number or a truth value does not count
				for j := range f.Predicates {
					if k := f.Predicates[j].Dimension.Type; k == Number || k == Truth {
						f.Predicates[j].Text = ""
					}
				}
			}
			if !reflect.DeepEqual(q.Filters, want) {
				t.Errorf("%s\n  got %s\n want %s", body, show(q.Filters), show(want))
			}
		}
	}
}

func show(f []Filter) string { return fmt.Sprintf("%+v", f) }

func TestPredicatesAreReadyToCompare(t *testing.T) {
	detail, err := DecodeDetail([]byte(segment(`{"dimension":"ani","value":"tel:+1 (225) 555-0105"},{"dimension":"addressFrom","value":"Someone@Example.com"},
		{"dimension":"segmentEnd","value":"2026-11-01T10:00:00.250+01:00"},{"property":"weight","propertyType":"real","range":{"gte":1.5}}`)), PlatformLimits())
	if err != nil {
		t.Fatal(err)
	}
	p := detail.Filters[0].Predicates
	if p[0].Text != "tel:+1 (225) 555-0105" || p[0].Digits != "12255550105" {
		t.Errorf("phone: %+v", p[0])
	}
	if p[1].Text != "someone@example.com" || p[1].Partial {
		t.Errorf("address of a query: %+v", p[1])
	}
	if p[2].Range.Gte == nil || *p[2].Range.Gte != 1793523600250 || *p[2].Range.Lte != 1793523600250 {
		t.Errorf("instant: %+v", p[2])
	}
	if p[3].Property != "weight" || p[3].PropertyType != "real" || p[3].Dimension.Type != Number || *p[3].Range.Gte != 1.5 {
		t.Errorf("property: %+v", p[3])
	}
	job, err := DecodeJob([]byte(segment(`{"dimension":"addressFrom","value":"x"}`)))
	if err != nil || !job.Filters[0].Predicates[0].Partial {
		t.Errorf("address of a job: %+v, %v", job, err)
	}
	filtered, err := DecodeDetail([]byte(`{"interval":"2026-11-01/2026-12-02","conversationFilters":[{"predicates":[{"dimension":"conversationEnd","operator":"exists"}]}]}`), PlatformLimits())
	if err != nil || len(filtered.Filters) != 1 {
		t.Errorf("31 days, filtered: %v", err)
	}
}

func TestEveryFindingIsTold(t *testing.T) {
	_, err := DecodeDetail([]byte(`{"dateFrom":"x","order":"up","segmentFilters":[{"type":"and","predicates":[{"dimension":"queue_id","value":"a"},{"dimension":"ani","operator":"contains","value":"5"}]}]}`), PlatformLimits())
	var all Faults
	if !errors.As(err, &all) {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, f := range all {
		got = append(got, f.Field)
	}
	want := []string{"dateFrom", "interval", "order", "segmentFilters[0].predicates[0].dimension", "segmentFilters[0].predicates[1].operator"}
	if !reflect.DeepEqual(got, want) || !strings.HasSuffix(err.Error(), "(and 4 more findings)") || !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v: %v", got, err)
	}
}

func TestHostileBodiesAreRefusedSoon(t *testing.T) {
	long := strings.Repeat("x", 60)
	for name, body := range map[string]string{
		"predicates":      segment(strings.TrimSuffix(strings.Repeat(`{"dimension":"`+long+`","value":"v"},`, 500), ",")),
		"good predicates": segment(strings.TrimSuffix(strings.Repeat(`{"dimension":"queueId","value":"v"},`, maxPredicates+1), ",")),
		"filters":         `{` + day + `,"segmentFilters":[` + strings.Repeat(`{},`, 20_000) + `{}]}`,
		"clauses":         `{` + day + `,"segmentFilters":[{"type":"and","clauses":[` + strings.Repeat(`{},`, 20_000) + `{}]}]}`,
		"members":         `{` + day + manyMembers(10_000) + `}`,
		"members of one":  segment(`{"dimension":"queueId","value":"v"` + manyMembers(10_000) + `}`),
		"depth":           `{` + day + `,"x":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`,
	} {
		_, err := DecodeDetail([]byte(body), PlatformLimits())
		var all Faults
		if !errors.As(err, &all) || len(all) > maxFindings {
			t.Errorf("%s: got %d findings", name, len(all))
		}
		if found := Lint([]byte(body), EndpointQuery); len(found) != len(all) {
			t.Errorf("%s: %d findings linted, %d decoded", name, len(found), len(all))
		}
	}
}

func manyMembers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"member%d":1`, i)
	}
	return b.String()
}

func TestDigits(t *testing.T) {
	for text, want := range map[string]string{
		"tel:+12255550105": "12255550105", "TEL:+1 225-555-0105": "12255550105", "+1 (225) 555.0105": "12255550105", " 2255550105 ": "2255550105",
		"tel:1331819": "1331819", "225/5550105": "2255550105", "911": "911", "12": "", "": "", "tel:": "", "sip:1@host": "", "anonymous": "", "x123": "", "１２３": "",
	} {
		if got := Digits(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
