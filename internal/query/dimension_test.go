package query

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestDimensionsAreThoseOfThePlatform(t *testing.T) {
	for kind, want := range map[Kind][2]int{OfConversation: {11, 86}, OfSegment: {80, 1}, OfEvaluation: {16, 2}, OfSurvey: {11, 1}, OfResolution: {0, 1}} {
		if got := [2]int{len(names(kind, false)), len(names(kind, true))}; got != want {
			t.Errorf("%s: %d dimensions and %d metrics, want %d and %d", kind, got[0], got[1], want[0], want[1])
		}
		for _, f := range Dimensions(kind) {
			if f.Kind != kind || f.From == "" || f.Type == "" {
				t.Errorf("%s %s is not whole: %+v", kind, f.Name, f)
			}
		}
	}
	for _, kind := range Kinds() {
		for _, metric := range []bool{false, true} {
			got, want := names(kind, metric), platformNames(t, kind, metric)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				t.Errorf("%s, metrics %v:\n got %v\nwant %v", kind, metric, got, want)
			}
		}
	}
}

// platformNames reads the list of the platform's names, which are in order.
func platformNames(t *testing.T, kind Kind, metric bool) (out []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	sort := map[bool]string{false: "dimension", true: "metric"}[metric]
	for line := range strings.Lines(string(text)) {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), string(kind)+" "+sort+" "); found {
			out = append(out, name)
		}
	}
	return out
}

// A dimension is a list if and only if it is one in the record, has the column that says so, and stands in its place.
func TestDimensionsSayWhereTheyAre(t *testing.T) {
	for _, kind := range Kinds() {
		before := Dimension{}
		for _, f := range Dimensions(kind) {
			ofConversation := kind == OfConversation && f.Metric
			list := strings.Contains(f.From, "[]")
			if ofConversation {
				list = f.Name[0] == 'o' // of those that are numbers of their own any matches; others are added up
			}
			if f.List != list {
				t.Errorf("%s %s comes from %s: is it a list? %v", kind, f.Name, f.From, f.List)
			}
			if (f.Column == "") != (ofConversation && f.Name != "tConversationDuration") || strings.ToLower(f.Column) != f.Column {
				t.Errorf("%s %s: column %q", kind, f.Name, f.Column)
			}
			if before.Metric && !f.Metric || before.Metric == f.Metric && before.Name >= f.Name {
				t.Errorf("%s: %s comes before %s", kind, before.Name, f.Name)
			}
			if got, ok := find(kind, f.Name, f.Metric); !ok || got != f {
				t.Errorf("%s %s: found %+v", kind, f.Name, got)
			}
			if _, ok := find(kind, f.Name, !f.Metric); ok {
				t.Errorf("%s %s is a dimension and a metric", kind, f.Name)
			}
			before = f
		}
	}
}
