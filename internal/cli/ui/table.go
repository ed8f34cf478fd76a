package ui

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Table writes rows under a head: aligned for a person, separated by tabs for a program, which gets no head.
type Table struct {
	w    io.Writer
	cell func(string) string
	done func() error
	err  error // the first failure to write
}

// Table begins a table on standard output.
func (s *Streams) Table(head ...string) *Table {
	if !s.OutTerminal {
		return &Table{w: s.Out, cell: valid, done: func() error { return nil }}
	}
	tw := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	t := &Table{w: tw, cell: shown, done: tw.Flush}
	for i := range head {
		head[i] = strings.ToUpper(head[i])
	}
	t.Row(head...)
	return t
}

// between are what ends a cell or a row.
var between = strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")

// valid is a cell for a program: data as they are, as text.
func valid(cell string) string { return strings.ToValidUTF8(between.Replace(cell), "\ufffd") }

// shown is a cell for a person. It is made plain before it is measured, or columns would not be aligned.
func shown(cell string) string { return Plain(between.Replace(cell)) }

// Row adds a row. Tabs and line ends within a cell become spaces.
func (t *Table) Row(cells ...string) {
	clean := make([]string, len(cells))
	for i, c := range cells {
		clean[i] = t.cell(c)
	}
	if _, err := fmt.Fprintln(t.w, strings.Join(clean, "\t")); err != nil && t.err == nil {
		t.err = err
	}
}

// Done writes what is left, and gives the first failure to write: a table that was cut short is none.
func (t *Table) Done() error { return errors.Join(t.err, t.done()) }

// Fields writes names and values below one another, aligned.
func Fields(w io.Writer, pairs ...[2]string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range pairs {
		if _, err := fmt.Fprintf(tw, "  %s\t%s\n", p[0], shown(p[1])); err != nil {
			return err
		}
	}
	return tw.Flush()
}
