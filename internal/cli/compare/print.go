package compare

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/compare"
)

// liveStart is the start that a live object tells.
func liveStart(text []byte) string {
	var o struct {
		StartTime string `json:"startTime"`
	}
	_ = json.Unmarshal(text, &o, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) // a record has none
	return o.StartTime
}

func (o *Options) print(r compare.Result) error {
	if o.JSON {
		if !o.All {
			r.Fields = nil
		}
		return o.Streams.JSON(r)
	}
	if !o.Streams.OutTerminal {
		o.Streams.Notef("%s\n", answer(r))
		return o.fields(r)
	}
	o.Streams.Printf("%s\n\n", answer(r))
	if err := o.sources(r); err != nil {
		return err
	}
	if len(r.Differences) > 0 || o.All {
		o.Streams.Printf("\n")
		if err := o.fields(r); err != nil {
			return err
		}
	}
	if len(r.Reasons) > 0 {
		o.Streams.Printf("\n")
		pairs := make([][2]string, len(r.Reasons))
		for i, n := range r.Reasons {
			pairs[i] = [2]string{string(n.Reason), n.Sentence}
		}
		if err := ui.Fields(o.Streams.Out, pairs...); err != nil {
			return err
		}
	}
	o.Streams.Printf("\n")
	t := o.Streams.Table("for", "use", "now")
	for _, a := range r.Advice {
		t.Row(a.For, string(a.Use), a.Note)
	}
	return t.Done()
}

// answer is what came of it, in a sentence.
func answer(r compare.Result) string {
	var have []string
	for _, s := range r.Sources {
		if s.Has {
			have = append(have, string(s.Source))
		}
	}
	state := "goes on"
	if r.End != "" {
		state = "ended at " + r.End
	}
	text := fmt.Sprintf("Conversation %s %s. In %s.", r.ID, state, strings.Join(have, ", "))
	switch n, unexplained := len(r.Differences), r.Unexplained(); {
	case n == 0 && len(have) > 1:
		text += " They tell the same."
	case n > 0:
		text += " " + ui.Counted(int64(n), "field differs", "fields differ") + "."
	case unexplained == 0:
		return text
	}
	if n := r.Unexplained(); n > 0 {
		text += " Unexplained: " + strconv.Itoa(n) + "."
	}
	return text
}

// sources say what became of each.
func (o *Options) sources(r compare.Result) error {
	t := o.Streams.Table("source", "has it", "as of", "ended", "differs", "remark")
	for _, s := range r.Sources {
		has, asOf, end, differs, why := "no", "", "", "", string(s.Reason)
		if s.Has {
			has, asOf, end, differs, why = "yes", s.AsOf, s.End, strconv.Itoa(s.Differs), s.Limits
			if asOf == "" {
				asOf = "now"
			}
			if end == "" {
				end = "goes on"
			}
		}
		if s.Why != "" {
			why += ": " + s.Why
		}
		t.Row(string(s.Source), has, asOf, end, differs, why)
	}
	return t.Done()
}

// fields are those that differ, or all.
func (o *Options) fields(r compare.Result) error {
	list := r.Differences
	if o.All {
		list = r.Fields
	}
	t := o.Streams.Table("field", "live", "query", "job", "lake", "reason")
	for _, f := range list {
		name := f.Path
		if o.Streams.OutTerminal {
			name = f.Label
		}
		cells := []string{o.cut(name, longestLabel)}
		for _, s := range compare.Sources() {
			cells = append(cells, o.value(f, s))
		}
		var why []string
		for _, b := range f.Reasons {
			why = append(why, string(b.Source)+": "+string(b.Reason))
		}
		t.Row(append(cells, strings.Join(why, "; "))...)
	}
	return t.Done()
}

// value is a cell: empty where a source tells of no such field, a dash where it tells that there is none.
func (o *Options) value(f compare.Field, s compare.Source) string {
	v, there := f.Values[s]
	if !there {
		if slices.Contains(f.Lacks, s) {
			return "-"
		}
		return ""
	}
	text := string(v)
	if v.Kind() == '"' {
		if plain, err := jsontext.AppendUnquote(nil, v); err == nil {
			text = string(plain)
		}
	}
	return o.cut(text, longestValue)
}

// How many characters of a label and of a value a person is shown. A program gets all.
const (
	longestLabel = 96
	longestValue = 32
)

// cut shortens a text for a person, and says how long it is: two values may begin alike.
func (o *Options) cut(text string, most int) string {
	n := utf8.RuneCountInString(text)
	if n <= most || !o.Streams.OutTerminal {
		return text
	}
	return string([]rune(text)[:most-8]) + fmt.Sprintf("… (%s)", ui.Count(int64(n)))
}
