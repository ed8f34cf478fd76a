package query

import (
	"os"
	"slices"
	"strings"
	"testing"
)

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
