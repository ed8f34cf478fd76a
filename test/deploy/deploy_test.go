// Package deploy holds what deploy/ says to the program, to the schemas of Kubernetes and Compose, and to rules of ours; and does
// what the Compose file says, with processes in place of containers.
package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/parley-hq/parley/internal/cli"
	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/extract"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/config"
)

// Required is set where everything must be tested: what tools/setup deploy installs is there, or the tests fail.
const required = "PARLEY_REQUIRE_DEPLOY"

var root = filepath.Join("..", "..")

// secrets are those that docs/deploy.md says how to make.
var secrets = sync.OnceValue(func() (names []string) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "deploy.md"))
	if err != nil {
		panic(err)
	}
	for _, m := range regexp.MustCompile(`create secret generic ([a-z0-9-]+)`).FindAllStringSubmatch(string(text), -1) {
		names = append(names, m[1])
	}
	return names
})()

// tool runs a program that tools/setup deploy installs, and gives what it printed.
func tool(t *testing.T, env []string, path string, args ...string) ([]byte, error) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		if os.Getenv(required) == "" {
			t.Skip("tools/setup deploy installs what this needs")
		}
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("%w: %s%s", err, out, failed.Stderr)
	}
	return out, err
}

func render(t *testing.T, env []string, args ...string) []byte {
	t.Helper()
	out, err := tool(t, env, filepath.Join(root, "bin", "tools", "render"), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func kustomized(t *testing.T, name string) []byte {
	t.Helper()
	return render(t, nil, "kustomize", filepath.Join(root, "deploy", "kubernetes", name))
}

// overlays are the folders that people apply.
var overlays = []string{"base", "with-trino", "example"}

// versions of Kubernetes whose schemas hold: the oldest with all that is used, and the newest that the validator has.
var versions = []string{"1.30", "1.37"}

func validate(t *testing.T, version string, paths ...string) error {
	t.Helper()
	_, err := tool(t, nil, filepath.Join(root, ".cache", "deploy", "bin", "kubernetes-validate"), append([]string{"--strict", "--no-warn", "-k", version}, paths...)...)
	return err
}

func TestManifestsAreOfKubernetes(t *testing.T) {
	paths := []string{filepath.Join(root, "deploy", "kubernetes", "cronjob.yaml")}
	for _, name := range overlays {
		paths = append(paths, written(t, kustomized(t, name)))
	}
	for _, version := range versions {
		if err := validate(t, version, paths...); err != nil {
			t.Errorf("Kubernetes %s: %v", version, err)
		}
	}
}

// The validator is one: a member that there is not, and a number in place of a text, are found.
func TestTheValidatorFindsWhatIsWrong(t *testing.T) {
	good := string(kustomized(t, "base"))
	for _, replaced := range [][2]string{{"terminationGracePeriodSeconds: 60", "terminationGraceSeconds: 60"}, {"maxUnavailable: 1", "maxUnavailable: [1]"}, {"policyTypes:", "policies:"}} {
		if err := validate(t, versions[0], written(t, []byte(edited(t, good, replaced[0], replaced[1])))); err == nil {
			t.Errorf("%s is let pass", replaced[1])
		}
	}
}

func written(t *testing.T, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// edited replaces a text that must be there.
func edited(t *testing.T, text, old, by string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("there is no %q", old)
	}
	return strings.ReplaceAll(text, old, by)
}

func TestManifestsKeepTheRules(t *testing.T) {
	for _, name := range overlays {
		all := objects(t, kustomized(t, name))
		if len(all) < 10 {
			t.Errorf("%s: %d objects", name, len(all))
		}
		for _, p := range problems(all) {
			t.Errorf("%s: %s", name, p)
		}
	}
}

// Each rule is broken once, and says so.
func TestRulesFindWhatBreaksThem(t *testing.T) {
	good := string(kustomized(t, "base"))
	for _, broken := range []struct{ old, by, want string }{
		{"runAsNonRoot: true", "runAsNonRoot: false", "root"},
		{"readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "more than it needs"},
		{"allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "more than it needs"},
		{"            memory: 3Gi", "            cpu: 4", "no resources"},
		{"parley:1.0.0", "parley:latest", "no version"},
		{"readinessProbe:", "unreadinessProbe:", "ready"},
		{"port: http\n", "port: https\n", "does not listen"},
		{"            secretKeyRef:\n              key: password", "            other:\n              key: password", "no reference to a secret"},
		{"name: parley-postgres", "name: elsewhere", "elsewhere"},
		{"sizeLimit: 24Gi", "sizeLimit: 20Gi", "of their volume"},
		{"sizeLimit: 24Gi", "sizeLimit: 124Gi", "may take"},
		{"emptyDir:\n          sizeLimit: 4Gi", "emptyDir: {}", "no bound"},
		{"mountPath: /var/cache/parley\n          name: cache", "mountPath: /var/cache/parley\n          name: cash", "not there"},
		{"kind: ServiceAccount", "kind: Secret", "secret stands"},
		{"  - Ingress\n", "", "Ingress"},
	} {
		found := strings.Join(problems(objects(t, []byte(edited(t, good, broken.old, broken.by)))), "\n")
		if !strings.Contains(found, broken.want) {
			t.Errorf("%q in place of %q: got %q, want %q in it", broken.by, broken.old, found, broken.want)
		}
	}
}

// reference is what Kubernetes replaces in a command line.
var reference = regexp.MustCompile(`\$\(([A-Z_]+)\)`)

// command says what is wrong with a command line and its environment: it is read as the program reads it.
func command(args []string, env map[string]string) error {
	for i, arg := range args {
		args[i] = reference.ReplaceAllStringFunc(arg, func(name string) string { return env[strings.Trim(name, "$()")] })
	}
	cmd, rest, err := cli.New(&ui.Streams{}).Find(args)
	if err != nil {
		return err
	}
	if !cmd.Runnable() {
		return fmt.Errorf("there is no command %v", args)
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return fmt.Errorf("%s: %w", cmd.CommandPath(), err)
	}
	if cmd.Flags().NArg() > 0 || strings.Contains(strings.Join(args, " "), "$(") {
		return fmt.Errorf("%s: %v is left over", cmd.CommandPath(), cmd.Flags().Args())
	}
	for name := range env {
		if !slices.Contains(known(), name) && !strings.HasPrefix(name, "ACME_") {
			return fmt.Errorf("nobody reads %s", name)
		}
	}
	return nil
}

// known are the variables that somebody reads: those that the sources name, and those of the libraries for Amazon's credentials
// and for Postgres, and of Go itself.
var known = sync.OnceValue(func() []string {
	names := []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "PGPASSWORD", "GOMEMLIMIT"}
	quoted := regexp.MustCompile(`"(PARLEY_[A-Z_]+|GENESYS_[A-Z_]+)"`)
	err := filepath.WalkDir(filepath.Join(root, "internal", "cli"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range quoted.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
		return err
	})
	if err != nil {
		panic(err)
	}
	return names
})

func TestManifestsSayWhatTheProgramReads(t *testing.T) {
	for _, name := range overlays {
		all, commands := objects(t, kustomized(t, name)), 0
		c := &cluster{configs: map[string]map[string]string{}}
		for _, o := range all {
			c.configs[o.Metadata.Name] = o.Data
		}
		for _, o := range all {
			if pod := o.pod(); pod != nil && strings.Contains(pod.Spec.Containers[0].Image, "parley") {
				commands++
				if err := command(pod.Spec.Containers[0].Args, c.values(pod.Spec.Containers[0])); err != nil {
					t.Errorf("%s: %s: %v", name, o.Metadata.Name, err)
				}
			}
		}
		if commands < 2 {
			t.Errorf("%s: %d commands", name, commands)
		}
	}
}

func TestACommandThatIsNoneIsFound(t *testing.T) {
	for _, args := range [][]string{{"serve", "--adr=:8080"}, {"serves"}, {"lake", "mantain"}, {"serve", "--grace=soon"}, {"serve", "more"}, {"serve", "--lake=$(ELSEWHERE)", "$(x)"}} {
		if err := command(args, nil); err == nil {
			t.Errorf("%v is let pass", args)
		}
	}
	if err := command([]string{"serve"}, map[string]string{"PARLEY_STAT": "x"}); err == nil {
		t.Error("a variable that nobody reads is let pass")
	}
}

func TestConfigurationsAreGood(t *testing.T) {
	for _, name := range []string{"kubernetes/base", "kubernetes/example", "compose"} {
		c, err := config.Read(filepath.Join(root, "deploy", filepath.FromSlash(name), "parley.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Organizations {
			for _, err := range configured.Check(&c.Organizations[i], extract.New(&ui.Streams{}, "").Flags()) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Every setting of Trino is one that docs/trino.md has, where a real Trino is tested with it, or one of its own files.
func TestCatalogsOfTrinoAreTheTestedOnes(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "trino.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"kubernetes/with-trino/parley.properties", "compose/trino/catalog/parley.properties"} {
		text, err := os.ReadFile(filepath.Join(root, "deploy", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		settings := 0
		for line := range strings.Lines(string(text)) {
			key, _, pair := strings.Cut(strings.TrimSpace(line), "=")
			if strings.HasPrefix(key, "#") || !pair {
				continue
			}
			if settings++; !strings.Contains(string(page), key+"=") {
				t.Errorf("%s: docs/trino.md has no %s", name, key)
			}
		}
		if settings < 12 || !strings.Contains(string(text), "\niceberg.security=READ_ONLY\n") {
			t.Errorf("%s: %d settings, or it may write", name, settings)
		}
	}
}

func TestTheImageIsBuiltAsTheProgramIs(t *testing.T) {
	path := filepath.Join(root, "deploy", "Dockerfile")
	if _, err := tool(t, nil, filepath.Join(root, ".cache", "deploy", "bin", "hadolint"), path); err != nil {
		t.Error(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"-s -w -X github.com/parley-hq/parley/internal/cli.Version=$", "-trimpath -buildvcs=false", "./cmd/parley"} {
		if made, err := os.ReadFile(filepath.Join(root, "Makefile")); err != nil || !strings.Contains(string(made), setting) || !strings.Contains(string(file), setting) {
			t.Errorf("%q is not in the Makefile and the Dockerfile: %v", setting, err)
		}
	}
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(module)
	if !strings.Contains(string(file), "FROM golang:"+string(wanted[1])+"-") {
		t.Errorf("go.mod wants Go %s", wanted[1])
	}
}

// What the image is built from comes through Dockerfile.dockerignore, and nothing else does.
func TestTheImageHasWhatItIsBuiltFrom(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "Dockerfile.dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{.Dir}}", "./cmd/parley")
	list.Dir = top
	dirs, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]bool{"go.mod": true, "go.sum": true}
	for dir := range strings.Lines(string(dirs)) {
		if within, ok := strings.CutPrefix(strings.TrimSpace(dir), top+string(filepath.Separator)); ok {
			folder, _, _ := strings.Cut(within, string(filepath.Separator))
			wanted[folder] = true
		}
	}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok && !wanted[name] {
			t.Errorf("%s is let in, and is not needed", name)
		}
		delete(wanted, strings.TrimPrefix(strings.TrimSpace(line), "!"))
	}
	if len(wanted) > 0 {
		t.Errorf("%v are needed, and not let in", wanted)
	}
}

// ofPage is a command of ours in a block of a page, alone on its line or run in a pod.
var ofPage = regexp.MustCompile(`(?m)(?:^|-- )parley ([^\n]+)$`)

func TestThePageSaysCommandsThatThereAre(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := ofPage.FindAllStringSubmatch(string(page), -1)
	for _, m := range found {
		if err := command(words(m[1]), nil); err != nil {
			t.Errorf("parley %s: %v", m[1], err)
		}
	}
	if len(found) == 0 {
		t.Error("there is no command")
	}
}

// words are those of a command line as a shell would cut it, where nothing but quotes is special.
func words(line string) (out []string) {
	for _, m := range regexp.MustCompile(`'([^']*)'|"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2]+m[3])
	}
	return out
}

// project is what docker compose makes of its files.
type project struct {
	Services map[string]service `json:"services"`
}

type service struct {
	Image       string            `json:"image"`
	Command     []string          `json:"command"`
	Environment map[string]string `json:"environment"`
	User        string            `json:"user"`
	ReadOnly    bool              `json:"read_only"`
	Dropped     []string          `json:"cap_drop"`
	Options     []string          `json:"security_opt"`
	Memory      string            `json:"mem_limit"`
	Restart     string            `json:"restart"`
	Health      *struct {
		Test []string `json:"test"`
	} `json:"healthcheck"`
	Depends map[string]struct {
		Condition string `json:"condition"`
	} `json:"depends_on"`
	Volumes []struct {
		Source string `json:"source"`
		Target string `json:"target"`
	} `json:"volumes"`
}

func composed(t *testing.T, files ...string) project {
	t.Helper()
	args := []string{"compose"}
	for _, name := range files {
		args = append(args, filepath.Join(root, "deploy", name))
	}
	var p project
	if err := json.Unmarshal(render(t, passwords(t), args...), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// passwords is what deploy/compose/secrets prints, as an environment.
var passwords = func() func(*testing.T) []string {
	once := sync.OnceValues(func() ([]byte, error) {
		return exec.CommandContext(context.Background(), filepath.Join(root, "deploy", "compose", "secrets")).Output()
	})
	return func(t *testing.T) []string {
		t.Helper()
		out, err := once()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(out))
	}
}()

func TestTheComposeFileKeepsTheRules(t *testing.T) {
	for _, files := range [][]string{{"compose.yaml"}, {"compose.yaml", "compose.trino.yaml"}} {
		p, ours := composed(t, files...), 0
		for name, s := range p.Services {
			if s.Memory == "" || !strings.Contains(s.Image, ":") && s.Image != "parley" {
				t.Errorf("%s: its memory is %q, its image %q", name, s.Memory, s.Image)
			}
			if s.Image != "parley" {
				continue
			}
			ours++
			if s.User == "" || strings.HasPrefix(s.User, "0") || !s.ReadOnly || !contains(s.Dropped, "ALL") || len(s.Options) == 0 || s.Restart == "" {
				t.Errorf("%s may more than it needs: %+v", name, s)
			}
			if err := command(s.Command, s.Environment); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if ours != 4 {
			t.Errorf("%d services are ours", ours)
		}
	}
}

// A secret that stood in the file would come out whatever the environment says.
func TestTheComposeFileHasNoSecret(t *testing.T) {
	for _, s := range composed(t, "compose.yaml", "compose.trino.yaml").Services {
		for name, value := range s.Environment {
			given := slices.ContainsFunc(passwords(t), func(pair string) bool { return strings.HasSuffix(pair, "="+value) })
			if secretName.MatchString(name) && !given {
				t.Errorf("%s is not one of those that deploy/compose/secrets makes", name)
			}
		}
	}
	if _, err := tool(t, nil, filepath.Join(root, "bin", "tools", "render"), "compose", filepath.Join(root, "deploy", "compose.yaml")); err == nil {
		t.Error("it does without secrets")
	}
}
