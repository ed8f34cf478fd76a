package tables

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/conversation"
)

// Change is one difference between two versions of a record.
type Change struct {
	ID            conversation.ID
	Start         time.Time
	Path          string // JSON pointer
	Before, After string // JSON text; empty when there is nothing
	Run           string
	FoundAt       time.Time
}

// Diff lists the differences between two versions of a record, by path.
func Diff(before, after conversation.Version) []Change {
	d := differ{base: Change{ID: after.ID, Start: after.Start, Run: after.Run, FoundAt: after.At}}
	d.value("", before.JSON, after.JSON)
	slices.SortStableFunc(d.found, func(a, b Change) int { return cmp.Compare(a.Path, b.Path) })
	return d.found
}

type differ struct {
	base  Change
	found []Change
}

func (d *differ) value(path string, a, b jsontext.Value) {
	switch {
	case string(a) == string(b):
	case a.Kind() == '{' && b.Kind() == '{':
		d.members(path, a, b)
	case a.Kind() == '[' && b.Kind() == '[':
		d.elements(path, a, b)
	default:
		c := d.base
		c.Path, c.Before, c.After = path, string(a), string(b)
		d.found = append(d.found, c)
	}
}

func (d *differ) members(path string, a, b jsontext.Value) {
	was, is := map[string]jsontext.Value{}, map[string]jsontext.Value{}
	if json.Unmarshal(a, &was, jsontext.AllowDuplicateNames(true)) != nil || json.Unmarshal(b, &is, jsontext.AllowDuplicateNames(true)) != nil {
		return // both were read as records before: cannot happen
	}
	for name, v := range was {
		d.value(path+"/"+escape(name), v, is[name])
	}
	for name, v := range is {
		if _, ok := was[name]; !ok {
			d.value(path+"/"+escape(name), nil, v)
		}
	}
}

// elements compares place by place: records have no keys for the elements of their lists, and lists grow at the end.
func (d *differ) elements(path string, a, b jsontext.Value) {
	var was, is []jsontext.Value
	if json.Unmarshal(a, &was) != nil || json.Unmarshal(b, &is) != nil {
		return // as in members
	}
	for i := range max(len(was), len(is)) {
		var v, w jsontext.Value
		if i < len(was) {
			v = was[i]
		}
		if i < len(is) {
			w = is[i]
		}
		d.value(fmt.Sprintf("%s/%d", path, i), v, w)
	}
}

// escape writes a name as a step of a JSON pointer (RFC 6901).
func escape(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
