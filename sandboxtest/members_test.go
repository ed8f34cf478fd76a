package sandboxtest

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
)

// What a test says has to arrive: each type here has the members of the one inside, and hands all of them on.
func TestNoMemberIsLost(t *testing.T) {
	passes(t, sameNames, Fault.rule)
	passes(t, sameNames, func(b Batch) sandbox.Batch { return *b.deed() })
	passes(t, sameNames, func(d Drift) sandbox.Drift { return *d.deed() })
	passes(t, sameNames, Rewriting.deed)
	passes(t, otherNames, requestOf)
	passes(t, otherNames, firedOf)
}

const sameNames, otherNames = true, false

// passes fills a value, converts it, and looks for members that have nothing.
func passes[A, B any](t *testing.T, same bool, convert func(A) B) {
	t.Helper()
	var from A
	fill(reflect.ValueOf(&from).Elem())
	compare(t, same, reflect.ValueOf(from), reflect.ValueOf(convert(from)))
}

func compare(t *testing.T, same bool, from, to reflect.Value) {
	t.Helper()
	if names := members(from.Type()); same && !slices.Equal(names, members(to.Type())) {
		t.Errorf("%v has %v, and %v has %v", from.Type(), names, to.Type(), members(to.Type()))
	}
	for _, name := range members(to.Type()) {
		switch member := to.FieldByName(name); {
		case member.IsZero():
			t.Errorf("%v.%s is lost", to.Type(), name)
		case same && member.Kind() == reflect.Pointer && member.Elem().Kind() == reflect.Struct:
			if part := from.FieldByName(name); part.Kind() == reflect.Pointer {
				compare(t, same, part.Elem(), member.Elem())
			}
		}
	}
}

func members(of reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(of) {
		if f.IsExported() {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

// fill gives each member another value than its zero.
func fill(v reflect.Value) {
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(1, 0)))
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case v.Kind() == reflect.Struct:
		for _, f := range reflect.VisibleFields(v.Type()) {
			if f.IsExported() && len(f.Index) == 1 {
				fill(v.FieldByIndex(f.Index))
			}
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case v.Kind() == reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"a": "b"}))
	case v.Kind() == reflect.String:
		v.SetString("1")
	case v.Kind() == reflect.Bool:
		v.SetBool(true)
	case v.CanUint():
		v.SetUint(1)
	case v.CanFloat():
		v.SetFloat(1)
	default:
		v.SetInt(1)
	}
}
