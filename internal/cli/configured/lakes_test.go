package configured_test

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
)

func TestLakesOfAllOrganizations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.yaml")
	lakes := func(a, b string, env map[string]string) (state string, lakes []string, err error) {
		text := "organizations:\n"
		for _, o := range []struct{ name, extract string }{{"acme", a}, {"beta", b}} {
			text += "- {name: " + o.name + ", environment: mypurecloud.ie, lake: s3://" + o.name + "-lake/prod, client_id: {env: A}, client_secret: {env: B}, extract: {" + o.extract + "}}\n"
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ctx := at.With(t.Context(), func() at.Settings { return at.Settings{State: "server"} })
		ctx, lakes, err = configured.Lakes(ctx, path, func(name string) string { return env[name] })
		return at.State(ctx), lakes, err
	}
	state, all, err := lakes("state: there", "state: there, memory: 256", nil)
	if err != nil || state != "there" || !slices.Equal(all, []string{"acme=s3://acme-lake/prod", "beta=s3://beta-lake/prod"}) {
		t.Errorf("%s, %v, %v", state, all, err)
	}
	if state, _, err := lakes("state: there", "state: there", map[string]string{"PARLEY_STATE": "server"}); err != nil || state != "server" {
		t.Errorf("the environment goes before the file: %s, %v", state, err)
	}
	for _, other := range []string{"", "state: elsewhere"} {
		if state, _, err := lakes("state: there", other, map[string]string{"PARLEY_STATE": "server"}); err != nil || state != "server" {
			t.Errorf("%q beside another, and the environment: %s, %v", other, state, err)
		}
		_, _, err := lakes("state: there", other, nil)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != "extract.state" || !strings.Contains(f.Message, "beta") {
			t.Errorf("%q beside another: %v", other, err)
		}
	}
}

// Where a lake is kept is said by flags or the environment, which are the process's settings, and by the file if by neither.
func TestWhereALakeIsKept(t *testing.T) {
	o := &config.Organization{Extract: map[string]any{"state": "of the file"}}
	for _, given := range []string{"", "given"} {
		ctx := at.With(t.Context(), func() at.Settings { return at.Settings{State: given} })
		if got, want := at.State(configured.At(ctx, o)), cmp.Or(given, "of the file"); got != want {
			t.Errorf("%q was given: got %s, want %s", given, got, want)
		}
	}
}
