package directory

import (
	"cmp"
	"slices"
	"strings"
)

// Selection is a part of a list: which, in which order, and which page of them.
type Selection struct {
	IDs        []string // of those, or of all if there are none
	Divisions  []string // likewise
	Name       Pattern
	ByID       bool // in order of ids, and not of names
	Descending bool
	Size       int // of a page; at least 1
	Number     int // of the page, from 1
}

// Page is a page of what was selected. There may be none of the number that was asked for: it is empty then.
type Page[T Listed] struct {
	Entities []T
	Total    int // of all pages
	Pages    int
}

// Select gives a page of a part of a list.
func Select[T Listed](list []T, s Selection) Page[T] {
	chosen := choose(list, s)
	slices.SortFunc(chosen, func(a, b T) int {
		if s.Descending {
			a, b = b, a
		}
		return compare(a.entity(), b.entity(), s.ByID)
	})
	p := Page[T]{Total: len(chosen), Pages: (len(chosen) + s.Size - 1) / s.Size}
	if s.Number <= p.Pages { // which bounds the product
		from := (s.Number - 1) * s.Size
		p.Entities = chosen[from:min(from+s.Size, len(chosen))]
	}
	return p
}

func choose[T Listed](list []T, s Selection) (out []T) {
	ids, divisions := set(s.IDs), set(s.Divisions)
	for _, v := range list {
		e := v.entity()
		if (ids == nil || ids[e.ID]) && (divisions == nil || divisions[e.Division]) && s.Name.matches(e.Name) {
			out = append(out, v)
		}
	}
	return out
}

// set is nil for none.
func set(of []string) map[string]bool {
	if len(of) == 0 {
		return nil
	}
	out := make(map[string]bool, len(of))
	for _, v := range of {
		out[v] = true
	}
	return out
}

// compare orders by name, as people do, and by id where names are the same, so that pages stay apart.
func compare(a, b Entity, byID bool) int {
	if byID {
		return cmp.Compare(a.ID, b.ID)
	}
	return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
}

// Pattern is what a name must look like. Capital letters are as good as small ones. The zero value takes every name.
type Pattern struct {
	text        string
	front, back bool // anything may come before, or after
	given       bool
}

// Exactly takes a name, of which an asterisk at the beginning or at the end leaves the rest open.
func Exactly(text string) Pattern {
	p := Pattern{given: true}
	text, p.front = strings.CutPrefix(text, "*")
	text, p.back = strings.CutSuffix(text, "*")
	p.text = strings.ToLower(text)
	return p
}

// Beginning takes names that begin like this.
func Beginning(text string) Pattern { return Exactly(strings.TrimSuffix(text, "*") + "*") }

// Containing takes names in which this stands.
func Containing(text string) Pattern { return Beginning("*" + strings.TrimPrefix(text, "*")) }

func (p Pattern) matches(name string) bool {
	name = strings.ToLower(name)
	switch {
	case !p.given:
		return true
	case p.front && p.back:
		return strings.Contains(name, p.text)
	case p.front:
		return strings.HasSuffix(name, p.text)
	case p.back:
		return strings.HasPrefix(name, p.text)
	}
	return name == p.text
}
