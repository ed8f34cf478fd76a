package state_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// foreign is what only some databases know, or know by another name. What is meant by it is a word in braces, or a method
// of state.Dialect, or said in another way.
var foreign = map[string]*regexp.Regexp{
	"a statement of SQLite":               regexp.MustCompile(`\bINSERT OR\b|\bREPLACE INTO\b|\b(PRAGMA|VACUUM|ATTACH|REINDEX|ANALYZE)\b|\bINDEXED BY\b`),
	"a table of SQLite's own":             regexp.MustCompile(`(?i)\bsqlite_|\bpragma_|\b_?rowid\b`),
	"an option of SQLite's tables":        regexp.MustCompile(`\bSTRICT\b|\bWITHOUT ROWID\b|\bAUTOINCREMENT\b`),
	"a type, which has a word in braces":  regexp.MustCompile(`\b(INT|INTEGER|BIGINT|SERIAL|TEXT|VARCHAR|BLOB|BYTEA|REAL|BOOLEAN|DATE|TIMESTAMP)\b`),
	"a function that not every one has":   regexp.MustCompile(`(?i)\b(group_concat|json\w*|ifnull|iif|datetime|date|time|strftime|julianday|unixepoch|randomblob|zeroblob|hex|quote|total|typeof|instr|printf|format|changes|last_insert_rowid|to_char|now|nvl|decode)\(`),
	"an operator that not every one has":  regexp.MustCompile(`\b(GLOB|REGEXP|MATCH|ILIKE)\b|==|<=>|->|~|::|\bIS (NOT )?(\?|DISTINCT)`),
	"a text of bytes":                     regexp.MustCompile(`(?i)\b[xe]'`),
	"CROSS JOIN, which has no ON":         regexp.MustCompile(`\bCROSS JOIN\b`),
	"LIMIT with a comma or without end":   regexp.MustCompile(`\bLIMIT (-1|\S+\s*,)`),
	"DO UPDATE without the key":           regexp.MustCompile(`\bON CONFLICT DO UPDATE\b`),
	"another mark of an argument":         regexp.MustCompile(`[$:@][A-Za-z0-9_]+`),
	"a name in other marks than \"":       regexp.MustCompile("`|\\[\\w+\\]"),
	"arithmetic with what is true or not": regexp.MustCompile(`[-+*] \([^()]*(<|>|=)`),
	"a name that is a word of SQL elsewhere, and not quoted": regexp.MustCompile(`(^|[^"\w{])(all|analyze|and|any|array|as|asc|both|case|cast|check|collate|column|constraint|default|desc|distinct|do|else|end|except|fetch|for|foreign|` +
		`from|grant|group|having|in|initially|intersect|into|lateral|leading|limit|localtime|not|offset|on|only|or|order|placing|primary|references|returning|select|` +
		`some|symmetric|table|then|to|trailing|union|unique|user|using|variadic|when|where|window|with)([^"\w}]|$)`),
}

var (
	comments  = regexp.MustCompile(`--[^\n]*`)
	texts     = regexp.MustCompile(`'[^']*'`)
	statement = regexp.MustCompile(`\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|FROM|WHERE|SET|VALUES)\b`)
	inTurn    = regexp.MustCompile(`\?([^0-9]|$)`)
	byNumber  = regexp.MustCompile(`\?[0-9]`)
	named     = regexp.MustCompile(`\b(?:FROM|INTO|UPDATE|JOIN|TABLE|ON) ([a-z_]+)\b`)
	created   = regexp.MustCompile(`\bCREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)\b`)
)

// complaints says what is wrong with a statement, or a part of one.
func complaints(text string) (out []string) {
	text = texts.ReplaceAllString(comments.ReplaceAllString(text, ""), "''")
	for what, is := range foreign {
		if found := is.FindString(text); found != "" {
			out = append(out, what+": "+strings.TrimSpace(found))
		}
	}
	if inTurn.MatchString(text) && byNumber.MatchString(text) {
		out = append(out, "arguments in turn and by number")
	}
	return out
}

// written is the SQL that a package has in it, by where that stands.
type written map[token.Position]string

