// Package recordschema holds records against a JSON Schema that a person gives, beyond what every record is held against
// (package wire): rules of their own, such as a member that has to be there, or values of an enum.
//
// A deviation is a place and the keyword of the schema that it breaks. It names members that the schema names, and never a
// value. What breaks the definition "hard" of the schema ($defs/hard) is a reason not to take a record; every other deviation is
// counted, and the record is taken.
package recordschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

const (
	// largest is the size of a record that is held against the schema, in bytes. Decoded for that it takes some twenty times as
	// much memory. Nearly all have less than a hundredth.
	largest = 4 << 20
	// most is how many places are told apart.
	most = 1000
	name = "schema.json"
)

// Schema is a JSON Schema of records.
type Schema struct {
	all, hard *jsonschema.Schema // hard is nil if it has no such definition
	names     map[string]bool    // of members, that the schema has
}

// Read reads a schema. One that refers to others than itself, or that is none, is fault.Invalid.
func Read(path string) (*Schema, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fault.AtPath(err, "the schema %s cannot be read", path)
	}
	s, err := Parse(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%s is no JSON Schema that can be used: %v", path, err)
	}
	return s, nil
}

// Parse reads the text of a schema.
func Parse(text []byte) (*Schema, error) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	doc = bounded(doc)
	c := jsonschema.NewCompiler()
	c.UseLoader(nobody{})
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	s := &Schema{names: map[string]bool{}}
	if s.all, err = c.Compile(name); err != nil {
		return nil, err
	}
	if root, ok := doc.(map[string]any); ok {
		if defs, ok := root["$defs"].(map[string]any); ok && defs["hard"] != nil {
			if s.hard, err = c.Compile(name + "#/$defs/hard"); err != nil {
				return nil, err
			}
		}
	}
	if known := map[*jsonschema.Schema]int{}; max(steps(s.all, known), steps(s.hard, known)) > mostSteps {
		return nil, fmt.Errorf("it refers to its definitions more than %d times, counted through one another", mostSteps)
	}
	s.collect(doc)
	return s, nil
}

// nobody loads no schema from anywhere: a record is not held against what lies on somebody's server today.
type nobody struct{}

// Load implements jsonschema.URLLoader.
func (nobody) Load(string) (any, error) {
	return nil, errors.New("it refers to another schema; write it into $defs")
}

// collect collects the names of members.
func (s *Schema) collect(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			if members, ok := inner.(map[string]any); ok && key == "properties" {
				for name := range members {
					s.names[name] = true
				}
			}
			s.collect(inner)
		}
	case []any:
		for _, inner := range v {
			s.collect(inner)
		}
	}
}

// check gives the hard rules that a record breaks, and the others.
func (s *Schema) check(raw []byte) (hard, soft []string) {
	if len(raw) > largest {
		return nil, []string{fmt.Sprintf("the whole record (over %d MiB, not held against the schema)", largest>>20)}
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, []string{"the whole record (not read: nested too deep)"}
	}
	doc = bounded(doc)
	return s.deviations(s.hard, doc), s.deviations(s.all, doc)
}

// bounded bounds the numbers of a document: the library makes exact fractions of them, which of 1e9000000 has nine million
// digits, and of a larger exponent is none, of which it panics. What lies beyond float64, or is very long, is held as the
// nearest float64, or as a number beyond them.
func bounded(v any) any {
	const long, beyond = 100, "1e309"
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = bounded(inner)
		}
	case []any:
		for i, inner := range v {
			v[i] = bounded(inner)
		}
	case json.Number:
		f, err := v.Float64()
		switch {
		case math.IsInf(f, 1):
			return json.Number(beyond)
		case math.IsInf(f, -1):
			return json.Number("-" + beyond)
		case err != nil || f == 0 || len(v) > long:
			return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
		}
	}
	return v
}

func (s *Schema) deviations(of *jsonschema.Schema, doc any) []string {
	if of == nil {
		return nil
	}
	failed, ok := errors.AsType[*jsonschema.ValidationError](of.Validate(doc))
	if !ok {
		return nil
	}
	found := map[string]bool{}
	s.each(failed, found)
	return slices.Sorted(maps.Keys(found))
}

