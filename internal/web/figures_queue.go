package web

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/names"
	"github.com/parley-hq/parley/internal/web/chart"
	"github.com/parley-hq/parley/internal/web/words"
)

// queueFigures is a queue with its charts.
type queueFigures struct {
	ID, Name string
	Address  string // of the queue alone
	Charts   []smallChart
	Rows     []figureRow

	series chart.Series
	total  figure.Line
}

// smallChart is a figure of a queue over time.
type smallChart struct {
	chart.Chart

	Name    string // of the figure
	Title   string
	Value   string // of the whole interval
	Label   string // for those who cannot see it
	Address string // of the large chart

	top float64 // the number at the top
}

// figureRow is the figures of one stretch.
type figureRow struct {
	At, Full string // when it begins, by the clocks of the place: in short, and for programs
	Address  string // its conversations
	Cells    []figureCell
}

// figureCell is a figure of a row, for people and for programs, with the address of its conversations.
type figureCell struct{ Text, Number, Address string }

// chosenFigure is the chart that is drawn large.
type chosenFigure struct {
	smallChart

	Queue   string
	Kind    string // count, share or seconds, for the script that draws it
	What    string
	Differs string // how the conversations of a point differ from what it counts
	Zone    string
	Choices []choice
	Links   []pointLink
	Ticks   []chart.Tick // from below
	Times   []chart.Tick // from the left
	Request string
}

// pointLink is a stretch of the large chart.
type pointLink struct {
	chart.Point

	Label   string
	Address string // its conversations
	Start   int64  // seconds since 1970
	Number  string
}

// queuesOf makes the charts of queues. A figure has the same scale in all of them, so that they can be compared.
func queuesOf(a figuresForm, ids []string, totals, lines []figure.Line, book *names.Book) []queueFigures {
	split := chart.Split(lines, a.edges)
	out := make([]queueFigures, len(ids))
	all := make([]chart.Series, len(ids))
	for i, id := range ids {
		if all[i] = split[id]; all[i] == nil {
			all[i] = make(chart.Series, len(a.edges)-1)
		}
		out[i] = queueFigures{ID: id, Name: queueName(book, id), Address: a.address(url.Values{"queue": {id}}), series: all[i], total: totalOf(id, totals)}
	}
	for _, name := range drawn {
		top := chart.Top(drawnFigure(name), all...)
		for i := range out {
			out[i].Charts = append(out[i].Charts, out[i].chart(a, drawnFigure(name), top))
		}
	}
	for i := range out {
		out[i].rows(a)
	}
	return out
}

// totalOf is the line of a queue among those of the whole interval.
func totalOf(queue string, totals []figure.Line) figure.Line {
	for _, l := range totals {
		if l.Values[0] == queue {
			return l
		}
	}
	return figure.Line{}
}

func (q *queueFigures) chart(a figuresForm, f figure.Figure, top float64) smallChart {
	out := smallChart{
		Chart: chart.Draw(f, q.series, top), Name: f.Name, Title: figureTitles[f.Name], Value: written(f, q.total), top: top,
		Address: a.address(url.Values{"queue": {q.ID}, "figure": {f.Name}}) + "#chart",
	}
	out.Label = fmt.Sprintf("%s %s, %s, by %s", out.Title, out.Value, q.Name, a.Word)
	return out
}

// written is a figure with its unit.
func written(f figure.Figure, l figure.Line) string {
	n := f.Of(l)
	switch {
	case n == nil:
		return "–"
	case f.Kind == figure.Count:
		return words.Count(int64(*n))
	case f.Kind == figure.Share:
		return f.Text(l) + " %"
	}
	return words.Seconds(*n)
}

// rows are the table of a queue.
func (q *queueFigures) rows(a figuresForm) {
	for i := range q.series {
		l := q.series.At(i)
		at := conversation.Interval{Start: a.edges[i], End: a.edges[i+1]}
		r := figureRow{At: a.clock(at.Start), Full: at.Start.In(a.question.Zone).Format(time.RFC3339), Address: foundAt("", q.ID, at)}
		for _, name := range drawn {
			r.Cells = append(r.Cells, cellOf(drawnFigure(name), l, q.ID, at))
		}
		q.Rows = append(q.Rows, r)
	}
}

// cellOf is a figure of a stretch. What counts nothing has no conversations.
func cellOf(f figure.Figure, l figure.Line, queue string, at conversation.Interval) figureCell {
	c := figureCell{Text: written(f, l), Number: f.Number(l)}
	if n := f.Of(l); n != nil && (f.Kind != figure.Count || *n > 0) {
		c.Address = foundAt(f.Name, queue, at)
	}
	return c
}

// clock writes when a stretch begins: days and longer by their date.
func (a *figuresForm) clock(at time.Time) string {
	if at = at.In(a.question.Zone); a.daily() {
		return at.Format("Mon 2 Jan 2006")
	}
	return at.Format("Mon 2 Jan 15:04")
}

// daily says whether stretches are days or longer.
func (a *figuresForm) daily() bool { return !strings.HasPrefix(a.question.Period, "PT") }

// chartKinds are what a script calls the kinds of figures.
var chartKinds = map[figure.Kind]string{figure.Count: "count", figure.Share: "share", figure.Seconds: "seconds"}

// chosen is the large chart of the queue that is drawn alone.
func (b *figuresBody) chosen() (*chosenFigure, error) {
	q, f := &b.Queues[0], drawnFigure(b.Asked.Figure)
	out := &chosenFigure{Queue: q.Name, Kind: chartKinds[f.Kind], What: f.What, Differs: countables[f.Name].differs, Zone: b.Asked.Zone, Times: chart.Times(b.Asked.edges, b.Asked.question.Zone, b.Asked.daily())}
	for _, c := range q.Charts {
		if c.Name == f.Name {
			out.smallChart, out.Ticks = c, chart.Numbers(f, c.top)
		}
		out.Choices = append(out.Choices, choice{c.Title, c.Address, c.Name == f.Name})
	}
	asks := b.Asked.question
	asks.Only, asks.Metrics = []figure.Only{{Dimension: "queueId", Values: []string{q.ID}}}, f.Metrics
	var err error
	if out.Request, err = pretty(asks); err != nil {
		return nil, err
	}
	out.link(b.Asked, q, f)
	return out, nil
}

// link gives each point of the large chart its conversations.
func (c *chosenFigure) link(a figuresForm, q *queueFigures, f figure.Figure) {
	for _, p := range c.Points {
		at := conversation.Interval{Start: a.edges[p.Stretch], End: a.edges[p.Stretch+1]}
		l := q.series.At(p.Stretch)
		c.Links = append(c.Links, pointLink{
			Point: p, Start: at.Start.Unix(), Number: f.Number(l), Address: foundAt(f.Name, q.ID, at), Label: fmt.Sprintf("%s, %s: %s", c.Title, a.clock(at.Start), written(f, l)),
		})
	}
}
