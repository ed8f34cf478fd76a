package cli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/parley-hq/parley/internal/cli/configured"
	"github.com/parley-hq/parley/internal/cli/extract"
	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/config"
	"github.com/parley-hq/parley/internal/meter"
	"github.com/parley-hq/parley/internal/meter/extraction"
	"github.com/parley-hq/parley/internal/platform"
)

// deployed reads a file of deploy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	commandLine = regexp.MustCompile(`\bparley ((?:[a-z]+ )+)(?:[^\n;]|\n\s+(?:--|f?"))*`)
	flagName    = regexp.MustCompile(`--([a-z][a-z-]*)`)
	metricName  = regexp.MustCompile(`parley_(?:extract|upstream|organizations)_[a-z_]*[a-z]`)
)

// checkCommands says whether the commands and flags in a text are there, and how many there were.
func checkCommands(t *testing.T, name, text string) (flags int) {
	t.Helper()
	for _, found := range commandLine.FindAllStringSubmatch(text, -1) {
		cmd, rest, err := New(&ui.Streams{}).Find(strings.Fields(found[1]))
		if err != nil || len(rest) > 0 {
			t.Errorf("%s: there is no command %q: %v", name, found[1], err)
			continue
		}
		for _, flag := range flagName.FindAllStringSubmatch(found[0], -1) {
			flags++
			if cmd.Flags().Lookup(flag[1]) == nil {
				t.Errorf("%s: %s has no flag --%s", name, cmd.CommandPath(), flag[1])
			}
		}
	}
	return flags
}

func TestCommandsThatAreDeployedAreThere(t *testing.T) {
	for name, least := range map[string]int{"systemd/parley-extract@.service": 6, "kubernetes/cronjob.yaml": 5, "airflow/parley_extract.py": 4, "README.md": 1} {
		if n := checkCommands(t, name, deployed(t, name)); n < least {
			t.Errorf("%s: %d flags were found, want %d", name, n, least)
		}
	}
}

