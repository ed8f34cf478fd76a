package ui

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Table writes rows under a head: aligned for a person, separated by tabs for a program, which gets no head.
type Table struct {
	w    io.Writer
	cell func(string) string
	rows *columns // for a person; nil for a program
	err  error    // the first failure to write
}

// Table begins a table on standard output.
func (s *Streams) Table(head ...string) *Table {
	if !s.OutTerminal {
		return &Table{w: s.Out, cell: valid}
	}
	t := &Table{w: s.Out, cell: shown, rows: &columns{}}
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
	if t.rows != nil {
		t.rows.add(clean)
		return
	}
	if _, err := fmt.Fprintln(t.w, strings.Join(clean, "\t")); err != nil && t.err == nil {
		t.err = err
	}
}

// Done writes what is left, and gives the first failure to write: a table that was cut short is none.
func (t *Table) Done() error {
	if t.rows == nil {
		return t.err
	}
	return errors.Join(t.err, t.rows.write(t.w))
}

// Fields writes names and values below one another, aligned.
func Fields(w io.Writer, pairs ...[2]string) error {
	var c columns
	for _, p := range pairs {
		c.add([]string{"  " + p[0], shown(p[1])})
	}
	return c.write(w)
}

// columns are rows whose cells stand below one another, however wide their characters are.
type columns struct {
	rows   [][]string
	widths []int
}

func (c *columns) add(cells []string) {
	c.rows = append(c.rows, slices.Clone(cells))
	for i, cell := range cells {
		if i == len(c.widths) {
			c.widths = append(c.widths, 0)
		}
		c.widths[i] = max(c.widths[i], Width(cell))
	}
}

// gap is what stands between two columns.
const gap = 2

func (c *columns) write(w io.Writer) error {
	out := bufio.NewWriter(w)
	for _, cells := range c.rows {
		for i, cell := range cells {
			_, _ = out.WriteString(cell) // Flush has its error
			if i+1 < len(cells) {
				_, _ = out.WriteString(strings.Repeat(" ", c.widths[i]-Width(cell)+gap))
			}
		}
		_ = out.WriteByte('\n')
	}
	return out.Flush()
}
