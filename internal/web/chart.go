package web

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/names"
)

// queueFigures is a queue with its charts.
type queueFigures struct {
	ID, Name string
	Address  string // of the queue alone
	Charts   []chart
	Rows     []figureRow

	lines []*figure.Line // by stretch; nil: nothing was emitted
	total figure.Line
}

// chart is a figure of a queue over time. Places are from 0 to 1, from the left and from above.
type chart struct {
	Name    string // of the figure
	Title   string
	Value   string // of the whole interval
	Label   string // for those who cannot see it
	Address string // of the large chart
	Bars    []rectangle
	Lines   []string // points of lines, in hundredths
	Dots    []dot    // points without neighbours

	top float64 // the number at the top
}

type rectangle struct{ X, W, Y, H float64 }

type dot struct{ X, Y float64 }

// figureRow is the figures of one stretch.
type figureRow struct {
	At, Full string // when it begins, by the clocks of the place: in short, and for programs
	Address  string // its conversations
	Cells    []figureCell
}

// figureCell is a figure of a row, for people and for programs.
type figureCell struct{ Text, Number string }

// chosenFigure is the chart that is drawn large.
type chosenFigure struct {
	chart

	Queue   string
	Kind    string // count, share or seconds, for the script that draws it
	What    string
	Zone    string
	Choices []choice
	Points  []point
	Ticks   []axisTick // from below
	Times   []axisTick // from the left
	Request string
}

// point is a stretch of the large chart.
type point struct {
	dot

	Label   string
	Address string // its conversations
	At      string
	Start   int64 // seconds since 1970
	Number  string
}

// axisTick is a number or time at an axis.
type axisTick struct {
	At   float64
	Text string
}

