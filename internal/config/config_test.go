package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/fault"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const good = `
organizations:
  - name: acme
    environment: mypurecloud.de
    lake: lakes/acme
    client_id: {env: ACME_ID}
    client_secret: {file: acme.secret}
    extract:
      from: 2025-01-01
      budget: 50%
      page-size: 500
      poll: 10s..2m
  - name: beta-1
    base_url: https://gateway.example.com/genesys
    lake: /srv/beta
    client_id: {command: [printf, "beta\n"]}
    client_secret: {command: [cat, secret]}
alert:
  webhook: {env: WEBHOOK}
`

func TestAFileIsRead(t *testing.T) {
	path := write(t, good)
	c, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	acme, err := c.Organization("acme")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	if acme.Environment != "mypurecloud.de" || acme.Lake != filepath.Join(dir, "lakes/acme") || acme.ClientSecret.File != filepath.Join(dir, "acme.secret") || acme.ClientID.Env != "ACME_ID" {
		t.Errorf("got %+v", acme)
	}
	want := [][2]string{{"budget", "50%"}, {"from", "2025-01-01"}, {"page-size", "500"}, {"poll", "10s..2m"}}
	if got := acme.Flags(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	beta, err := c.Organization("beta-1")
	if err != nil || beta.Lake != "/srv/beta" || beta.BaseURL == "" || c.Alert.Webhook.Env != "WEBHOOK" {
		t.Errorf("got %+v, %v", beta, err)
	}
	for name, says := range map[string]string{"": "acme, beta-1", "gamma": "no organization gamma"} {
		if _, err := c.Organization(name); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", name, err)
		}
	}
	first, _, _ := strings.Cut(good, "  - name: beta-1")
	only, err := Read(write(t, first))
	if err != nil {
		t.Fatal(err)
	}
	if o, err := only.Organization(""); err != nil || o.Name != "acme" {
		t.Errorf("the only one: %+v, %v", o, err)
	}
}

// What is wrong is said with its place, and what stands in the file is not: it may be a secret.
func TestFilesThatAreWrong(t *testing.T) {
	const secret = "hunter2-is-s3cret"
	replaced := func(old, by string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in the file", old)
		}
		return strings.Replace(good, old, by, 1)
	}
	for name, c := range map[string]struct{ text, says string }{
		"a secret":                  {replaced("{file: acme.secret}", secret), "7:20: a secret does not stand in this file"},
		"a secret in quotes":        {replaced("{file: acme.secret}", `"`+secret+`"`), "does not stand in this file"},
		"an id":                     {replaced("{env: ACME_ID}", secret), "6:16: a secret does not stand in this file"},
		"a webhook":                 {replaced("{env: WEBHOOK}", "https://hooks.example.com/"+secret), "does not stand in this file"},
		"secrets in a list":         {replaced("{file: acme.secret}", "["+secret+"]"), "does not stand in this file"},
		"a secret by value":         {replaced("{file: acme.secret}", "{value: "+secret+"}"), "and by nothing else"},
		"a command in one word":     {replaced("[cat, secret]", `"cat `+secret+`"`), "say where the secret is"},
		"two places":                {replaced("{file: acme.secret}", "{file: a, env: B}"), "client_secret: say where it is by one of"},
		"no place":                  {replaced("{file: acme.secret}", "{}"), "client_secret: say where it is by one of"},
		"no secret":                 {replaced("    client_secret: {file: acme.secret}\n", ""), "organizations[0]: client_secret: say where it is"},
		"no webhook":                {replaced("  webhook: {env: WEBHOOK}", "  webhook:"), "alert.webhook: say where it is"},
		"an unknown member":         {replaced("environment:", "region:"), `4:5: unknown field "region"`},
		"an unknown member above":   {good + "colour: red\n", `unknown field "colour"`},
		"both ways":                 {replaced("    lake: lakes/acme", "    base_url: https://x.y\n    lake: lakes/acme"), "give environment"},
		"no way":                    {replaced("    environment: mypurecloud.de\n", ""), "give environment"},
		"no lake":                   {replaced("    lake: lakes/acme\n", ""), "organizations[0]: lake"},
		"the same lake":             {replaced("lake: /srv/beta", "lake: ./lakes/acme/"), "the same lake"},
		"the same name":             {replaced("name: beta-1", "name: acme"), "two organizations have the name acme"},
		"a bad name":                {replaced("name: acme", "name: Acme Ltd"), "organizations[0]: name"},
		"a setting with two values": {replaced("page-size: 500", "page-size: [500, 600]"), "extract.page-size: write one value"},
		"nothing":                   {"", "name one"},
		"comments":                  {"# later\n", "name one"},
		"no YAML":                   {"organizations: [", "parley.yaml:1:"},
		"a list":                    {"- a\n", "parley.yaml:"},
		"twice the same":            {good + "alert:\n  webhook: {env: X}\n", "already defined"},
		"aliases":                   {"organizations: [&a {name: a}, *a]\n", "1:31: a configuration has no aliases"},
		"two documents":             {good + "---\n" + good, "one document"},
	} {
		_, err := Read(write(t, c.text))
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", name, err, c.says)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the secret is told: %v", name, err)
		}
	}
	if _, err := Read(filepath.Join(t.TempDir(), "nothing.yaml")); !errors.Is(err, fault.NotFound) {
		t.Errorf("no file: %v", err)
	}
	if _, err := Read(write(t, strings.Repeat("#", maxFile+1))); !errors.Is(err, fault.TooLarge) {
		t.Errorf("a large file: %v", err)
	}
}

func TestWhereSecretsComeFrom(t *testing.T) {
	path := write(t, "from-a-file\r\n")
	getenv := func(name string) string { return map[string]string{"HERE": "from-the-environment"}[name] }
	for name, c := range map[string]struct {
		from Source
		want string
		says string
	}{
		"environment":                 {Source{Env: "HERE"}, "from-the-environment", ""},
		"no such variable":            {Source{Env: "GONE"}, "", "the variable GONE is empty or not set"},
		"file":                        {Source{File: path}, "from-a-file", ""},
		"no such file":                {Source{File: path + "x"}, "", "the file " + path + "x"},
		"empty file":                  {Source{File: write(t, "\n")}, "", "is empty or not set"},
		"file that is no secret":      {Source{File: write(t, strings.Repeat("x", maxSecret+1))}, "", "which no secret has"},
		"command":                     {Source{Command: []string{"printf", `from-%s\n`, "a-command"}}, "from-a-command", ""},
		"command that prints a lot":   {Source{Command: []string{"head", "-c", "1000000", "/dev/zero"}}, "", "which no secret has"},
		"command that fails":          {Source{Command: []string{"sh", "-c", "echo hunter2; echo hunter2 >&2; exit 3"}}, "", "the command sh failed: exit status 3"},
		"command that is not there":   {Source{Command: []string{path + "-program", "hunter2"}}, "", "failed"},
		"command that prints nothing": {Source{Command: []string{"true"}}, "", "is empty or not set"},
	} {
		got, err := c.from.Get(t.Context(), getenv)
		if got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: a secret is told: %v", name, err)
		}
	}
	shared := write(t, "x")
	if err := os.Chmod(shared, 0o640); err != nil {
		t.Fatal(err)
	}
	if !(&Source{File: shared}).Shared() || (&Source{File: path}).Shared() || (&Source{Env: "X"}).Shared() {
		t.Error("who may read a file is told wrong")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(good)
	f.Add("organizations:\n- {name: a, client_id: {env: X}}\n")
	f.Add("alert: {webhook: x}")
	f.Add("0:\n  {000000,") // the library knows no place of what is wrong
	f.Fuzz(func(t *testing.T, text string) {
		if c, err := Read(write(t, text)); err == nil && len(c.Organizations) == 0 {
			t.Error("an empty file passes")
		}
	})
}

// What a command prints is bounded while it prints, and not only afterwards.
func TestWhatACommandPrintsIsBounded(t *testing.T) {
	b := &bounded{most: 10}
	n, err := io.Copy(b, io.LimitReader(strings.NewReader(strings.Repeat("x", 1_000_000)), 1_000_000))
	if n != 1_000_000 || err != nil || b.kept.String() != "xxxxxxxxxx" {
		t.Errorf("took %d, %v, and kept %d", n, err, b.kept.Len())
	}
}
