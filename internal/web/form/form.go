// Package form is the form beside the body of a question: what of the body has a field, what the fields say, and how the body changes
// with them.
//
// A field is named by its path in the body, such as segmentFilters[0].predicates[1].value. The body is edited and never made anew: what
// has no field, or a field that nobody changed, stays as it is written. What the form cannot express is shown as text, with the reason.
//
// A card is one filter, which must hold on one item, such as a segment; a clause is a box in it. Behind what is there, every list has
// blanks, which become parts of the body when something is written in them: so a form without script adds as one with it does.
//
// It knows the language by package query, and asks nobody.
package form

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

// Form is what the form shows of a body.
type Form struct {
	Refused string   // why there is no form; the rest is empty then
	Remarks []string // about the body that no field is at fault for
	From    Field    // of the interval
	To      Field
	Order   Field
	OrderBy Field
	Size    Field // of a page
	Page    Field
	Lists   []List
	Kept    []string // members that have no field
}

// Field is one input.
type Field struct {
	Name    string // the path in the body
	Value   string
	Remarks []string
	Offers  []Offer // of other values, by whoever shows the form
}

// Offer is a value that somebody may have meant.
type Offer struct{ Text, Value string }

// List is the filters of one kind, as cards.
type List struct {
	Kind  query.Kind
	Cards []Card
	Blank Card
}

// Card is a filter: everything on it holds on one item. A clause is a box on it.
type Card struct {
	Path       string
	Refused    string // why it is shown as text; the rest is empty then
	Text       string // as it is in the body
	Type       Field
	Predicates []Predicate
	Blanks     []Predicate
	Clauses    []Card
	Blank      *Card // clause
	Kept       []string
	Remarks    []string
}

// Rows are all rows of a form that say something, each with the kind of its list.
func Rows(f *Form) iter.Seq2[query.Kind, *Predicate] {
	return func(yield func(query.Kind, *Predicate) bool) {
		for i := range f.Lists {
			for j := range f.Lists[i].Cards {
				if !rowsOf(&f.Lists[i].Cards[j], func(p *Predicate) bool { return yield(f.Lists[i].Kind, p) }) {
					return
				}
			}
		}
	}
}

// rowsOf yields the rows of a card and of its clauses, and says whether to go on.
func rowsOf(c *Card, yield func(*Predicate) bool) bool {
	for i := range c.Predicates {
		if !yield(&c.Predicates[i]) {
			return false
		}
	}
	for i := range c.Clauses {
		if !rowsOf(&c.Clauses[i], yield) {
			return false
		}
	}
	return true
}

// Predicate is a row.
type Predicate struct {
	Path    string
	Asks    string // the member that has what it asks of; empty if none has
	Name    Field  // of the dimension or metric; "property:" before that of a property
	Is      Field  // the operator, as the form has it
	Value   Field
	Bounds  []Field
	Type    Field // of a property
	Kept    []string
	Remarks []string
}

// The operators of the form. A range is one of them.
const (
	Is     = "matches"
	Lies   = "range"
	Has    = "exists"
	HasNot = "notExists"
)

// PropertyPrefix stands before the name of a property.
const PropertyPrefix = "property:"

// The paths of what has no path of its own in the body.
const (
	fromName = "interval.from"
	toName   = "interval.to"
)

// Of is the form of a body, with what was found wrong with it at the fields.
func Of(body []byte, found []query.Finding) Form {
	root, err := parse(body)
	switch {
	case len(strings.TrimSpace(string(body))) == 0:
		return Form{Refused: "There is no body yet."}
	case err != nil:
		return Form{Refused: "The body is no JSON."}
	}
	if why := tooMuch(root); why != "" {
		return Form{Refused: why}
	}
	return formOf(root, remarksOf(found))
}