// each finds the deviations at the ends of a tree of them.
func (s *Schema) each(e *jsonschema.ValidationError, found map[string]bool) {
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			s.each(cause, found)
		}
		return
	}
	if len(found) >= most {
		return
	}
	at := s.path(e.InstanceLocation)
	switch k := e.ErrorKind.(type) {
	case *kind.AdditionalProperties:
		found[at+": additionalProperties"] = true // their names may be anybody's; parley schema has them
	case *kind.Required:
		found[at+": required "+strings.Join(k.Missing, ", ")] = true
	default:
		found[at+": "+strings.Join(k.KeywordPath(), "/")] = true
	}
}

// path is a place, with the names that the schema has.
func (s *Schema) path(location []string) string {
	var out strings.Builder
	for _, step := range location {
		switch {
		case s.names[step]:
			if out.Len() > 0 {
				out.WriteByte('.')
			}
			out.WriteString(step)
		case strings.Trim(step, "0123456789") == "":
			out.WriteString("[]")
		default:
			out.WriteString(".*")
		}
	}
	if out.Len() == 0 {
		return "the record"
	}
	return out.String()
}

// Door takes records in, held against a schema. Safe for concurrent use.
type Door struct {
	schema *Schema
	strict bool
	what   string // the warning begins with

	mu     sync.Mutex
	counts map[string]int64
}

// NewDoor makes a door. A strict one refuses every deviation, as fault.Drifted. Without a schema it takes what wire.Record takes.
func NewDoor(s *Schema, strict bool) *Door {
	return &Door{schema: s, strict: strict, what: "records deviate from the schema of --schema", counts: map[string]int64{}}
}

// NewRowDoor makes a door at which the rows of row reports are held against a schema of rows.
func NewRowDoor(s *Schema, strict bool) *Door {
	d := NewDoor(s, strict)
	d.what = "rows deviate from the schema that they are held against"
	return d
}

// Record reads a record as wire.Record does. What breaks a hard rule is fault.Invalid, too.
func (d *Door) Record(raw []byte) (conversation.Record, error) {
	r, err := wire.Record(raw)
	if err != nil || d.schema == nil {
		return r, err
	}
	return r, d.Hold(r.ID, raw)
}

// Hold holds what there is of a conversation against the schema: its record, or a part of that which the schema is about. It fails
// as Record does.
func (d *Door) Hold(id conversation.ID, raw []byte) error {
	hard, soft := d.schema.check(raw)
	if len(hard) > 0 {
		return fault.New(fault.Invalid, "record %s breaks hard rules of the schema: %s", id, listed(hard))
	}
	return d.Deviates(id, soft...)
}

// Deviates counts what is found odd of a conversation, at places that quote nothing of it; a strict door refuses it.
func (d *Door) Deviates(id conversation.ID, at ...string) error {
	if d.strict && len(at) > 0 {
		return fault.New(fault.Drifted, "record %s deviates from the schema, and --on-drift fail was given: %s; --on-drift warn takes it", id, listed(at))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, at := range at {
		if _, has := d.counts[at]; !has && len(d.counts) >= most {
			at = wire.Others
		}
		d.counts[at]++
	}
	return nil
}

// Warning says how often what was taken deviates from the schema, by place and keyword; empty if nothing does.
func (d *Door) Warning() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.counts) == 0 {
		return ""
	}
	var names []string
	for _, at := range slices.Sorted(maps.Keys(d.counts)) {
		names = append(names, fmt.Sprintf("%s (%d)", at, d.counts[at]))
	}
	return d.what + ", and were taken: " + listed(names)
}

// listed names five at most.
func listed(names []string) string {
	const few = 5
	if len(names) > few {
		names = append(slices.Clone(names[:few]), fmt.Sprintf("and %d more", len(names)-few))
	}
	return strings.Join(names, "; ")
}
