package export

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/column/jsonvalue"
)

// CSVOptions are what spreadsheets need, or not.
type CSVOptions struct {
	Times Times
	// Mark puts a byte order mark in front, by which Excel knows that the text is UTF-8.
	Mark bool
	// Safe puts an apostrophe before text that a spreadsheet would take for a formula: that begins with = + - @, their wide
	// forms, a tab or a line end.
	Safe bool
}

// CSV writes rows as RFC 4180 has them: a head with the names, fields divided by commas, lines ended by CR LF. What has to be quoted
// is quoted by the rules of encoding/csv, and the content of fields is never changed. An absent value is an empty field, an empty
// text is "". A list is a JSON array and a map a JSON object, in one field.
//
// encoding/csv itself takes every row as texts, and would make a third of the time of an export.
type CSV struct {
	w    io.Writer
	o    CSVOptions
	line []byte
	text []byte // of one field
	wide int    // number of columns
}

// NewCSV begins with the head.
func NewCSV(w io.Writer, columns []column.Selected, o CSVOptions) (*CSV, error) {
	c := &CSV{w: w, o: o, wide: len(columns)}
	if o.Mark {
		c.line = append(c.line, "\ufeff"...)
	}
	for i, col := range columns {
		c.comma(i)
		c.field([]byte(col.Name))
	}
	return c, c.end()
}

// Row writes a row.
func (c *CSV) Row(values []any) error {
	for i, v := range values {
		c.comma(i)
		c.value(v)
	}
	return c.end()
}

// Close ends the content: there is nothing more to write.
func (c *CSV) Close() error { return nil }

func (c *CSV) comma(i int) {
	if i > 0 {
		c.line = append(c.line, ',')
	}
}

func (c *CSV) end() error {
	_, err := c.w.Write(append(c.line, '\r', '\n'))
	c.line = c.line[:0]
	return err
}

// value writes a field. Numbers, times and truths need no quotes.
func (c *CSV) value(value any) {
	switch v := value.(type) {
	case nil:
		if c.wide == 1 { // a line without anything is none to those who read it
			c.line = append(c.line, '"', '"')
		}
	case int64:
		c.line = strconv.AppendInt(c.line, v, 10)
	case float64:
		c.line = jsonvalue.Decimal(c.line, v)
	case bool:
		c.line = strconv.AppendBool(c.line, v)
	case time.Time:
		c.line = c.o.Times.append(c.line, v)
	case string:
		c.text = append(c.text[:0], v...)
		c.field(c.text)
	default:
		c.text = c.o.Times.appendJSON(c.text[:0], v)
		c.field(c.text)
	}
}

// field writes a text.
func (c *CSV) field(text []byte) {
	if c.o.Safe && isFormula(text) {
		text = append([]byte{'\''}, text...)
	}
	if !needsQuotes(text) {
		c.line = append(c.line, text...)
		return
	}
	c.line = append(c.line, '"')
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 {
			break
		}
		c.line = append(append(c.line, text[:i]...), '"', '"')
		text = text[i+1:]
	}
	c.line = append(append(c.line, text...), '"')
}

// needsQuotes is the rule of encoding/csv, but that an empty text is quoted.
func needsQuotes(text []byte) bool {
	if len(text) == 0 || string(text) == `\.` {
		return true
	}
	if bytes.ContainsAny(text, ",\"\r\n") {
		return true
	}
	r, _ := utf8.DecodeRune(text)
	return unicode.IsSpace(r)
}

// formulas are the characters with which a formula begins, as spreadsheets of all countries take them.
const formulas = "=+-@\t\r\n＝＋－＠"

func isFormula(text []byte) bool {
	r, _ := utf8.DecodeRune(text)
	return len(text) > 0 && strings.ContainsRune(formulas, r)
}
