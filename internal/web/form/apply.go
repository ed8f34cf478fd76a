package form

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Apply is a body with what somebody wrote into its form. get gives what a field was sent with; ok is false of fields that were not
// sent, which stay as they are, as do those that say what they said. A body that has no form is fault.Invalid.
func Apply(body []byte, get func(name string) (value string, ok bool)) ([]byte, error) {
	root, err := editable(body)
	if err != nil {
		return nil, err
	}
	if why := tooMuch(root); why != "" {
		return nil, unchangeable(why)
	}
	f := formOf(root, remarksOf(nil))
	a := applier{get}
	a.interval(root, f)
	a.text(root, "order", f.Order)
	a.text(root, "orderBy", f.OrderBy)
	a.paging(root, f)
	for _, l := range f.Lists {
		a.list(root, l)
	}
	return []byte(root.String()), nil
}

// Put is a body with another value in one of its fields.
func Put(body []byte, field, value string) ([]byte, error) {
	return Apply(body, func(name string) (string, bool) { return value, name == field })
}

// editable is a body that can be changed as forms change it, be it too much for one or not.
func editable(body []byte) (*value, error) {
	root, err := parse(body)
	if err != nil {
		return nil, unchangeable(Of(body, nil).Refused)
	}
	if why := misshapen(root); why != "" {
		return nil, unchangeable(why)
	}
	return root, nil
}

func unchangeable(why string) error {
	return fault.Field("body", "The form cannot change this body: %s Change it as text", why)
}

type applier struct {
	get func(string) (string, bool)
}

// changed is what a field was changed to.
func (a applier) changed(f Field) (to string, ok bool) {
	to, sent := a.get(f.Name)
	return to, sent && shown(to) != f.Value
}

// text changes a member that is a text. An empty one goes.
func (a applier) text(in *value, member string, f Field) {
	to, ok := a.changed(f)
	switch {
	case !ok:
	case to == "":
		in.remove(member)
	default:
		in.set(member, text(to))
	}
}

// number does the same with a number.
func (a applier) number(in *value, member string, f Field) {
	to, ok := a.changed(f)
	switch {
	case !ok:
	case to == "":
		in.remove(member)
	default:
		in.set(member, number(strings.TrimSpace(to)))
	}
}

func (a applier) interval(root *value, f Form) {
	newFrom, changedFrom := a.changed(f.From)
	newTo, changedTo := a.changed(f.To)
	if !changedFrom && !changedTo {
		return
	}
	from, to := bounds(root)
	if changedFrom {
		from = instant(newFrom)
	}
	if changedTo {
		to = instant(newTo)
	}
	root.setInterval(from, to)
}

func (v *value) setInterval(from, to string) {
	if from == "" && to == "" {
		v.remove("interval")
		return
	}
	v.set("interval", text(from+"/"+to))
}

// instant writes out the instant at which a day begins. Anything else stays, for the language to judge.
func instant(s string) string {
	s = strings.TrimSpace(s)
	if len(s) == len("2026-07-14") && s[4] == '-' && s[7] == '-' {
		return s + "T00:00:00.000Z"
	}
	return s
}

// paging changes the page that is asked for. Nothing of it is left where nothing of it is said any more.
func (a applier) paging(root *value, f Form) {
	paging := root.get("paging")
	if paging.nothing() {
		paging = object()
	}
	before := len(paging.parts)
	a.number(paging, "pageSize", f.Size)
	a.number(paging, "pageNumber", f.Page)
	switch after := len(paging.parts); {
	case after > 0:
		root.set("paging", paging)
	case before > 0:
		root.remove("paging")
	}
}

func (a applier) list(root *value, l List) {
	list := root.get(string(l.Kind))
	for i, c := range l.Cards {
		if c.Refused == "" {
			a.card(list.parts[i], c, l.Kind)
		}
	}
	filled := a.filled(l.Blank, l.Kind)
	if filled == nil {
		return
	}
	if list.nothing() {
		list = array()
		root.set(string(l.Kind), list)
	}
	list.parts = append(list.parts, filled)
}

