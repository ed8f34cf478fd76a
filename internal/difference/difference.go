// Package difference tells two versions of a record apart, as a person would.
//
// A participant, session, segment, metric and whatever else has an identity is found again by its ids, times and names,
// wherever it stands: one that was added is one difference, and the order of such objects says nothing. Members of objects are
// told one by one. A list of plain values is told whole, and so is a list of objects of which no identity is known.
//
// A path has the steps of a JSON Pointer, but for the objects of lists: those are named by what they are found by, in
// brackets, as in /participants/[participantId=…]/sessions/[sessionId=…]/segments/[segmentStart=…,segmentType=…]/wrapUpCode.
//
// Whatever the records hold, time and memory grow with their size and no faster.
package difference

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Difference is one place in which two records differ.
type Difference struct {
	Path          string
	Before, After string // JSON text; empty when there is nothing
}

const (
	// deepest is how many steps a path has at most. What differs below is told whole. Records need eight.
	deepest = 16
	// most is how many objects of a list, or members of an object, are told apart: a longer one is one value. It bounds the
	// memory beside the records to some 50 MiB.
	most = 1 << 18
)

// Of lists the differences between two records, by path.
func Of(before, after []byte) []Difference {
	// What a hostile record takes beyond its own size is bounded: one with more differences than that is told whole.
	d := differ{room: 2*(len(before)+len(after)) + 4<<20}
	d.value("", "", 0, before, after)
	if d.room < 0 {
		return []Difference{{Before: string(before), After: string(after)}}
	}
	slices.SortStableFunc(d.found, func(a, b Difference) int { return cmp.Compare(a.Path, b.Path) })
	return d.found
}

type differ struct {
	found []Difference
	room  int // bytes that paths may still take
}

// value compares two values that are called name, the last step of their path but for objects of lists.
func (d *differ) value(path, name string, depth int, a, b jsontext.Value) {
	if d.room < 0 || bytes.Equal(a, b) {
		return
	}
	const each = 128 // what a difference takes beside its path and values
	if d.room -= len(path) + each; d.room < 0 {
		return
	}
	var told bool
	switch {
	case depth == deepest:
	case a.Kind() == '{' && b.Kind() == '{':
		told = d.members(path, depth, a, b)
	case a.Kind() == '[' && b.Kind() == '[':
		told = d.elements(path, name, depth, a, b)
	}
	if !told {
		d.found = append(d.found, Difference{path, string(a), string(b)})
	}
}

// members compares two objects member by member, unless they have too many.
func (d *differ) members(path string, depth int, a, b jsontext.Value) bool {
	was, ok := membersOf(a)
	is, also := membersOf(b)
	if !ok || !also {
		return false
	}
	for name, v := range was {
		d.value(path+"/"+step(name), name, depth+1, v, is[name])
	}
	for name, v := range is {
		if _, had := was[name]; !had {
			d.value(path+"/"+step(name), name, depth+1, nil, v)
		}
	}
	return true
}

// elements compares two lists object by object, if they are such lists.
func (d *differ) elements(path, name string, depth int, a, b jsontext.Value) bool {
	if sets[name] {
		return alike(a, b)
	}
	by, ok := identities[name]
	if !ok {
		return false
	}
	was, ok := objectsOf(a, by)
	is, also := objectsOf(b, by)
	if !ok || !also {
		return false
	}
	for _, p := range pair(was, is) {
		d.value(path+"/"+p.step(), "", depth+1, p.was.value, p.is.value)
	}
	return true
}

// alike says whether two lists have the same values, in any order.
func alike(a, b jsontext.Value) bool {
	was, ok := valuesOf(a)
	is, also := valuesOf(b)
	if !ok || !also || len(was) != len(is) {
		return false
	}
	order := func(v, w jsontext.Value) int { return bytes.Compare(v, w) }
	slices.SortFunc(was, order)
	slices.SortFunc(is, order)
	return slices.EqualFunc(was, is, func(v, w jsontext.Value) bool { return bytes.Equal(v, w) })
}

// object is one of a list.
type object struct {
	key   string
	nth   int // of those with the same key, from 1; one that came is counted behind those that there were
	value jsontext.Value
}

// both is an object as it was and as it is; one of them has no value if it came or went.
type both struct{ was, is object }

func (p both) step() string {
	o := p.was
	if o.nth == 0 {
		o = p.is
	}
	return o.step()
}

func (o object) step() string {
	switch {
	case o.key == "":
		return fmt.Sprintf("[#%d]", o.nth)
	case o.nth > 1:
		return fmt.Sprintf("[%s,#%d]", escape(o.key), o.nth)
	}
	return "[" + escape(o.key) + "]"
}

// pair finds objects again by their keys. Of several with one key those that are equal belong together, the others by order.
func pair(was, is []object) (out []both) {
	old, number := map[string][]object{}, map[string]int{}
	for _, o := range was {
		old[o.key], number[o.key] = append(old[o.key], o), o.nth
	}
	var left []object
	stayed := same(old, is)
	for i, o := range is {
		if !stayed[i] {
			left = append(left, o)
		}
	}
	for _, o := range left {
		if rest := old[o.key]; len(rest) > 0 {
			out, old[o.key] = append(out, both{rest[0], o}), rest[1:]
		} else {
			number[o.key]++
			o.nth = number[o.key]
			out = append(out, both{is: o})
		}
	}
	for _, rest := range old {
		for _, o := range rest {
			out = append(out, both{was: o})
		}
	}
	return out
}

// same says which objects there were as they are, and takes those out of old.
func same(old map[string][]object, is []object) map[int]bool {
	type exact struct{ key, text string }
	count := map[exact]int{}
	for i := range is {
		if _, has := old[is[i].key]; has {
			count[exact{is[i].key, string(is[i].value)}]++
		}
	}
	found := map[exact]int{}
	for key, objects := range old {
		old[key] = slices.DeleteFunc(objects, func(o object) bool {
			e := exact{key, string(o.value)}
			if found[e] == count[e] {
				return false
			}
			found[e]++
			return true
		})
	}
	out := map[int]bool{}
	for i := range is {
		e := exact{is[i].key, string(is[i].value)}
		if found[e] > 0 {
			found[e]--
			out[i] = true
		}
	}
	return out
}

// step writes the name of a member as a step of a path.
func step(name string) string { return escape(short(name)) }

var escaped = strings.NewReplacer("~", "~0", "/", "~1")

// escape writes a name as a step of a JSON Pointer (RFC 6901).
func escape(name string) string { return escaped.Replace(name) }
