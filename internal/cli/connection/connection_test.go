package connection

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/platform/budget"
)

func TestWhoHasABudget(t *testing.T) {
	cache := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("HOME", cache)
	for _, c := range []struct {
		name        string
		environment string
		baseURL     string
		flag        string
		want        bool
	}{
		{"the platform", "mypurecloud.com", "", "", true},
		{"the platform, without one", "mypurecloud.com", "", "none", false},
		{"a gateway", "", "https://gateway.example.com/genesys", "", true},
		{"a sandbox", "", "http://127.0.0.1:8080", "", false},
		{"a sandbox by name", "", "http://localhost:8080", "", false},
		{"a sandbox, IPv6", "", "http://[::1]:8080", "", false},
		{"a sandbox that is asked to", "", "http://127.0.0.1:8080", "10", true},
		{"in place of the environment", "mypurecloud.com", "http://127.0.0.1:8080", "", false},
	} {
		getenv := func(name string) string {
			return map[string]string{"GENESYS_ENVIRONMENT": c.environment, "GENESYS_CLIENT_ID": "an-id", "GENESYS_CLIENT_SECRET": "s3cret"}[name]
		}
		o := Options{Getenv: getenv, BaseURL: c.baseURL, Standard: Unattended, Budget: Budget{Share: c.flag}, Log: slog.New(slog.DiscardHandler)}
		cfg, err := Config(o)
		if err != nil || (cfg.Budget != nil) != c.want {
			t.Errorf("%s: a budget %v, %v", c.name, cfg.Budget != nil, err)
		}
		if cfg.Budget == nil {
			continue
		}
		if _, err := cfg.Budget.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	}
	files, err := filepath.Glob(filepath.Join(cache, "*", "*", "*"))
	more, _ := filepath.Glob(filepath.Join(cache, "*", "*", "*", "*"))
	if files = append(files, more...); err != nil || len(files) < 1 {
		t.Errorf("processes meet in %q, %v", files, err)
	}
}

func TestBudgetsThatAreNone(t *testing.T) {
	getenv := func(string) string { return "x.example.com" }
	if _, err := Config(Options{Getenv: getenv, Standard: Unattended, Budget: Budget{Share: "half"}}); !errors.Is(err, fault.Invalid) {
		t.Errorf("got %v", err)
	}
}

func TestWhereProcessesMeet(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("HOME", "")
	session := func(name string) string { return map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}[name] }
	for want, got := range map[string]string{
		"/var/budget":               (&Budget{Dir: "/var/budget"}).dir(session),
		"/run/user/7/parley/budget": (&Budget{}).dir(session),
		"":                          (&Budget{}).dir(func(string) string { return "" }),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	t.Setenv("HOME", "/home/somebody")
	if got := (&Budget{}).dir(session); !filepath.IsAbs(got) || filepath.Base(filepath.Dir(got)) != "parley" {
		t.Errorf("got %q", got)
	}
	if Unattended == Interactive || Unattended == (budget.Share{}) {
		t.Error("a person goes first")
	}
}
