package scenario

import (
	"reflect"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/clock"
	"github.com/parley-hq/parley/internal/sandbox/rule"
)

func to(at time.Time) clock.Change { return clock.Change{Set: at} }

// top are the members of a scenario that a file may have, and those of an event.
func top() (out []string) {
	for _, t := range []reflect.Type{reflect.TypeFor[sandbox.Scenario](), reflect.TypeFor[sandbox.Event]()} {
		for field := range t.Fields() {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name != "given" {
				out = append(out, name)
			}
		}
	}
	return out
}

func ruleNames() []string { return names(reflect.TypeFor[rule.Rule]()) }
