package enginetest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/query"
)

// digits is how many records it takes so that no two of their truths are the same in all of them.
const digits = 7

// everyMemberDistinct makes records that have every member, and in which no two members have the same value: texts,
// numbers and times count up; the truths at one place in all records are the binary digits of another number at each
// place. The last record has one of everything and nothing in it.
func everyMemberDistinct(t *testing.T) (out []conversation.Record) {
	for digit := range digits {
		d := distinct{digit: digit, n: 100}
		c := new(conversation.Conversation)
		d.fill(reflect.ValueOf(c).Elem(), "")
		c.ConversationID = conversation.ID(fmt.Sprintf("digit-%d", digit))
		c.ConversationStart, c.ConversationEnd = conversation.FormatTime(epoch), conversation.FormatTime(epoch.Add(77*time.Minute))
		metrics := &c.Participants[0].Sessions[0].Metrics
		for _, f := range query.Dimensions(query.OfConversation) {
			if f.Metric && f.Name != "tConversationDuration" {
				d.n++
				*metrics = append(*metrics, conversation.Metric{Name: f.Name, Value: int64(d.n), EmitDate: conversation.FormatTime(epoch)})
			}
		}
		out = append(out, parse(t, encode(t, c)))
	}
	return append(out, parse(t, []byte(`{"conversationId":"bare","conversationStart":"2026-02-28T00:00:00.000Z","participants":[{"sessions":[{"segments":[{}]}]}],`+
		`"evaluations":[{}],"surveys":[{}],"resolutions":[{}]}`)))
}

// distinct fills members.
type distinct struct {
	n, truths int // of the values and of the truths given so far
	digit     int // of the number of a truth
}

func (d *distinct) fill(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.fill(v.Elem(), name)
	case reflect.Struct:
		for i := range v.NumField() {
			member, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			d.fill(v.Field(i), member)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		if v.Type().Elem().Kind() == reflect.Struct {
			v.SetLen(1)
		}
		for i := range v.Len() {
			d.fill(v.Index(i), name)
		}
	case reflect.Bool:
		d.truths++
		v.SetBool(d.truths>>d.digit&1 == 1)
	default:
		d.n++
		d.scalar(v, name)
	}
}

func (d *distinct) scalar(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Int64:
		v.SetInt(int64(d.n))
	case reflect.Float64:
		v.SetFloat(float64(d.n) + 0.25)
	case reflect.String:
		v.SetString(fmt.Sprintf("Value %d of %s", d.n, name))
		if isTime(name) {
			v.SetString(conversation.FormatTime(epoch.Add(time.Duration(d.n) * time.Second)))
		}
	default: // the attributes, which nobody can ask for
	}
}

// ownValues asks for the items in which every dimension has the value that it has in one item: none may answer for
// another one. And for those in which none has any.
func (s *suite) ownValues(t *testing.T) {
	t.Helper()
	for _, kind := range query.Kinds() {
		for _, r := range s.records {
			for _, it := range r.items[kind] {
				s.checkSmall(t, s.all(kind, func(f query.Dimension) []query.Predicate { return equalTo(t, f, it.values(f), r.ID == "bare") }))
			}
		}
		s.checkSmall(t, s.all(kind, func(f query.Dimension) []query.Predicate {
			return []query.Predicate{{Dimension: f, Operator: query.Exists}}
		}))
		nothing := s.all(kind, func(f query.Dimension) []query.Predicate {
			if slices.Contains([]string{"conversationId", "conversationStart"}, f.Name) {
				return nil
			}
			return []query.Predicate{{Dimension: f, Operator: query.NotExists}}
		})
		s.checkSmall(t, nothing)
		if found := nothing.answer(s.records); len(found) != 1 || found[0].ID != "bare" {
			t.Errorf("%s: %d records have an item without anything, want one", kind, len(found))
		}
	}
}

// all asks for items that satisfy predicates about every dimension.
func (s *suite) all(kind query.Kind, about func(query.Dimension) []query.Predicate) question {
	f := query.Filter{Kind: kind, Type: query.And}
	for _, d := range query.Dimensions(kind) {
		f.Predicates = append(f.Predicates, about(d)...)
	}
	q := everything()
	if len(f.Predicates) > 0 {
		q.Filters = []query.Filter{f}
	}
	return q
}

// equalTo asks for each of the values of a dimension.
func equalTo(t *testing.T, f query.Dimension, values []any, bare bool) (out []query.Predicate) {
	t.Helper()
	if len(values) == 0 && !bare {
		t.Errorf("no record has a value in %s of %s", f.Name, f.Kind)
	}
	for _, v := range values {
		p := query.Predicate{Dimension: f, Operator: query.Matches}
		switch v := v.(type) {
		case bool:
			p.Truth = v
		case float64:
			p.Range = query.Range{Gte: &v, Lte: &v}
		case time.Time:
			ms := float64(v.UnixMicro()) / 1000
			p.Range = query.Range{Gte: &ms, Lte: &ms}
		case string:
			p.Text, p.Digits = strings.ToLower(v), ""
		}
		out = append(out, p)
	}
	return out
}
