// Package config reads parley.yaml: organizations, where each is asked and where its lake lies, where its secrets come from,
// how it is extracted, and who is told when a run goes wrong.
//
// No secret stands in the file: a Source says where one is. What is wrong with a file is said by line and column, and never
// with what stands there.
package config

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/settings"
)

// maxFile is the largest file, bytes.
const maxFile = 1 << 20

// Config is what a file says.
type Config struct {
	Organizations []Organization `yaml:"organizations"`
	Alert         *Alert         `yaml:"alert"`

	path string
}

// Organization is one whose conversations are extracted.
type Organization struct {
	Name         string         `yaml:"name"`
	Environment  string         `yaml:"environment"` // a domain such as mypurecloud.com; or BaseURL
	BaseURL      string         `yaml:"base_url"`
	Lake         string         `yaml:"lake"` // from the file's folder on
	ClientID     *Source        `yaml:"client_id"`
	ClientSecret *Source        `yaml:"client_secret"`
	Extract      map[string]any `yaml:"extract"` // flags of parley extract, without their dashes
}

// Alert says who is told when a run ends with a problem.
type Alert struct {
	Webhook *Source `yaml:"webhook"` // its address, which often has a secret in it
}

// Read reads a file. Where it names others they are not looked at.
func Read(path string) (*Config, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, malformed(path, err)
	}
	if err := plain(path, parsed); err != nil {
		return nil, err
	}
	c := &Config{path: path}
	if err := yaml.UnmarshalWithOptions(text, c, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return nil, malformed(path, err)
	}
	return c, c.validate()
}

func read(path string) ([]byte, error) {
	text, err := settings.Read(path, maxFile)
	if err == nil {
		err = settings.Shallow(text)
	}
	if err != nil {
		return nil, fmt.Errorf("the configuration: %w", err)
	}
	return text, nil
}

// plain refuses what stands for something else: written out it may be as large as memory.
func plain(path string, parsed *ast.File) error {
	var v aliases
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			ast.Walk(&v, doc.Body)
		}
	}
	if v.found != nil {
		at := v.found.GetToken().Position
		return fault.Field("--config", "%s:%d:%d: a configuration has no aliases; write it out", path, at.Line, at.Column)
	}
	if len(parsed.Docs) > 1 {
		return fault.Field("--config", "%s: a configuration is one document", path)
	}
	return nil
}

type aliases struct{ found ast.Node }

// Visit implements ast.Visitor.
func (v *aliases) Visit(n ast.Node) ast.Visitor {
	if n.Type() == ast.AliasType && v.found == nil {
		v.found = n
	}
	return v
}

// malformed says what the library found, on one line and without the text around it, in which a secret may stand.
func malformed(path string, err error) error {
	if wrong, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Field("--config", "%s:%s", path, wrong.Message)
	}
	return fault.Field("--config", "%s:%s", path, settings.Complaint(err))
}

// validate looks at all that can be seen without asking for anything that the file names.
func (c *Config) validate() error {
	if len(c.Organizations) == 0 {
		return fault.Field("--config", "%s: organizations: name one, with its environment, lake, client_id and client_secret", c.path)
	}
	names, lakes := map[string]bool{}, map[string]string{}
	for i := range c.Organizations {
		o := &c.Organizations[i]
		if err := o.validate(); err != nil {
			return fault.Field("--config", "%s: organizations[%d]: %v", c.path, i, err)
		}
		if names[o.Name] {
			return fault.Field("--config", "%s: two organizations have the name %s", c.path, o.Name)
		}
		names[o.Name] = true
		if !strings.Contains(o.Lake, "://") { // a bucket is no folder
			o.Lake = c.within(o.Lake)
		}
		if other, taken := lakes[o.Lake]; taken {
			return fault.Field("--config", "%s: the organizations %s and %s have the same lake; a lake holds the conversations of one", c.path, other, o.Name)
		}
		lakes[o.Lake] = o.Name
		for _, s := range []*Source{o.ClientID, o.ClientSecret} {
			s.File = c.within(s.File)
		}
	}
	if c.Alert != nil {
		if err := c.Alert.Webhook.validate("alert.webhook"); err != nil {
			return fault.Field("--config", "%s: %v", c.path, err)
		}
		c.Alert.Webhook.File = c.within(c.Alert.Webhook.File)
	}
	return nil
}

// within takes a path from the file's folder on: a service begins somewhere else.
func (c *Config) within(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(c.path), path)
}

func (o *Organization) validate() error {
	switch {
	case !isName(o.Name):
		return errors.New("name: give 1 to 64 lower-case letters, digits, - and _")
	case (o.Environment == "") == (o.BaseURL == ""):
		return errors.New("give environment, a domain such as mypurecloud.com, or base_url")
	case o.Lake == "":
		return errors.New("lake: give the folder of its lake")
	}
	if err := o.ClientID.validate("client_id"); err != nil {
		return err
	}
	if err := o.ClientSecret.validate("client_secret"); err != nil {
		return err
	}
	for name, value := range o.Extract {
		switch value.(type) {
		case string, bool, int64, uint64, float64:
		default:
			return fmt.Errorf("extract.%s: write one value, as for the flag --%s", fault.Clip(name), fault.Clip(name))
		}
	}
	return nil
}

func isName(s string) bool {
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

// Organization gives the one of that name; the only one has no need to be named.
func (c *Config) Organization(name string) (*Organization, error) {
	var names []string
	for i := range c.Organizations {
		if o := &c.Organizations[i]; o.Name == name || name == "" && len(c.Organizations) == 1 {
			return o, nil
		}
		names = append(names, c.Organizations[i].Name)
	}
	if name == "" {
		return nil, fault.Field("--organization", "%s has several organizations; name one by --organization: %s", c.path, strings.Join(names, ", "))
	}
	return nil, fault.Field("--organization", "%s has no organization %s; it has %s", c.path, fault.Clip(name), strings.Join(names, ", "))
}

// Flags are those that the organization's extraction is given, in order, with their values.
func (o *Organization) Flags() [][2]string {
	var out [][2]string
	for name, value := range o.Extract {
		out = append(out, [2]string{name, fmt.Sprint(value)})
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[0], b[0]) })
	return out
}
