package names

import (
	"slices"
	"strings"
)

// Book finds names and ids, as they are now. A nil Book knows nothing. Safe for concurrent use.
type Book struct {
	versions map[identity]Version
	ids      map[lookup][]string // in order
}

// lookup is a name as it is looked up: capital letters are as good as small ones.
type lookup struct {
	kind Kind
	name string
}

func folded(k Kind, name string) lookup { return lookup{k, strings.ToLower(name)} }

// NewBook makes a book of what is current in a history.
func NewBook(h History) *Book {
	b := &Book{versions: map[identity]Version{}, ids: map[lookup][]string{}}
	for _, v := range h {
		if v.Current() {
			b.versions[v.identity()] = v
		}
	}
	for _, v := range b.versions {
		if v.Name == "" {
			continue // nobody asks for it by that
		}
		at := folded(v.Kind, v.Name)
		b.ids[at] = append(b.ids[at], v.ID)
	}
	for _, ids := range b.ids {
		slices.Sort(ids)
	}
	return b
}

// BookOf makes a book of entries of which nothing else is known.
func BookOf(entries map[Kind][]Entry) *Book {
	var h History
	for k, list := range entries {
		for _, e := range list {
			h = append(h, Version{Kind: k, Entry: e})
		}
	}
	return NewBook(h)
}

// Empty says whether the book knows nothing.
func (b *Book) Empty() bool { return b == nil || len(b.versions) == 0 }

// Find gives what is known of an id.
func (b *Book) Find(k Kind, id string) (Version, bool) {
	if b == nil {
		return Version{}, false
	}
	v, ok := b.versions[identity{k, id}]
	return v, ok
}

// Name gives the name of an id; empty if it is not known.
func (b *Book) Name(k Kind, id string) string {
	v, _ := b.Find(k, id)
	return v.Name
}

// IDs gives the ids of all that is called so, in order. Those that are gone are among them: records name them still.
func (b *Book) IDs(k Kind, name string) []string {
	if b == nil {
		return nil
	}
	return slices.Clone(b.ids[folded(k, name)])
}

// shortID is how much of an id tells two of one name apart for a person.
const shortID = 8

// Label is the name of an id for people: with the beginning of the id where others have the same name. Empty if it is not
// known.
func (b *Book) Label(k Kind, id string) string {
	name := b.Name(k, id)
	if name == "" || len(b.ids[folded(k, name)]) < 2 {
		return name
	}
	if r := []rune(id); len(r) > shortID {
		id = string(r[:shortID]) + "…"
	}
	return name + " (" + id + ")"
}

// All gives what is known of a kind, by name and then by id.
func (b *Book) All(k Kind) (out []Version) {
	if b == nil {
		return nil
	}
	for id, v := range b.versions {
		if id.kind == k {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, byName)
	return out
}

func byName(a, c Version) int {
	if order := strings.Compare(strings.ToLower(a.Name), strings.ToLower(c.Name)); order != 0 {
		return order
	}
	return strings.Compare(a.ID, c.ID)
}
