package sqltext

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// Text is a piece of SQL with the values of its parameters, in their order. What a request says is only ever a value: the
// SQL is made of our own words.
type Text struct {
	SQL  string
	Args []any
}

// Of makes a Text.
func Of(sql string, args ...any) Text { return Text{sql, args} }

// Key tells statements apart: two with the same key ask the same.
type Key [sha256.Size]byte

// Key gives the key of a statement.
func (t Text) Key() Key { return sha256.Sum256(fmt.Appendf(nil, "%q %#v", t.SQL, t.Args)) }

// Concat puts Texts and strings one after another.
func Concat(parts ...any) Text {
	var sql strings.Builder
	var args []any
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			sql.WriteString(p)
		case Text:
			sql.WriteString(p.SQL)
			args = append(args, p.Args...)
		}
	}
	return Text{sql.String(), args}
}

// Parameters are so many places for arguments: ?, ?, ?.
func Parameters(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// Quote writes a text of ours in SQL. What a request says never comes here: it goes as a parameter.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// list writes Texts with a separator between them.
func list(parts []Text, separator string) Text {
	all := make([]any, 0, 2*len(parts))
	for i, p := range parts {
		if i > 0 {
			all = append(all, separator)
		}
		all = append(all, p)
	}
	return Concat(all...)
}

// allOf is true when every expression is: of none, true.
func allOf(parts ...Text) Text { return joined(parts, " AND ", "TRUE") }

// anyOf is true when one of the expressions is: of none, false.
func anyOf(parts ...Text) Text { return joined(parts, " OR ", "FALSE") }

func joined(parts []Text, junction, none string) Text {
	switch len(parts) {
	case 0:
		return Of(none)
	case 1:
		return parts[0]
	}
	return Concat("(", list(parts, junction), ")")
}

// cast gives a value another type.
func cast(x, to string) string { return "CAST(" + x + " AS " + to + ")" }
