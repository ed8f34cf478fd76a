package query

import (
	"os"
	"slices"
	"testing"

	"github.com/go-json-experiment/json"
)

// schemas are those of the predicates of each kind.
var schemas = map[Kind]string{
	OfConversation: "ConversationDetailQueryPredicate", OfSegment: "SegmentDetailQueryPredicate", OfEvaluation: "EvaluationDetailQueryPredicate",
	OfSurvey: "SurveyDetailQueryPredicate", OfResolution: "ResolutionDetailQueryPredicate",
}

func TestFieldsAreThoseOfThePlatform(t *testing.T) {
	for kind, want := range map[Kind][2]int{OfConversation: {11, 86}, OfSegment: {80, 1}, OfEvaluation: {16, 2}, OfSurvey: {11, 1}, OfResolution: {0, 1}} {
		if got := [2]int{len(names(kind, false)), len(names(kind, true))}; got != want {
			t.Errorf("%s: %d dimensions and %d metrics, want %d and %d", kind, got[0], got[1], want[0], want[1])
		}
		for _, f := range Fields(kind) {
			if f.Kind != kind || f.From == "" || f.Type == "" {
				t.Errorf("%s %s is not whole: %+v", kind, f.Name, f)
			}
		}
	}
	text, err := os.ReadFile("../../../shared/api/openapi-subset.json")
	if err != nil {
		t.Skip("the counts were compared; the platform's own lists of names are not beside this checkout")
	}
	type property struct {
		Enum []string `json:"enum"`
	}
	var description struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]property `json:"properties"`
			} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(text, &description); err != nil {
		t.Fatal(err)
	}
	for kind, name := range schemas {
		of := description.Components.Schemas[name].Properties
		for _, metric := range []bool{false, true} {
			want := of[map[bool]string{false: "dimension", true: "metric"}[metric]].Enum
			slices.Sort(want)
			got := names(kind, metric)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s, metrics %v:\n got %v\nwant %v", kind, metric, got, want)
			}
		}
	}
}
