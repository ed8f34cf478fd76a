package configured_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/place"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/lake/at"
)

// Where a lake is kept is said by a flag, else by the environment, else by the file: each of the three for itself.
func TestPlacesOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.yaml")
	text := `
organizations:
  - name: acme
    base_url: http://127.0.0.1:1
    lake: acme
    client_id: {env: ID}
    client_secret: {env: SECRET}
    extract: {state: /of/file, cache-dir: /of/file, cache-bytes: 1}
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"PARLEY_STATE": "/of/environment", "PARLEY_CACHE_DIR": "/of/environment", "PARLEY_CACHE_BYTES": "2"}
	for name, tt := range map[string]struct {
		environment map[string]string
		args        []string
		want        at.Settings
	}{
		"the file":    {nil, nil, at.Settings{State: "/of/file", CacheDir: "/of/file", CacheBytes: 1}},
		"environment": {environment, nil, at.Settings{State: "/of/environment", CacheDir: "/of/environment", CacheBytes: 2}},
		"flags":       {environment, []string{"--state=/of/flag", "--cache-dir=/of/flag", "--cache-bytes=3"}, at.Settings{State: "/of/flag", CacheDir: "/of/flag", CacheBytes: 3}},
		"each":        {map[string]string{"PARLEY_CACHE_DIR": "/of/environment"}, []string{"--cache-bytes=3"}, at.Settings{State: "/of/file", CacheDir: "/of/environment", CacheBytes: 3}},
	} {
		getenv := func(name string) string { return tt.environment[name] }
		cmd := &cobra.Command{}
		cmd.Flags().String("lake", "", "")
		settings := place.Add(cmd, getenv).Settings
		if err := cmd.ParseFlags(tt.args); err != nil {
			t.Fatal(err)
		}
		if err := new(configured.File).Take(cmd, c, &c.Organizations[0], getenv); err != nil {
			t.Fatal(err)
		}
		if got := settings(); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tt.want)
		}
	}
}
