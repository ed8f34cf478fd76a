package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/web/drawing"
	"github.com/parley-hq/parley/internal/web/tree"
	"github.com/parley-hq/parley/internal/web/words"
)

// branchOf is how many members of a branch of a record are told at once, foundOf how many places where something is found.
const (
	branchOf = 100
	foundOf  = 100
)

// recordPage is the tab of the record: a branch of it, or what was found in it.
type recordPage struct {
	Crumbs   []choice // branches on the way, from the whole record
	Members  []memberRow
	Value    string // where the path leads to a value
	Of       string // how many of how many members are told
	Before   string
	Behind   string
	Find     string
	Hits     []memberRow
	Found    string
	Verbatim string // address of the whole record as text
}

// memberRow is a member of a branch, or a place where something is found.
type memberRow struct{ Name, Text, Address string }

// recordJSON gives a record to programs: all of it, a branch of it, or the places where a text is found.
func recordJSON(v *visit) error {
	w, err := drawing.Read(v.r.URL.Query())
	if err != nil {
		return err
	}
	s, err := v.looked()
	if err != nil {
		return err
	}
	r, err := s.record()
	if err != nil {
		return err
	}
	switch {
	case w.Find != "":
		found, err := tree.Find(r.JSON, w.Find, w.After, foundOf)
		if err != nil {
			return err
		}
		v.sendJSON(http.StatusOK, found)
	case w.HasPath:
		branch, err := tree.Read(r.JSON, w.Path, w.After, branchOf)
		if err != nil {
			return err
		}
		v.sendJSON(http.StatusOK, branch)
	default:
		v.sendText(http.StatusOK, r.JSON)
	}
	return nil
}

// record tells a branch of the record, and what is found in it.
func (b *conversationBody) record(s seen, p *page) error {
	r, err := s.record()
	if err != nil {
		return err
	}
	whole := "/parley/v1/conversations/" + url.PathEscape(string(b.ID)) + "/record"
	p.Command = commandOn("parley get", string(b.ID), " --record"+s.v.where())
	b.Record = &recordPage{Verbatim: whole, Find: b.view.Find}
	if b.view.Find != "" {
		p.JSON = whole + "?" + url.Values{"find": {b.view.Find}}.Encode()
		return b.found(r.JSON)
	}
	p.JSON = whole + "?" + url.Values{"path": {b.view.Path}}.Encode()
	return b.branch(r.JSON)
}

func (b *conversationBody) branch(text []byte) error {
	branch, err := tree.Read(text, b.view.Path, b.view.After, branchOf)
	if err != nil {
		return err
	}
	out := b.Record
	out.Crumbs = b.crumbs()
	out.Value = branch.Text
	for _, m := range branch.Members {
		out.Members = append(out.Members, b.member(m))
	}
	if branch.Kind != "object" && branch.Kind != "array" {
		return nil
	}
	out.Of = words.Count(int64(branch.Size)) + " members"
	if branch.After > 0 || branch.Next > 0 {
		out.Of = words.Count(int64(branch.After+1)) + " to " + words.Count(int64(branch.After+len(branch.Members))) + " of " + out.Of
	}
	if branch.After > 0 {
		out.Before = b.at(branch.Path, branch.After-branchOf)
	}
	if branch.Next > 0 {
		out.Behind = b.at(branch.Path, branch.Next)
	}
	return nil
}

// at is the address of a branch.
func (b *conversationBody) at(path string, after int) string {
	n := ""
	if after > 0 {
		n = strconv.Itoa(after)
	}
	return b.view.With("tab", "record", "path", path, "after", n)
}

// crumbsShown is how many branches at the beginning of the way are told, and at its end. Each has the way to it in its address, so that
// all those of a long way would be as much as its square.
const crumbsShown = 10

// crumbs lead from the whole record to the branch.
func (b *conversationBody) crumbs() []choice {
	steps := strings.Split(b.view.Path, "/") // of which the first is empty: the whole record
	out, end := make([]choice, 0, 2*crumbsShown+1), 0
	for i, step := range steps {
		end += min(i, 1) + len(step)
		switch {
		case i == 0:
			out = append(out, choice{"record", b.at("", 0), b.view.Path == ""})
		case i < crumbsShown || i >= len(steps)-crumbsShown:
			out = append(out, choice{step, b.at(b.view.Path[:end], 0), i == len(steps)-1})
		case i == crumbsShown:
			out = append(out, choice{Name: "…"})
		}
	}
	return out
}

func (b *conversationBody) member(m tree.Member) memberRow {
	out := memberRow{Name: m.Name, Text: m.Text}
	switch {
	case m.Branches():
		out.Text = sized(m)
	case m.Cut:
		out.Text += " …"
	default:
		return out
	}
	if m.Path != "" {
		out.Address = b.at(m.Path, 0)
	}
	return out
}

// sized says how much is in a branch.
func sized(m tree.Member) string {
	if m.Kind == "array" {
		return "[ " + words.Count(int64(m.Size)) + " ]"
	}
	return "{ " + words.Count(int64(m.Size)) + " }"
}

func (b *conversationBody) found(text []byte) error {
	f, err := tree.Find(text, b.view.Find, b.view.After, foundOf)
	if err != nil {
		return err
	}
	out := b.Record
	for _, h := range f.Hits {
		out.Hits = append(out.Hits, memberRow{h.Path, h.Text, b.at(around(h.Path), 0)})
	}
	at := func(after int) string {
		return b.view.With("tab", "record", "find", b.view.Find, "after", strings.TrimPrefix(strconv.Itoa(after), "0"))
	}
	switch {
	case len(f.Hits) == 0:
		out.Found = "Nothing in the record has this in it."
	case f.After > 0 || f.Next > 0:
		out.Found = "Places " + words.Count(int64(f.After+1)) + " to " + words.Count(int64(f.After+len(f.Hits)))
	case len(f.Hits) == 1:
		out.Found = "1 place"
	default:
		out.Found = words.Count(int64(len(f.Hits))) + " places"
	}
	if f.After > 0 {
		out.Before = at(max(f.After-foundOf, 0))
	}
	if f.Next > 0 {
		out.Behind = at(f.Next)
	}
	return nil
}

// around is the branch that has a member, where the member is to be seen; an element of a list is told alone, however far back it is.
func around(path string) string {
	if path == "" {
		return ""
	}
	last := strings.LastIndexByte(path, '/')
	if _, err := strconv.Atoi(path[last+1:]); err == nil {
		return path
	}
	return path[:last]
}
