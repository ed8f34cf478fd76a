package enginetest

import (
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/engine"
	"github.com/parley-hq/parley/internal/query"
)

// fixed is the record that fixed questions are asked about. Its first segment has values, its second has none.
const fixed = `{"conversationId":"Fixed-ID","conversationStart":"2026-02-28T00:00:00.000Z","conversationEnd":"2026-02-28T00:00:10.000Z",
	"divisionIds":["Division-A","division-b"],"mediaStatsMinConversationMos":4.25,"externalTag":"Straße",
	"participants":[{"purpose":"agent","sessions":[{"ani":"tel:+493012345","addressFrom":"Ann.Lee@Mail.example",
		"metrics":[{"name":"tTalk","value":40},{"name":"tTalk","value":60},{"name":"oMediaCount","value":40},{"name":"oMediaCount","value":60}],
		"segments":[{"segmentStart":"2026-02-28T00:00:00.000Z","segmentEnd":"2026-02-28T00:00:05.000Z","queueId":"Köln West","subject":"İ","sipResponseCodes":[200,486],
			"properties":[{"property":"Big","propertyType":"Bool","value":"TRUE"},{"property":"size","propertyType":"integer","value":"7"},
				{"property":"size","propertyType":"real","value":"2.50"},{"property":"due","propertyType":"date","value":"2026-02-28T01:00:00+01:00"},
				{"property":"Name","propertyType":"string","value":"Ann LEE"},{"property":"key","propertyType":"UUID","value":"AB-1"},{"property":"odd","propertyType":"integer","value":"seven"}]},
			{"segmentStart":"2026-02-28T00:00:05.000Z"}]}]}],
	"evaluations":[{"oTotalScore":80,"eventTime":"2026-02-28T00:00:00.250Z"}]}`

// fixedQuestions are filters as requests write them, and whether the record satisfies them: cases, lists, bounds and
// custom properties, where one more or less makes the difference. docs/query.md says each of them in words, and what is
// the platform's in it.
var fixedQuestions = []struct {
	kind    query.Kind
	filter  string // the predicates of a filter joined by or
	matches bool
}{
	// Texts compare without regard to case, alone and in lists.
	{query.OfSegment, `{"dimension":"queueId","value":"KÖLN WEST"}`, true},
	{query.OfSegment, `{"dimension":"queueId","value":"nowhere"},{"dimension":"queueId","value":"kÖLN wEST"},{"dimension":"queueId","value":"Else"}`, true},
	{query.OfSegment, `{"dimension":"queueId","value":"nowhere"},{"dimension":"queueId","value":"köln"},{"dimension":"queueId","value":"Köln West "}`, false},
	{query.OfSegment, `{"dimension":"groupId","value":"köln west"},{"dimension":"queueId","value":"x"}`, false},
	{query.OfConversation, `{"dimension":"conversationId","value":"x"},{"dimension":"conversationId","value":"fixed-id"}`, true},
	{query.OfConversation, `{"dimension":"divisionId","value":"DIVISION-A"}`, true},
	{query.OfConversation, `{"dimension":"divisionId","value":"x"},{"dimension":"divisionId","value":"DIVISION-B"}`, true},
	{query.OfConversation, `{"dimension":"divisionId","value":"division"}`, false},
	{query.OfConversation, `{"dimension":"externalTag","value":"STRASSE"}`, false},
	{query.OfSegment, `{"dimension":"addressFrom","value":"ANN.LEE"}`, true},
	{query.OfSegment, `{"dimension":"addressFrom","value":"x"},{"dimension":"addressFrom","value":"MAIL.Example"}`, true},
	{query.OfSegment, `{"dimension":"addressFrom","value":"mail"},{"dimension":"addressFrom","value":"lee"}`, false},
	{query.OfSegment, `{"dimension":"ani","value":"x"},{"dimension":"ani","value":"(49) 30-12345"}`, true},
	{query.OfSegment, `{"dimension":"ani","value":"3012345"},{"dimension":"ani","value":"4930123456"}`, false},

	// A range has the bounds that it names.
	{query.OfEvaluation, `{"metric":"oTotalScore","value":"80"}`, true},
	{query.OfEvaluation, `{"metric":"oTotalScore","value":"80.5"}`, false},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"gt":80}}`, false},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"gt":79.5}}`, true},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"gte":80}}`, true},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"gte":80.5}}`, false},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"lt":80}}`, false},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"lt":80.5}}`, true},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"lte":80}}`, true},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"lte":79.5}}`, false},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"gte":80,"lte":80}}`, true},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"gt":79,"lt":81}}`, true},
	{query.OfEvaluation, `{"metric":"oTotalScore","range":{"gte":80,"lt":80}}`, false},
	{query.OfEvaluation, `{"dimension":"eventTime","value":"2026-02-28T00:00:00.250Z"}`, true},
	{query.OfEvaluation, `{"dimension":"eventTime","value":"2026-02-28T01:00:00.25+01:00"}`, true},
	{query.OfEvaluation, `{"dimension":"eventTime","value":"2026-02-28T00:00:00.251Z"}`, false},
	{query.OfEvaluation, `{"dimension":"eventTime","range":{"gt":1772236800249,"lt":1772236800251}}`, true},
	{query.OfEvaluation, `{"dimension":"eventTime","range":{"gt":1772236800250}}`, false},
	{query.OfSegment, `{"dimension":"sipResponseCode","value":486}`, true},
	{query.OfSegment, `{"dimension":"sipResponseCode","range":{"gt":200,"lt":486}}`, false},
	{query.OfSegment, `{"metric":"tSegmentDuration","range":{"gte":5000,"lte":5000}}`, true},
	{query.OfSegment, `{"metric":"tSegmentDuration","range":{"lt":5000}}`, false},
	{query.OfConversation, `{"metric":"tConversationDuration","range":{"gte":10000,"lte":10000}}`, true},
	{query.OfConversation, `{"metric":"tConversationDuration","range":{"gt":10000}}`, false},
	{query.OfConversation, `{"dimension":"mediaStatsMinConversationMos","value":4.25}`, true},

	// Times and counts are summed up; each observed value counts.
	{query.OfConversation, `{"metric":"tTalk","value":100}`, true},
	{query.OfConversation, `{"metric":"tTalk","value":60}`, false},
	{query.OfConversation, `{"metric":"oMediaCount","value":60}`, true},
	{query.OfConversation, `{"metric":"oMediaCount","value":100}`, false},

	// What is not there.
	{query.OfSegment, `{"dimension":"queueId","operator":"notExists"}`, true},
	{query.OfSegment, `{"dimension":"purpose","operator":"notExists"}`, false},
	{query.OfConversation, `{"dimension":"externalTag","operator":"notExists"}`, false},
	{query.OfSurvey, `{"dimension":"surveyId","operator":"notExists"}`, false},

	// Custom properties: name and type without regard to case, the value as its type says.
	{query.OfSegment, `{"property":"BIG","propertyType":"bool","value":"True"}`, true},
	{query.OfSegment, `{"property":"big","propertyType":"bool","value":"false"}`, false},
	{query.OfSegment, `{"property":"big","propertyType":"string","value":"TRUE"}`, false},
	{query.OfSegment, `{"property":"Size","propertyType":"INTEGER","value":"7"}`, true},
	{query.OfSegment, `{"property":"size","propertyType":"integer","range":{"gt":7}}`, false},
	{query.OfSegment, `{"property":"size","propertyType":"integer","range":{"gte":7}}`, true},
	{query.OfSegment, `{"property":"size","propertyType":"real","value":"2.5"}`, true},
	{query.OfSegment, `{"property":"size","propertyType":"real","value":"7"}`, false},
	{query.OfSegment, `{"property":"due","propertyType":"date","value":"2026-02-28T00:00:00Z"}`, true},
	{query.OfSegment, `{"property":"due","propertyType":"date","range":{"lt":1772236800000}}`, false},
	{query.OfSegment, `{"property":"name","value":"ann lee"}`, true},
	{query.OfSegment, `{"property":"name","value":"x"},{"property":"name","value":"ANN LEE"}`, true},
	{query.OfSegment, `{"property":"name","value":"ann"}`, false},
	{query.OfSegment, `{"property":"key","propertyType":"uuid","value":"ab-1"}`, true},
	{query.OfSegment, `{"property":"key","propertyType":"string","value":"ab-1"}`, false},
	{query.OfSegment, `{"property":"odd","propertyType":"integer","operator":"exists"}`, true},
	{query.OfSegment, `{"property":"odd","propertyType":"integer","range":{"gte":-1e300}}`, false},
	{query.OfSegment, `{"property":"nothing","operator":"exists"}`, false},
	{query.OfSegment, `{"property":"name","operator":"notExists"}`, true},
}