func formOf(root *value, r *remarks) Form {
	if why := misshapen(root); why != "" {
		return Form{Refused: why}
	}
	from, to := bounds(root)
	paging := root.get("paging")
	f := Form{
		From: r.field(fromName, shown(short(from))), To: r.field(toName, shown(short(to)), "interval"),
		Order: r.of(root, "order"), OrderBy: r.of(root, "orderBy"),
		Size: r.of(paging, "pageSize", "paging"), Page: r.of(paging, "pageNumber", "paging"),
	}
	for _, kind := range query.Kinds() {
		f.Lists = append(f.Lists, listOf(root, kind, r))
	}
	f.Kept = kept(root, append([]string{"interval", "order", "orderBy", "paging"}, kinds()...)...)
	f.Remarks = r.rest("")
	return f
}

// What a form shows at most. A card is many times as long on the page as in the body.
const (
	mostBoxes = 100 // filters and clauses
	mostRows  = 1000
)

// tooMuch says why a body has no form, though it could have one: empty if it has one.
func tooMuch(root *value) string {
	boxes, rows := 0, 0
	for _, kind := range kinds() {
		for _, filter := range root.get(kind).elements() {
			clauses := filter.get("clauses").elements()
			boxes += 1 + len(clauses)
			for _, box := range append([]*value{filter}, clauses...) {
				rows += len(box.get("predicates").elements())
			}
		}
	}
	switch {
	case boxes > mostBoxes:
		return fmt.Sprintf("The body has %d filters and clauses; a form shows %d at most.", boxes, mostBoxes)
	case rows > mostRows:
		return fmt.Sprintf("The body has %d predicates; a form shows %d at most.", rows, mostRows)
	}
	return ""
}

func kinds() (out []string) {
	for _, k := range query.Kinds() {
		out = append(out, string(k))
	}
	return out
}

// misshapen says why a body has no form: empty if it has one.
func misshapen(root *value) string {
	if !root.isObject() {
		return "The body is no JSON object."
	}
	for _, member := range []string{"interval", "order", "orderBy"} {
		if v := root.get(member); !v.nothing() && !v.isText() {
			return member + " is no text."
		}
	}
	if p := root.get("paging"); !p.nothing() && !p.isObject() {
		return "paging is no object."
	}
	for _, member := range []string{"pageSize", "pageNumber"} {
		if v := root.get("paging").get(member); v != nil && !v.scalar() {
			return "paging." + member + " is no number."
		}
	}
	for _, kind := range kinds() {
		if v := root.get(kind); !v.nothing() && !v.isArray() {
			return kind + " is no list."
		}
	}
	return ""
}

// bounds are the two parts of the interval, as they are written.
func bounds(root *value) (from, to string) {
	from, to, _ = strings.Cut(root.get("interval").word(), "/")
	return from, to
}

// short leaves out midnight, as people write days.
func short(instant string) string {
	for _, midnight := range []string{"T00:00:00.000Z", "T00:00:00Z", "T00:00Z"} {
		if day, ok := strings.CutSuffix(instant, midnight); ok {
			return day
		}
	}
	return instant
}

// shown is a text as a browser has it in an input, and sends it again if nobody changes it.
func shown(s string) string {
	return strings.NewReplacer("\r", "", "\n", "", "\x00", "\uFFFD").Replace(s)
}

// kept are the members of an object that have no field, with how many parts they have.
func kept(v *value, fields ...string) (out []string) {
	for i, n := range v.names {
		if slices.Contains(fields, n.text) {
			continue
		}
		text := n.text
		if v.parts[i].isArray() {
			text = fmt.Sprintf("%s (%d)", n.text, len(v.parts[i].parts))
		}
		out = append(out, text)
	}
	return out
}

func listOf(root *value, kind query.Kind, r *remarks) List {
	l := List{Kind: kind}
	if list := root.get(string(kind)); list.isArray() {
		for i, v := range list.parts {
			l.Cards = append(l.Cards, cardOf(v, fmt.Sprintf("%s[%d]", kind, i), r))
		}
	}
	l.Blank = blankCard(fmt.Sprintf("%s[%d]", kind, len(l.Cards)), 1)
	return l
}

