package rowscmd

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/column"
	"github.com/parley-hq/parley/internal/export"
	"github.com/parley-hq/parley/internal/fault"
)

// sink writes rows as they come: each is a JSON object.
type sink interface {
	head() error // what stands before the first one
	row(text []byte) error
}

type ndjson struct{ w io.Writer }

func (ndjson) head() error { return nil }

func (n ndjson) row(text []byte) error {
	if jsontext.Value(text).Kind() != '{' {
		return errNoObject
	}
	_, err := n.w.Write(append(text, '\n'))
	return err
}

var errNoObject = fault.New(fault.Corrupt, "a row is no JSON object")

// table writes rows as CSV. The columns are the members that the request makes, which every row has.
type table struct {
	w      io.Writer
	o      export.CSVOptions
	names  []string
	csv    *export.CSV // once something was written
	values []any
}

func (t *table) row(text []byte) error {
	names, err := t.read(text)
	if err != nil {
		return err
	}
	if !slices.Equal(names, t.names) {
		return fault.New(fault.Corrupt, "a row has other members than were asked for")
	}
	if t.csv == nil { // an earlier run, or page, has written the head
		to := &turned{to: io.Discard}
		if err := t.begin(to); err != nil {
			return err
		}
		to.to = t.w
	}
	return t.csv.Row(t.values)
}

func (t *table) head() error { return t.begin(t.w) }

// begin writes the head to w.
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

// read takes a row apart.
func (t *table) read(text []byte) (names []string, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	t.values = t.values[:0]
	if token, err := dec.ReadToken(); err != nil || token.Kind() != '{' {
		return nil, errNoObject
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, errNoObject
		}
		names = append(names, name.String())
		value, err := dec.ReadValue()
		if err != nil {
			return nil, errNoObject
		}
		t.values = append(t.values, cell(value.Clone()))
	}
	return names, nil
}

// cell is a value as CSV has it: lists and maps stay JSON.
func cell(v jsontext.Value) any {
	var read any
	if json.Unmarshal(v, &read) != nil {
		return v
	}
	switch read := read.(type) {
	case float64:
		var n int64
		if json.Unmarshal(v, &n) == nil {
			return n
		}
		return read
	case string, bool, nil:
		return read
	}
	return v
}

// sinkTo makes what writes rows in the format asked for.
func (r *reader) sinkTo(w *bufio.Writer) sink {
	if r.o.Format == "csv" {
		return &table{w: w, o: export.CSVOptions{Times: export.ISO, Mark: r.o.Mark, Safe: r.o.Safe}, names: r.members}
	}
	return ndjson{w}
}
