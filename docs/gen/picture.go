package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// tick is a place on an axis with its label.
type tick struct {
	at    float64
	label string
}

// axis is that of a measure. Values beyond its ends are drawn at them.
type axis struct {
	title string
	log   bool
	lo    float64
	hi    float64
	ticks []tick
}

// block is the row of panels of one medium.
type block struct {
	medium string
	axes   map[string]axis
	one    map[string]float64 // what is known of a single real record, where there are no more
}

// Milliseconds of the axes of durations.
const (
	seconds = 1000
	minutes = 60 * seconds
	hours   = 60 * minutes
	days    = 24 * hours
)

// blocks are those of the picture. Axes are fixed, so that the pictures of two versions can be laid side by side.
var blocks = []block{
	{medium: "voice", axes: map[string]axis{
		"participants": {"Participants", false, 0, 8, numbers(0, 2, 4, 6, 8)},
		"sessions":     {"Sessions", false, 0, 8, numbers(0, 2, 4, 6, 8)},
		"segments":     {"Segments", true, 1, 32, numbers(1, 2, 4, 8, 16, 32)},
		"metrics":      {"Metrics", true, 1, 64, numbers(1, 2, 4, 8, 16, 32, 64)},
		"bytes":        {"Bytes", true, 1000, 32000, []tick{{1000, "1 k"}, {2000, "2 k"}, {4000, "4 k"}, {8000, "8 k"}, {16000, "16 k"}, {32000, "32 k"}}},
		"duration": {"Duration", true, seconds, 90 * days, []tick{
			{seconds, "1 s"}, {10 * seconds, ""}, {minutes, "1 min"}, {10 * minutes, ""}, {hours, "1 h"}, {days, "1 d"}, {60 * days, "60 d"},
		}},
	}},
	{medium: "message", one: map[string]float64{"segments": 62, "metrics": 102, "bytes": 28000}, axes: map[string]axis{
		"participants": {"Participants", false, 0, 16, numbers(0, 4, 8, 12, 16)},
		"sessions":     {"Sessions", false, 0, 16, numbers(0, 4, 8, 12, 16)},
		"segments":     {"Segments", true, 4, 128, numbers(4, 8, 16, 32, 64, 128)},
		"metrics":      {"Metrics", true, 8, 128, numbers(8, 16, 32, 64, 128)},
		"bytes":        {"Bytes", true, 4000, 32000, []tick{{4000, "4 k"}, {8000, "8 k"}, {16000, "16 k"}, {32000, "32 k"}}},
		"duration": {"Duration", true, 30 * seconds, 4 * days, []tick{
			{minutes, "1 min"}, {10 * minutes, "10 min"}, {hours, "1 h"}, {10 * hours, ""}, {days, "1 d"}, {4 * days, "4 d"},
		}},
	}},
}

func numbers(all ...int) (out []tick) {
	for _, n := range all {
		out = append(out, tick{float64(n), strconv.Itoa(n)})
	}
	return out
}

// Sizes of the picture, in pixels.
const (
	across     = 3 // panels beside one another
	panelWide  = 246.0
	panelHigh  = 104.0
	gapWide    = 30.0
	gapHigh    = 62.0
	leftEdge   = 52.0
	topEdge    = 34.0
	headHigh   = 44.0
	bottomEdge = 14.0
)

// style has the colours of a light page, and of a dark one. Blue and orange are told apart by everybody, and the thinner
// line is the real one where colours are not printed.
const style = `<style>
.page{fill:#ffffff}.text{fill:#1f2328}.faint{fill:#59636e}.grid{stroke:#e2e6ea}.edge{stroke:#8c959f}
.sim{stroke:#0969da}.real{stroke:#bc4c00}.simtext{fill:#0969da}.realtext{fill:#bc4c00}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117}.text{fill:#e6edf3}.faint{fill:#9198a1}.grid{stroke:#262c36}.edge{stroke:#656c76}
.sim{stroke:#58a6ff}.real{stroke:#f0883e}.simtext{fill:#58a6ff}.realtext{fill:#f0883e}}
text{font:12px -apple-system,"Segoe UI",Helvetica,Arial,sans-serif}.head{font-size:15px;font-weight:600}.title{font-weight:600}.small{font-size:11px}
.grid,.edge{stroke-width:1}.sim{stroke-width:2.4;fill:none}.real{stroke-width:1.3;fill:none}
</style>
`

