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

// sink writes rows as they came: a JSON object a line.
type sink interface {
	row(text []byte) error
}

type ndjson struct{ w io.Writer }

func (n ndjson) row(text []byte) error {
	_, err := n.w.Write(append(text, '\n'))
	return err
}

// table writes rows as CSV. The members of the first row are the columns, and every other row has the same.
type table struct {
	w      io.Writer
	o      export.CSVOptions
	names  []string // once they are known
	headed bool     // the head was written, by this run or one before
	csv    *export.CSV
	values []any
}

func (t *table) row(text []byte) error {
	names, err := t.read(text)
	if err != nil {
		return err
	}
	if t.csv == nil {
		if err := t.begin(names); err != nil {
			return err
		}
	}
	if !slices.Equal(names, t.names) {
		return fault.New(fault.Corrupt, "a row has other members than the first one")
	}
	return t.csv.Row(t.values)
}

// begin writes the head, unless the file has it.
func (t *table) begin(names []string) (err error) {
	columns := make([]column.Selected, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	var head bytes.Buffer
	w := &turned{to: &head}
	t.names = names
	if t.csv, err = export.NewCSV(w, columns, t.o); err != nil {
		return err
	}
	w.to = t.w
	if t.headed {
		return nil
	}
	t.headed = true
	_, err = t.w.Write(head.Bytes())
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
		return nil, fault.New(fault.Corrupt, "a row is no JSON object")
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, fault.New(fault.Corrupt, "a row is no JSON object")
		}
		names = append(names, name.String())
		value, err := dec.ReadValue()
		if err != nil {
			return nil, fault.New(fault.Corrupt, "a row is no JSON object")
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

// sinkTo makes what writes rows in the format asked for; headed says that the head of a CSV is there.
func (o *Options) sinkTo(w *bufio.Writer, headed bool) sink {
	if o.Format == "csv" {
		return &table{w: w, o: export.CSVOptions{Times: export.ISO, Mark: o.Mark, Safe: o.Safe}, headed: headed}
	}
	return ndjson{w}
}
