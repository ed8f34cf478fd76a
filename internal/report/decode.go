package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/query"
)

// Decode reads a request of any dialect. It fails with query.Faults: each is fault.Invalid and names the field.
func Decode(text []byte) (Request, error) {
	d := &decoder{body: bodyOf(text)}
	is := d.dialect()
	if err := d.mixed(is); err != nil {
		d.report(err)
		return Request{}, d.faults
	}
	r := Request{Dialect: is, participants: -1}
	switch is {
	case Asynchronous:
		d.asynchronous(&r)
	case Paged:
		d.paged(&r)
	case Single:
		d.single(&r)
	case None:
		d.add("select", "the body is no row report; one has select, and start and end, dateFrom and dateTo, or a conversation's id as filter")
	}
	if len(d.faults) > 0 {
		return Request{}, d.faults
	}
	return r, nil
}

// decoder reads members and gathers what is wrong with them.
type decoder struct {
	body

	faults query.Faults
}

func (d *decoder) add(field, format string, args ...any) {
	d.faults = append(d.faults, fault.Field(field, format, args...))
}

// report takes note of what others found wrong.
func (d *decoder) report(err error) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		d.faults = append(d.faults, f)
	}
}

// only refuses members that the dialect does not have: ignored, they would make the answer one to another question.
func (d *decoder) only(names ...string) {
	var unknown []string
	for name := range d.body {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		near := "it has " + strings.Join(names, ", ")
		if s := query.Suggest(name, names); s != "" {
			near = "did you mean " + s + "?"
		}
		d.add(fault.Clip(name), "%s is not a member of this request; %s", fault.Clip(name), near)
	}
}

// read reads a member, if it is there, and says whether it is.
func read[T any](d *decoder, name, wants string) (v T, there bool) {
	text := d.body[name]
	if text == nil {
		return v, false
	}
	if json.Unmarshal(text, &v) != nil {
		d.add(name, "%s must be %s", name, wants)
		return v, false
	}
	return v, true
}

// number reads a whole number from 1 to most.
func (d *decoder) number(name string, standard, most int) int {
	n, there := read[int](d, name, "a whole number")
	switch {
	case !there:
		return standard
	case n < 1 || n > most:
		d.add(name, "%s is %d; it must lie between 1 and %d", name, n, most)
	}
	return n
}

// instant reads a time, which must say its zone.
func (d *decoder) instant(name string) time.Time {
	text, there := read[string](d, name, "a time, such as 2026-11-01T00:00:00.000Z")
	if !there {
		if d.body[name] == nil {
			d.add(name, "%s is missing; write a time, such as 2026-11-01T00:00:00.000Z", name)
		}
		return time.Time{}
	}
	at, err := Zoned(text)
	if err != nil {
		d.report(dated(name, err))
	}
	return at
}

// Zoned reads a time that says its zone.
func Zoned(text string) (time.Time, error) {
	at, err := conversation.ParseTime(text)
	if err != nil {
		return at, err
	}
	_, clock, _ := strings.Cut(text, "T")
	if !strings.ContainsAny(clock, "Z+-") {
		return at, fmt.Errorf("%q has no zone, and would mean another time in each; add Z for UTC", fault.Clip(text))
	}
	return at, nil
}

// dated is a fault about a time, with the platform's code.
func dated(field string, err error) *fault.Error {
	f := fault.Field(field, "%s: %v", field, err)
	f.Code = "invalid.date"
	return f
}

// between makes the interval of two members.
func (d *decoder) between(from, to string) (iv conversation.Interval) {
	before := len(d.faults)
	iv = conversation.Interval{Start: d.instant(from), End: d.instant(to)}
	if len(d.faults) == before && !iv.End.After(iv.Start) {
		d.add(to, "%s must lie after %s", to, from)
	}
	return iv
}

// interval reads start/end, each with its zone.
func (d *decoder) interval(text string) conversation.Interval {
	iv, err := conversation.ParseInterval(text)
	first, second, _ := strings.Cut(text, "/")
	for _, part := range []string{first, second} {
		if err == nil && !strings.HasPrefix(part, "P") {
			_, err = Zoned(part)
		}
	}
	if err != nil {
		d.report(dated("interval", err))
	}
	return iv
}

