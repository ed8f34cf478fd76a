package app

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/lake/at"
)

// Clients of organizations are in one place, however many lakes a server has and whether or not it has any.
func TestOrganizationsShareAHome(t *testing.T) {
	ctx := at.With(t.Context(), func() at.Settings { return at.Settings{State: "postgres://db.example/parley"} })
	one, two := filepath.Join(t.TempDir(), "one"), filepath.Join(t.TempDir(), "two")
	for what, lakes := range map[string]Lakes{"none": {}, "one": {"acme": one}, "two": {"acme": one, "beta": two}} {
		for _, given := range []string{"", "postgres://db.example/parley"} {
			if home, err := HomeOf(ctx, given, lakes); err != nil || !strings.Contains(home.String(), "schema=parley_server") {
				t.Errorf("%s, --state %q: got %s, %v", what, given, home, err)
			}
		}
	}
}

// A lake that is served by itself has them beside its own things.
func TestALakeWithoutANameHasAHomeOfItsOwn(t *testing.T) {
	for want, lakes := range map[bool][]Lakes{true: {{"default": "./lake"}}, false: {{}, {"acme": "./lake"}, {"default": "./lake", "acme": "./other"}}} {
		for _, l := range lakes {
			if l.nameless() != want {
				t.Errorf("%v: got %v", l, !want)
			}
		}
	}
}
