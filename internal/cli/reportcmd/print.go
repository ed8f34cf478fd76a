package reportcmd

import (
	"encoding/csv"
	"encoding/json"
	"strconv"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/wire"
)

// line is the figures of a group and a stretch of time. What nothing can be said of is nil: there is no average of nothing.
type line struct {
	values   []string // of the dimensions; an empty one is that records do not say
	interval conversation.Interval

	offered, answered, abandoned, transferred int64
	abandonedShare, serviceLevel              *float64 // from 0 to 1
	answer, handle                            *float64 // seconds on average
}

// lines are those of an answer, in its order.
func (q *question) lines(a wire.Aggregates) (out []line, err error) {
	for _, g := range a.Results {
		var values []string
		for _, name := range q.groupBy {
			values = append(values, g.Group[name])
		}
		for _, d := range g.Data {
			l := lineOf(d)
			if l.interval, err = conversation.ParseInterval(d.Interval); err != nil {
				return nil, fault.Because(fault.Corrupt, err, "the server's answer has an interval that cannot be read")
			}
			l.values = values
			out = append(out, l)
		}
	}
	return out, nil
}

func lineOf(d wire.AggregateData) (l line) {
	stats := map[string]wire.Statistics{}
	for _, m := range d.Metrics {
		stats[m.Metric] = m.Stats
	}
	count := func(metric string) int64 {
		if n := stats[metric].Count; n != nil {
			return *n
		}
		return 0
	}
	l.offered, l.answered, l.abandoned, l.transferred = count("nOffered"), count("tAnswered"), count("tAbandon"), count("nTransferred")
	if l.offered > 0 {
		l.abandonedShare = new(float64(l.abandoned) / float64(l.offered))
	}
	l.serviceLevel = stats["oServiceLevel"].Ratio
	l.answer, l.handle = seconds(stats["tAnswered"]), seconds(stats["tHandle"])
	return l
}

// seconds is the average of times.
func seconds(s wire.Statistics) *float64 {
	if s.Count == nil || s.Sum == nil || *s.Count == 0 {
		return nil
	}
	return new(*s.Sum / float64(*s.Count) / 1000)
}

// named are the figures by the names that programs read.
var named = []string{"offered", "answered", "abandoned", "abandonedShare", "averageAnswerSeconds", "averageHandleSeconds", "serviceLevel", "transferred"}

// cells are the figures, shares and seconds with so many digits; shares as they are or of a hundred.
func (l line) cells(shareDigits int, hundred float64) []string {
	whole := func(n int64) string { return strconv.FormatInt(n, 10) }
	number := func(f *float64, by float64, digits int) string {
		if f == nil {
			return ""
		}
		return strconv.FormatFloat(*f*by, 'f', digits, 64)
	}
	return []string{
		whole(l.offered), whole(l.answered), whole(l.abandoned), number(l.abandonedShare, hundred, shareDigits), number(l.answer, 1, 1), number(l.handle, 1, 1),
		number(l.serviceLevel, hundred, shareDigits), whole(l.transferred),
	}
}

func (o *Options) print(q *question, lines []line, book *names.Book) error {
	switch {
	case o.JSON:
		return o.printJSON(q, lines, book)
	case o.CSV:
		return o.printCSV(q, lines, book)
	}
	head := append([]string{}, q.heads...)
	if q.granularity != "" {
		head = append(head, "from")
	}
	t := o.Streams.Table(append(head, "offered", "answered", "abandoned", "abandoned %", "ASA s", "AHT s", "service level %", "transferred")...)
	for _, l := range lines {
		cells := shown(o.labels(q, l, book))
		if q.granularity != "" {
			cells = append(cells, l.interval.Start.In(q.zone).Format("2006-01-02 15:04 -07:00"))
		}
		cells = append(cells, shown(l.cells(1, 100))...)
		t.Row(append(cells, o.behind(q, l, book)...)...)
	}
	if len(lines) == 0 {
		o.Streams.Notef("Nothing happened there.\n")
	}
	return t.Done()
}

// labels are what a line is of: names for a person, and the values themselves for a program.
func (o *Options) labels(q *question, l line, book *names.Book) []string {
	if !o.Streams.OutTerminal {
		return l.values
	}
	out := make([]string, len(l.values))
	for i, value := range l.values {
		out[i] = label(book, q.groupBy[i], value)
	}
	return out
}

// behind are the names at the end of a line for a program, where they move no other cell.
func (o *Options) behind(q *question, l line, book *names.Book) (out []string) {
	for i, dimension := range q.groupBy {
		if kinds[dimension] != "" && !o.Streams.OutTerminal {
			out = append(out, name(book, dimension, l.values[i]))
		}
	}
	return out
}

// shown has a dash in place of nothing, so that a person sees a cell there.
func shown(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		if out[i] = c; c == "" {
			out[i] = "-"
		}
	}
	return out
}

// times are the beginning and end of a line, by the clocks of the place.
func (q *question) times(l line) []string {
	return []string{l.interval.Start.In(q.zone).Format(time.RFC3339), l.interval.End.In(q.zone).Format(time.RFC3339)}
}

func (o *Options) printCSV(q *question, lines []line, book *names.Book) error {
	w := csv.NewWriter(o.Streams.Out)
	var head []string
	for _, dimension := range q.groupBy {
		if head = append(head, dimension); kinds[dimension] != "" {
			head = append(head, nameOf(dimension))
		}
	}
	_ = w.Write(append(append(head, "start", "end"), named...)) // Error has it
	for _, l := range lines {
		var cells []string
		for i, dimension := range q.groupBy {
			if cells = append(cells, l.values[i]); kinds[dimension] != "" {
				cells = append(cells, name(book, dimension, l.values[i]))
			}
		}
		_ = w.Write(append(append(cells, q.times(l)...), l.cells(4, 1)...))
	}
	w.Flush()
	return w.Error()
}

func (o *Options) printJSON(q *question, lines []line, book *names.Book) error {
	for _, l := range lines {
		times := q.times(l)
		object := map[string]any{"start": times[0], "end": times[1]}
		for i, dimension := range q.groupBy {
			if l.values[i] != "" {
				object[dimension] = l.values[i]
			}
			if text := name(book, dimension, l.values[i]); text != "" {
				object[nameOf(dimension)] = text
			}
		}
		for i, text := range l.cells(4, 1) {
			if text != "" {
				object[named[i]] = json.Number(text)
			}
		}
		if err := o.Streams.JSON(object); err != nil {
			return err
		}
	}
	return nil
}
