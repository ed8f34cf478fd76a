package main

import (
	"fmt"
	"strings"

	"github.com/parley-hq/parley/internal/query"
)

const dimensionsPreamble = `# Dimensions and metrics

<!-- Made by: go run ./docs/gen. Do not edit. -->

Everything that a predicate can ask of, by the list of filters in which it belongs. How values compare, by type:
[query.md](query.md). "list" marks what can have several values at once: any of them matches.

The column is that of the table in the lake ([tables.md](tables.md)) which answers the predicate; a metric of
conversations has none: it is in the rows of the table ` + "`metrics`" + ` with its name.
`

// tableOf says where the values of a kind are kept.
var tableOf = map[query.Kind]string{
	query.OfConversation: "conversations", query.OfSegment: "segments", query.OfEvaluation: "evaluations", query.OfSurvey: "surveys", query.OfResolution: "resolutions",
}

// dimensionsPage describes every dimension and metric.
func dimensionsPage() string {
	var b strings.Builder
	b.WriteString(dimensionsPreamble)
	for _, kind := range query.Kinds() {
		list := query.Dimensions(kind)
		metrics := 0
		for _, f := range list {
			if f.Metric {
				metrics++
			}
		}
		fmt.Fprintf(&b, "\n## %s\n\n%d dimensions, %d metrics; columns of `%s`.\n\n", kind, len(list)-metrics, metrics, tableOf[kind])
		b.WriteString("| name | kind | type | comes from | column |\n|---|---|---|---|---|\n")
		for _, f := range list {
			dimensionRow(&b, f)
		}
		if kind == query.OfSegment {
			dimensionRow(&b, query.Property)
		}
	}
	return b.String()
}

func dimensionRow(b *strings.Builder, d query.Dimension) {
	what, kind, column := string(d.Type), "dimension", ""
	switch {
	case d.Name == query.Property.Name:
		kind, what, column = "property", "by propertyType", "`property_names`, `property_types`, `property_values`"
	case d.Metric:
		kind = "metric"
	}
	if d.List {
		what += ", list"
	}
	if d.Column != "" {
		column = "`" + d.Column + "`"
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s |\n", d.Name, kind, what, d.From, column)
}
