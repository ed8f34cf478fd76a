// Command gen writes the pages of the documentation that follow from the code: docs/tables.md, docs/dimensions.md,
// docs/rules.md, docs/simulated-and-real.md with its picture, the columns in docs/export.md, and the table of exit codes in the README. Run
// it from the root of the repository: go run ./docs/gen
package main

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/difference"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/lake/tables"
)

func main() {
	log.SetFlags(0)
	if err := write("."); err != nil {
		log.Fatal("gen: ", err)
	}
}

// page is a file with what it should hold.
type page struct{ path, want string }

// pages makes every page of the repository at root.
func pages(root string) ([]page, error) {
	columns, err := tablesPage()
	if err != nil {
		return nil, err
	}
	codes, err := within(filepath.Join(root, "README.md"), "exit codes", exitCodes())
	if err != nil {
		return nil, err
	}
	rows, err := within(filepath.Join(root, "docs", "export.md"), "columns", columnsOfRows())
	if err != nil {
		return nil, err
	}
	both, err := theSides()
	if err != nil {
		return nil, err
	}
	return []page{
		{filepath.Join(root, "docs", "simulated-and-real.md"), besidePage(both)},
		{filepath.Join(root, "docs", "simulated-and-real.svg"), picture(both)},
		{filepath.Join(root, "docs", "tables.md"), columns},
		{filepath.Join(root, "docs", "dimensions.md"), dimensionsPage()},
		{filepath.Join(root, "docs", "rules.md"), rulesPage()},
		codes, rows,
	}, nil
}

