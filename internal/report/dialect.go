package report

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// marks are the members that requests of one sort have and those of others have not.
var marks = map[Dialect][]string{
	None: {
		"conversationFilters", "segmentFilters", "evaluationFilters", "surveyFilters", "resolutionFilters", "aggregations", "paging", "order",
		"orderBy", "startOfDayIntervalMatching",
	},
	Asynchronous: {"start", "end", "limit", "group", "filter.clauses"},
	Paged:        {"dateFrom", "dateTo", "groupBy", "cursor", "pageSize", "filter.and", "filter.or"},
	Single:       {"filter as text", "size"},
}

// own says of a dialect what its requests are told by, for messages.
var own = map[Dialect]string{
	None:         "the platform's own query",
	Asynchronous: string(Asynchronous) + " (select, start, end, limit)",
	Paged:        string(Paged) + " (select, dateFrom, dateTo)",
	Single:       string(Single) + " (filter with its id)",
}

// body is the members of a request. A member that is null is absent.
type body map[string]jsontext.Value

// bodyOf reads the members of an object. What is none, has none: whoever reads the platform's requests says what is wrong.
func bodyOf(text []byte) body {
	var b body
	if jsontext.Value(text).Kind() != '{' || json.Unmarshal(text, &b) != nil {
		return nil
	}
	maps.DeleteFunc(b, func(_ string, v jsontext.Value) bool { return v.Kind() == 'n' })
	return b
}

// filter gives the members of the filter, if it is an object.
func (b body) filter() body {
	if b["filter"].Kind() != '{' {
		return nil
	}
	return bodyOf(b["filter"])
}

// has says whether a request has a mark.
func (b body) has(mark string) bool {
	if inner, within := strings.CutPrefix(mark, "filter."); within {
		return b.filter()[inner] != nil
	}
	if mark == "filter as text" {
		return b["filter"].Kind() == '"'
	}
	return b[mark] != nil
}

// dialect tells of which dialect a request is. Select is no member of the platform's queries; what has members of those and no
// select is one that went wrong, and whoever reads them says best how.
func (b body) dialect() Dialect {
	switch {
	case !b.has("select") && slices.ContainsFunc(marks[None], b.has):
		return None
	case b.has("dateFrom") || b.has("dateTo"):
		return Paged
	case b.has("filter as text"):
		return Single
	case b.has("select") || b.has("filter.clauses") && (b.has("start") || b.has("end") || b.has("limit")):
		return Asynchronous
	}
	return None
}

// Of tells the dialect of a body by its members: None for whatever is no row report.
func Of(text []byte) Dialect { return bodyOf(text).dialect() }

// mixed refuses a request that has members of several sorts, which contradict each other.
func (b body) mixed(is Dialect) error {
	var parts, all []string
	for _, other := range []Dialect{None, Asynchronous, Paged, Single} {
		if other == is {
			continue
		}
		found := slices.DeleteFunc(slices.Clone(marks[other]), func(m string) bool { return !b.has(m) })
		if len(found) > 0 {
			parts, all = append(parts, strings.Join(found, ", ")+" of "+own[other]), append(all, found...)
		}
	}
	if len(all) == 0 {
		return nil
	}
	mine := append([]string{"select"}, marks[is]...)
	mine = slices.DeleteFunc(mine, func(m string) bool { return !b.has(m) })
	field, _, _ := strings.Cut(all[0], " ")
	return fault.Field(field, "the body mixes requests: %s of %s, and %s; keep the members of one", strings.Join(mine, ", "), own[is], strings.Join(parts, ", and "))
}
