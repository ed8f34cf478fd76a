package reportcmd

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"time"

	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/names"
)

func (o *Options) print(q *question, lines []figure.Line, book *names.Book) error {
	switch {
	case o.JSON:
		return o.printJSON(q, lines, book)
	case o.CSV:
		return o.printCSV(q, lines, book)
	}
	head := append([]string{}, q.heads...)
	if q.Period != "" {
		head = append(head, "from")
	}
	for _, f := range figure.All {
		head = append(head, f.Title)
	}
	t := o.Streams.Table(head...)
	for _, l := range lines {
		var row []string
		for _, label := range o.labels(q, l, book) {
			row = append(row, cmp.Or(label, "-")) // so that a person sees a cell there
		}
		if q.Period != "" {
			row = append(row, l.Interval.Start.In(q.Zone).Format("2006-01-02 15:04 -07:00"))
		}
		for _, f := range figure.All {
			row = append(row, cmp.Or(f.Text(l), "-"))
		}
		t.Row(append(row, o.behind(q, l, book)...)...)
	}
	if len(lines) == 0 {
		o.Streams.Notef("Nothing happened there.\n")
	}
	return t.Done()
}

// labels are what a line is of: names for a person, and the values themselves for a program.
func (o *Options) labels(q *question, l figure.Line, book *names.Book) []string {
	if !o.Streams.OutTerminal {
		return l.Values
	}
	out := make([]string, len(l.Values))
	for i, value := range l.Values {
		out[i] = label(book, q.GroupBy[i], value)
	}
	return out
}

// behind are the names at the end of a line for a program, where they move no other cell.
func (o *Options) behind(q *question, l figure.Line, book *names.Book) (out []string) {
	for i, dimension := range q.GroupBy {
		if kinds[dimension] != "" && !o.Streams.OutTerminal {
			out = append(out, name(book, dimension, l.Values[i]))
		}
	}
	return out
}

// times are the beginning and end of a line, by the clocks of the place.
func (q *question) times(l figure.Line) []string {
	return []string{l.Interval.Start.In(q.Zone).Format(time.RFC3339), l.Interval.End.In(q.Zone).Format(time.RFC3339)}
}

func (o *Options) printCSV(q *question, lines []figure.Line, book *names.Book) error {
	w := csv.NewWriter(o.Streams.Out)
	var head []string
	for _, dimension := range q.GroupBy {
		if head = append(head, dimension); kinds[dimension] != "" {
			head = append(head, nameOf(dimension))
		}
	}
	head = append(head, "start", "end")
	for _, f := range figure.All {
		head = append(head, f.Name)
	}
	_ = w.Write(head) // Error has it
	for _, l := range lines {
		var row []string
		for i, dimension := range q.GroupBy {
			if row = append(row, l.Values[i]); kinds[dimension] != "" {
				row = append(row, name(book, dimension, l.Values[i]))
			}
		}
		row = append(row, q.times(l)...)
		for _, f := range figure.All {
			row = append(row, f.Number(l))
		}
		_ = w.Write(row)
	}
	w.Flush()
	return w.Error()
}

func (o *Options) printJSON(q *question, lines []figure.Line, book *names.Book) error {
	for _, l := range lines {
		times := q.times(l)
		object := map[string]any{"start": times[0], "end": times[1]}
		for i, dimension := range q.GroupBy {
			if l.Values[i] != "" {
				object[dimension] = l.Values[i]
			}
			if text := name(book, dimension, l.Values[i]); text != "" {
				object[nameOf(dimension)] = text
			}
		}
		for _, f := range figure.All {
			if text := f.Number(l); text != "" {
				object[f.Name] = json.Number(text)
			}
		}
		if err := o.Streams.JSON(object); err != nil {
			return err
		}
	}
	return nil
}
