package duck

import (
	"math"
	"strings"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/query"
)

// matches is the condition that the value x, an SQL expression, is what the predicate asks for. A null is nothing that
// is asked for: the condition is then null, which counts as false wherever it is used, because nothing negates it.
func matches(x string, p query.Predicate) fragment {
	switch p.Field.Type {
	case query.Truth:
		if p.Truth {
			return sqlText(x + " = TRUE")
		}
		return sqlText(x + " = FALSE")
	case query.Number:
		return within(x+"::DOUBLE", p.Range)
	case query.Instant:
		return within(milliseconds(x), p.Range)
	case query.Email:
		return address(x, p)
	case query.Phone:
		return phone(x, p)
	default:
		return sqlText("lower("+x+") = ?", p.Text)
	}
}

// milliseconds since 1970, as a request's ranges have them.
func milliseconds(x string) string { return "epoch_us(" + x + ") / 1000.0" }

// within is query.Range.Contains. Whatever a column holds is compared as a floating-point number, as there.
func within(x string, r query.Range) fragment {
	var parts []fragment
	for _, b := range []struct {
		operator string
		bound    *float64
	}{{">", r.Gt}, {">=", r.Gte}, {"<", r.Lt}, {"<=", r.Lte}} {
		switch {
		case b.bound == nil:
		case math.IsNaN(*b.bound): // bounds that are no numbers contain nothing; to DuckDB they are above all numbers
			return anyOf()
		default:
			parts = append(parts, sqlText(x+" "+b.operator+" ?::DOUBLE", *b.bound))
		}
	}
	if len(parts) == 0 {
		return sqlText(x + " IS NOT NULL")
	}
	return allOf(parts...)
}

// address compares with the whole of an address, with what is before or behind its last @, and with its beginning.
func address(x string, p query.Predicate) fragment {
	x = "lower(" + x + ")"
	parts := []fragment{sqlText(x+" = ?", p.Text)}
	if p.Partial {
		return anyOf(append(parts, sqlText("starts_with("+x+", ?)", p.Text), domain(x, p))...)
	}
	return anyOf(append(parts, name(x, p), domain(x, p))...)
}

// name is what stands before the last @: the text, then an @, then no other.
func name(x string, p query.Predicate) fragment {
	return sqlText("(starts_with("+x+", ?) AND strpos(substr("+x+", ?), '@') = 0)", p.Text+"@", utf8.RuneCountInString(p.Text)+2)
}

// domain is what stands behind the last @.
func domain(x string, p query.Predicate) fragment {
	if strings.Contains(p.Text, "@") {
		return anyOf()
	}
	return sqlText("ends_with("+x+", ?)", "@"+p.Text)
}

// White space as strings.TrimSpace has it, and the punctuation of query.Digits, as classes of a regular expression.
const (
	space       = `[\t\n\v\f\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}]*`
	punctuation = `[+.() /-]*`
)

// phone compares the text, and the digits as query.Digits finds them. The regular expression is made of the digits of
// the request: 14 times faster than taking the punctuation out of every value.
func phone(x string, p query.Predicate) fragment {
	text := sqlText("lower("+x+") = ?", p.Text)
	if p.Digits == "" {
		return text
	}
	pattern := space + "(?:[tT][eE][lL]:)?" + punctuation + strings.Join(strings.Split(p.Digits, ""), punctuation) + punctuation + space
	return anyOf(text, sqlText("regexp_full_match("+x+", ?)", pattern))
}

// The values of custom properties are texts. They are read as strconv.ParseFloat and conversation.ParseTime read them,
// but for what nobody writes: hexadecimal numbers, and offsets from UTC of 15 hours and more, are not read here.
const (
	digits       = `[0-9](?:_?[0-9])*`
	decimalForm  = `[+-]?(?:` + digits + `\.?(?:` + digits + `)?|\.` + digits + `)(?:[eE][+-]?` + digits + `)?`
	infiniteForm = `(?i)[+-]?inf(?:inity)?`
	instantForm  = `[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?(?:Z|[+-](?:0[0-9]|1[0-4]):?[0-5][0-9])?)?`
	maxInstant   = 35
)

// readNumber is the number in the text x, null if there is none. DuckDB would take spaces, and reads what is too large
// as infinite; Go takes underscores between digits.
func readNumber(x string) string {
	value := "TRY_CAST(replace(" + x + ", '_', '') AS DOUBLE)"
	return "(CASE WHEN regexp_full_match(" + x + ", '" + decimalForm + "') AND isfinite(" + value + ")" +
		" OR regexp_full_match(" + x + ", '" + infiniteForm + "') THEN " + value + " END)"
}

// readInstant is the instant in the text x, null if there is none; Go's zero time is none. DuckDB wants seconds before a
// zone, and would take 24:00.
func readInstant(x string) string {
	cut := `regexp_replace(` + x + `, '(\.[0-9]{6})[0-9]+', '\1')`
	whole := `regexp_replace(` + cut + `, '^(.{10}T[0-9]+:[0-9]+)(Z|[+-].*)$', '\1:00\2')`
	return "(CASE WHEN strlen(" + x + ") <= " + itoa(maxInstant) + " AND regexp_full_match(" + x + ", '" + instantForm + "')" +
		" THEN nullif(TRY_CAST(" + whole + " AS TIMESTAMPTZ), '0001-01-01T00:00:00Z'::TIMESTAMPTZ) END)"
}
