package redact

import (
	"reflect"
	"strings"

	"github.com/parley-hq/parley/internal/conversation"
)

// knownMembers are the names of all members of a record that this version knows, wherever they stand, and whether one is a branch:
// an object, or a list of them.
var knownMembers = func() map[string]bool {
	out := map[string]bool{}
	know(reflect.TypeFor[conversation.Conversation](), out)
	return out
}()

func know(t reflect.Type, out map[string]bool) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		below := field.Type
		for below.Kind() == reflect.Pointer || below.Kind() == reflect.Slice {
			below = below.Elem()
		}
		out[name] = below.Kind() == reflect.Struct || below.Kind() == reflect.Map
		if below.Kind() == reflect.Struct {
			know(below, out)
		}
	}
}
