// Package rules reads the file in which an organization says what of its records tells why somebody called.
//
//	reasons:
//	  - label: Menu choice
//	    attribute: Menu_Selection       # the name of an attribute of a participant
//	    values: {"1": sales, "2": claims}
//	  - label: Order placed
//	    outcome: 3f0c5a6e-…             # the id of an outcome of flows
//
// What is wrong with a file is said by line and column, and what a rule lacks by its number.
package rules

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/parley-hq/parley/internal/account"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/settings"
)

// None is what is given in place of a file where no rules are wanted, not even those that a lake remembers. A file of this name is
// ./none.
const None = "none"

// maxFile is the largest file, bytes; mostRules how many rules one has. Each rule looks at every participant of a record.
const (
	maxFile   = 256 << 10
	mostRules = 1000
)

// file is what stands in one.
type file struct {
	Reasons []rule `yaml:"reasons"`
}

type rule struct {
	Label     string            `yaml:"label"`
	Attribute string            `yaml:"attribute"`
	Outcome   string            `yaml:"outcome"`
	Values    map[string]string `yaml:"values"`
}

// Read reads a file. A mistake in it is fault.Invalid, of the field --rules.
func Read(path string) ([]account.ReasonRule, error) {
	text, err := settings.Read(path, maxFile)
	if err == nil {
		err = settings.Shallow(text)
	}
	if err != nil {
		return nil, fmt.Errorf("the rules: %w", err)
	}
	var f file
	if err := parse(text, &f); err != nil {
		return nil, fault.Field("--rules", "%s:%s", path, settings.Complaint(err))
	}
	out, err := f.rules()
	if err != nil {
		return nil, fault.Field("--rules", "%s: %v", path, err)
	}
	return out, nil
}

// parse reads YAML in which nothing stands for something else: written out that could be as large as memory.
func parse(text []byte, f *file) error {
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return err
	}
	var v aliases
	for _, doc := range parsed.Docs {
		if doc.Body != nil {
			ast.Walk(&v, doc.Body)
		}
	}
	switch {
	case v.found:
		return errors.New("rules have no aliases; write them out")
	case len(parsed.Docs) > 1:
		return errors.New("rules are one document")
	}
	if err := yaml.UnmarshalWithOptions(text, f, yaml.Strict()); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

type aliases struct{ found bool }

// Visit implements ast.Visitor.
func (v *aliases) Visit(n ast.Node) ast.Visitor {
	v.found = v.found || n.Type() == ast.AliasType
	return v
}

// rules are those of a file. One that can never find anything is a mistake.
func (f file) rules() ([]account.ReasonRule, error) {
	if len(f.Reasons) == 0 {
		return nil, errors.New("reasons: name one, with its label, and attribute or outcome")
	}
	if len(f.Reasons) > mostRules {
		return nil, fmt.Errorf("reasons: there are more than %d", mostRules)
	}
	out := make([]account.ReasonRule, 0, len(f.Reasons))
	for i, r := range f.Reasons {
		switch {
		case strings.TrimSpace(r.Label) == "":
			return nil, fmt.Errorf("reasons[%d]: label: say what the value is called, such as Menu choice", i)
		case (r.Attribute == "") == (r.Outcome == ""):
			return nil, fmt.Errorf("reasons[%d]: give attribute, the name of one of participants, or outcome, the id of one of flows", i)
		case slices.ContainsFunc(f.Reasons[:i], func(o rule) bool { return o.Attribute == r.Attribute && o.Outcome == r.Outcome }):
			return nil, fmt.Errorf("reasons[%d]: an earlier rule is about the same", i)
		}
		out = append(out, account.ReasonRule(r))
	}
	return out, nil
}
