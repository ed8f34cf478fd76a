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
	open     []int     // folds that are opened, by number from 1
	width    int       // of the drawing, in pixels: what is narrower than one is merged
	seg      segment   // that is looked at
	lane     int       // the first party of the lane whose parties are shown one by one; -1: none
	more     int       // how many of these parties come before those that are shown
	tab      string
	after    int    // how many steps, or members of a branch, come before those that are shown
	path     string // of the branch of the record
	find     string // what is looked for in the record

	query url.Values
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

// kept are the parts of an address that stay when another part changes.
var kept = []string{"scale", "from", "to", "open", "lane", "more", "seg"}

func readView(q url.Values) (w view, err error) {
	w = view{scale: scales[0], tab: tabs[0], width: usualWidth, lane: -1, seg: readSegment(q.Get("seg")), path: q.Get("path"), find: strings.TrimSpace(q.Get("find")), query: q}
	for _, read := range []func() error{
		func() error { return oneOf(q, "scale", scales, &w.scale) },
		func() error { return oneOf(q, "tab", tabs, &w.tab) },
		func() error { return number(q, "width", narrowWidth, wideWidth, &w.width) },
		func() error { return number(q, "lane", 0, mostNumber, &w.lane) },
		func() error { return number(q, "more", 0, mostNumber, &w.more) },
		func() error { return number(q, "after", 0, mostNumber, &w.after) },
		func() error { return w.readSpan(q) },
		func() error { return w.readFolds(q.Get("open")) },
	} {
		if err := read(); err != nil {
			return w, err
		}
	}
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
		*into = at
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
		w.open = append(w.open, n)
	}
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
	texts := make([]string, len(open))
	for i, n := range open {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}

// with is the address of the same page with something changed: names and values by turns, an empty value takes one away.
func (w *view) with(changes ...string) string {
	q := url.Values{}
	for _, name := range kept {
		if value := w.query.Get(name); value != "" {
			q.Set(name, value)
		}
	}
	for i := 0; i+1 < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return "?" + q.Encode()
}
