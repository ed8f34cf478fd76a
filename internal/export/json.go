package export

import (
	"io"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/column/jsonvalue"
)

// Objects writes each row as a JSON object whose members are the columns, in their order; absent is null. They stand one a line,
// or in one array.
type Objects struct {
	w     io.Writer
	times Times
	names [][]byte // quoted, with what stands before
	array bool
	some  bool
	line  []byte
}

// NewObjects begins.
func NewObjects(w io.Writer, columns []column.Selected, times Times, array bool) *Objects {
	o := &Objects{w: w, times: times, array: array}
	for i, c := range columns {
		before := byte(',')
		if i == 0 {
			before = '{'
		}
		o.names = append(o.names, append(jsonvalue.Quote([]byte{before}, c.Name), ':'))
	}
	return o
}

// Row writes a row.
func (o *Objects) Row(values []any) error {
	o.line = o.between(o.line[:0])
	for i, v := range values {
		o.line = o.times.appendJSON(append(o.line, o.names[i]...), v)
	}
	o.line = append(o.line, '}')
	return o.write()
}

// Record writes a record verbatim.
func (o *Objects) Record(text []byte) error {
	o.line = append(o.between(o.line[:0]), text...)
	return o.write()
}

func (o *Objects) write() error {
	if !o.array {
		o.line = append(o.line, '\n')
	}
	_, err := o.w.Write(o.line)
	return err
}

// between is what stands before an object.
func (o *Objects) between(line []byte) []byte {
	switch {
	case !o.array:
		return line
	case o.some:
		return append(line, ",\n"...)
	}
	o.some = true
	return append(line, "[\n"...)
}

// Close ends the array, if it is one.
func (o *Objects) Close() error {
	if !o.array {
		return nil
	}
	end := "\n]\n"
	if !o.some {
		end = "[]\n"
	}
	_, err := io.WriteString(o.w, end)
	return err
}