// card changes a filter or a clause.
func (a applier) card(v *value, c Card, kind query.Kind) {
	for i, p := range c.Predicates {
		a.predicate(v.get("predicates").parts[i], p, kind)
	}
	for _, p := range c.Blanks {
		if row := a.row(p, kind); row != nil {
			v.add("predicates", row)
		}
	}
	for i, clause := range c.Clauses {
		a.card(v.get("clauses").parts[i], clause, kind)
	}
	if c.Blank != nil {
		if clause := a.filled(*c.Blank, kind); clause != nil {
			v.add("clauses", clause)
		}
	}
	a.text(v, "type", c.Type)
	if v.get("type").nothing() && parts(v) > 1 && c.Type.Value != "" {
		v.set("type", text(c.Type.Value)) // with one part it could be left out
	}
}

// add puts something behind the last element of a list, which is made if it is not there.
func (v *value) add(member string, element *value) {
	list := v.get(member)
	if list.nothing() {
		list = array()
		v.set(member, list)
	}
	list.parts = append(list.parts, element)
}

// filled is what a blank card has become: nil while nothing is written in it.
func (a applier) filled(c Card, kind query.Kind) *value {
	var rows []*value
	for _, p := range c.Blanks {
		if row := a.row(p, kind); row != nil {
			rows = append(rows, row)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	v := object()
	v.set("type", text(c.Type.Value))
	if to, ok := a.changed(c.Type); ok {
		v.set("type", text(to))
	}
	v.set("predicates", array(rows...))
	return v
}

// row is what a blank row has become: nil while it names nothing and says nothing.
func (a applier) row(p Predicate, kind query.Kind) *value {
	_, named := a.changed(p.Name)
	_, said := a.changed(p.Value)
	if !named && !said {
		return nil
	}
	v := object()
	a.predicate(v, p, kind)
	return v
}

// predicate changes a row. The operator comes before what it compares with, because it says whether that is a value or a range.
func (a applier) predicate(v *value, p Predicate, kind query.Kind) {
	if to, ok := a.changed(p.Name); ok {
		v.ask(to, kind)
	}
	if p.Type.Name != "" {
		a.text(v, "propertyType", p.Type)
	}
	if to, ok := a.changed(p.Is); ok {
		a.operator(v, p, to)
		return
	}
	if p.Value.Name != "" {
		a.text(v, "value", p.Value)
	}
	for _, b := range p.Bounds {
		a.number(v.get("range"), b.Name[strings.LastIndexByte(b.Name, '.')+1:], b)
	}
}

// ask has a predicate ask of something else. What it is called tells whether it is a dimension or a metric; what nobody knows stays
// what it was.
func (v *value) ask(of string, kind query.Kind) {
	of = strings.TrimSpace(of)
	before := asker(v)
	member := before
	if member == "" || member == "property" {
		member = "dimension"
	}
	if property, ok := strings.CutPrefix(of, PropertyPrefix); ok {
		member, of = "property", property
	} else if metric, known := isMetric(kind, of); known {
		member = map[bool]string{true: "metric", false: "dimension"}[metric]
	}
	if before != "" && before != member {
		v.remove(member) // it is null
		v.rename(before, member)
	}
	if before == "property" && member != before {
		v.remove("propertyType")
	}
	if !v.get("type").nothing() {
		v.set("type", text(member))
	}
	v.set(member, text(of))
}

// isMetric says whether a name is that of a metric. No name is that of a dimension too.
func isMetric(kind query.Kind, name string) (metric, known bool) {
	i := slices.IndexFunc(query.Dimensions(kind), func(d query.Dimension) bool { return d.Name == name })
	return i >= 0 && query.Dimensions(kind)[i].Metric, i >= 0
}

// operator has a predicate compare in another way. What it compared with is taken along where the other way has a place for it.
func (a applier) operator(v *value, p Predicate, to string) {
	with := a.operand(v, p)
	v.remove("value")
	v.remove("range")
	switch {
	case to == Lies:
		v.remove("operator")
		bounds := object()
		if with != "" {
			bounds.set("gte", number(with))
		}
		v.set("range", bounds)
	case to == Is && v.get("operator") == nil:
		v.set("value", text(with))
	case to == Is:
		v.set("operator", text(Is))
		v.set("value", text(with))
	default:
		v.set("operator", text(to))
	}
}

// operand is what a predicate compares with: the value, or the first bound.
func (a applier) operand(v *value, p Predicate) string {
	for _, f := range append([]Field{p.Value}, p.Bounds...) {
		if f.Name == "" {
			continue
		}
		if to, ok := a.changed(f); ok {
			return to
		}
		if f.Value != "" {
			return f.Value
		}
	}
	return v.get("value").word()
}

// Without is a body without the card, the clause or the row at a path. What is empty then goes with it.
func Without(body []byte, path string) ([]byte, error) {
	root, err := editable(body)
	if err != nil {
		return nil, err
	}
	if !root.without(path) {
		return nil, fault.Field("do", "There is nothing at %s", fault.Clip(path))
	}
	return []byte(root.String()), nil
}

// without removes an element of a list, and says whether there is one.
func (v *value) without(path string) bool {
	list, index := path, -1
	if at := strings.LastIndexByte(path, '['); at >= 0 {
		list = path[:at]
		if n, err := fmt.Sscanf(path[at:], "[%d]", &index); n != 1 || err != nil {
			return false
		}
	}
	holder := v.find(list)
	if !holder.isArray() || index < 0 || index >= len(holder.parts) {
		return false
	}
	holder.drop(index)
	if len(holder.parts) > 0 {
		return true
	}
	around, member := "", list
	if at := strings.LastIndexByte(list, '.'); at >= 0 {
		around, member = list[:at], list[at+1:]
	}
	outer := v.find(around)
	outer.remove(member)
	if around == "" || parts(outer) > 0 {
		return true
	}
	return v.without(around)
}

// With is a body with one more card, on which an item has a value. A body that has such a card stays as it is.
func With(body []byte, kind query.Kind, dimension, is string) ([]byte, error) {
	root, err := editable(body)
	if err != nil {
		return nil, err
	}
	card := object()
	row := object()
	row.set("dimension", text(dimension))
	row.set("value", text(is))
	card.set("type", text("and"))
	card.set("predicates", array(row))
	list := root.get(string(kind))
	if list.isArray() && slices.ContainsFunc(list.parts, func(v *value) bool { return v.String() == card.String() }) {
		return body, nil
	}
	root.add(string(kind), card)
	root.firstPage()
	return []byte(root.String()), nil
}

// Between is a body that asks of another interval.
func Between(body []byte, from, to string) ([]byte, error) {
	root, err := editable(body)
	if err != nil {
		return nil, err
	}
	root.setInterval(instant(from), instant(to))
	root.firstPage()
	return []byte(root.String()), nil
}

// firstPage has a question that was changed begin with its first page.
func (v *value) firstPage() {
	if p := v.get("paging"); p.isObject() && p.get("pageNumber") != nil {
		p.set("pageNumber", number("1"))
	}
}

// Turned is a body that asks for a page.
func Turned(body []byte, page int) ([]byte, error) {
	root, err := editable(body)
	if err != nil {
		return nil, err
	}
	if root.get("paging").nothing() {
		root.set("paging", object())
	}
	root.get("paging").set("pageNumber", number(strconv.Itoa(page)))
	return []byte(root.String()), nil
}

// Set is a body with members of its own that are JSON; those that are empty are taken out.
func Set(body []byte, members map[string]string) ([]byte, error) {
	root, err := parse(body)
	if err != nil || !root.isObject() {
		return nil, fault.Field("body", "The body is no JSON object")
	}
	for _, member := range slices.Sorted(maps.Keys(members)) {
		if members[member] == "" {
			root.remove(member)
			continue
		}
		to, err := parse([]byte(members[member]))
		if err != nil {
			return nil, err
		}
		root.set(member, to)
	}
	return []byte(root.String()), nil
}
