// Package compare lays a conversation side by side as several sources tell it: the live object, the record of the
// synchronous query, that of a job, that of a lake. It says field by field where they differ, and why.
//
// It asks nobody: it is given what each source answered, or why it gave nothing, and what is known of the time. Objects are
// found again by their ids, their times, their names, and never by their place. Where the live object has another word for
// the same thing, it is read in that of the record. A source that never tells of a field does not differ in it: the
// synchronous query has no attributes, the live object no metrics.
//
// Every difference gets one of a few reasons; the last of them says that none is known.
package compare

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// Source is who tells of a conversation.
type Source string

// The sources.
const (
	Live  Source = "live"
	Query Source = "query"
	Job   Source = "job"
	Lake  Source = "lake"
)

// Sources are all of them, each at most as fresh as the one before it.
func Sources() []Source { return []Source{Live, Query, Job, Lake} }

// Answer is what a source gave.
type Answer struct {
	JSON []byte    // the live object, or the record; nil if it gave none
	AsOf time.Time // of a job its dataAvailabilityDate, of a lake when it received the record; else zero
	// Reason is why it gave nothing, if that is known from the answer alone: NoLive, Forbidden, Throttled, Failed, NotAsked. A
	// source that was asked and does not have the conversation gives nothing, for no reason yet.
	Reason Reason
	Why    string // the message of a failure, or what to give so that the source is asked
}

// Question is what was found out.
type Question struct {
	ID        conversation.ID
	Answers   map[Source]Answer
	Now       time.Time
	Available time.Time // the dataAvailabilityDate; zero if it is not known
	DayRead   bool      // the lake has read the whole day on which the conversation started
}

// Result is the comparison.
type Result struct {
	ID      conversation.ID `json:"conversationId"`
	Start   string          `json:"conversationStart,omitempty"`
	End     string          `json:"conversationEnd,omitempty"` // by the freshest source that has it
	Sources []Standing      `json:"sources"`
	// Differences are the fields of which two sources tell otherwise. Fields are all, these among them.
	Differences []Field  `json:"differences"`
	Fields      []Field  `json:"fields,omitempty"`
	Reasons     []Named  `json:"reasons"`
	Advice      []Advice `json:"advice"`
}

// Named is a reason that occurs, in words.
type Named struct {
	Reason   Reason `json:"reason"`
	Sentence string `json:"sentence"`
}

// Field is a member of a record, as each source tells it.
type Field struct {
	// Path is where: names of members, and between them what an object is found by, as a JSON Pointer escapes them.
	Path   string                    `json:"path"`
	Label  string                    `json:"label"` // the same, for people
	Values map[Source]jsontext.Value `json:"values"`
	// Lacks are sources that tell of such fields, and not of this one.
	Lacks   []Source  `json:"lacks,omitempty"`
	Reasons []Because `json:"reasons,omitempty"`
}

// Because is why a source differs from the next fresher one that tells of the field.
type Because struct {
	Source Source `json:"source"`
	Reason Reason `json:"reason"`
}

// Has says whether any source has the conversation.
func (r Result) Has() bool {
	return slices.ContainsFunc(r.Sources, func(s Standing) bool { return s.Has })
}

// Unexplained is how many differences have no reason that is known, and sources no reason to have nothing.
func (r Result) Unexplained() (n int) {
	for _, d := range r.Differences {
		if slices.ContainsFunc(d.Reasons, func(b Because) bool { return b.Reason == Unexplained }) {
			n++
		}
	}
	for _, s := range r.Sources {
		if s.Reason == Unexplained {
			n++
		}
	}
	return n
}

// Refused are the sources that were asked and could not answer.
func (r Result) Refused() (out []Standing) {
	for _, s := range r.Sources {
		if s.Reason == Forbidden || s.Reason == Throttled || s.Reason == Failed {
			out = append(out, s)
		}
	}
	return out
}

// comparison is one that is being made.
type comparison struct {
	Question

	trees  map[Source]*node
	fields []Field
	open   bool      // the conversation goes on, by the freshest source
	latest time.Time // the last thing that is known to have happened in it
}

// Of compares.
func Of(q Question) Result {
	c := &comparison{Question: q, trees: map[Source]*node{}}
	c.Answers = maps.Clone(q.Answers)
	for _, s := range Sources() {
		c.read(s)
	}
	out := Result{ID: q.ID, Differences: []Field{}, Reasons: []Named{}}
	for _, s := range Sources() {
		if n := c.trees[s]; n != nil {
			out.Start, out.End = n.text("conversationStart"), n.text("conversationEnd")
			c.open = out.End == ""
			break
		}
	}
	c.latest = lastTime(c.trees)
	c.walk(nil, nil, c.trees)
	out.Fields = c.fields
	for _, f := range c.fields {
		if len(f.Reasons) > 0 {
			out.Differences = append(out.Differences, f)
		}
	}
	for _, s := range Sources() {
		out.Sources = append(out.Sources, c.standing(s, out))
	}
	out.Reasons = named(out)
	out.Advice = advice(out, c)
	return out
}