func write(root string) error {
	all, err := pages(root)
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := os.WriteFile(p.path, []byte(p.want), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// intros say what a row of each table is.
var intros = map[tables.Table]string{
	tables.Conversations: "A row is a conversation, in the newest version that was received.",
	tables.Segments:      "A row is a segment, with the columns of its session, flow and participant.",
	tables.Metrics:       "A row is one emission of a metric in a session.",
	tables.Attributes:    "A row is one attribute of a participant: what the flow or a script set.",
	tables.Evaluations:   "A row is an evaluation of a conversation.",
	tables.Surveys:       "A row is a survey of a conversation.",
	tables.Resolutions:   "A row is a resolution of a conversation.",
	tables.Summaries:     "A row is the account of a conversation: what `parley get` tells of it, as values. [derived.md](derived.md) explains each.",
	tables.Legs:          "A row is one call as people count them: a visit to a queue, or a session of an agent or user. [derived.md](derived.md) explains each.",
	tables.Changes:       "A row is a difference between two versions of a record, found when the conversation was received again. Rows are only ever added.",
	tables.Names:         "A row is a version: what a user, a queue or the like was called for a while. The table stands beside the others: it is not partitioned, its rows are sorted by `kind`, `id` and `seen_from`, and a lake may not have it. [names.md](names.md) has more.",
}

// changePaths says what is in the column path of changes.
const changePaths = `
Objects of lists are found again by their ids, times and names, wherever they stand: a segment that was added is one row, with
nothing in ` + "`before`" + ` and the segment in ` + "`after`" + `. Another order of such objects is no difference. ` + "`path`" + ` has a step for each
member, as a JSON pointer has (` + "`~1`" + ` is a slash in a name, ` + "`~0`" + ` a tilde), and for each object of a list, in brackets, what
it is found by:

` + "```text" + `
/participants/[participantId=1a2b]/attributes/Reason
/participants/[participantId=1a2b]/sessions/[sessionId=3c4d]/segments/[segmentStart=2026-11-01T10:00:00.000Z,segmentType=wrapup]
/participants/[participantId=1a2b]/sessions/[sessionId=3c4d]/metrics/[emitDate=2026-11-01T10:00:00.000Z,name=tAcw]/value
` + "```" + `

| list | its objects are found by | where they lack all of that |
|---|---|---|
%s
What an object lacks is left out. ` + "`#2`" + ` at the end of a bracket means the second of several that are alike. A text with more in it
than letters, digits and ` + "`-._:+`" + ` is in quotation marks. A step of more than 2 KiB is cut, and ends in a checksum.

A list of plain values is told whole, and so is a list of objects that is not named here. Where the order of plain values says
nothing, as in ` + "`divisionIds`" + `, another order is no difference. A record with an unreasonable number of differences has one row,
with an empty path and both versions whole. Rows written before 22 November 2026 name the objects of lists by number, as in
` + "`/participants/0`" + `, and stay as they are.
`

// pathsOfChanges is what stands below the columns of changes.
func pathsOfChanges() string {
	var b strings.Builder
	for _, list := range difference.Lists() {
		by, _ := difference.IdentityOf(list)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", list, strings.Join(by.Members, ", "), strings.Join(by.Else, ", "))
	}
	return fmt.Sprintf(changePaths, b.String())
}

const tablesPreamble = `# Tables of the lake

<!-- Made by: go run ./docs/gen. Do not edit. -->

Every table but ` + "`names`" + ` is partitioned by the UTC day of ` + "`conversation_start`" + ` and sorted by ` + "`conversation_start`, `conversation_id`" + `.
` + "`conversation_id`" + ` joins them; a segment and a metric of one session share ` + "`participant_index` and `session_index`" + ` as well.

A column is named after the platform's field, in snake case; the description gives the field, or says that the column is
derived. Types are Iceberg's. A ` + "`timestamptz`" + ` is UTC, to the microsecond. A column is null where the record has no
such field, unless it is required; an empty text and an empty list are null too. Columns are only ever added, at the end.

How the tables lie on disk, and how other programs read them: [lake.md](lake.md).
`

// tablesPage describes every table and column.
func tablesPage() (string, error) {
	var b strings.Builder
	b.WriteString(tablesPreamble)
	names := tables.All()
	last := len(names) - 1
	for _, t := range append(append([]tables.Table{names[last]}, names[:last]...), tables.Names) { // conversations first
		intro, ok := intros[t]
		if !ok {
			return "", fmt.Errorf("docs/gen does not say what a row of %s is", t)
		}
		columns := tables.Columns(t)
		fmt.Fprintf(&b, "\n## %s\n\n%s %d columns.\n\n| column | type | description |\n|---|---|---|\n", t, intro, len(columns))
		for _, c := range columns {
			typ, err := icebergType(c.Type)
			if err != nil {
				return "", fmt.Errorf("%s.%s: %w", t, c.Name, err)
			}
			if c.Required {
				typ += ", required"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, typ, strings.ReplaceAll(c.Doc, "|", `\|`))
		}
		if t == tables.Changes {
			b.WriteString(pathsOfChanges())
		}
	}
	return b.String(), nil
}

// icebergType is what Iceberg calls a type of Arrow.
func icebergType(arrow string) (string, error) {
	types := map[string]string{
		"utf8": "string", "int64": "long", "float64": "double", "bool": "boolean", "timestamp[us, tz=UTC]": "timestamptz",
		"list<item: utf8, nullable>": "list of string", "list<item: int64, nullable>": "list of long",
	}
	if t, ok := types[arrow]; ok {
		return t, nil
	}
	return "", fmt.Errorf("docs/gen does not know the type %s", arrow)
}

// exitCodes is the table of exit codes.
func exitCodes() string {
	var b strings.Builder
	b.WriteString("| code | meaning |\n|---|---|\n")
	for _, line := range fault.ExitCodes() {
		code, meaning, _ := strings.Cut(strings.TrimSpace(line), " ")
		fmt.Fprintf(&b, "| %s | %s |\n", code, strings.TrimSpace(meaning))
	}
	return b.String()
}

// columnsOfRows is the table of the columns that rows can have.
func columnsOfRows() string {
	var b strings.Builder
	b.WriteString("| column | type | sum | meaning | other names |\n|---|---|---|---|---|\n")
	for _, c := range column.All() {
		typ, sum := string(c.Type), ""
		if c.Unit != "" {
			typ += ", " + c.Unit
		}
		if c.Measure {
			sum = "yes"
		}
		var others []string
		for _, name := range c.Aliases {
			others = append(others, "`"+name+"`")
		}
		doc := c.Doc
		if c.Only != "" {
			doc += "; rows of an " + string(c.Only) + " only"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.Name, typ, sum, doc, strings.Join(others, " "))
	}
	return b.String()
}

// within is a page that people write, with a table between two marks in it.
func within(path, what, table string) (page, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return page{}, err
	}
	begin, end := "<!-- "+what+", made by: go run ./docs/gen -->\n", "<!-- end of "+what+" -->\n"
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return page{}, fmt.Errorf("%s has no %q before %q", path, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return page{path, before + begin + table + end + after}, nil
}
