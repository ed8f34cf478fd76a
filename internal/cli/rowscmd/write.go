package rowscmd

import (
	"bufio"
	"bytes"
	"io"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/column/jsonvalue"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
)

// sink writes rows that come as JSON objects.
type sink interface {
	head() error // what stands before the first one
	row(text []byte) error
}

// ndjson writes a row a line: as it came, unless columns were chosen or times are to be numbers.
type ndjson struct {
	w io.Writer
	cells
}

func (*ndjson) head() error { return nil }

func (n *ndjson) row(text []byte) error {
	if jsontext.Value(text).Kind() != '{' {
		return errNoObject
	}
	if n.asIs() {
		_, err := n.w.Write(append(text, '\n'))
		return err
	}
	names, values, err := n.read(text)
	if err != nil {
		return err
	}
	line := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(append(jsonvalue.Quote(line, name), ':'), n.json(name, values[i])...)
	}
	_, err = n.w.Write(append(line, "}\n"...))
	return err
}

// table writes rows as CSV. The columns are those that are known before, else the members of the first row.
type table struct {
	w io.Writer
	o export.CSVOptions
	cells

	csv *export.CSV // once something was written
}

func (t *table) head() error {
	if t.names == nil {
		return nil // the first row has it
	}
	return t.begin(t.w)
}

func (t *table) row(text []byte) error {
	names, values, err := t.read(text)
	if err != nil {
		return err
	}
	if t.csv == nil {
		if err := t.first(names); err != nil {
			return err
		}
	}
	out := make([]any, len(names))
	for i, name := range names {
		out[i] = t.value(name, values[i])
	}
	return t.csv.Row(out)
}

// first makes ready for a first row: of columns that were known, an earlier run, or page, has written the head.
func (t *table) first(names []string) error {
	if t.names == nil {
		t.names = names
		return t.begin(t.w)
	}
	to := &turned{to: io.Discard}
	err := t.begin(to)
	to.to = t.w
	return err
}

// begin writes the head to w, and rows behind it from then on.
func (t *table) begin(w io.Writer) (err error) {
	columns := make([]column.Selected, len(t.names))
	for i, name := range t.names {
		columns[i].Name = name
	}
	t.csv, err = export.NewCSV(w, columns, t.o)
	return err
}

// turned writes to another writer from some moment on.
type turned struct{ to io.Writer }

func (t *turned) Write(text []byte) (int, error) { return t.to.Write(text) }

// cells takes rows apart.
type cells struct {
	names  []string // of the columns that are wanted; nil for those that a row has
	chosen bool     // by a person: other members of rows are left out
	odd    string   // what to say of other members, where they are not
	times  export.Times
	types  map[string]bool // names that were looked at: whether they are of times
}

func (c *cells) asIs() bool { return c.names == nil && c.times != export.Epoch }

// read gives the members that are wanted of a row. One that the row lacks is nil, which is null.
func (c *cells) read(text []byte) (names []string, values []jsontext.Value, err error) {
	has, all, err := members(text)
	if err != nil || c.names == nil {
		return has, all, err
	}
	if slices.Equal(has, c.names) {
		return has, all, nil
	}
	values = make([]jsontext.Value, len(c.names))
	for i, name := range has {
		at := slices.Index(c.names, name)
		if at >= 0 {
			values[at] = all[i]
		} else if !c.chosen {
			return nil, nil, fault.New(fault.Corrupt, c.odd, fault.Clip(name))
		}
	}
	return c.names, values, nil
}

// members reads a row.
func members(text []byte) (names []string, values []jsontext.Value, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, nil, errNoObject
	}
	for dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, nil, errNoObject
		}
		names = append(names, token.String())
		value, err := dec.ReadValue()
		if err != nil {
			return nil, nil, errNoObject
		}
		values = append(values, value.Clone())
	}
	return names, values, nil
}

var errNoObject = fault.New(fault.Corrupt, "a row is no JSON object")

// json is a value as JSON has it.
func (c *cells) json(name string, v jsontext.Value) []byte {
	if at, is := c.value(name, v).(time.Time); is {
		return jsonvalue.Append(nil, at.UnixMilli())
	}
	if v == nil {
		return []byte("null")
	}
	return v
}

// value is one as CSV has it: lists and maps stay JSON.
func (c *cells) value(name string, v jsontext.Value) any {
	var read any
	if v == nil || json.Unmarshal(v, &read) != nil {
		return nil
	}
	switch read := read.(type) {
	case float64:
		var n int64
		if json.Unmarshal(v, &n) == nil {
			return n
		}
		return read
	case string:
		if c.times == export.Epoch && c.isTime(name) {
			if at, err := conversation.ParseTime(read); err == nil {
				return at
			}
		}
		return read
	case bool, nil:
		return read
	}
	return v
}

// isTime says whether a column is of times.
func (c *cells) isTime(name string) bool {
	is, known := c.types[name]
	if !known {
		sel, err := column.Parse("", column.Interaction, []string{name})
		is = err == nil && sel.Columns[0].Type == column.Instant
		if c.types == nil {
			c.types = map[string]bool{}
		}
		c.types[name] = is
	}
	return is
}

// sinkTo makes what writes rows in the format asked for; of columns that are not known, names is nil.
func (o *Options) sinkTo(w *bufio.Writer, names []string) sink {
	c := cells{names: names, chosen: o.Lake != "" && names != nil, odd: "a row has other members than were asked for: %s", times: export.Times(o.Times)}
	if o.Lake != "" {
		c.odd = "a row has a member that the first one lacks: %s; name the columns by --select"
	}
	if o.Format == "csv" {
		return &table{w: w, o: export.CSVOptions{Times: c.times, Mark: o.Mark, Safe: o.Safe}, cells: c}
	}
	if o.Lake == "" {
		c.names = nil // rows of a server are written as they come
	}
	return &ndjson{w, c}
}