// read reads an answer. What is no conversation is as good as none.
func (c *comparison) read(s Source) {
	a := c.Answers[s]
	if len(a.JSON) == 0 {
		return
	}
	reader := record
	if s == Live {
		reader = fromLive
	}
	n, err := reader(a.JSON)
	if err != nil {
		c.Answers[s] = Answer{Reason: Failed, Why: "the answer is not a conversation"}
		return
	}
	for _, p := range n.lists["participants"].all() {
		switch {
		case s == Query:
			p.tells = func(member string) bool { return member != "attributes" }
		case p.lists["attributes"] == nil:
			p.list("attributes").add("", newNode()) // it has none, and that can differ name by name
		}
	}
	c.trees[s] = n
}

func (l *list) all() (out []*node) {
	if l == nil {
		return nil
	}
	for _, key := range l.order {
		out = append(out, l.nodes[key])
	}
	return out
}

// walk compares the objects that several sources have at one place: their fields, and the objects in them.
func (c *comparison) walk(path, label []string, here map[Source]*node) {
	fields, lists := map[string]bool{}, map[string]bool{}
	for _, n := range here {
		for name := range n.fields {
			fields[name] = true
		}
		for name := range n.lists {
			lists[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		c.field(path, label, name, here)
	}
	for _, name := range slices.Sorted(maps.Keys(lists)) {
		for _, key := range order(name, here) {
			c.object(path, label, name, key, here)
		}
	}
}

// order is the keys of a list, in the order of the freshest source that has each.
func order(name string, here map[Source]*node) (keys []string) {
	seen := map[string]bool{}
	for _, s := range Sources() {
		if n := here[s]; n != nil && n.lists[name] != nil {
			for _, key := range n.lists[name].order {
				if !seen[key] {
					seen[key], keys = true, append(keys, key)
				}
			}
		}
	}
	return keys
}

// object compares one object of a list. That a source lacks it is one difference, and not one for each of its fields.
func (c *comparison) object(path, label []string, name, key string, here map[Source]*node) {
	there := map[Source]*node{}
	f := Field{Values: map[Source]jsontext.Value{}}
	var called string
	var tellers []Source
	for _, s := range Sources() {
		n := here[s]
		if n == nil || !n.tells(name) {
			continue
		}
		l := n.lists[name]
		has := l != nil && l.nodes[key] != nil
		if !has && s == Live && inPart[name] {
			continue
		}
		tellers = append(tellers, s)
		if !has {
			f.Lacks = append(f.Lacks, s)
			continue
		}
		there[s], f.Values[s] = l.nodes[key], jsontext.Value("true")
		if called == "" {
			called = l.nodes[key].label
		}
	}
	path, label = slices.Concat(path, []string{name}), slices.Clone(label)
	if key != "" {
		path = append(path, key)
	}
	if called == "" {
		called = name
	}
	label = append(label, called)
	if len(f.Lacks) > 0 {
		f.Path, f.Label = pointer(path), strings.Join(label, " / ")
		f.Reasons = c.because(tellers, func(s Source) jsontext.Value { return f.Values[s] }, change{list: name})
		c.fields = append(c.fields, f)
	}
	c.walk(path, label, there)
}

// field compares one field of an object.
func (c *comparison) field(path, label []string, name string, here map[Source]*node) {
	f := Field{
		Path: pointer(slices.Concat(path, []string{name})), Label: strings.Join(slices.Concat(label, []string{name}), " / "), Values: map[Source]jsontext.Value{},
	}
	var tellers []Source
	long := map[Source]bool{}
	for _, s := range Sources() {
		n := here[s]
		if n == nil || !n.tells(name) {
			continue
		}
		tellers = append(tellers, s)
		if v := n.fields[name]; len(v) > 0 {
			f.Values[s] = v
		} else {
			f.Lacks = append(f.Lacks, s)
		}
		long[s] = slices.Contains(n.longNames, name)
	}
	of := change{member: name, list: inside(path), long: long}
	f.Reasons = c.because(tellers, func(s Source) jsontext.Value { return f.Values[s] }, of)
	c.fields = append(c.fields, f)
}

// inside is the list that a path leads into, past the key of an object of it.
func inside(path []string) string {
	for _, step := range slices.Backward(path) {
		if single[step] || isList(step) {
			return step
		}
	}
	return ""
}

var escaped = strings.NewReplacer("~", "~0", "/", "~1")

func pointer(path []string) string {
	var out strings.Builder
	for _, step := range path {
		out.WriteString("/" + escaped.Replace(step))
	}
	return out.String()
}
