package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mutation is one mistake: a piece of a file replaced by another.
type mutation struct {
	file       string // path in the checkout
	function   string
	kind       string
	line       int
	start, end int // bytes of the file
	with       string
}

// apply gives the file with the mistake in it.
func (m mutation) apply(text []byte) []byte {
	return slices.Concat(text[:m.start], []byte(m.with), text[m.end:])
}

// edit is what is replaced by what, on one line.
func (m mutation) edit(text []byte) string {
	return oneLine(string(text[m.start:m.end])) + " => " + oneLine(m.with)
}

// lines is where the lines begin and end that it changes.
func (m mutation) lines(text []byte) (from, to int) {
	from, to = m.start, m.end
	for from > 0 && text[from-1] != '\n' {
		from--
	}
	for to < len(text) && text[to] != '\n' {
		to++
	}
	return from, to
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// find lists every mistake that can be made in the files of a folder, tests left out.
func find(dir string) (out []mutation, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		found, err := inFile(file, text)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// finder gathers the mistakes of one file.
type finder struct {
	set      *token.FileSet
	text     []byte
	file     string
	function string
	fails    bool            // the function's last result is an error
	beside   []*ast.BasicLit // results beside an error, at which nobody looks
	found    []mutation
}

func inFile(file string, text []byte) ([]mutation, error) {
	f := &finder{set: token.NewFileSet(), text: text, file: file}
	tree, err := parser.ParseFile(f.set, file, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if f.function, f.fails = d.Name.Name, fails(d.Type); d.Body != nil {
				ast.Inspect(d.Body, f.node)
			}
		case *ast.GenDecl:
			if f.function = d.Tok.String(); d.Tok == token.CONST || d.Tok == token.VAR {
				ast.Inspect(d, f.node)
			}
		}
	}
	return f.found, nil
}

// fails says whether the last result of a function is an error.
func fails(t *ast.FuncType) bool {
	if t.Results == nil || len(t.Results.List) == 0 {
		return false
	}
	last, ok := t.Results.List[len(t.Results.List)-1].Type.(*ast.Ident)
	return ok && last.Name == "error"
}

func (f *finder) offset(p token.Pos) int { return f.set.Position(p).Offset }

func (f *finder) written(n ast.Node) string {
	return string(f.text[f.offset(n.Pos()):f.offset(n.End())])
}

// add notes that what lies between two positions could be replaced.
func (f *finder) add(kind string, from, to token.Pos, with string) {
	f.found = append(f.found, mutation{
		file: f.file, function: f.function, kind: kind, line: f.set.Position(from).Line, start: f.offset(from), end: f.offset(to), with: with,
	})
}

// node is called for each node of a function.
func (f *finder) node(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.ReturnStmt:
		f.results(n.Results)
	case *ast.BinaryExpr:
		f.operator(n)
	case *ast.BasicLit:
		f.literal(n)
	case *ast.Ident:
		if other, ok := map[string]string{"true": "false", "false": "true"}[n.Name]; ok {
			f.add("constant", n.Pos(), n.End(), other)
		}
	case *ast.IfStmt:
		f.condition(n)
	case *ast.CallExpr:
		if f.onlySays(n) {
			return false
		}
		if !slices.Contains(commutative, f.written(n.Fun)) {
			f.swap(n.Args)
		}
	case *ast.BlockStmt:
		f.statements(n.List)
	case *ast.CaseClause:
		f.statements(n.Body)
	case *ast.CommClause:
		f.statements(n.Body)
	}
	return true
}

// operators and what each is mistaken for.
var operators = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*", token.REM: "*",
	token.SHL: ">>", token.SHR: "<<", token.AND: "|", token.OR: "&",
}

func (f *finder) operator(n *ast.BinaryExpr) {
	if with, ok := operators[n.Op]; ok {
		f.add("operator", n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), with)
	}
}

// results notes the numbers that are given back beside an error.
func (f *finder) results(list []ast.Expr) {
	if !f.fails || len(list) < 2 || f.written(list[len(list)-1]) == "nil" {
		return
	}
	for _, e := range list[:len(list)-1] {
		if lit, ok := e.(*ast.BasicLit); ok {
			f.beside = append(f.beside, lit)
		}
	}
}

// literal is off by one.
func (f *finder) literal(n *ast.BasicLit) {
	if n.Kind != token.INT || slices.Contains(f.beside, n) {
		return
	}
	if v, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
		f.add("off by one", n.Pos(), n.End(), strconv.FormatInt(v+1, 10))
	}
}

// condition is negated; a check of an error is passed over. A comparison is left to operator.
func (f *finder) condition(n *ast.IfStmt) {
	text := f.written(n.Cond)
	if strings.HasSuffix(text, "rr != nil") {
		f.add("error ignored", n.Cond.Pos(), n.Cond.End(), "false && ("+text+")")
		return
	}
	if _, simple := n.Cond.(*ast.BinaryExpr); !simple {
		f.add("negated", n.Cond.Pos(), n.Cond.End(), "!("+text+")")
	}
}

// commutative are functions to which the order of arguments is nothing.
var commutative = []string{"min", "max", "errors.Join"}

// swap exchanges neighbours; those of different types do not compile, and do not count.
func (f *finder) swap(args []ast.Expr) {
	for i := range len(args) - 1 {
		a, b := args[i], args[i+1]
		if x, y := f.written(a), f.written(b); x != y && plain(a) && plain(b) && !slices.Contains([]string{"ctx", "nil"}, x) {
			between := string(f.text[f.offset(a.End()):f.offset(b.Pos())])
			f.add("swapped", a.Pos(), b.End(), y+between+x)
		}
	}
}

func plain(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.BasicLit:
		return e.Kind != token.STRING
	case *ast.Ident, *ast.SelectorExpr, *ast.CallExpr, *ast.IndexExpr:
		return true
	}
	return false
}

// statements may each be forgotten.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.ExprStmt:
			if call, ok := s.X.(*ast.CallExpr); !ok || !f.onlySays(call) {
				f.forget(s)
			}
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				f.forget(s)
			}
		case *ast.DeferStmt:
			if !f.onlySays(s.Call) {
				f.forget(s)
			}
		case *ast.IncDecStmt, *ast.SendStmt, *ast.GoStmt, *ast.BranchStmt:
			f.forget(s)
		}
	}
}

// forget leaves a statement out, but still uses what it assigns, which would not compile otherwise.
func (f *finder) forget(s ast.Stmt) {
	with := "{}"
	if a, ok := s.(*ast.AssignStmt); ok {
		var used []string
		for _, e := range a.Rhs {
			if _, call := e.(*ast.CallExpr); !call {
				used = append(used, f.written(e))
			}
		}
		if len(used) == len(a.Rhs) {
			with = strings.Repeat("_, ", len(used)-1) + "_ = " + strings.Join(used, ", ")
		}
	}
	f.add("forgotten", s.Pos(), s.End(), with)
}

// saysOnly are calls that tell somebody something, and change nothing that a test of behaviour should look at.
var saysOnly = []string{
	"Log.", "log.", "crashpoint.", "fault.Wrap", "fault.New(", "fault.Field(", "fault.Because(", "fmt.Errorf(", ".report(", "panic(", "meter.",
}

func (f *finder) onlySays(n *ast.CallExpr) bool {
	text := f.written(n.Fun) + "("
	return slices.ContainsFunc(saysOnly, func(s string) bool { return strings.Contains(text, s) })
}

// String names a mistake for a person.
func (m mutation) String() string {
	return fmt.Sprintf("%s:%d %s: %s", m.file, m.line, m.function, m.kind)
}
