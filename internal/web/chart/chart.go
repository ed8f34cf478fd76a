// Package chart draws figures over time: lines of figures go in, and what a template writes into SVG comes out.
//
// A series is the lines of one group, such as a queue, one for each stretch of time; nil where nothing was emitted. A place is from 0 to
// 1, from the left and from above, so that one drawing fits every width. Charts that shall be compared are drawn below the same top.
//
// What a chart is called and what it links is left to whoever shows it.
package chart

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/figure"
	"github.com/parley-hq/parley/internal/web/words"
)

// Series is the lines of a group, by stretch; nil: nothing was emitted.
type Series []*figure.Line

// Split divides lines that were asked for by stretch into a series for each first value of their group. The stretches lie between edges;
// a line that begins at none of them is left out.
func Split(lines []figure.Line, edges []time.Time) map[string]Series {
	stretch := map[int64]int{}
	for i, at := range edges[:len(edges)-1] {
		stretch[at.UnixMicro()] = i
	}
	out := map[string]Series{}
	for _, l := range lines {
		i, ok := stretch[l.Interval.Start.UnixMicro()]
		if !ok {
			continue
		}
		if out[l.Values[0]] == nil {
			out[l.Values[0]] = make(Series, len(stretch))
		}
		out[l.Values[0]][i] = &l
	}
	return out
}

// At is the line of a stretch. Where nothing was emitted, counts are 0, and there is no average of nothing.
func (s Series) At(stretch int) figure.Line {
	if s[stretch] == nil {
		return figure.Line{}
	}
	return *s[stretch]
}

// Chart is a figure of a series.
type Chart struct {
	Bars   []Bar    // of counts
	Curves []string // of shares and averages: points of lines, in hundredths
	Dots   []Place  // of curves: points without neighbours
	Points []Point  // of both: every number that there is
}

// Bar is where a bar is drawn.
type Bar struct{ X, W, Y, H float64 }

// Place is where a point is drawn.
type Place struct{ X, Y float64 }

// Point is the number of a stretch.
type Point struct {
	Place

	Stretch int
}

// Draw draws a figure of a series, on a scale from 0 to top.
func Draw(f figure.Figure, s Series, top float64) (c Chart) {
	for i := range s {
		if n := f.Of(s.At(i)); n != nil {
			c.Points = append(c.Points, Point{Place{(float64(i) + .5) / float64(len(s)), 1 - *n/top}, i})
		}
	}
	if f.Kind == figure.Count {
		c.bars(len(s))
	} else {
		c.curves()
	}
	return c
}

// bars stand on the ground, a fifth of their width apart.
func (c *Chart) bars(stretches int) {
	w := .8 / float64(stretches)
	for _, p := range c.Points {
		c.Bars = append(c.Bars, Bar{p.X - w/2, w, p.Y, 1 - p.Y})
	}
}

// curves join points, and end where there is none. A point without neighbours is a dot.
func (c *Chart) curves() {
	var run []string
	for i, p := range c.Points {
		run = append(run, hundredths(p.X)+","+hundredths(p.Y))
		if i+1 < len(c.Points) && c.Points[i+1].Stretch == p.Stretch+1 {
			continue
		}
		if len(run) == 1 {
			c.Dots = append(c.Dots, p.Place)
		} else {
			c.Curves = append(c.Curves, strings.Join(run, " "))
		}
		run = nil
	}
}

func hundredths(x float64) string { return strconv.FormatFloat(math.Round(x*1e4)/100, 'f', -1, 64) }

// Top is the number at the top of the charts of a figure: 1 of shares, and of others a round number that none exceeds.
func Top(f figure.Figure, all ...Series) float64 {
	if f.Kind == figure.Share {
		return 1
	}
	most := 0.0
	for _, s := range all {
		for i := range s {
			if n := f.Of(s.At(i)); n != nil {
				most = max(most, *n)
			}
		}
	}
	if f.Kind == figure.Seconds {
		return clockUp(most)
	}
	return roundUp(most)
}

// clockSteps are the times, in seconds, between which an axis is divided as people read a clock.
var clockSteps = []float64{1, 10, 30, 60, 300, 600, 1800, 3600, 7200, 6 * 3600, 12 * 3600, 24 * 3600}

// clockUp is the next time of whole steps, the largest that fit, and at least a second.
func clockUp(n float64) float64 {
	step := clockSteps[0]
	for _, s := range clockSteps {
		if s <= n {
			step = s
		}
	}
	return max(1, math.Ceil(n/step)*step)
}

// roundUp is the next number of one digit with zeros behind it, and at least 1.
func roundUp(n float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(max(n, 1))))
	return max(1, math.Ceil(n/ten)*ten)
}

// Tick is a number or time at an axis.
type Tick struct {
	At   float64
	Text string
}

// Numbers are those beside a chart of a figure: at the ground, in the middle and at the top.
func Numbers(f figure.Figure, top float64) (out []Tick) {
	for _, part := range []float64{0, .5, 1} {
		out = append(out, Tick{1 - part, scaleText(f.Kind, part*top)})
	}
	return out
}

func scaleText(k figure.Kind, n float64) string {
	switch k {
	case figure.Share:
		return strconv.FormatFloat(n*100, 'f', 0, 64) + " %"
	case figure.Seconds:
		return words.Seconds(n)
	case figure.Count:
	}
	return strconv.FormatFloat(n, 'f', -1, 64)
}

// Bounds of the times below a chart: how many there are, and of how many stretches each has its hour.
const (
	mostTimes = 7
	mostHours = 48
)

// Times are those below a chart: when some of the stretches between edges begin, by the clocks of a zone. Stretches of a day or longer
// have a date only.
func Times(edges []time.Time, zone *time.Location, daily bool) (out []Tick) {
	n := len(edges) - 1
	layout := "2 Jan"
	if !daily && n <= mostHours {
		layout = "2 Jan 15:04"
	}
	every := (n + mostTimes - 1) / mostTimes
	for i := 0; i < n; i += every {
		out = append(out, Tick{(float64(i) + .5) / float64(n), edges[i].In(zone).Format(layout)})
	}
	return out
}
