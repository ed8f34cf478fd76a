package configured_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/cli/configured"
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
		_, _, err := lakes("state: there", other, nil)
		if f, ok := errors.AsType[*fault.Error](err); !ok || f.Field != "extract.state" || !strings.Contains(f.Message, "beta") {
			t.Errorf("%q beside another: %v", other, err)
		}
	}
}
