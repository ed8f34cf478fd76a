package duck

import (
	"context"
	"database/sql"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-hq/parley/internal/fault"
)

// explain recognises an EXPLAIN with its options, and what is explained. Only plain blanks may stand between its words: of
// comments, DuckDB and an expression like this one see different ends, and what one takes for a comment the other runs.
var explain = regexp.MustCompile(`(?is)^[ \t\r\n]*explain(?:[ \t\r\n]+(analy[sz]e)\b|[ \t\r\n]*\(((?:format|analy[sz]e)[a-z_ ,]*)\))?[ \t\r\n]*(.*)$`)

// explaining writes an EXPLAIN anew from what explain found: nothing of the text goes before the statement that was looked
// at, but for the names of options.
func explaining(parts []string) string {
	switch {
	case parts[1] != "":
		return "EXPLAIN ANALYZE "
	case parts[2] != "":
		return "EXPLAIN (" + parts[2] + ") "
	}
	return "EXPLAIN "
}

// onlyAsks gives the statement to run in place of a text: the text, if it is one SELECT or what DuckDB makes one of
// (FROM, VALUES, TABLE, DESCRIBE, SHOW, SUMMARIZE, PIVOT with its values), or an EXPLAIN of such a text. DuckDB's own
// parser decides: json_serialize_sql gives the tree of a SELECT, and refuses whatever else there is. What is explained is
// looked at by itself and put behind an EXPLAIN again, because EXPLAIN ANALYZE runs it.
func onlyAsks(ctx context.Context, conn *sql.Conn, text string) (string, error) {
	tree, err := parsed(ctx, conn, text)
	if err != nil {
		return "", err
	}
	before := ""
	if parts := explain.FindStringSubmatch(text); tree.Error && parts != nil {
		before, text = explaining(parts), parts[3]
		if tree, err = parsed(ctx, conn, text); err != nil {
			return "", err
		}
	}
	switch {
	case tree.Error && tree.ErrorType == "parser":
		return "", fault.New(fault.Invalid, "Parser Error: %s", tree.ErrorMessage)
	case tree.Error:
		return "", fault.New(fault.Invalid, "the lake can only be read: write a SELECT, DESCRIBE, SUMMARIZE, or EXPLAIN of one, with no comment before it; PIVOT needs its values named, IN (...)")
	case len(tree.Statements) != 1:
		return "", fault.New(fault.Invalid, "write one statement, and not %d", len(tree.Statements))
	}
	return before + text, tree.onlyKnown()
}

// syntaxTree is what DuckDB's parser makes of a text.
type syntaxTree struct {
	Error        bool   `json:"error"`
	ErrorType    string `json:"error_type"`
	ErrorMessage string `json:"error_message"`
	Statements   []any  `json:"statements"`
}

func parsed(ctx context.Context, conn *sql.Conn, text string) (tree syntaxTree, err error) {
	var out string
	if err := conn.QueryRowContext(ctx, "SELECT json_serialize_sql(?::VARCHAR)::VARCHAR", text).Scan(&out); err != nil {
		return tree, wrong(ctx, err)
	}
	return tree, json.Unmarshal([]byte(out), &tree)
}

// tableFunctions are those that make rows of their arguments, or say what there is. The others read files, change
// settings, follow pointers or run a text that nobody has looked at.
var tableFunctions = strings.Fields(`unnest range generate_series repeat repeat_row json_each json_tree summary histogram histogram_values
	duckdb_columns duckdb_functions duckdb_keywords duckdb_settings duckdb_tables duckdb_types duckdb_views
	pragma_table_info pragma_show pragma_version icu_calendar_names pg_timezone_names`)

// onlyKnown refuses a tree with a table function that is none of these, or with a parameter.
func (t syntaxTree) onlyKnown() error {
	var unknown string
	parameter := false
	eachNode(t.Statements, func(node map[string]any) {
		parameter = parameter || node["type"] == "VALUE_PARAMETER"
		called, ok := node["function"].(map[string]any)
		if node["type"] != "TABLE_FUNCTION" || !ok {
			return
		}
		if name, _ := called["function_name"].(string); !slices.Contains(tableFunctions, strings.ToLower(name)) {
			unknown = name
		}
	})
	if parameter {
		return fault.New(fault.Invalid, "the statement has a parameter, and nobody gives its value; write the value")
	}
	if unknown != "" {
		return fault.New(fault.Invalid, "only the tables of the lake can be read, and the table function %s reads or does something else; these may be used: %s",
			unknown, strings.Join(tableFunctions, ", "))
	}
	return nil
}

// eachNode visits every object within a JSON value.
func eachNode(value any, visit func(map[string]any)) {
	switch v := value.(type) {
	case []any:
		for _, x := range v {
			eachNode(x, visit)
		}
	case map[string]any:
		visit(v)
		for _, x := range v {
			eachNode(x, visit)
		}
	}
}
