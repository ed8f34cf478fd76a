package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
)

// view is how somebody looks at a conversation. All of it is in the address.
type view struct {
	scale    string
	from, to time.Time // the part of the time that is shown; zero: all of it
	open     []int     // folds that are opened, by number from 1, in order and each once
	width    int       // of the drawing, in pixels: what is narrower than one is merged
	seg      segment   // that is looked at
	lane     int       // the first party of the lane whose parties are shown one by one; -1: none
	more     int       // how many of these parties come before those that are shown
	tab      string
	after    int    // how many steps, or members of a branch, come before those that are shown
	path     string // of the branch of the record
	find     string // what is looked for in the record

	hasAfter, hasPath bool // the address says so
}

// scales are how time can be drawn, tabs what can be told of a conversation. The first of each is the usual one.
var (
	scales = []string{"folded", "true", "steps"}
	tabs   = []string{"account", "attributes", "record", "compare"}
)

// Widths of a drawing, in pixels.
const (
	usualWidth             = 960
	narrowWidth, wideWidth = 100, 10_000
)

// What an address may have. A page repeats it in each link.
const (
	mostOpen = 12 // folds: axes have no more
	mostFind = 200
	mostPath = 4096 // bytes, both
)

func readView(q url.Values) (w view, err error) {
	w = view{scale: scales[0], tab: tabs[0], width: usualWidth, lane: -1, seg: readSegment(q.Get("seg")), hasAfter: q.Has("after"), hasPath: q.Has("path")}
	for _, read := range []func() error{
		func() error { return oneOf(q, "scale", scales, &w.scale) },
		func() error { return oneOf(q, "tab", tabs, &w.tab) },
		func() error { return number(q, "width", narrowWidth, wideWidth, &w.width) },
		func() error { return number(q, "lane", 0, mostNumber, &w.lane) },
		func() error { return number(q, "more", 0, mostNumber, &w.more) },
		func() error { return number(q, "after", 0, mostNumber, &w.after) },
		func() error { return bounded(q, "path", mostPath, &w.path) },
		func() error { return bounded(q, "find", mostFind, &w.find) },
		func() error { return w.readSpan(q) },
		func() error { return w.readFolds(q.Get("open")) },
	} {
		if err := read(); err != nil {
			return w, err
		}
	}
	w.find = strings.TrimSpace(w.find)
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
func (w *view) readSpan(q url.Values) error {
	for name, into := range map[string]*time.Time{"from": &w.from, "to": &w.to} {
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
	if !w.from.IsZero() && !w.to.IsZero() && !w.to.After(w.from) {
		return fault.Field("to", "to must lie after from")
	}
	return nil
}

func (w *view) readFolds(text string) error {
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 {
			return fault.Field("open", "open has the numbers of folds, from 1, with commas between them")
		}
		if slices.Contains(w.open, n) {
			continue
		}
		if w.open = append(w.open, n); len(w.open) > mostOpen {
			return fault.Field("open", "open has at most %d folds", mostOpen)
		}
	}
	slices.Sort(w.open)
	return nil
}

// foldsWith is the text that opens a fold too, or closes it if it is open.
func (w *view) foldsWith(n int) string {
	open := slices.Clone(w.open)
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
func (w *view) kept() url.Values {
	q := url.Values{}
	keep := func(name, value string, kept bool) {
		if kept {
			q.Set(name, value)
		}
	}
	keep("scale", w.scale, w.scale != scales[0])
	keep("from", conversation.FormatTime(w.from), !w.from.IsZero())
	keep("to", conversation.FormatTime(w.to), !w.to.IsZero())
	keep("open", foldsText(w.open), len(w.open) > 0)
	keep("lane", strconv.Itoa(w.lane), w.lane >= 0)
	keep("more", strconv.Itoa(w.more), w.more > 0)
	keep("seg", w.seg.String(), w.seg.party >= 0)
	return q
}

// with is the address of the same page with something changed: names and values by turns, an empty value takes one away.
func (w *view) with(changes ...string) string {
	q := w.kept()
	for i := 0; i+1 < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return "?" + q.Encode()
}