// duration reads an ISO 8601 duration, as PT1H.
func duration(text string) (time.Duration, bool) {
	if text == "PT0S" { // which is no interval
		return 0, true
	}
	iv, err := conversation.ParseInterval("2000-01-01T00:00:00.000Z/" + text)
	return iv.Duration(), err == nil && strings.HasPrefix(text, "P")
}

// view reads the name of the view, of which there is one.
func (d *decoder) view() {
	if name, there := read[string](d, "view", "text"); there && name != "default" && name != "default/conversations" {
		d.add("view", "view: there is no view %s; leave it out, or write default/conversations", fault.Clip(name))
	}
}

// selected reads names of columns, of which there must be some.
func (d *decoder) selected(member string, per column.Per) column.Selection {
	names, there := read[[]string](d, member, "a list of names of columns")
	if !there {
		if d.body[member] == nil {
			d.add(member, "%s is missing; name the columns that you need", member)
		}
		return column.Selection{}
	}
	sel, err := column.Parse(member, per, names)
	d.report(err)
	if err == nil && sel.AsksKeys() {
		d.add(member, "%s: attributes.* would make a column for each key that there is; write attributes.custom.*, which is one map, or name the keys", member)
	}
	return sel
}

// grouped reads the columns that make groups.
func (d *decoder) grouped(member string, per column.Per) (sel column.Selection) {
	names, _ := read[[]string](d, member, "a list of names of columns")
	if len(names) == 0 {
		return column.Selection{Per: per}
	}
	sel, err := column.Parse(member, per, names)
	d.report(err)
	for _, c := range sel.Columns {
		switch c.Type {
		case column.Text, column.Truth, column.Number, column.Decimal, column.Instant:
		default: // lists and maps, whose order would make groups
			d.add(member, "%s: %s has several values in a row; rows are grouped by columns that have one", member, fault.Clip(c.Name))
		}
	}
	return sel
}

func (d *decoder) asynchronous(r *Request) {
	d.only("interval", "start", "end", "view", "select", "filter", "group", "limit")
	d.view()
	r.Interval = d.asynchronousInterval()
	r.Limit = d.number("limit", MaxRows, MaxRows)
	r.Selection, r.Group = d.selected("select", column.Interaction), d.grouped("group", column.Interaction)
	if filter := d.body["filter"]; filter != nil {
		r.where = d.clauses(filter, asynchronousClauses, column.Interaction)
	}
	if len(r.Group.Columns) > 0 {
		d.sums(r)
	}
}

// asynchronousInterval is that of start and end, beside which a duration means nothing, or one in their place.
func (d *decoder) asynchronousInterval() (iv conversation.Interval) {
	text, there := read[string](d, "interval", "a duration, such as PT0S, or start/end")
	_, isDuration := duration(text)
	switch {
	case d.body["start"] == nil && d.body["end"] == nil && there && !isDuration:
		return d.interval(text)
	case there && !isDuration && strings.Contains(text, "/"):
		d.add("interval", "interval has a start and an end, and so have start and end; keep one of them")
	case there && !isDuration:
		d.add("interval", "interval: %s is no duration, such as PT0S", fault.Clip(text))
	}
	return d.between("start", "end")
}

// sums makes rows of groups: what is selected beside the group must be measures, and there must be one.
func (d *decoder) sums(r *Request) {
	r.Sums = true
	measures := column.Selection{Per: r.Selection.Per}
	for _, c := range r.Selection.Columns {
		switch {
		case c.Measure:
			measures.Columns = append(measures.Columns, c)
		case !r.groups(c.Column):
			d.add("select", "select: %s is neither a measure nor in group; rows of a group differ in it", fault.Clip(c.Name))
		}
	}
	if len(measures.Columns) == 0 && len(r.Selection.Columns) > 0 {
		d.add("group", "group has nothing to sum: select a measure, such as metrics.handledtime.ms; parley columns lists them")
	}
	r.Selection = measures
}