func TestTheDeployedConfigurationIsGood(t *testing.T) {
	c, err := config.Read(filepath.Join("..", "..", "deploy", "parley.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range c.Organizations {
		for _, err := range configured.Check(&c.Organizations[i], extract.New(&ui.Streams{}, "").Flags()) {
			t.Error(err)
		}
		if !strings.Contains(deployed(t, "airflow/parley_extract.py"), `"`+c.Organizations[i].Name+`"`) {
			t.Errorf("the DAG leaves %s out", c.Organizations[i].Name)
		}
	}
}

func TestDeployedUnitsAreUnits(t *testing.T) {
	sections := map[string]bool{"Unit": true, "Service": true, "Timer": true, "Install": true}
	for _, name := range []string{"systemd/parley-extract@.service", "systemd/parley-extract@.timer"} {
		section := ""
		for line := range strings.Lines(deployed(t, name)) {
			line = strings.TrimSpace(line)
			switch key, _, pair := strings.Cut(line, "="); {
			case line == "" || strings.HasPrefix(line, "#"):
			case strings.HasPrefix(line, "["):
				if section = strings.Trim(line, "[]"); !sections[section] {
					t.Errorf("%s: section %s", name, section)
				}
			case !pair || section == "" || strings.Trim(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") != "":
				t.Errorf("%s: %q", name, line)
			}
		}
	}
}

func TestTheDeployedCronJobIsOne(t *testing.T) {
	type named struct {
		Name string `yaml:"name"`
	}
	var job struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string `yaml:"kind"`
		Spec       struct {
			Schedule    string `yaml:"schedule"`
			Concurrency string `yaml:"concurrencyPolicy"`
			JobTemplate struct {
				Spec struct {
					Template struct {
						Spec struct {
							Restart    string `yaml:"restartPolicy"`
							Containers []struct {
								Name    string   `yaml:"name"`
								Command []string `yaml:"command"`
								Args    []string `yaml:"args"`
								Mounts  []named  `yaml:"volumeMounts"`
							} `yaml:"containers"`
							Volumes []named `yaml:"volumes"`
						} `yaml:"spec"`
					} `yaml:"template"`
				} `yaml:"spec"`
			} `yaml:"jobTemplate"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal([]byte(deployed(t, "kubernetes/cronjob.yaml")), &job); err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.JobTemplate.Spec.Template.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "CronJob" || len(strings.Fields(job.Spec.Schedule)) != 5 || job.Spec.Concurrency != "Forbid" || pod.Restart != "Never" || len(pod.Containers) != 1 {
		t.Fatalf("got %+v", job)
	}
	have := map[string]bool{}
	for _, v := range pod.Volumes {
		have[v.Name] = true
	}
	for _, m := range pod.Containers[0].Mounts {
		if !have[m.Name] {
			t.Errorf("the volume %s is mounted and not there", m.Name)
		}
	}
	// The shell's arithmetic is tried: 3 counts as success, and every other code stays.
	for code, want := range map[string]int{"0": 0, "3": 0, "6": 6, "130": 130} {
		dir := t.TempDir()
		fake := "#!/bin/sh\nexit " + code + "\n"
		if err := os.WriteFile(filepath.Join(dir, "parley"), []byte(fake), 0o700); err != nil {
			t.Fatal(err)
		}
		sh := exec.CommandContext(t.Context(), pod.Containers[0].Command[0], append(pod.Containers[0].Command[1:], pod.Containers[0].Args...)...)
		sh.Env = []string{"PATH=" + dir + ":/usr/bin:/bin"}
		_ = sh.Run() // its code is what counts
		if got := sh.ProcessState.ExitCode(); got != want {
			t.Errorf("parley ends with %s, the container with %d", code, got)
		}
	}
}

func TestTheDeployedDAGIsPython(t *testing.T) {
	program := exec.CommandContext(t.Context(), "python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	program.Stdin = strings.NewReader(deployed(t, "airflow/parley_extract.py"))
	if out, err := program.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// metrics are the names of all that an extraction counts.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	m := extraction.New("acme", "1", func() platform.Counts { return platform.Counts{} })
	m.Count(extraction.Run{Records: map[string]int64{"added": 1}})
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, f := range families {
		names[f.GetName()] = true
	}
	return names
}

// checkExpression says whether the metrics of an expression are there, and its brackets in pairs.
func checkExpression(t *testing.T, where, text string) {
	t.Helper()
	known, found := metrics(t), metricName.FindAllString(text, -1)
	families, err := meter.New().Gatherer().Gather() // of a server, before anybody has asked
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		known[f.GetName()] = true
	}
	for _, name := range found {
		if !known[name] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
	if len(found) == 0 || strings.Count(text, "(") != strings.Count(text, ")") || strings.Count(text, "{") != strings.Count(text, "}") || strings.Count(text, `"`)%2 != 0 {
		t.Errorf("%s: %q", where, text)
	}
}

func TestDeployedRulesAreOfMetricsThatAreThere(t *testing.T) {
	var rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(deployed(t, "prometheus/rules.yaml")), &rules, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			n++
			checkExpression(t, r.Alert, r.Expr)
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
				t.Errorf("%s: %+v", r.Alert, r)
			}
		}
	}
	if n < 5 {
		t.Errorf("%d rules", n)
	}
}

func TestTheDeployedDashboardIsOfMetricsThatAreThere(t *testing.T) {
	var dashboard struct {
		Panels []struct {
			ID      int    `json:"id"`
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	text := deployed(t, "grafana/parley-extract.json")
	if err := json.Unmarshal([]byte(text), &dashboard); err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, p := range dashboard.Panels {
		if ids[p.ID] || len(p.Targets) == 0 {
			t.Errorf("panel %d %q", p.ID, p.Title)
		}
		ids[p.ID] = true
		for _, target := range p.Targets {
			checkExpression(t, p.Title, target.Expr)
		}
	}
	if len(ids) < 5 {
		t.Errorf("%d panels", len(ids))
	}
}

// The page names every metric, and none that is not there; and every command on it is one.
func TestThePageOfUnattendedRunsIsRight(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "unattended.md"))
	if err != nil {
		t.Fatal(err)
	}
	known := metrics(t)
	for _, name := range metricName.FindAllString(string(page), -1) {
		if !known[name] {
			t.Errorf("there is no metric %s", name)
		}
	}
	for name := range known {
		if !strings.Contains(string(page), "`"+name) {
			t.Errorf("nothing is said of %s", name)
		}
	}
	n := 0
	infos, blocks := fences(t, filepath.Join("..", "..", "docs", "unattended.md"))
	for i, block := range blocks {
		if infos[i] == "sh" {
			n += checkCommands(t, "unattended.md", block)
		}
	}
	if n < 6 {
		t.Errorf("%d flags were found", n)
	}
}
