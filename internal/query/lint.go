package query

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/parley-hq/parley/internal/fault"
)

// Endpoint is one of the two requests that the language is for.
type Endpoint string

// The endpoints.
const (
	EndpointQuery Endpoint = "query" // POST .../conversations/details/query
	EndpointJobs  Endpoint = "jobs"  // POST .../conversations/details/jobs
)

// Finding is something wrong with the text of a request, and where.
type Finding struct {
	Path    string `json:"path"`    // of the field at fault, "segmentFilters[0].type"; empty for the body as a whole
	Line    int    `json:"line"`    // from 1
	Column  int    `json:"column"`  // characters of the line, from 1
	Message string `json:"message"` // what is wrong and what to do
	Code    string `json:"code"`    // the platform's error code
}

// allowable begins the list of the values that a field may have.
const allowable = ". Allowable values are: "

// mostAllowed is how many values a message may list and still be read at a glance.
const mostAllowed = 12

// Brief parts the long list of what is allowed from a message, for who shows it elsewhere. A message without one stays whole.
func Brief(message string) (brief string, allowed []string) {
	before, rest, listed := strings.Cut(message, allowable)
	list, hint, _ := strings.Cut(rest, ". ")
	if allowed = strings.Split(list, ", "); !listed || len(allowed) <= mostAllowed {
		return message, nil
	}
	return strings.TrimSpace(before + ". " + hint), allowed
}

// Lint finds everything that is wrong with the text of a request, in order of place. What is missing is found where it
// is missing from.
func Lint(text []byte, endpoint Endpoint) []Finding {
	if endpoint == EndpointJobs {
		f := &findings{partial: true}
		f.job(text)
		return f.placed(text)
	}
	return LintDetail(text, PlatformLimits())
}

// LintDetail does what Lint does, of a synchronous query for whoever answers with these limits.
func LintDetail(text []byte, l Limits) []Finding {
	f := &findings{}
	f.detail(text, l)
	return f.placed(text)
}

// placed gives the findings with their places in the text.
func (f *findings) placed(text []byte) []Finding {
	if len(f.list) == 0 {
		return nil
	}
	at := indexOf(text)
	out := make([]Finding, len(f.list))
	for i, e := range f.list {
		offset := f.offset
		if e.Field != "" {
			offset = at.find(e.Field)
		}
		line, column := place(text, offset)
		out[i] = Finding{Path: e.Field, Line: line, Column: column, Message: e.Message, Code: fault.Code(e)}
	}
	slices.SortStableFunc(out, byPlace)
	return out
}

// Place gives findings about the fields of a text their places in it, and orders them by these.
func Place(text []byte, found []Finding) []Finding {
	at := indexOf(text)
	out := slices.Clone(found)
	for i, f := range out {
		out[i].Line, out[i].Column = place(text, at.find(f.Path))
	}
	slices.SortStableFunc(out, byPlace)
	return out
}

func byPlace(a, b Finding) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) }

// Guess says for which endpoint a request was written: by the members that only one of them has, else the one that
// finds less wrong with it.
func Guess(text []byte) Endpoint {
	var b struct {
		Paging       jsontext.Value `json:"paging"`
		Aggregations jsontext.Value `json:"aggregations"`
		Limit        jsontext.Value `json:"limit"`
		StartOfDay   jsontext.Value `json:"startOfDayIntervalMatching"`
	}
	if json.Unmarshal(text, &b) != nil {
		return EndpointQuery
	}
	ofQuery, ofJobs := len(b.Paging)+len(b.Aggregations) > 0, len(b.Limit)+len(b.StartOfDay) > 0
	switch {
	case ofQuery && !ofJobs:
		return EndpointQuery
	case ofJobs && !ofQuery:
		return EndpointJobs
	case len(Lint(text, EndpointJobs)) < len(Lint(text, EndpointQuery)):
		return EndpointJobs
	}
	return EndpointQuery
}

// place gives the line and column of a byte.
func place(text []byte, offset int64) (line, column int) {
	before := text[:min(max(offset, 0), int64(len(text)))]
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:]) + 1
}

// index knows at which byte each field of a request begins: members at their names, elements at their first byte.
type index struct {
	text  []byte
	dec   *jsontext.Decoder
	bytes map[string]int64
}

// indexOf walks the text as far as it is JSON.
func indexOf(text []byte) index {
	x := index{text, jsontext.NewDecoder(bytes.NewReader(text)), map[string]int64{}}
	x.bytes[""] = x.next()
	_ = x.value("", 0) // a text that is broken has one finding, and its place is known
	return x
}

// maxDepth is deeper than any field that a finding can name: segmentFilters[0].clauses[0].predicates[0].range.gt. What
// lies deeper is passed over, because the paths of ten thousand nested lists would fill the memory.
const maxDepth = 10

func (x index) value(path string, depth int) error {
	kind := x.dec.PeekKind()
	if depth > maxDepth || kind != '{' && kind != '[' {
		return x.dec.SkipValue()
	}
	if _, err := x.dec.ReadToken(); err != nil {
		return err
	}
	for i := 0; x.dec.PeekKind() != '}' && x.dec.PeekKind() != ']'; i++ {
		begins, inner := x.next(), path+"["+strconv.Itoa(i)+"]"
		if kind == '{' {
			name, err := x.dec.ReadToken()
			if err != nil {
				return err
			}
			inner = join(path, fault.Clip(name.String()))
		}
		if _, twice := x.bytes[inner]; !twice {
			x.bytes[inner] = begins
		}
		if err := x.value(inner, depth+1); err != nil {
			return err
		}
	}
	_, err := x.dec.ReadToken()
	return err
}

// next is the byte at which the next token begins.
func (x index) next() int64 {
	at := x.dec.InputOffset()
	return at + int64(len(x.text[at:])-len(bytes.TrimLeft(x.text[at:], blanks+",:")))
}

// find gives the place of a field, or of the nearest one around it that is there.
func (x index) find(path string) int64 {
	for {
		if at, ok := x.bytes[path]; ok {
			return at
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}
