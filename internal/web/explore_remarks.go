package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/query"
	"github.com/parley-hq/parley/internal/web/form"
)

// What is wrong with a question beside what the language says: that this visitor must not ask it, and that it has the name of something
// where its id belongs.

// found is all that is wrong with a body, at the lines of the text that is in the box.
func (v *visit) found(body, inBox []byte, f *form.Form, meant []meaning) []query.Finding {
	said := query.LintDetail(inBox, v.web.cfg.Limits)
	own := query.Place(inBox, append(v.forbidden(f, body), remarksOn(meant)...))
	return append(said, own...)
}

// forbidden are remarks on what of a body must not be asked.
func (v *visit) forbidden(f *form.Form, body []byte) (out []query.Finding) {
	err := v.mayAsk(body)
	if err == nil {
		return nil
	}
	for kind, p := range form.Rows(f) {
		if d, ok := dimensionOf(kind, p.Name.Value); ok && v.mayAskOf(d) != nil {
			out = append(out, query.Finding{Path: p.Path + "." + p.Asks, Message: messageOf(v.mayAskOf(d))})
		}
	}
	if len(out) == 0 { // it is where the form has no field
		out = append(out, query.Finding{Message: messageOf(err)})
	}
	return out
}

// dimensionOf is what a row asks of.
func dimensionOf(kind query.Kind, name string) (query.Dimension, bool) {
	if strings.HasPrefix(name, form.PropertyPrefix) {
		return query.Property, true
	}
	all := query.Dimensions(kind)
	i := slices.IndexFunc(all, func(d query.Dimension) bool { return d.Name == name })
	if i < 0 {
		return query.Dimension{}, false
	}
	return all[i], true
}

// meaning is a name that stands where an id belongs, and what is called so.
type meaning struct {
	path, name string
	kind       names.Kind
	ids        []string
}

// mostMeant is how many things of one name are offered.
const mostMeant = 5

// meant finds names that stand where ids belong. Known is what the ids of the form are called.
func (v *visit) meant(f *form.Form, known *names.Book) (out []meaning, err error) {
	var all *names.Book
	for _, p := range form.Rows(f) {
		kind, ok := v.kindOf(p.Name.Value)
		if !ok || p.Is.Value != form.Is || !mayBeName(known, kind, p.Value.Value) {
			continue
		}
		if all == nil {
			if all, err = v.web.cfg.Data.Book(v.ctx(), v.who.Organization); err != nil {
				return nil, err
			}
		}
		if ids := all.IDs(kind, strings.TrimSpace(p.Value.Value)); len(ids) > 0 {
			out = append(out, meaning{p.Value.Name, p.Value.Value, kind, ids})
		}
	}
	return out, nil
}

// mayBeName says whether a text may be a name: it is neither an id that is known, nor written as ids are.
func mayBeName(known *names.Book, kind names.Kind, text string) bool {
	_, is := known.Find(kind, text)
	return !is && strings.TrimSpace(text) != "" && uuid.Validate(text) != nil
}

// nouns are what things are called of which there are names, with an article.
var nouns = map[names.Kind][2]string{
	names.User: {"a user", "users"}, names.Queue: {"a queue", "queues"}, names.WrapUpCode: {"a wrap-up code", "wrap-up codes"},
	names.Division: {"a division", "divisions"}, names.Skill: {"a skill", "skills"}, names.Language: {"a language", "languages"},
}

func (m meaning) String() string {
	if len(m.ids) == 1 {
		return fmt.Sprintf("%s is the name of %s; its id is %s", m.name, nouns[m.kind][0], m.ids[0])
	}
	return fmt.Sprintf("%s is the name of %d %s; this asks for an id", m.name, len(m.ids), nouns[m.kind][1])
}

func remarksOn(all []meaning) (out []query.Finding) {
	for _, m := range all {
		out = append(out, query.Finding{Path: m.path, Message: m.String()})
	}
	return out
}

// offer puts the ids that were meant beside their fields.
func offer(f *form.Form, all []meaning) {
	for _, p := range form.Rows(f) {
		for _, m := range all {
			if m.path != p.Value.Name {
				continue
			}
			for _, id := range m.ids[:min(len(m.ids), mostMeant)] {
				p.Value.Offers = append(p.Value.Offers, form.Offer{Text: "Put in " + id, Value: id})
			}
		}
	}
}

// offerNames puts the dimension that was probably meant beside one that there is not.
func offerNames(f *form.Form) {
	for kind, p := range form.Rows(f) {
		if len(p.Name.Remarks) == 0 {
			continue
		}
		var all []string
		for _, d := range query.Dimensions(kind) {
			all = append(all, d.Name)
		}
		if near := query.Suggest(p.Name.Value, all); near != "" {
			p.Name.Offers = append(p.Name.Offers, form.Offer{Text: "Put in " + near, Value: near})
		}
	}
}