// queuesOf makes the charts of queues. A figure has the same scale in all of them, so that they can be compared.
func queuesOf(a figuresForm, ids []string, totals, lines []figure.Line, book *names.Book) ([]queueFigures, error) {
	places := map[int64]int{}
	for i, at := range a.edges[:len(a.edges)-1] {
		places[at.UnixMicro()] = i
	}
	byID := map[string]*queueFigures{}
	out := make([]queueFigures, len(ids))
	for i, id := range ids {
		out[i] = queueFigures{ID: id, Name: queueName(book, id), Address: a.address(url.Values{"queue": {id}}), lines: make([]*figure.Line, len(places))}
		byID[id] = &out[i]
	}
	for _, l := range totals {
		if q := byID[l.Values[0]]; q != nil {
			q.total = l
		}
	}
	for _, l := range lines {
		if i, ok := places[l.Interval.Start.UnixMicro()]; ok && byID[l.Values[0]] != nil {
			byID[l.Values[0]].lines[i] = &l
		}
	}
	for _, name := range drawn {
		top := topOf(drawnFigure(name), out)
		for i := range out {
			out[i].Charts = append(out[i].Charts, out[i].chart(a, drawnFigure(name), top))
		}
	}
	for i := range out {
		if err := out[i].rows(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// topOf is the number at the top of a figure's charts: all of a share, else the next round number above the largest.
func topOf(f figure.Figure, queues []queueFigures) float64 {
	if f.Kind == figure.Share {
		return 1
	}
	most := 0.0
	for _, q := range queues {
		for _, l := range q.lines {
			if n := figureOf(f, l); n != nil {
				most = max(most, *n)
			}
		}
	}
	return roundUp(most)
}

// roundUp is the next number of one digit with zeros behind it, and at least 1.
func roundUp(n float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(max(n, 1))))
	return max(1, math.Ceil(n/ten)*ten)
}

// figureOf is a figure of a stretch. Where nothing was emitted, counts are 0, and there is no average of nothing.
func figureOf(f figure.Figure, l *figure.Line) *float64 {
	if l == nil {
		l = &figure.Line{}
	}
	return f.Of(*l)
}

// places are where the points of a figure are drawn, by stretch; nil where there is none.
func (q *queueFigures) places(f figure.Figure, top float64) []*dot {
	out := make([]*dot, len(q.lines))
	for i, l := range q.lines {
		if n := figureOf(f, l); n != nil {
			out[i] = &dot{(float64(i) + .5) / float64(len(q.lines)), 1 - *n/top}
		}
	}
	return out
}

func (q *queueFigures) chart(a figuresForm, f figure.Figure, top float64) chart {
	out := chart{
		Name: f.Name, Title: figureTitles[f.Name], Value: written(f, q.total), top: top,
		Address: a.address(url.Values{"queue": {q.ID}, "figure": {f.Name}}) + "#chart",
	}
	out.Label = fmt.Sprintf("%s %s, %s, by %s", out.Title, out.Value, q.Name, a.Word)
	places := q.places(f, top)
	if f.Kind == figure.Count {
		out.bars(places)
	} else {
		out.lines(places)
	}
	return out
}

// bars stand on the ground, a fifth of their width apart.
func (c *chart) bars(places []*dot) {
	w := .8 / float64(len(places))
	for _, p := range places {
		c.Bars = append(c.Bars, rectangle{p.X - w/2, w, p.Y, 1 - p.Y})
	}
}

// lines join points, and end where there is none. A point without neighbours is a dot.
func (c *chart) lines(places []*dot) {
	var run []string
	for i, p := range places {
		if p == nil {
			continue
		}
		run = append(run, hundredths(p.X)+","+hundredths(p.Y))
		if i+1 < len(places) && places[i+1] != nil {
			continue
		}
		if len(run) == 1 {
			c.Dots = append(c.Dots, *p)
		} else {
			c.Lines = append(c.Lines, strings.Join(run, " "))
		}
		run = nil
	}
}

func hundredths(x float64) string { return strconv.FormatFloat(math.Round(x*1e4)/100, 'f', -1, 64) }

// written is a figure with its unit.
func written(f figure.Figure, l figure.Line) string {
	n := f.Of(l)
	switch {
	case n == nil:
		return "–"
	case f.Kind == figure.Count:
		return count(int64(*n))
	case f.Kind == figure.Share:
		return f.Text(l) + " %"
	}
	return f.Text(l) + " s"
}

// rows are the table of a queue.
func (q *queueFigures) rows(a figuresForm) error {
	for i, l := range q.lines {
		if l == nil {
			l = &figure.Line{}
		}
		at := conversation.Interval{Start: a.edges[i], End: a.edges[i+1]}
		r := figureRow{At: a.clock(at.Start), Full: at.Start.In(a.question.Zone).Format(time.RFC3339)}
		var err error
		if r.Address, err = exploreAt(q.ID, at, ""); err != nil {
			return err
		}
		for _, name := range drawn {
			f := drawnFigure(name)
			r.Cells = append(r.Cells, figureCell{written(f, *l), f.Number(*l)})
		}
		q.Rows = append(q.Rows, r)
	}
	return nil
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
	out := &chosenFigure{Queue: q.Name, Kind: chartKinds[f.Kind], What: f.What, Zone: b.Asked.Zone}
	for _, c := range q.Charts {
		if c.Name == f.Name {
			out.chart = c
		}
		out.Choices = append(out.Choices, choice{c.Title, c.Address, c.Name == f.Name})
	}
	asks := b.Asked.question
	asks.Only, asks.Metrics = []figure.Only{{Dimension: "queueId", Values: []string{q.ID}}}, f.Metrics
	var err error
	if out.Request, err = pretty(asks); err != nil {
		return nil, err
	}
	out.axes(b.Asked, f)
	return out, out.points(b.Asked, q, f)
}

// points are the stretches of the large chart, each with its conversations: those that emitted what the figure is made of.
func (c *chosenFigure) points(a figuresForm, q *queueFigures, f figure.Figure) error {
	metric := f.Metrics[0]
	if f.Name == "serviceLevel" {
		metric = "" // it is no metric of a conversation
	}
	for i, p := range q.places(f, c.top) {
		if p == nil {
			continue
		}
		l := figure.Line{}
		if q.lines[i] != nil {
			l = *q.lines[i]
		}
		address, err := exploreAt(q.ID, conversation.Interval{Start: a.edges[i], End: a.edges[i+1]}, metric)
		if err != nil {
			return err
		}
		at := a.clock(a.edges[i])
		c.Points = append(c.Points, point{
			dot: *p, At: at, Start: a.edges[i].Unix(), Number: f.Number(l), Address: address, Label: fmt.Sprintf("%s, %s: %s", c.Title, at, written(f, l)),
		})
	}
	return nil
}

// mostTimes is how many times stand at the axis of the large chart.
const mostTimes = 7

// axes are the numbers beside the chart, and the times below it.
func (c *chosenFigure) axes(a figuresForm, f figure.Figure) {
	for _, part := range []float64{0, .5, 1} {
		c.Ticks = append(c.Ticks, axisTick{1 - part, scaleText(f.Kind, part*c.top)})
	}
	n := len(a.edges) - 1
	every := (n + mostTimes - 1) / mostTimes
	for i := 0; i < n; i += every {
		layout := "2 Jan"
		if !a.daily() && n <= 48 {
			layout = "2 Jan 15:04"
		}
		c.Times = append(c.Times, axisTick{(float64(i) + .5) / float64(n), a.edges[i].In(a.question.Zone).Format(layout)})
	}
}

// scaleText is a number of an axis.
func scaleText(k figure.Kind, n float64) string {
	switch k {
	case figure.Share:
		return strconv.FormatFloat(n*100, 'f', 0, 64) + " %"
	case figure.Seconds:
		return strconv.FormatFloat(n, 'f', -1, 64) + " s"
	case figure.Count:
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}
