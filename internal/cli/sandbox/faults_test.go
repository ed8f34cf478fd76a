package sandbox

import (
	"errors"
	"slices"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

// A number of a call that is given counts from 1, and is not taken for one that was left out.
func TestCallsAreCountedFromOne(t *testing.T) {
	for given, wrong := range map[string]bool{"": false, "nth": true, "every": true} {
		f := faultFlags{rule: rule.Rule{Route: "me", Close: rule.Before}}
		_, err := f.one(func(name string) bool { return name == given })
		if errors.Is(err, fault.Invalid) != wrong {
			t.Errorf("--%s 0: %v", given, err)
		}
	}
	f := faultFlags{rule: rule.Rule{Route: "me", Nth: 1, Every: 1, Close: rule.Before}}
	if r, err := f.one(func(name string) bool { return slices.Contains([]string{"nth", "every"}, name) }); err != nil || r.Nth != 1 || r.Every != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
}
