package enginetest

import (
	"bytes"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/parley-hq/parley/internal/conversation"
)

// junk is what a value is replaced by so that it does not fit, or fits only just: in the place of another kind of value
// each of them is wrong, and some are wrong anywhere.
var junk = []string{
	`null`, `""`, `"5"`, `"no time"`, `true`, `false`, `5`, `0`, `72.5`, `72.0`, `7.2e1`, `-1e-3`, `1e400`, `-9223372036854775808`, `9223372036854775808`,
	`[]`, `[null]`, `["a",null,5,{}]`, `[[]]`, `{}`, `{"a":[1]}`, `[{}]`, `[{},null,7]`,
}

// mistaken replaces a few values of a record, anywhere but in its head.
func mistaken(t *testing.T, r *rand.Rand, raw []byte) []byte {
	t.Helper()
	record := parseAny(t, raw).(object)
	for range 1 + r.IntN(4) {
		var places []func(any)
		eachPlace(record, func(set func(any)) { places = append(places, set) })
		if len(places) == 0 {
			break
		}
		places[r.IntN(len(places))](json.RawMessage(one(r, junk...)))
		record = parseAny(t, marshal(t, record)).(object)
	}
	return marshal(t, record)
}

// eachPlace calls with what sets each value in a record, in an order that only the record decides.
func eachPlace(in any, do func(set func(any))) {
	switch v := in.(type) {
	case object:
		var names []string
		for name := range v {
			if !slices.Contains([]string{"conversationId", "conversationStart", "conversationEnd"}, name) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			do(func(to any) { v[name] = to })
			eachPlace(v[name], do)
		}
	case []any:
		for i := range v {
			do(func(to any) { v[i] = to })
			eachPlace(v[i], do)
		}
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// parseAny reads JSON without any schema, numbers as they are written.
func parseAny(t *testing.T, raw []byte) (v any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// fitting gives what of a value fits a type of the schema, with numbers as float64; false if nothing does. It is written
// without package wire on purpose.
func fitting(v any, typ reflect.Type) (any, bool) {
	switch typ.Kind() {
	case reflect.Pointer:
		return fitting(v, typ.Elem())
	case reflect.Struct:
		return fittingObject(v, typ)
	case reflect.Slice:
		elements, ok := v.([]any)
		out := []any{}
		for _, e := range elements {
			if e, fits := fitting(e, typ.Elem()); fits {
				out = append(out, e)
			}
		}
		return out, ok
	case reflect.String:
		_, ok := v.(string)
		return v, ok
	case reflect.Bool:
		_, ok := v.(bool)
		return v, ok
	case reflect.Int64, reflect.Float64:
		return fittingNumber(v, typ)
	default: // the attributes, which nobody can ask for
		return nil, false
	}
}

func fittingNumber(v any, typ reflect.Type) (float64, bool) {
	text, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	if n, ok := new(big.Rat).SetString(text.String()); typ.Kind() == reflect.Int64 && (!ok || !n.IsInt() || !n.Num().IsInt64()) {
		return 0, false
	}
	n, err := text.Float64()
	return n, err == nil
}

func fittingObject(v any, typ reflect.Type) (any, bool) {
	from, ok := v.(object)
	out := object{}
	for field := range typ.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if member, fits := fitting(from[name], field.Type); fits {
			out[name] = member
		}
	}
	if typ == reflect.TypeFor[conversation.Metric]() {
		if value, there := from["value"]; out["value"] == nil && (!there || value == nil) {
			out["value"] = 0.0
		}
		name, _ := out["name"].(string)
		ok = ok && name != "" && out["value"] != nil
	}
	return out, ok
}
