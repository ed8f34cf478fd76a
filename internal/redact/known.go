package redact

import (
	"reflect"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// content is what a member of a record has in it.
type content int

const (
	values     content = iota // numbers, true and false; or nobody knows
	texts                     // one, or a list of them
	branches                  // an object, or a list of them
	attributes                // of a participant: an object whose members nobody knows
)

// knownMembers are the names of all members of a record that this version knows, wherever they stand.
var knownMembers = func() map[string]content {
	out := map[string]content{}
	know(reflect.TypeFor[conversation.Conversation](), out)
	return out
}()

func know(t reflect.Type, out map[string]content) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		below := field.Type
		for below.Kind() == reflect.Pointer || below.Kind() == reflect.Slice {
			below = below.Elem()
		}
		switch below.Kind() {
		case reflect.Struct:
			out[name] = branches
			know(below, out)
		case reflect.Map:
			out[name] = attributes
		case reflect.String:
			if _, known := out[name]; !known { // the value of a metric is a number, that of a property a text
				out[name] = texts
			}
		default:
			out[name] = values
		}
	}
}