// cardOf is the card of a filter.
func cardOf(v *value, path string, r *remarks) Card {
	if why := noFilter(v, true); why != "" {
		return Card{Path: path, Refused: why, Text: strings.TrimSpace(v.String()), Remarks: r.rest(path)}
	}
	c := boxOf(v, path, r, "type", "predicates", "clauses")
	if list := v.get("clauses"); list.isArray() {
		for i, clause := range list.parts {
			at := fmt.Sprintf("%s.clauses[%d]", path, i)
			c.Clauses = append(c.Clauses, boxOf(clause, at, r, "type", "predicates"))
			c.Clauses[i].Remarks = r.rest(at)
		}
	}
	blank := blankCard(fmt.Sprintf("%s.clauses[%d]", path, len(c.Clauses)), 2)
	blank.Type.Value = "or"
	c.Blank = &blank
	c.Remarks = r.rest(path)
	return c
}

// boxOf is what filters and clauses have both.
func boxOf(v *value, path string, r *remarks, members ...string) Card {
	c := Card{Path: path, Type: r.of(v, "type", path), Kept: kept(v, members...)}
	c.Type.Value = junction(v, c.Type.Value)
	list := v.get("predicates")
	if list.isArray() {
		for i, p := range list.parts {
			c.Predicates = append(c.Predicates, predicateOf(p, fmt.Sprintf("%s.predicates[%d]", path, i), r))
		}
	}
	c.Blanks = []Predicate{blankPredicate(path, len(c.Predicates))}
	return c
}

// junction is how the parts of a filter are joined. Where they are one, a missing type makes no difference.
func junction(v *value, given string) string {
	for _, j := range []string{"and", "or"} {
		if strings.EqualFold(given, j) {
			return j
		}
	}
	if given == "" && parts(v) < 2 {
		return "and"
	}
	return given
}

func parts(v *value) (n int) {
	for _, member := range []string{"predicates", "clauses"} {
		if list := v.get(member); list != nil {
			n += len(list.parts)
		}
	}
	return n
}

// noFilter says why something is no card; empty if it is one.
func noFilter(v *value, clauses bool) string {
	switch {
	case !v.isObject():
		return "It is no object."
	case !v.get("type").nothing() && !v.get("type").isText():
		return "Its type is no text."
	case !clauses && v.get("clauses") != nil:
		return "A clause has no clauses of its own."
	}
	if list := v.get("predicates"); !list.nothing() && !list.isArray() {
		return "Its predicates are no list."
	} else if why := firstOf(list, noPredicate); why != "" {
		return why
	}
	list := v.get("clauses")
	if !list.nothing() && !list.isArray() {
		return "Its clauses are no list."
	}
	return firstOf(list, func(v *value) string { return noFilter(v, false) })
}

// firstOf is the first reason among the elements of a list.
func firstOf(list *value, why func(*value) string) string {
	if list.isArray() {
		for _, v := range list.parts {
			if reason := why(v); reason != "" {
				return reason
			}
		}
	}
	return ""
}

// askers are the members of a predicate of which one says what it asks of.
var askers = []string{"dimension", "metric", "property"}

// noPredicate says why something is no row; empty if it is one.
func noPredicate(v *value) string {
	if !v.isObject() {
		return "A predicate is no object."
	}
	n := 0
	for _, member := range append([]string{"type", "propertyType", "operator"}, askers...) {
		given := v.get(member)
		if !given.nothing() && !given.isText() {
			return "The " + member + " of a predicate is no text."
		}
		if slices.Contains(askers, member) && !given.nothing() {
			n++
		}
	}
	if n > 1 {
		return "A predicate asks of two things at once."
	}
	if given := v.get("value"); given != nil && !given.scalar() {
		return "The value of a predicate is a list or an object."
	}
	return noRange(v)
}

func noRange(v *value) string {
	r := v.get("range")
	switch {
	case r.nothing():
		return ""
	case !r.isObject():
		return "The range of a predicate is no object."
	case !v.get("value").nothing():
		return "A predicate has a value and a range."
	}
	return firstOf(array(r.parts...), func(v *value) string {
		if v.scalar() {
			return ""
		}
		return "A bound of a range is no number."
	})
}

