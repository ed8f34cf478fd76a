package rows

import (
	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/recordschema"
)

// Schema is the JSON Schema that rows are held against if nobody gives another one: they have the members that were selected and no
// others, each of its type or null. By its hard rules a row has an id.
func (b *Body) Schema() *recordschema.Schema {
	members, names := map[string]any{}, []string{}
	for _, m := range b.members {
		members[m.Name], names = typed(m.Type), append(names, m.Name)
	}
	s, err := recordschema.Parse(encoded(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A row of a row report", "type": "object",
		"properties": members, "required": names, "additionalProperties": false,
		"$defs": map[string]any{"hard": map[string]any{
			"type": "object", "required": []string{interactionID},
			"properties": map[string]any{interactionID: map[string]any{"type": "string", "minLength": 1}},
		}},
	}))
	if err != nil {
		panic(err) // it has no more than types and names
	}
	return s
}

// typed is the schema of values of a type, or null.
func typed(t column.Type) map[string]any {
	plain := map[column.Type]string{
		column.Text: "string", column.Truth: "boolean", column.Number: "integer", column.Decimal: "number", column.Instant: "string",
		column.Texts: "array", column.Numbers: "array", column.Map: "object",
	}
	s := map[string]any{"type": []string{plain[t], "null"}}
	if element := map[column.Type]string{column.Texts: "string", column.Numbers: "integer"}[t]; element != "" {
		s["items"] = map[string]any{"type": element}
	}
	return s
}
