package at_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/at"
	"github.com/parley-hq/parley/internal/store/s3"
)

func with(t *testing.T, s at.Settings) context.Context {
	t.Helper()
	s.S3 = s3.Config{Region: "us-east-1"}
	return at.With(t.Context(), func() at.Settings { return s })
}

func TestNamesOfLakesInBuckets(t *testing.T) {
	ctx := with(t, at.Settings{State: "/state"})
	for name, want := range map[string]string{
		"s3://acme":                             "/state/lakes/acme/control.db",
		"s3://acme/":                            "/state/lakes/acme/control.db",
		"s3://acme/a/lake":                      "/state/lakes/acme%2Fa%2Flake/control.db",
		"s3://acme/a/lake/":                     "/state/lakes/acme%2Fa%2Flake/control.db",
		"s3://":                                 "",
		"s3://A":                                "",
		"s3://acme/a b":                         "",
		"s3://acme/a%20b":                       "",
		"s3://acme/a//b":                        "",
		"s3://acme/../b":                        "",
		"s3://acme/.hidden":                     "",
		"s3://acme/ä":                           "",
		"s3://acme/a?b":                         "",
		"s3://user:pw@acme/ab":                  "",
		"s3://acme/" + strings.Repeat("x", 101): "",
	} {
		a, err := at.Address(ctx, name)
		if named := at.Named(name); (named == nil) != (want != "") {
			t.Errorf("%s by itself: %v", name, named)
		}
		if want == "" {
			if !errors.Is(err, fault.Invalid) {
				t.Errorf("%s: got %s, %v", name, a.Control, err)
			}
			continue
		}
		if err != nil || a.Control != want || a.Name != strings.TrimRight(name, "/") || a.Root != a.Name {
			t.Errorf("%s: got %+v, %v", name, a, err)
		}
	}
}

func TestCopiesOfLakesInBuckets(t *testing.T) {
	for want, s := range map[string]at.Settings{
		"":             {State: "postgres://db.example/parley"},
		"/state/cache": {State: "/state"},
		"/one":         {State: "/state", CacheDir: "/one"},
		"/two":         {State: "postgres://db.example/parley", CacheDir: "/two"},
	} {
		if got := at.Copies(with(t, s)); got != want {
			t.Errorf("%+v: got %q", s, got)
		}
	}
}

func TestSettingsOfLakesInBuckets(t *testing.T) {
	for want, s := range map[string]at.Settings{
		"--state":       {},
		"--cache-bytes": {State: "/state", CacheBytes: -1},
	} {
		if _, err := at.Open(with(t, s), "s3://acme/lake"); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", s, err)
		}
	}
	if _, err := at.Open(t.Context(), "s3://acme/lake"); !errors.Is(err, fault.Invalid) {
		t.Errorf("without settings: %v", err)
	}
}

// Who takes a name or a state for a place to put credentials reads them nowhere again.
func TestCredentialsInNamesAreNotRepeated(t *testing.T) {
	for name, s := range map[string]at.Settings{
		"s3://me:secret@acme/lake": {State: "/state"},
		"s3://acme/lake":           {State: "mysql://me:secret@host/db"},
	} {
		if _, err := at.Open(with(t, s), name); !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v", err)
		}
	}
}

// A folder is a lake's as it always was, whatever the settings say.
func TestFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	ctx := with(t, at.Settings{State: filepath.Join(t.TempDir(), "state")})
	if err := at.Vacant(ctx, dir); err != nil || at.Exists(ctx, dir) || !errors.Is(at.Found(ctx, dir), fault.NotFound) {
		t.Errorf("before: %v", err)
	}
	l, err := at.Create(ctx, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if !at.Exists(ctx, dir) || at.Found(ctx, dir) != nil || !at.Same(dir, dir+"/") || at.Same(dir, "s3://acme/lake") {
		t.Error("it is not found")
	}
}

// An address of a Postgres that is mistyped is no folder, and what is said of it has not its password.
func TestPlaceOfState(t *testing.T) {
	for _, given := range []string{"POSTGRES://u:secret@h/db", "postgres:/u:secret@h/db", "PostgreSQL:u:secret@h/db", "postgres//:u:secret@h", "mysql://u:secret@h/db"} {
		if err := at.PlaceOfState("--state", given); !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", strings.ReplaceAll(given, "secret", "..."), err)
		}
	}
	for _, given := range []string{"postgres://u@h/db", "postgresql://h/db", "folder", "/var/lib/postgres", "postgres", "./a:b", "c:postgres"} {
		if err := at.PlaceOfState("--state", given); err != nil {
			t.Errorf("%s: %v", given, err)
		}
	}
}