// asker is the member that says what a predicate asks of; empty if none does.
func asker(v *value) string {
	for _, member := range askers {
		if !v.get(member).nothing() {
			return member
		}
	}
	return ""
}

// nameOf is what a predicate asks of, as the form has it.
func nameOf(v *value) string {
	member := asker(v)
	if member == "property" {
		return PropertyPrefix + v.get(member).word()
	}
	return v.get(member).word()
}

// operatorOf is the operator of a predicate, as the form has it: what the form does not have is as it is written.
func operatorOf(v *value) string {
	given := v.get("operator").word()
	for _, o := range []string{Has, HasNot} {
		if strings.EqualFold(given, o) {
			return o
		}
	}
	switch {
	case given != "" && !strings.EqualFold(given, Is):
		return given
	case !v.get("range").nothing():
		return Lies
	}
	return Is
}

// The bounds of a range. The second two have a field where the body has them.
var limits = []string{"gte", "lt", "gt", "lte"}

func predicateOf(v *value, path string, r *remarks) Predicate {
	p := Predicate{
		Path: path,
		Asks: asker(v),
		Name: r.field(path+".name", shown(nameOf(v)), path+".dimension", path+".metric", path+".property", path+".type"),
		Is:   r.field(path+".operator", shown(operatorOf(v)), path+".operator"),
		Kept: kept(v, append([]string{"type", "operator", "value", "range", "propertyType"}, askers...)...),
	}
	if asker(v) == "property" {
		p.Type = r.of(v, "propertyType", path)
	}
	switch p.Is.Value {
	case Lies:
		p.Bounds = boundsOf(v.get("range"), path+".range", r)
	case Has, HasNot:
	default:
		p.Value = r.of(v, "value", path)
	}
	p.Remarks = r.rest(path)
	return p
}

func boundsOf(v *value, path string, r *remarks) (out []Field) {
	for i, limit := range limits {
		if i < 2 || v.get(limit) != nil {
			out = append(out, r.of(v, limit, path))
		}
	}
	return out
}

// blankPredicate is the row behind the last one of a filter or clause.
func blankPredicate(path string, n int) Predicate {
	at := fmt.Sprintf("%s.predicates[%d]", path, n)
	return Predicate{Path: at, Name: Field{Name: at + ".name"}, Is: Field{Name: at + ".operator", Value: Is}, Value: Field{Name: at + ".value"}}
}

// blankCard is the filter behind the last one, with so many rows.
func blankCard(path string, rows int) Card {
	c := Card{Path: path, Type: Field{Name: path + ".type", Value: "and"}}
	for i := range rows {
		c.Blanks = append(c.Blanks, blankPredicate(path, i))
	}
	return c
}

// remarks are what was found wrong, until a field has taken it.
type remarks struct{ left []query.Finding }

func remarksOf(found []query.Finding) *remarks { return &remarks{slices.Clone(found)} }

// take gives the remarks about some paths, and leaves the others.
func (r *remarks) take(is func(path string) bool) (out []string) {
	left := r.left[:0]
	for _, f := range r.left {
		if is(f.Path) {
			brief, _ := query.Brief(f.Message) // the field has a list of its own
			out = append(out, brief)
		} else {
			left = append(left, f)
		}
	}
	r.left = left
	return out
}

// field is a field with what was found about one of these paths.
func (r *remarks) field(name, value string, paths ...string) Field {
	return Field{Name: name, Value: value, Remarks: r.take(func(path string) bool { return slices.Contains(paths, path) })}
}

// of is the field of a member, of what is at a path.
func (r *remarks) of(v *value, member string, path ...string) Field {
	at := strings.Join(append(path, member), ".")
	return r.field(at, shown(v.get(member).word()), at)
}

// rest are the remarks about a path and what is below it that no field has taken.
func (r *remarks) rest(path string) []string {
	return r.take(func(at string) bool {
		below, ok := strings.CutPrefix(at, path)
		return ok && (path == "" || below == "" || below[0] == '.' || below[0] == '[')
	})
}
