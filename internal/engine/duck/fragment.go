package duck

import (
	"crypto/sha256"
	"fmt"
	"strings"
)

// fragment is a piece of SQL with the values of its parameters, in their order. Text of a request is only ever a
// value: the text of a fragment is made of our own words.
type fragment struct {
	text string
	args []any
}

func sqlText(text string, args ...any) fragment { return fragment{text, args} }

// statementKey tells statements apart: two with the same key ask the same.
type statementKey [sha256.Size]byte

func (f fragment) key() statementKey {
	return sha256.Sum256(fmt.Appendf(nil, "%q %#v", f.text, f.args))
}

// concat puts fragments and texts one after another.
func concat(parts ...any) fragment {
	var text strings.Builder
	var args []any
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			text.WriteString(p)
		case fragment:
			text.WriteString(p.text)
			args = append(args, p.args...)
		}
	}
	return fragment{text.String(), args}
}

// list writes fragments with a separator between them.
func list(parts []fragment, separator string) fragment {
	all := make([]any, 0, 2*len(parts))
	for i, p := range parts {
		if i > 0 {
			all = append(all, separator)
		}
		all = append(all, p)
	}
	return concat(all...)
}

// allOf is true when every condition is: of none, true.
func allOf(parts ...fragment) fragment { return joined(parts, " AND ", "TRUE") }

// anyOf is true when one of the conditions is: of none, false.
func anyOf(parts ...fragment) fragment { return joined(parts, " OR ", "FALSE") }

func joined(parts []fragment, junction, none string) fragment {
	switch len(parts) {
	case 0:
		return sqlText(none)
	case 1:
		return parts[0]
	}
	return concat("(", list(parts, junction), ")")
}

// values is a list of parameters: ?, ?, ?.
func values(args []any) fragment {
	return sqlText(strings.TrimSuffix(strings.Repeat("?, ", len(args)), ", "), args...)
}
