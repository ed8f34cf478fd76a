package enginetest

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// everyDimension makes records that carry every member of the schema now and then, with few different values, so that
// questions find something.
func everyDimension(t *testing.T, r *rand.Rand) []conversation.Record {
	m := maker{t, r}
	out := make([]conversation.Record, 60)
	for i := range out {
		out[i] = m.full(i)
	}
	return out
}

// full is a record of any members. In one of three some values do not fit the schema.
func (m maker) full(i int) conversation.Record {
	c := new(conversation.Conversation)
	m.fill(reflect.ValueOf(c).Elem(), "")
	start := m.instant()
	c.ConversationID, c.ConversationStart, c.ConversationEnd = m.id(i), conversation.FormatTime(start), ""
	if end, ok := m.end(start); ok {
		c.ConversationEnd = conversation.FormatTime(end)
	}
	raw := encode(m.t, c)
	add := func(member string) { raw = append(append(raw[:len(raw)-1], member...), '}') }
	if c.ExternalTag == "" && m.r.IntN(2) == 0 {
		add(`,"externalTag":""`)
	}
	if c.DivisionIDs == nil && m.r.IntN(2) == 0 {
		add(`,"divisionIds":` + one(m.r, "null", "[]"))
	}
	if m.r.IntN(3) == 0 {
		raw = mistaken(m.t, m.r, raw)
	}
	return parse(m.t, raw)
}

// fill gives v, which has this name in the record, a value by chance.
func (m maker) fill(v reflect.Value, name string) {
	switch v.Interface().(type) {
	case conversation.Metric:
		v.Set(reflect.ValueOf(m.metric()))
		return
	case conversation.Property:
		v.Set(reflect.ValueOf(m.property()))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			member, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if m.present(v.Field(i)) {
				m.fill(v.Field(i), member)
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		m.fill(v.Elem(), name)
	case reflect.Slice:
		for range m.r.IntN(4) {
			e := reflect.New(v.Type().Elem()).Elem()
			m.fill(e, name)
			v.Set(reflect.Append(v, e))
		}
	case reflect.String:
		v.SetString(m.text(name))
	case reflect.Bool:
		v.SetBool(m.r.IntN(2) == 0)
	case reflect.Int64:
		v.SetInt(one(m.r, int64(0), 1, 2, 5, 100, -1))
	case reflect.Float64:
		v.SetFloat(one(m.r, 0.0, 1, 4.25, 3.1, 4.71, 0.000012))
	default: // the attributes, which nobody can ask for
	}
}

// present says whether a member is there: lists nearly always, so that there are segments.
func (m maker) present(v reflect.Value) bool {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct {
		return m.r.IntN(8) > 0
	}
	return m.r.IntN(3) == 0
}

// words are texts that are easily compared wrongly. None has a letter whose lower case is a matter of opinion.
var words = []string{"queue", "Queue", "QUEUE", "Köln West", "KÖLN WEST", "é", "É", "Straße", `it's "quoted"`, "100%", "under_score", `back\slash`, " edge ", "Ωmega", "[a,b]", "null", "true", "5"}

var (
	phones = []string{"tel:+493012345", "TEL:+493012345", "+49 30 12345", "493012345", "(030) 12-345", "03012345", "sip:Ann@PBX.example", "sip:ann@pbx.example", "12", "ext. 55", "Anonymous", "tel:", "12 - 34/5.6"}
	emails = []string{"Ann.Lee@Example.COM", "ann.lee@other.example", "bob@example.com", "a@b@example.com", "@start", "end@", "no at all", "É@Straße.example", "100%_@it's.example", "100x@it's.example", "Ann.Lee"}
)

// text is a text such as a member of this name has.
func (m maker) text(name string) string {
	switch name {
	case "ani", "dnis", "sessionDnis", "remote", "callbackNumbers":
		return m.maybeEmpty(phones)
	case "addressFrom", "addressTo", "destinationAddresses":
		return m.maybeEmpty(emails)
	}
	if isTime(name) {
		return m.time()
	}
	return m.maybeEmpty(words)
}

// isTime says whether a member of this name holds a time.
func isTime(name string) bool {
	return slices.ContainsFunc([]string{"Start", "End", "Time", "Date", "Timestamp", "Timeout"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

func (m maker) maybeEmpty(from []string) string {
	if m.r.IntN(12) == 0 {
		return ""
	}
	return one(m.r, from...)
}

// time is an instant about the epoch in one of its forms; sometimes it is none.
func (m maker) time() string {
	t := epoch.Add(time.Duration(m.r.IntN(20)-10) * 997 * time.Millisecond)
	if m.r.IntN(4) == 0 {
		t = t.Add(time.Duration(m.r.IntN(1000)) * time.Microsecond)
	}
	switch m.r.IntN(8) {
	case 0:
		return t.Format("2006-01-02T15:04:05.999999Z")
	case 1:
		return t.In(time.FixedZone("", 3600)).Format(time.RFC3339Nano)
	case 2:
		return t.Format("2006-01-02T15:04:05")
	case 3:
		return one(m.r, "soon", "", t.Format(time.DateOnly))
	}
	return conversation.FormatTime(t)
}

// metric is an emission of one of a few metrics, or of any.
func (m maker) metric() conversation.Metric {
	name := one(m.r, "nOffered", "tAcd", "tHandle", "oMediaCount", "nError", "tacd", "nUnheardOf")
	if m.r.IntN(3) == 0 {
		all := query.Dimensions(query.OfConversation)
		if f := all[m.r.IntN(len(all))]; f.Metric && !strings.HasSuffix(f.Name, "ConversationDuration") {
			name = f.Name
		}
	}
	return conversation.Metric{EmitDate: m.time(), Name: name, Value: one(m.r, int64(0), 1, 1, 2, 5, 100, -3)}
}

// property is a custom property; not every value can be read as what its type says.
func (m maker) property() conversation.Property {
	p := conversation.Property{Property: one(m.r, "size", "Size", "größe", "it's"), PropertyType: one(m.r, "bool", "integer", "real", "date", "string", "uuid", "String", "INTEGER", "Date", "")}
	switch strings.ToLower(p.PropertyType) {
	case "bool":
		p.Value = one(m.r, "true", "false", "True", "FALSE", "yes", "")
	case "integer":
		p.Value = one(m.r, "5", "-3", "007", "five", "5x", "1000000", "")
	case "real":
		p.Value = one(m.r, "2.5", "2.50", "-0.5", "1e3", "2,5", "five", "5", "")
	case "date":
		p.Value = m.time()
	default:
		p.Value = m.maybeEmpty(words)
	}
	return p
}

func one[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }
