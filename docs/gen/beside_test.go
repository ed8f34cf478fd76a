package main

import "testing"

// Whatever the samples use, simulated records have, or the page says why not.
func TestSimulatedRecordsHaveWhatTheSamplesUse(t *testing.T) {
	both, err := theSides()
	if err != nil {
		t.Fatal(err)
	}
	made, found := both.sim, both.real
	for trait, records := range found.Traits {
		if made.Traits[trait] == 0 && lacking[trait] == "" {
			t.Errorf("%d real records have %s, and no simulated one", records, trait)
		}
	}
	for trait, reason := range lacking {
		if made.Traits[trait] > 0 || found.Traits[trait] == 0 {
			t.Errorf("%s is said to be lacking, because %s, and is not", trait, reason)
		}
	}
	if len(found.Traits) < 150 {
		t.Errorf("the samples have only %d keys and values", len(found.Traits))
	}
}

// Quantiles of calls, simulated and real, lie within a factor of 2: which hundred are at hand is chance.
func TestDistributionsOfCallsAreAlike(t *testing.T) {
	both, err := theSides()
	if err != nil {
		t.Fatal(err)
	}
	made, found := both.sim, both.real
	for _, m := range measures {
		for _, percent := range []int{25, 50, 75, 95} {
			a, b := at(made.Quantiles["voice"][m.name], percent), at(found.Quantiles["voice"][m.name], percent)
			if m.name == "duration" && percent > 75 {
				continue // the samples are those that a job returned 60 days later
			}
			if a > 2*b || b > 2*a {
				t.Errorf("%s at %d %%: simulated %d, real %d", m.name, percent, a, b)
			}
		}
	}
}

func at(quantiles []int64, percent int) int64 { return quantiles[(len(quantiles)-1)*percent/100] }
