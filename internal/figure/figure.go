// Package figure is the usual figures of a contact centre: what each of them is, how they are asked for by the platform's query for
// aggregates, and how they are made of its answer. The command and the page of figures say the same by it.
//
// A figure is a number such as the service level. A line is the figures of a group and a stretch of time. Lines add up: shares
// and averages of their sum are those of all that they count, and not averages of averages.
package figure

import (
	"strconv"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/wire"
)

// Kind is what a number counts.
type Kind int

// The kinds.
const (
	Count   Kind = iota // of conversations
	Share               // from 0 to 1
	Seconds             // on average
)

// Figure is one of the usual figures.
type Figure struct {
	Name    string // as programs read it
	Title   string // as people read it
	What    string // it is, in a sentence
	Kind    Kind
	Metrics []string // that it is made of

	of func(Line) *float64
}

// All are the figures, in the order in which they are told.
var All = []Figure{
	{"offered", "offered", "Conversations that came into a queue.", Count, []string{"nOffered"}, counted("nOffered")},
	{"answered", "answered", "Conversations that an agent of the queue answered.", Count, []string{"tAnswered"}, counted("tAnswered")},
	{"abandoned", "abandoned", "Conversations whose customer left the queue before anybody answered.", Count, []string{"tAbandon"}, counted("tAbandon")},
	{"abandonedShare", "abandoned %", "Abandoned, of offered.", Share, []string{"tAbandon", "nOffered"}, abandonedShare},
	{"averageAnswerSeconds", "ASA s", "Average speed of answer: how long those who were answered had waited, on average.", Seconds, []string{"tAnswered"}, average("tAnswered")},
	{"averageHandleSeconds", "AHT s", "Average handle time: talk, hold and wrap-up of an agent, on average.", Seconds, []string{"tHandle"}, average("tHandle")},
	{"serviceLevel", "service level %", "Of those answered or abandoned, the share that was answered within the queue's target.", Share, []string{"oServiceLevel"}, serviceLevel},
	{"transferred", "transferred", "Transfers by agents.", Count, []string{"nTransferred"}, counted("nTransferred")},
}

// metrics are what all figures are made of.
var metrics = []string{"nOffered", "tAnswered", "tAbandon", "tHandle", "nTransferred", "oServiceLevel"}

// Of is the figure of a line; nil if there is nothing to take a share or an average of.
func (f Figure) Of(l Line) *float64 { return f.of(l) }

// Number is the figure of a line for programs: a share with four digits, from 0 to 1. Empty if there is none.
func (f Figure) Number(l Line) string { return f.text(l, 4, 1) }

// Text is the figure of a line for people: a share in per cent. Empty if there is none.
func (f Figure) Text(l Line) string { return f.text(l, 1, 100) }

func (f Figure) text(l Line, shareDigits int, whole float64) string {
	n := f.of(l)
	switch {
	case n == nil:
		return ""
	case f.Kind == Count:
		return strconv.FormatFloat(*n, 'f', 0, 64)
	case f.Kind == Share:
		return strconv.FormatFloat(*n*whole, 'f', shareDigits, 64)
	}
	return strconv.FormatFloat(*n, 'f', 1, 64)
}

// Named is the figure that programs read by a name.
func Named(name string) (f Figure, ok bool) {
	for _, f := range All {
		if f.Name == name {
			return f, true
		}
	}
	return f, false
}

// Line is the figures of a group and a stretch of time.
type Line struct {
	Values   []string // of the dimensions; an empty one is that records do not say
	Interval conversation.Interval

	sums map[string]sum // by metric
}

// sum is what the values of a metric come to. Of a service level there are those in time, and those of all.
type sum struct {
	count       int64
	sum         float64
	inTime, all float64
}

// Lines are those of an answer to a question that has these dimensions, in its order. An answer that cannot be read is fault.Corrupt.
func Lines(a wire.Aggregates, groupBy []string) (out []Line, err error) {
	for _, g := range a.Results {
		var values []string
		for _, name := range groupBy {
			values = append(values, g.Group[name])
		}
		for _, d := range g.Data {
			l := Line{Values: values, sums: map[string]sum{}}
			if l.Interval, err = conversation.ParseInterval(d.Interval); err != nil {
				return nil, fault.Because(fault.Corrupt, err, "the server's answer has an interval that cannot be read")
			}
			for _, m := range d.Metrics {
				l.sums[m.Metric] = sumOf(m.Stats)
			}
			out = append(out, l)
		}
	}
	return out, nil
}

func sumOf(s wire.Statistics) sum {
	out := sum{sum: value(s.Sum), inTime: value(s.Numerator), all: value(s.Denominator)}
	if s.Count != nil {
		out.count = *s.Count
	}
	return out
}

// value is a number that may be missing: 0 then.
func value(n *float64) float64 {
	if n == nil {
		return 0
	}
	return *n
}

// Total is the figures of lines together.
func Total(lines []Line) Line {
	out := Line{sums: map[string]sum{}}
	for _, l := range lines {
		for metric, s := range l.sums {
			t := out.sums[metric]
			out.sums[metric] = sum{t.count + s.count, t.sum + s.sum, t.inTime + s.inTime, t.all + s.all}
		}
	}
	return out
}

func counted(metric string) func(Line) *float64 {
	return func(l Line) *float64 { return new(float64(l.sums[metric].count)) }
}

// average is that of times, which are in milliseconds.
func average(metric string) func(Line) *float64 {
	return func(l Line) *float64 { return ratio(l.sums[metric].sum/1000, float64(l.sums[metric].count)) }
}

func abandonedShare(l Line) *float64 {
	return ratio(float64(l.sums["tAbandon"].count), float64(l.sums["nOffered"].count))
}

func serviceLevel(l Line) *float64 {
	return ratio(l.sums["oServiceLevel"].inTime, l.sums["oServiceLevel"].all)
}

// ratio is a part of something; nil of nothing.
func ratio(part, of float64) *float64 {
	if of == 0 {
		return nil
	}
	return new(part / of)
}
