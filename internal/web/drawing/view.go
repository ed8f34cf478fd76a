package drawing

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/web/tree"
)

// View is how somebody looks at a conversation. All of it is in the address.
type View struct {
	Scale    string
	From, To time.Time // the part of the time that is shown; zero: all of it
	Open     []int     // folds that are opened, by number from 1, in order and each once
	Width    int       // of the drawing, in pixels: what is narrower than one is merged
	Segment  Segment   // that is looked at
	Lane     int       // the first party of the lane whose parties are shown one by one; -1: none
	More     int       // how many of these parties come before those that are shown
	Tab      string
	After    int    // how many steps, or members of a branch, come before those that are shown
	Path     string // of the branch of the record
	Find     string // what is looked for in the record

	HasAfter, HasPath bool // the address says so
}

// Scales are how time can be drawn, Tabs what can be told of a conversation. The first of each is the usual one.
var (
	Scales = []string{"folded", "true", "steps"}
	Tabs   = []string{"account", "attributes", "record", "compare"}
)

// Widths of a drawing, in pixels.
const (
	usualWidth             = 960
	narrowWidth, wideWidth = 100, 10_000
)

// What an address may have. A page repeats it in each link.
const (
	mostOpen = 12  // folds: axes have no more
	mostFind = 200 // bytes
)

// Read reads an address. What cannot be is fault.Invalid, and names the parameter.
func Read(q url.Values) (w View, err error) {
	w = View{Scale: Scales[0], Tab: Tabs[0], Width: usualWidth, Lane: -1, Segment: readSegment(q.Get("seg")), HasAfter: q.Has("after"), HasPath: q.Has("path")}
	for _, read := range []func() error{
		func() error { return oneOf(q, "scale", Scales, &w.Scale) },
		func() error { return oneOf(q, "tab", Tabs, &w.Tab) },
		func() error { return number(q, "width", narrowWidth, wideWidth, &w.Width) },
		func() error { return number(q, "lane", 0, mostNumber, &w.Lane) },
		func() error { return number(q, "more", 0, mostNumber, &w.More) },
		func() error { return number(q, "after", 0, mostNumber, &w.After) },
		func() error { return bounded(q, "path", tree.MostPath, &w.Path) },
		func() error { return bounded(q, "find", mostFind, &w.Find) },
		func() error { return w.readSpan(q) },
		func() error { return w.readFolds(q.Get("open")) },
	} {
		if err := read(); err != nil {
			return w, err
		}
	}
	w.Find = strings.TrimSpace(w.Find)
	return w, nil
}

// mostNumber is the largest place in a list that an address names: no record has as many of anything.
const mostNumber = conversation.MaxRecordBytes

func oneOf(q url.Values, name string, known []string, into *string) error {
	text := q.Get(name)
	if text == "" {
		return nil
	}
	if !slices.Contains(known, text) {
		return fault.Field(name, "%s is one of %s", name, strings.Join(known, ", "))
	}
	*into = text
	return nil
}

func number(q url.Values, name string, least, most int, into *int) error {
	text := q.Get(name)
	if text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return fault.Field(name, "%s is a number from %d to %d", name, least, most)
	}
	*into = n
	return nil
}

func bounded(q url.Values, name string, most int, into *string) error {
	text := q.Get(name)
	if len(text) > most {
		return fault.Field(name, "%s has at most %d bytes", name, most)
	}
	*into = text
	return nil
}

// readSpan reads instants as exactly as the addresses of pages have them.
func (w *View) readSpan(q url.Values) error {
	for name, into := range map[string]*time.Time{"from": &w.From, "to": &w.To} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		at, err := conversation.ParseTime(text)
		if err != nil {
			return fault.Field(name, "%s %v", name, err)
		}
		*into = at.Round(time.Millisecond)
	}
	if !w.From.IsZero() && !w.To.IsZero() && !w.To.After(w.From) {
		return fault.Field("to", "to must lie after from")
	}
	return nil
}

func (w *View) readFolds(text string) error {
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return fault.Field("open", "open has the numbers of folds, from 1, with commas between them")
		}
		if slices.Contains(w.Open, n) {
			continue
		}
		if w.Open = append(w.Open, n); len(w.Open) > mostOpen {
			return fault.Field("open", "open has at most %d folds", mostOpen)
		}
	}
	slices.Sort(w.Open)
	return nil
}

// foldsWith is the text that opens a fold too, or closes it if it is open.
func (w *View) foldsWith(n int) string {
	open := slices.Clone(w.Open)
	if i := slices.Index(open, n); i >= 0 {
		open = slices.Delete(open, i, i+1)
	} else {
		open = append(open, n)
	}
	slices.Sort(open)
	return foldsText(open)
}

func foldsText(open []int) string {
	texts := make([]string, len(open))
	for i, n := range open {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}

// kept are the parts of an address that stay when another part changes. They are written from what was understood of the address, not
// copied: a page has thousands of links, and however long somebody writes a number, they are short.
func (w *View) kept() url.Values {
	q := url.Values{}
	keep := func(name, value string, kept bool) {
		if kept {
			q.Set(name, value)
		}
	}
	keep("scale", w.Scale, w.Scale != Scales[0])
	keep("from", conversation.FormatTime(w.From), !w.From.IsZero())
	keep("to", conversation.FormatTime(w.To), !w.To.IsZero())
	keep("open", foldsText(w.Open), len(w.Open) > 0)
	keep("lane", strconv.Itoa(w.Lane), w.Lane >= 0)
	keep("more", strconv.Itoa(w.More), w.More > 0)
	keep("seg", w.Segment.String(), w.Segment.party >= 0)
	return q
}

// With is the address of the same page with something changed: names and values by turns, an empty value takes one away.
func (w *View) With(changes ...string) string {
	q := w.kept()
	for i := 0; i+1 < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return "?" + q.Encode()
}