// picture draws how what was measured is distributed: of each medium and measure the share of records that have at most so
// much, simulated beside real.
func picture(both sides) string {
	made, found := both.sim, &both.real.likeness
	rows := (len(measures) + across - 1) / across
	blockHigh := headHigh + float64(rows)*(panelHigh+gapHigh)
	wide, high := leftEdge+across*panelWide+(across-1)*gapWide+18, topEdge+float64(len(blocks))*blockHigh+bottomEdge-20
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="Distributions of simulated records beside real ones">`+"\n",
		px(wide), px(high), px(wide), px(high))
	b.WriteString(style)
	fmt.Fprintf(&b, `<rect class="page" width="%s" height="%s"/>`+"\n", px(wide), px(high))
	for i, of := range blocks {
		top := topEdge + float64(i)*blockHigh
		head(&b, of, top, both)
		for j, m := range measures {
			x := leftEdge + float64(j%across)*(panelWide+gapWide)
			y := top + headHigh + float64(j/across)*(panelHigh+gapHigh)
			p := panel{&b, of.axes[m.name], x, y}
			p.frame(j%across == 0)
			p.draw("sim", made.Quantiles[of.medium][m.name])
			p.draw("real", found.Quantiles[of.medium][m.name])
			p.mark(of.one[m.name])
			p.titles(m.name, made.Quantiles[of.medium][m.name], found.Quantiles[of.medium][m.name])
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// head says of which medium a block is, how many records there are, and which line is which.
func head(b *strings.Builder, of block, top float64, both sides) {
	made, found := both.sim, &both.real.likeness
	known := fmt.Sprintf("%d real ones", found.Media[of.medium])
	if found.Media[of.medium] == 0 {
		known = "the one real record that was found (dashed)"
	}
	fmt.Fprintf(b, `<text class="text head" x="%s" y="%s">%s</text>`+"\n", px(leftEdge), px(top), strings.ToUpper(of.medium[:1])+of.medium[1:])
	fmt.Fprintf(b, `<text x="%s" y="%s"><tspan class="simtext">━ %s simulated records</tspan><tspan class="realtext" dx="14">─ %s</tspan></text>`+"\n",
		px(leftEdge+86), px(top), thousands(made.Media[of.medium]), known)
}

// panel is one of the small pictures.
type panel struct {
	b    *strings.Builder
	axis axis
	x, y float64 // of its upper left corner
}

// at is where a value lies.
func (p panel) at(v float64) float64 {
	v = min(max(v, p.axis.lo), p.axis.hi)
	share := (v - p.axis.lo) / (p.axis.hi - p.axis.lo)
	if p.axis.log {
		share = math.Log(v/p.axis.lo) / math.Log(p.axis.hi/p.axis.lo)
	}
	return p.x + share*panelWide
}

// up is where a share of the records lies.
func (p panel) up(share float64) float64 { return p.y + (1-share)*panelHigh }

// frame draws the grid and the labels of the axes; shares are labelled on the left only.
func (p panel) frame(left bool) {
	for _, share := range []float64{0.25, 0.5, 0.75, 1} {
		p.line("grid", p.x, p.up(share), p.x+panelWide, p.up(share))
	}
	for _, t := range p.axis.ticks {
		p.line("grid", p.at(t.at), p.y, p.at(t.at), p.y+panelHigh)
		fmt.Fprintf(p.b, `<text class="faint small" text-anchor="middle" x="%s" y="%s">%s</text>`+"\n", px(p.at(t.at)), px(p.y+panelHigh+15), t.label)
	}
	p.line("edge", p.x, p.y+panelHigh, p.x+panelWide, p.y+panelHigh)
	if !left {
		return
	}
	for _, share := range []float64{0, 0.5, 1} {
		fmt.Fprintf(p.b, `<text class="faint small" text-anchor="end" x="%s" y="%s">%d %%</text>`+"\n", px(p.x-7), px(p.up(share)+4), int(share*100))
	}
}

func (p panel) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(p.b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`+"\n", class, px(x1), px(y1), px(x2), px(y2))
}

// draw is the share of records that have at most so much, as steps.
func (p panel) draw(class string, quantiles []int64) {
	if len(quantiles) == 0 {
		return
	}
	var path strings.Builder
	fmt.Fprintf(&path, "M%s %s", px(p.x), px(p.up(0)))
	before := ""
	for k, v := range quantiles {
		if k+1 < len(quantiles) && quantiles[k+1] == v {
			continue
		}
		step := fmt.Sprintf("H%sV%s", px(p.at(float64(v))), px(p.up(float64(k)/float64(len(quantiles)-1))))
		if step != before {
			path.WriteString(step)
		}
		before = step
	}
	fmt.Fprintf(&path, "H%s", px(p.x+panelWide))
	fmt.Fprintf(p.b, `<path class="%s" d="%s"/>`+"\n", class, path.String())
}

// mark is a single real record.
func (p panel) mark(v float64) {
	if v > 0 {
		fmt.Fprintf(p.b, `<path class="real" stroke-dasharray="4 3" d="M%s %sV%s"/>`+"\n", px(p.at(v)), px(p.y), px(p.y+panelHigh))
	}
}

// titles say what is measured, and the two medians.
func (p panel) titles(of string, made, found []int64) {
	scale := ""
	if p.axis.log {
		scale = `<tspan class="faint small" font-weight="400" dx="6">log scale</tspan>`
	}
	fmt.Fprintf(p.b, `<text x="%s" y="%s"><tspan class="text title">%s</tspan>%s</text>`+"\n", px(p.x), px(p.y-8), p.axis.title, scale)
	medians := fmt.Sprintf(`median <tspan class="simtext">%s</tspan>`, shown(of, made))
	if len(found) > 0 {
		medians += fmt.Sprintf(` <tspan class="realtext">%s</tspan>`, shown(of, found))
	}
	fmt.Fprintf(p.b, `<text class="faint small" text-anchor="end" x="%s" y="%s">%s</text>`+"\n", px(p.x+panelWide), px(p.y-8), medians)
}

// shown is the median of quantiles, in words.
func shown(of string, quantiles []int64) string { return inWords(of, quantiles[(len(quantiles)-1)/2]) }

// inWords is a value of a measure for a person.
func inWords(of string, v int64) string {
	switch of {
	case "duration":
		return length(v)
	case "bytes":
		return fmt.Sprintf("%d.%d k", v/1000, v%1000/100)
	}
	return strconv.FormatInt(v, 10)
}

// length is milliseconds in words.
func length(ms int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"d", days}, {"h", hours}, {"min", minutes}, {"s", seconds}} {
		if ms >= 2*u.size {
			return fmt.Sprintf("%d %s", ms/u.size, u.name)
		}
	}
	return fmt.Sprintf("%d ms", ms)
}

// px is a coordinate, to a tenth of a pixel: no machine rounds it otherwise.
func px(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// thousands is a number with separators.
func thousands(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
