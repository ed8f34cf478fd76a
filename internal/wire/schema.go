package wire

import (
	"maps"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// SchemaID names the version of the schema that records are held against. It changes with the types of package conversation.
const SchemaID = "urn:parley:conversation:1"

// Schema is what this version knows of records, as a JSON Schema: every member and its type. Its definition "hard" is what a
// record needs to be taken. Times have to be read, lengths and nesting are bounded beside it: see Record.
func Schema() []byte {
	doc := schemaOf(layout().root)
	maps.Copy(doc, map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SchemaID, "title": "A conversation, as the platform's analytics record it", "type": "object",
		"$defs": map[string]any{"hard": map[string]any{
			"type": "object", "required": []string{"conversationId", "conversationStart"},
			"properties": map[string]any{
				"conversationId":    map[string]any{"type": "string", "minLength": 1, "maxLength": maxID},
				"conversationStart": map[string]any{"type": "string", "minLength": 1},
			},
		}},
	})
	text, err := json.Marshal(doc, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		panic(err) // it has texts, numbers and lists of them
	}
	return append(text, '\n')
}

func schemaOf(p *spot) map[string]any {
	out := map[string]any{"type": []string{p.typ, "null"}}
	switch {
	case p.members != nil:
		members := map[string]any{}
		for name, m := range p.members {
			members[name] = schemaOf(m)
		}
		out["properties"], out["additionalProperties"] = members, false
	case p.element != nil && p.typ == "array":
		element := schemaOf(p.element)
		element["type"] = p.element.typ // null is no element
		out["items"] = element
	case p.element != nil:
		out["additionalProperties"] = schemaOf(p.element)
	}
	return out
}
