// Package scenario reads how a sandbox begins, and what happens in it, from a YAML file. What is wrong with it is said by
// line and column.
package scenario

import (
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

// maxFile is the largest file, bytes.
const maxFile = 1 << 20

// Read reads a file into a scenario, whose members stay as they are where the file says nothing. It gives the names of the
// members that it says something of. Whether the scenario can be played is for the sandbox to say; see Where.
func Read(path string, into *sandbox.Scenario) (*File, error) {
	text, err := read(path)
	if err != nil {
		return nil, err
	}
	parsed, err := parser.ParseBytes(text, 0)
	if err != nil {
		return nil, malformed(path, err)
	}
	f := &File{path: path, parsed: parsed}
	if err := f.plain(); err != nil {
		return nil, err
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, malformed(path, err)
	}
	return f, f.decode(asJSON, into)
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fault.AtPath(err, "read the scenario %s", path)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fault.AtPath(err, "read the scenario %s", path)
	}
	if len(text) > maxFile {
		return nil, fault.New(fault.TooLarge, "the scenario %s is larger than %d bytes", path, maxFile)
	}
	return text, nil
}

// File is a scenario file that was read.
type File struct {
	path   string
	parsed *ast.File
	given  map[string]bool
}

// Has says whether the file has a member, as days.
func (f *File) Has(member string) bool { return f.given[member] }

// plain refuses what stands for something else: written out it may be as large as memory.
func (f *File) plain() error {
	var v aliases
	for _, doc := range f.parsed.Docs {
		if doc.Body != nil {
			ast.Walk(&v, doc.Body)
		}
	}
	if v.found != nil {
		at := v.found.GetToken().Position
		return fault.Field("--scenario", "%s:%d:%d: a scenario has no aliases; write it out", f.path, at.Line, at.Column)
	}
	if len(f.parsed.Docs) > 1 {
		return fault.Field("--scenario", "%s: a scenario is one document", f.path)
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

func malformed(path string, err error) error {
	line, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n")
	if place, what, ok := strings.Cut(strings.TrimPrefix(line, "["), "] "); ok { // [3:1] what
		line = place + ": " + what
	}
	return fault.Field("--scenario", "%s:%s", path, line)
}

func (f *File) decode(text []byte, into *sandbox.Scenario) error {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(text, &members); err != nil {
		return fault.Field("--scenario", "%s: a scenario is a list of members, as \"days: 9\"", f.path)
	}
	if members == nil { // a file of comments, which decoded would make everything zero
		return nil
	}
	f.given = map[string]bool{}
	for name, value := range members {
		if value.Kind() == 'n' {
			return f.at(jsontext.Pointer("").AppendToken(name), "%s has no value; give it one, or leave it out", fault.Clip(name))
		}
		f.given[name] = true
	}
	err := json.Unmarshal(text, into, json.RejectUnknownMembers(true))
	semantic, ok := errors.AsType[*json.SemanticError](err)
	switch {
	case err == nil:
		if into.Faults != nil {
			return f.checkFaults(into.Faults)
		}
		return nil
	case !ok:
		return fault.Field("--scenario", "%s: %v", f.path, err)
	case errors.Is(err, json.ErrUnknownName):
		return f.unknown(semantic.JSONPointer)
	}
	if said, ok := errors.AsType[*fault.Error](err); ok {
		return f.at(semantic.JSONPointer, "%s", said.Message)
	}
	return f.at(semantic.JSONPointer, "the value of %s is of another kind; write %s", semantic.JSONPointer.LastToken(), wanted(semantic.GoType))
}

// wanted says how a value is written.
func wanted(t reflect.Type) string {
	switch {
	case t == nil:
		return "what docs/scenario.schema.json says"
	case t == reflect.TypeFor[time.Time]():
		return "an instant, as 2026-11-08T12:00:00Z"
	case t == reflect.TypeFor[sandbox.Span]():
		return "a length of time, as 90s, 5m or 72h"
	}
	switch t.Kind() {
	case reflect.Int, reflect.Uint64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.String:
		return "a text"
	case reflect.Slice:
		return "a list"
	default:
		return "what docs/scenario.schema.json says"
	}
}

// checkFaults reads the rules, to have what is wrong with them said by line. Whether they make sense is for the sandbox to
// say, as it knows the routes that there are.
func (f *File) checkFaults(text jsontext.Value) error {
	_, err := rule.Decode(text)
	return f.Where("faults", err)
}

func (f *File) unknown(at jsontext.Pointer) error {
	name := at.LastToken()
	if near := query.Suggest(name, names(reflect.TypeFor[sandbox.Scenario]())); near != "" {
		return f.at(at, "a scenario has no %s. Did you mean %s?", fault.Clip(name), near)
	}
	return f.at(at, "a scenario has no %s there; docs/scenario.schema.json says what it has", fault.Clip(name))
}

// names are the JSON names of all that a type holds.
func names(t reflect.Type) (out []string) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	for field := range t.Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "" {
			out = append(append(out, name), names(field.Type)...)
		}
	}
	return out
}

// Where says of a failure that names a field, within a member of the file or at its top, in which line it is.
func (f *File) Where(within string, err error) error {
	said, ok := errors.AsType[*fault.Error](err)
	if !ok || said.Field == "" || strings.HasPrefix(said.Field, "--") {
		return err
	}
	field := strings.Trim(within+"."+said.Field, ".")
	field = strings.ReplaceAll(field, ".[", "[")
	return f.at(pointer(field), "%s", said.Message)
}

// pointer makes a pointer of a path, as events[0].at.
func pointer(path string) jsontext.Pointer {
	path = strings.NewReplacer("[", ".", "]", "").Replace(path)
	return jsontext.Pointer("/" + strings.ReplaceAll(path, ".", "/"))
}

// at is a failure at the place that a pointer points to, or at the nearest that there is above it.
func (f *File) at(p jsontext.Pointer, format string, args ...any) error {
	line, column := 1, 1
	for ; p != ""; p = p.Parent() {
		if n := f.find(p); n != nil {
			line, column = n.GetToken().Position.Line, n.GetToken().Position.Column
			break
		}
	}
	return fault.Field("--scenario", "%s:%d:%d: %s", f.path, line, column, fmt.Sprintf(format, args...))
}

// find is the node at a pointer: of a member, its name.
func (f *File) find(p jsontext.Pointer) (found ast.Node) {
	if len(f.parsed.Docs) == 0 {
		return nil
	}
	node := f.parsed.Docs[0].Body
	found = node
	for token := range p.Tokens() {
		switch n := node.(type) {
		case *ast.MappingNode:
			if found, node = member(n, token); node == nil {
				return nil
			}
		case *ast.SequenceNode:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(n.Values) {
				return nil
			}
			node, found = n.Values[i], n.Values[i]
		default:
			return nil
		}
	}
	return found
}

func member(of *ast.MappingNode, name string) (key, value ast.Node) {
	for _, v := range of.Values {
		if v.Key.GetToken().Value == name {
			return v.Key, v.Value
		}
	}
	return nil, nil
}
