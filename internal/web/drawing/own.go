package drawing

import (
	"reflect"
	"strings"

	"github.com/parley-hq/parley/internal/account"
)

// owner gives a model texts of its own. Those of a record that was decoded are parts of one text, all of which stays in memory as long
// as any part of it is used. Equal texts become one.
type owner map[string]string

func (o owner) text(s string) string {
	if known, ok := o[s]; ok {
		return known
	}
	s = strings.Clone(s)
	o[s] = s
	return s
}

// stateType has no text of the record: phases are words of ours.
var stateType = reflect.TypeFor[account.State]()

// all replaces every text that a value has.
func (o owner) all(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(o.text(v.String()))
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if v.Type() != stateType {
				o.all(field)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if v.Type().Elem() != stateType {
				o.all(v.Index(i))
			}
		}
	default: // has no text
	}
}
