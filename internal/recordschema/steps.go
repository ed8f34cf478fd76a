package recordschema

import (
	"maps"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// mostSteps is how many schemas a schema may be made of, those that are referred to counted each time. The library evaluates
// each as often as it is referred to, and is not to be stopped: forty definitions, each of which refers to the next one
// twice, would take for ever.
const mostSteps = 100_000

// steps counts the schemas that s is made of, up to mostSteps and a bit. What refers back to where it is counts once: how often
// that is evaluated follows from the record.
func steps(s *jsonschema.Schema, known map[*jsonschema.Schema]int) (n int) {
	if s == nil {
		return 0
	}
	if n, is := known[s]; is {
		return n
	}
	known[s] = 0
	n = 1
	for _, inner := range within(s) {
		n = min(n+steps(inner, known), mostSteps+1)
	}
	known[s] = n
	return n
}

// within lists the schemas that a schema has or refers to.
func within(s *jsonschema.Schema) []*jsonschema.Schema {
	out := slices.Concat(s.AllOf, s.AnyOf, s.OneOf, s.PrefixItems, slices.Collect(maps.Values(s.Properties)),
		slices.Collect(maps.Values(s.PatternProperties)), slices.Collect(maps.Values(s.DependentSchemas)))
	out = append(out, s.Ref, s.RecursiveRef, s.Not, s.If, s.Then, s.Else, s.PropertyNames, s.UnevaluatedProperties, s.Contains, s.Items2020,
		s.UnevaluatedItems, s.ContentSchema)
	if s.DynamicRef != nil {
		out = append(out, s.DynamicRef.Ref)
	}
	loose := []any{s.AdditionalProperties, s.Items, s.AdditionalItems} // of earlier drafts, of several types
	for _, dependency := range s.Dependencies {
		loose = append(loose, dependency)
	}
	for _, v := range loose {
		switch v := v.(type) {
		case *jsonschema.Schema:
			out = append(out, v)
		case []*jsonschema.Schema:
			out = append(out, v...)
		}
	}
	return out
}