// fixedFilters asks the fixed questions, through the decoder of requests.
func fixedFilters(t *testing.T, open opener) {
	t.Helper()
	text := strings.NewReplacer("\n", "", "\t", "").Replace(fixed)
	records := []conversation.Record{parse(t, []byte(text))}
	e := open(t, records)
	for _, c := range fixedQuestions {
		if got := count(t, e, c.kind, c.filter); got != c.matches {
			t.Errorf("%s %s: %t, want %t", c.kind, c.filter, got, c.matches)
		}
	}
	// With another predicate on the same segment, which the first has and the second has not.
	for filter, want := range map[string]bool{
		`{"dimension":"queueId","value":"köln west"},{"dimension":"segmentEnd","operator":"exists"}`:    true,
		`{"dimension":"queueId","value":"köln west"},{"dimension":"segmentEnd","operator":"notExists"}`: false,
		`{"dimension":"queueId","operator":"notExists"},{"dimension":"purpose","value":"AGENT"}`:        true,
	} {
		q, err := query.DecodeDetail([]byte(request(query.OfSegment, "and", filter)), query.PlatformLimits())
		if err != nil {
			t.Fatal(err)
		}
		if n, err := e.Count(t.Context(), q.Query); err != nil || n == 1 != want {
			t.Errorf("%s: %d, %v; want %t", filter, n, err, want)
		}
	}
}

func request(kind query.Kind, junction, predicates string) string {
	return `{"interval":"2026-02-28/2026-03-01","` + string(kind) + `":[{"type":"` + junction + `","predicates":[` + predicates + `]}]}`
}

func count(t *testing.T, e engine.Engine, kind query.Kind, predicates string) bool {
	t.Helper()
	q, err := query.DecodeDetail([]byte(request(kind, "or", predicates)), query.PlatformLimits())
	if err != nil {
		t.Fatalf("%s: %v", predicates, err)
	}
	n, err := e.Count(t.Context(), q.Query)
	if err != nil || n > 1 {
		t.Errorf("%s: %d, %v", predicates, n, err)
	}
	return n == 1
}