// groups says whether a column is one of the group.
func (r *Request) groups(c column.Column) bool {
	return slices.ContainsFunc(r.Group.Columns, func(g column.Selected) bool { return g.Column.Name == c.Name })
}

func (d *decoder) paged(r *Request) {
	d.only("dateFrom", "dateTo", "interval", "view", "groupBy", "filter", "select", "cursor", "pageSize")
	d.view()
	r.Interval = d.between("dateFrom", "dateTo")
	r.Page = d.number("pageSize", DefaultPage, MaxPage)
	r.Cursor, _ = read[string](d, "cursor", "the cursor of nextPageUri")
	r.Asks = d.asks("cursor", "pageSize")
	r.Selection, r.Group = d.selected("select", column.Conversation), d.grouped("groupBy", column.Conversation)
	if filter := d.body["filter"]; filter != nil {
		r.where = d.clauses(filter, pagedClauses, column.Conversation)
	}
	bucket := d.bucket()
	measures := slices.ContainsFunc(r.Selection.Columns, func(c column.Selected) bool { return c.Measure })
	others := slices.ContainsFunc(r.Selection.Columns, func(c column.Selected) bool { return !c.Measure && !r.groups(c.Column) })
	if measures && !others {
		d.sums(r)
		r.Bucket = bucket
	}
}

// asks is a short text that follows from the members of a request, but for some.
func (d *decoder) asks(without ...string) string {
	rest := maps.Clone(d.body)
	for _, name := range without {
		delete(rest, name)
	}
	text, err := json.Marshal(rest)
	if err == nil {
		err = (*jsontext.Value)(&text).Canonicalize()
	}
	if err != nil {
		panic(err) // it has been read from JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:6])
}

// bucket reads how long a time sums are of.
func (d *decoder) bucket() time.Duration {
	text, there := read[string](d, "interval", "a duration, such as PT1H")
	if !there {
		return 0
	}
	long, ok := duration(text)
	if !ok || long < shortestBuckets || long > longestBuckets {
		d.add("interval", "interval: write a duration from PT15M to P1D, such as PT1H")
	}
	return long
}

// singleMembers are those of a conversation in its report, if none are selected.
var singleMembers = []string{"id", "type", "state", "created_time", "answered_time", "ended_time", "duration_seconds", participants}

// participants is the one member of a single report that is no column.
const participants = "participants"

func (d *decoder) single(r *Request) {
	d.only("filter", "interval", "size", "select", "view")
	d.view()
	d.number("size", DefaultSize, MaxSize)
	id, _ := read[string](d, "filter", "the id of a conversation")
	if r.ID = conversation.ID(strings.TrimSpace(id)); r.ID == "" {
		d.add("filter", "filter is empty; write the id of a conversation")
	}
	if text, there := read[string](d, "interval", "start/end"); there {
		r.Interval = d.interval(text)
	} else if d.body["interval"] == nil {
		d.add("interval", "interval is missing; write it as start/end, for example 2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z")
	}
	names, there := read[[]string](d, "select", "a list of names of columns")
	if !there {
		names = singleMembers
	}
	if r.participants = slices.Index(names, participants); r.participants >= 0 {
		names = slices.Delete(slices.Clone(names), r.participants, r.participants+1)
	}
	r.Selection.Per = column.Conversation
	if len(names) == 0 && r.participants >= 0 {
		return
	}
	sel, err := column.Parse("select", column.Conversation, names)
	d.report(err)
	if err == nil && sel.AsksKeys() {
		d.add("select", "select: attributes.* would make a member for each key that there is; write attributes, or name the keys")
	}
	r.Selection = sel
}

// jsonKind says in words what a value is.
func jsonKind(v jsontext.Value) string {
	said := map[jsontext.Kind]string{'"': "text", '0': "a number", 't': "a truth value", 'f': "a truth value", '[': "a list", '{': "an object"}
	return cmp.Or(said[v.Kind()], "nothing")
}