// packages gives the SQL of every package that uses the control database, but for that which is a dialect.
func packages(t *testing.T) map[string]written {
	t.Helper()
	out := map[string]written{}
	root := filepath.Join("..", "..")
	for _, tree := range []string{"internal", "cmd", "bench"} {
		err := filepath.WalkDir(filepath.Join(root, tree), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.IsDir() {
				return err
			}
			dir, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			if strings.HasPrefix(dir, "internal/state/postgres/") {
				return nil
			}
			if texts, uses := sqlIn(t, path); uses || dir == "internal/state" {
				out[dir] = texts
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// sqlIn gives the SQL in a folder, and says whether anything there uses the control database.
func sqlIn(t *testing.T, dir string) (texts written, uses bool) {
	t.Helper()
	texts = written{}
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		uses = uses || slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"github.com/parley-hq/parley/internal/state"` })
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := literal(n); ok && statement.MatchString(comments.ReplaceAllString(text, "")) {
				texts[files.Position(n.Pos())] = text
			}
			return true
		})
	}
	return texts, uses
}

func literal(n ast.Node) (string, bool) {
	l, ok := n.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// Whoever has tables writes SQL that every database knows. What only one knows is in the package of its dialect.
func TestStatementsAreOfNoDialect(t *testing.T) {
	found := packages(t)
	for _, texts := range found {
		for at, text := range texts {
			for _, wrong := range complaints(text) {
				t.Errorf("%v: %s", at, wrong)
			}
		}
	}
	for _, owner := range []string{"access", "extract", "job", "lake", "stage"} {
		if n := len(found["internal/"+owner]); n < 8 {
			t.Errorf("only %d statements were found in %s", n, owner)
		}
	}
}

// Each table has one owner, which alone reads and writes it.
func TestTablesHaveOneOwner(t *testing.T) {
	found := packages(t)
	owner := map[string]string{"iceberg_tables": "internal/lake"} // which Iceberg's library makes
	for dir, texts := range found {
		for _, text := range texts {
			for _, m := range created.FindAllStringSubmatch(text, -1) {
				if other, taken := owner[m[1]]; taken && other != dir {
					t.Errorf("%s and %s both make %s", dir, other, m[1])
				}
				owner[m[1]] = dir
			}
		}
	}
	if len(owner) < 15 {
		t.Errorf("only these tables were found: %v", slices.Sorted(maps.Keys(owner)))
	}
	for dir, texts := range found {
		for at, text := range texts {
			for _, m := range named.FindAllStringSubmatch(comments.ReplaceAllString(text, ""), -1) {
				if of := owner[m[1]]; of != "" && !strings.HasPrefix(dir, of) {
					t.Errorf("%v: table %s is that of %s", at, m[1], of)
				}
			}
		}
	}
}

// Every rule finds what it is there for, and nothing in what is right.
func TestForeignStatementsAreFound(t *testing.T) {
	samples := map[string][]string{
		"":                                                       {`SELECT a, "end" FROM b WHERE c = ?1 OR ?1 = 'user of x''' -- INSERT OR`, "CREATE TABLE a (b {text} NOT NULL DEFAULT 'end', PRIMARY KEY (b)) {by key}", `INSERT INTO a VALUES (?) ON CONFLICT DO NOTHING`, `DELETE FROM a AS d WHERE d.b = ?`},
		"a statement of SQLite":                                  {`INSERT OR IGNORE INTO a`, `INSERT OR REPLACE INTO a`, `REPLACE INTO a`, `PRAGMA user_version`},
		"a table of SQLite's own":                                {`SELECT 1 FROM sqlite_schema`, `SELECT rowid FROM a`},
		"an option of SQLite's tables":                           {`CREATE TABLE a (b {text}) STRICT`, `CREATE TABLE a (b {text}) WITHOUT ROWID`},
		"a type, which has a word in braces":                     {`CREATE TABLE a (b TEXT)`, `ALTER TABLE a ADD COLUMN b BLOB`, `SELECT CAST(a AS INTEGER)`},
		"a function that not every one has":                      {`SELECT group_concat(a) FROM b`, `SELECT value FROM json_each(?)`, `SELECT datetime('now')`},
		"an operator that not every one has":                     {`SELECT a FROM b WHERE c GLOB 'x*'`, `SELECT a FROM b WHERE c == d`, `SELECT a::text FROM b`},
		"a text of bytes":                                        {`ALTER TABLE a ADD COLUMN b {bytes} DEFAULT x''`},
		"CROSS JOIN, which has no ON":                            {`SELECT a FROM b CROSS JOIN c ON d = e`},
		"LIMIT with a comma or without end":                      {`SELECT a FROM b LIMIT 1, 2`, `SELECT a FROM b LIMIT -1`},
		"DO UPDATE without the key":                              {`INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 1`},
		"another mark of an argument":                            {`SELECT a FROM b WHERE c = $1`, `SELECT a FROM b WHERE c = :id`},
		"a name in other marks than \"":                          {"SELECT `a` FROM b", `SELECT [a] FROM b`},
		"arithmetic with what is true or not":                    {`UPDATE a SET b = b - (?1 <> '')`},
		"arguments in turn and by number":                        {`SELECT a FROM b WHERE c = ?1 AND d = ?`},
		"a name that is a word of SQL elsewhere, and not quoted": {`SELECT user FROM a`, `INSERT INTO a (first, end) VALUES (1, 2)`, `UPDATE a SET end = 1`},
	}
	for what, texts := range samples {
		for _, text := range texts {
			got := complaints(text)
			if what == "" && len(got) > 0 {
				t.Errorf("%s: %v", text, got)
			}
			if what != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, what) }) {
				t.Errorf("%s: %v, want: %s", text, got, what)
			}
		}
	}
	for what := range foreign {
		if len(samples[what]) == 0 {
			t.Errorf("no sample of: %s", what)
		}
	}
}

// Whoever opens a lake hands its control database to those who need it: see lake.Control. Nobody else reaches for it.
func TestTheControlDatabaseIsHandedOver(t *testing.T) {
	handed := 0
	for dir, reaches := range reaching(t, filepath.Join("..", "..", "internal"), "Control") {
		openers := strings.HasPrefix(dir, "app") || strings.HasPrefix(dir, "cli/") || dir == "demo"
		if !openers && dir != "lake" {
			t.Errorf("internal/%s reaches through a lake: %v", dir, reaches)
		}
		handed += len(reaches)
	}
	if handed < 5 {
		t.Errorf("it is handed over %d times only", handed)
	}
}

// reaching gives where, by folder, a method of this name is called.
func reaching(t *testing.T, root, method string) map[string][]token.Position {
	t.Helper()
	out := map[string][]token.Position{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, 0)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == method {
				out[dir] = append(out[dir], files.Position(n.Pos()))
			}
			return true
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
